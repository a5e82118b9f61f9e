import { z } from 'zod';
import { type FactName, Facts, factNames } from './facts.ts';
import { Request } from './request.ts';
import { type Migrations, migrate } from './versions.ts';

const Json = z.json();
export type Json = z.infer<typeof Json>;

/** A change to the outside world: intended (about to be made, perhaps made) until it has a result. */
const Effect = z.strictObject({
  /** When it was intended, by the store's clock. */
  at: z.int(),
  epoch: z.int(),
  /** What is needed to recognise the thing if its maker dies before recording it. */
  memo: Json.optional(),
  result: Json.optional(),
});
export type Effect = z.infer<typeof Effect>;

const StepState = z.strictObject({
  startedAt: z.int(),
  endedAt: z.int().optional(),
  attempts: z.int(),
  /** Failed in a way that passes: when it is tried again. */
  retryAt: z.int().optional(),
  error: z.strictObject({ code: z.string(), text: z.string(), about: z.string().optional() }).optional(),
});
export type StepState = z.infer<typeof StepState>;

const Vote = z.strictObject({
  by: z.string(),
  verdict: z.enum(['approve', 'decline']),
  at: z.int(),
  /** Why it was declined, in the person's own words. */
  reason: z.string().optional(),
  /** Addresses that this approval does not cover. */
  without: z.array(z.string()).optional(),
});
export type Vote = z.infer<typeof Vote>;

/** One request for approval. A later one replaces it when what it covers no longer holds. */
export const Gate = z.strictObject({
  /** See `digestOf`: what exactly is approved. */
  digest: z.string(),
  addresses: z.array(z.string()),
  openedAt: z.int(),
  deadline: z.int(),
  /** When the approvers were reminded of it. */
  remindedAt: z.int().optional(),
  votes: z.array(Vote),
  state: z.enum(['open', 'approved', 'declined', 'expired', 'void']),
  closedAt: z.int().optional(),
});
export type Gate = z.infer<typeof Gate>;

const RunStatus = z.enum(['running', 'waiting', 'failed', 'cancelled', 'done']);

/** The version in which this Holt writes runs; how to raise it: docs/decisions.md. */
const version = 3;
/** Version 2 knows rollouts, version 3 what people say with a decision; nothing of before has another form. */
export const migrations: Migrations = { 1: document => document, 2: document => document };

/** One onboarding: the whole truth about it. Live exactly while `due` is a number. Holds no secret. */
export const Run = z.strictObject({
  schema: z.literal(version),
  id: z.string(),
  /** Grows by one with each change. */
  revision: z.int(),
  /** Only the worker that took the newest epoch may advance the run. */
  epoch: z.int(),
  request: Request,
  status: RunStatus,
  due: z.int().nullable(),
  createdAt: z.int(),
  updatedAt: z.int(),
  /** Where the root message stands, once it does; nothing is changed anywhere before. */
  thread: z
    .strictObject({
      channel: z.string(),
      ts: z.string(),
      permalink: z.string().optional(),
      /** In the channel where it was asked for, or in a direct message because the bot may not post there. */
      place: z.enum(['channel', 'direct']),
    })
    .optional(),
  facts: Facts.partial(),
  effects: z.record(z.string(), Effect),
  steps: z.partialRecord(z.enum(factNames), StepState),
  /** Requests for approval, oldest first; only the last may be open. */
  gates: z.array(Gate),
  cancel: z.strictObject({ by: z.string(), at: z.int() }).optional(),
  /** Obstacles that a person has seen and overruled by Retry: `code` or `code about`. */
  acknowledged: z.array(z.string()),
  /** What had failed when a person asked for it to be tried again, oldest first. */
  retries: z.array(
    z.strictObject({
      by: z.string(),
      at: z.int(),
      failed: z.array(z.strictObject({ fact: z.enum(factNames), text: z.string() })),
      /** Of a rollout: not to try again, but to go on without what failed, or to end with what is ready. */
      instead: z.enum(['go-on', 'stop']).optional(),
    }),
  ),
});
export type Run = z.infer<typeof Run>;

/** Reads a stored run of this or an earlier version. Throws Newer; says where a document fits no run. */
export const readRun = (document: unknown, known = migrations) =>
  Run.safeParse(migrate(document, version, known));

/** What a change does to a run: the next one and how the audit calls it; or why nothing changed. */
export interface Changed {
  next: Run;
  /** The audit's word: `intended`, `recorded`, `approved`… */
  kind: string;
  /** Slack id of the person who did it, where a person did. */
  by?: string;
  /** What it is about: an effect's key, a fact, a code. */
  about?: string;
  /** Whether the run should be looked at now. */
  wake?: boolean;
}
export interface Unchanged {
  unchanged: string;
}
export type Change = (run: Run, now: number) => Changed | Unchanged;

/**
 * A run that nobody has advanced. It takes over what the run of the same names before it intended and never saw the end of: a
 * request of that may still land, and must be waited and looked for before it is made again.
 */
export function newRun(id: string, request: Request, now: number, before?: Run): Run {
  const open = Object.entries(before?.effects ?? {}).filter(([, { result }]) => result === undefined);
  return {
    schema: version,
    id,
    revision: 1,
    epoch: 0,
    request,
    status: 'running',
    due: now,
    createdAt: now,
    updatedAt: now,
    facts: {},
    effects: Object.fromEntries(open),
    steps: {},
    gates: [],
    acknowledged: [],
    retries: [],
  };
}

/** What people read of a run, in this order. */
export const factsOf = ({ request }: Run): readonly FactName[] =>
  request.rollout !== undefined
    ? ['preflight', 'looked', 'approval', 'waves', 'members']
    : clusterFacts.filter(fact => fact !== 'pullRequest' || request.within?.pullRequest !== false);

const clusterFacts: readonly FactName[] = [
  'preflight',
  'organization',
  'environment',
  'invitees',
  'approval',
  'invites',
  'credentials',
  'pullRequest',
];

export const isLive = (run: Run): boolean => run.due !== null;
export const openGateOf = (run: Run): Gate | undefined => run.gates.findLast(gate => gate.state === 'open');
/** The steps that failed for good, in the order in which people read them. */
export const failuresOf = (run: Run): { fact: FactName; text: string }[] =>
  factNames.flatMap(fact => {
    const { error, retryAt } = run.steps[fact] ?? {};
    return error === undefined || retryAt !== undefined ? [] : [{ fact, text: error.text }];
  });
/** Whether a rollout begins nothing more until a person says what to do about its failures. */
export const isHeld = (run: Run): boolean => run.steps.waves?.error?.code === 'wave-held';
export const hasFailed = (run: Run): boolean => failuresOf(run).length > 0;

/** The root message stands there; from now on the run may change things. */
export const announce =
  (thread: NonNullable<Run['thread']>): Change =>
  run =>
    run.thread !== undefined
      ? { unchanged: 'announced' }
      : { next: { ...run, thread, due: run.due }, kind: 'announced', about: thread.place, wake: true };

/** The bot may post nowhere: the run ends before it has changed anything. */
export const giveUpUnseen =
  (text: string): Change =>
  (run, now) => {
    if (run.thread !== undefined || run.due === null) return { unchanged: 'announced' };
    const error = { code: 'unseen', text };
    const steps = { ...run.steps, preflight: { startedAt: now, endedAt: now, attempts: 1, error } };
    return { next: { ...run, status: 'failed', due: null, steps }, kind: 'failed', about: 'unseen' };
  };

/** The bot learnt the mail addresses of people whom the command named. */
export const introduce =
  (addresses: Readonly<Record<string, string | null>>): Change =>
  run => {
    const named = run.request.named.map(person =>
      person.user !== undefined && person.address === undefined && person.user in addresses
        ? { ...person, address: addresses[person.user] ?? null }
        : person,
    );
    return { next: { ...run, request: { ...run.request, named } }, kind: 'introduced', wake: true };
  };

/** A person asks the run to stop; it does so at the next effect. */
export const cancel =
  (by: string): Change =>
  (run, now) => {
    if (run.due === null) return { unchanged: 'ended' };
    if (run.cancel !== undefined) return { unchanged: 'cancelled' };
    return { next: { ...run, cancel: { by, at: now }, due: now }, kind: 'cancelling', by, wake: true };
  };

/**
 * A person asks for what failed to be tried again, having read why it failed; of a rollout that is held, perhaps for something else to
 * be done about it.
 */
export const retry =
  (by: string, instead?: 'go-on' | 'stop'): Change =>
  (run, now) => {
    const failed = Object.entries(run.steps).filter(([, step]) => step?.error !== undefined);
    if (failed.length === 0 || run.status === 'cancelled') return { unchanged: 'nothing-failed' };
    if (instead !== undefined && !isHeld(run)) return { unchanged: 'not-held' };
    const seen = failed.map(([, { error }]) => [error?.code, error?.about].filter(Boolean).join(' '));
    const steps = { ...run.steps };
    for (const [fact] of failed) delete steps[fact as FactName];
    const acknowledged = [...new Set([...run.acknowledged, ...seen])];
    const failures = failuresOf(run);
    const retries = [...run.retries, { by, at: now, failed: failures, ...(instead && { instead }) }];
    return {
      next: { ...run, status: 'running', due: now, steps, acknowledged, retries },
      kind: instead ?? 'retried',
      by,
      about: failed.map(([fact]) => fact).join(' '),
      wake: true,
    };
  };
