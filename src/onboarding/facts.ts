import { z } from 'zod';

const Invitee = z.strictObject({
  address: z.string(),
  name: z.string(),
  /** Object id in Entra. */
  id: z.string(),
});
export type Invitee = z.infer<typeof Invitee>;

export const LeftOutReason = z.enum([
  'disabled',
  'guest',
  'no-mail',
  'not-a-person',
  'wrong-domain',
  'duplicate',
  'invited',
  'member',
  'unknown',
]);
export type LeftOutReason = z.infer<typeof LeftOutReason>;

const LeftOut = z.strictObject({
  name: z.string(),
  address: z.string().optional(),
  reason: LeftOutReason,
});
export type LeftOut = z.infer<typeof LeftOut>;

const SecretVersion = z.strictObject({ name: z.string(), version: z.string() });

const PullFact = z.strictObject({
  state: z.enum(['open', 'merged', 'nothing-to-change']),
  number: z.int().optional(),
  url: z.string().optional(),
  /** Whether this run changed anything in the repository. */
  changed: z.boolean(),
  files: z.array(z.string()),
});
export type PullFact = z.infer<typeof PullFact>;

/** A pull request for several clusters. */
export const RolloutPull = z.strictObject({
  ...PullFact.shape,
  /** How many files it changes. */
  files: z.int(),
  clusters: z.int(),
  /** 0: of the whole rollout. */
  wave: z.int(),
});
export type RolloutPull = z.infer<typeof RolloutPull>;

/** What a run establishes, one fact a step; also the stored form. */
export const Facts = z.strictObject({
  /** What the run will need was looked at, and nothing stood in the way. */
  preflight: z.strictObject({ checked: z.array(z.string()) }),
  organization: z.strictObject({ id: z.string(), name: z.string(), made: z.boolean() }),
  environment: z.strictObject({ id: z.string(), name: z.string(), made: z.boolean() }),
  invitees: z.strictObject({ people: z.array(Invitee), leftOut: z.array(LeftOut) }),
  approval: z.strictObject({
    verdict: z.enum(['approved', 'declined', 'expired', 'not-needed']),
    /** What the approval covers: see `digestOf`. */
    digest: z.string(),
    addresses: z.array(z.string()),
    /** Those of them whom an approver left out. */
    without: z.array(z.string()).optional(),
    /** Slack ids of those who decided. */
    by: z.array(z.string()),
  }),
  invites: z.strictObject({
    sent: z.array(z.strictObject({ address: z.string(), id: z.string(), status: z.string() })),
    failed: z.array(z.strictObject({ address: z.string(), reason: z.string() })),
    /** Approved, but no longer among the people to invite. */
    dropped: z.array(z.string()),
  }),
  credentials: z.strictObject({
    integration: z.string(),
    clientId: z.string(),
    vault: z.string(),
    secrets: z.array(SecretVersion),
    /** Whether this run wrote a version. */
    written: z.boolean(),
  }),
  pullRequest: PullFact,
  /** Of a run in a rollout: its wave has begun. */
  turn: z.strictObject({}),
  /** Of a rollout: every cluster was looked at, and nothing changed yet. */
  looked: z.strictObject({
    /** The different lists of people that clusters ask for. */
    lists: z.array(z.strictObject({ people: z.array(Invitee), leftOut: z.array(LeftOut) })),
    /** Which list each cluster has; those that could not be looked at have none. */
    of: z.record(z.string(), z.int()),
  }),
  /** Of a rollout: every cluster has its credentials, or has failed, and what is ready is in pull requests. */
  waves: z.strictObject({
    pulls: z.array(RolloutPull),
  }),
  /** Of a rollout: every cluster's run has ended. */
  members: z.strictObject({ done: z.int(), failed: z.array(z.string()) }),
});
export type Facts = z.infer<typeof Facts>;
export type FactName = keyof Facts;
export const factNames = Object.keys(Facts.shape) as FactName[];
