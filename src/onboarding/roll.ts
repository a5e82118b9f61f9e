import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FactName } from './facts.ts';
import type { Request } from './request.ts';
import { factsOf, failuresOf, type Run } from './run.ts';

const states = [
  'looking',
  'queued',
  'running',
  'asking',
  'obstructed',
  'done',
  'failed',
  'cancelled',
] as const;

/** What a rollout must know of one of its clusters, and its thread shows. Written with each change of the cluster's run. */
const Line = z.strictObject({
  run: z.string(),
  state: z.enum(states),
  /** Its people and what it needs were looked at, or cannot be. */
  looked: z.boolean(),
  /** Digest of the people to invite; see `listDigestOf`. */
  list: z.string().optional(),
  /** Its credentials are in the vault (and its own pull request is open, where it has one), or they will not come. */
  settled: z.boolean(),
  connected: z.boolean(),
  /** Its run has ended. */
  ended: z.boolean(),
  /** The first step under way. */
  doing: z.string().optional(),
  /** Why it failed, in a sentence, cut. */
  text: z.string().optional(),
  /** Its own pull request. */
  url: z.string().optional(),
});
export type Line = z.infer<typeof Line>;

/** A rollout's clusters and their lines. */
export type Roll = Readonly<Record<string, Line>>;

/** Throws what zod throws for a line that nobody of this version wrote. */
export const readRoll = (lines: Readonly<Record<string, string>>): Roll =>
  Object.fromEntries(Object.entries(lines).map(([cluster, line]) => [cluster, Line.parse(JSON.parse(line))]));

/** A digest of a list of people and of those left out: equal lists are asked about once. */
export const listDigestOf = ({ people, leftOut }: NonNullable<Run['facts']['invitees']>): string =>
  createHash('sha256')
    .update(JSON.stringify([people.map(({ address }) => address).toSorted(), leftOut]))
    .digest('base64url')
    .slice(0, 22);

type Looked = NonNullable<Run['facts']['looked']>;

/** The people whom a rollout asks about for one of its clusters; none when it could not be looked at. */
export const listAskedAbout = ({ lists, of }: Looked, cluster: string): Looked['lists'][number] | undefined =>
  lists[of[cluster] ?? -1];

export function digestAskedAbout(looked: Looked, cluster: string): string | undefined {
  const list = listAskedAbout(looked, cluster);
  return list && listDigestOf(list);
}

/** After this long a run looks whether its rollout is there. Longer than it takes to begin a large one. */
export const turnMs = 600_000;

const mostOfText = 200;

/** Steps without which a cluster has no credentials. The others are about people, who may take their time. */
const toConnect: readonly FactName[] = [
  'preflight',
  'invitees',
  'turn',
  'organization',
  'environment',
  'credentials',
  'pullRequest',
];

export function lineOf(run: Run, { pullRequest }: NonNullable<Request['within']>): Line {
  const { facts } = run;
  const ended = run.due === null;
  const failures = failuresOf(run);
  const stuck = failures.some(({ fact }) => toConnect.includes(fact));
  const connected = (pullRequest ? facts.pullRequest : facts.credentials) !== undefined;
  const doing = factsOf(run).find(fact => facts[fact] === undefined && run.steps[fact] !== undefined);
  const url = facts.pullRequest?.url;
  return {
    run: run.id,
    state: stateOf(run, stuck),
    looked: ended || stuck || (facts.preflight !== undefined && facts.invitees !== undefined),
    ...(facts.invitees && { list: listDigestOf(facts.invitees) }),
    settled: ended || stuck || connected,
    connected,
    ended,
    ...(doing && !ended && { doing }),
    ...(failures[0] && { text: failures[0].text.slice(0, mostOfText) }),
    ...(url && { url }),
  };
}

function stateOf(run: Run, stuck: boolean): Line['state'] {
  const { facts, status } = run;
  if (run.due === null)
    return status === 'done' || status === 'cancelled' || status === 'failed' ? status : 'failed';
  if (stuck) return 'obstructed';
  if (facts.turn === undefined)
    return facts.preflight === undefined || facts.invitees === undefined ? 'looking' : 'queued';
  const asks = (facts.invitees?.people.length ?? 0) > 0 && facts.approval === undefined;
  return asks ? 'asking' : 'running';
}

/** Whether a rollout has something to do about what changed. */
export const isNews = (before: Line | undefined, now: Line): boolean =>
  before === undefined ||
  before.looked !== now.looked ||
  before.list !== now.list ||
  before.settled !== now.settled ||
  before.ended !== now.ended ||
  (before.state !== 'asking' && now.state === 'asking');
