import { randomUUID } from 'node:crypto';
import { ContractError } from '../errors.ts';
import type { Request, Target } from './request.ts';
import { isNews, lineOf, type Roll, readRoll, turnMs } from './roll.ts';
import { type Change, type Changed, isLive, migrations, newRun, type Run, readRun } from './run.ts';
import type { Entry, Nudges, Store } from './store.ts';
import { Newer } from './versions.ts';

/** One line of a run's history. */
interface AuditLine {
  at: number;
  revision: number;
  kind: string;
  by?: string;
  about?: string;
}

export interface ChangeResult {
  run: Run;
  applied: boolean;
  /** Why nothing changed, in the change's own word. */
  reason?: string;
}

/** Whatever reads a run throws Newer when a newer Holt wrote it. */
export interface Records {
  /** Starts a run, or answers the live one that holds the same names. */
  start(request: Request): Promise<{ run: Run; started: boolean }>;
  /**
   * Starts a rollout and a run for each of its clusters, or answers the live rollout of the same selection. Clusters whose
   * names a live run holds are left out; `run` is undefined when no cluster is left.
   */
  startRollout(rollout: RolloutRequest): Promise<{ run: Run | undefined; started: boolean }>;
  get(id: string): Promise<Run | undefined>;
  /** These runs, in this order, without those that are not there. */
  all(ids: readonly string[]): Promise<Run[]>;
  /** How the clusters of a rollout stand. */
  roll(id: string): Promise<Roll>;
  /** The newest run for an organization's name, live or ended. */
  latest(organization: string): Promise<Run | undefined>;
  /** The newest runs; in place of one that only a newer Holt can read stands the word. */
  recent(limit: number): Promise<(Run | 'newer')[]>;
  history(id: string): Promise<AuditLine[]>;
  /**
   * Applies a change to the newest document, again when somebody was faster, and nudges those who wait for news. `newest` is what
   * the caller takes for it, which saves reading it.
   */
  change(id: string, change: Change, newest?: Run): Promise<ChangeResult>;
  now(): Promise<number>;
}

/** A rollout as it is asked for: its clusters in the order in which they begin. */
interface RolloutRequest extends Omit<Request, 'rollout' | 'within'> {
  clusters: readonly { target: Target; wave: number }[];
  leftOut: NonNullable<Request['rollout']>['leftOut'];
  policy: NonNullable<Request['rollout']>['policy'];
}

/** Two runs that would name the same organization may not live at the same time. */
const subjectOf = (request: Request): string => request.target.names.organization;

function parse(document: string, known: typeof migrations): Run {
  const parsed = readRun(JSON.parse(document), known);
  if (parsed.success) return parsed.data;
  throw new ContractError('Redis', 'read a run', parsed.error.issues[0]?.path.join('.') ?? 'document');
}

const entryOf = (run: Run): Entry => ({
  id: run.id,
  revision: run.revision,
  subject: subjectOf(run.request),
  due: run.due,
  document: JSON.stringify(run),
  ...withinOf(run),
});

function withinOf(run: Run): Pick<Entry, 'within'> {
  const { within, target } = run.request;
  if (within === undefined) return {};
  const line = JSON.stringify(lineOf(run, within));
  return { within: { run: within.rollout, member: target.cluster, line } };
}

/** The run whose thread shows this one. */
const shownBy = ({ id, request }: Run): string => request.within?.rollout ?? id;

function bringsNews(before: Run, now: Run): boolean {
  const { within } = now.request;
  return within !== undefined && isNews(lineOf(before, within), lineOf(now, within));
}

function lineOfHistory({ kind, by, about }: Omit<Changed, 'next'>, run: Run): string {
  const line: AuditLine = { at: run.updatedAt, revision: run.revision, kind };
  return JSON.stringify({
    ...line,
    ...(by === undefined ? {} : { by }),
    ...(about === undefined ? {} : { about }),
  });
}

const hint = async (nudge: Promise<void>): Promise<void> => nudge.catch(() => undefined);

const unlessNewer = async (run: Promise<Run | undefined>): Promise<Run | undefined | 'newer'> =>
  run.catch((error: unknown) => {
    if (error instanceof Newer) return 'newer';
    throw error;
  });

/** Runs over a store. A nudge that cannot be sent is not an error: the reconciler finds what the record says. */
export function createRecords(store: Store, nudges: Nudges, known = migrations): Records {
  const get: Records['get'] = async id => {
    const document = await store.load(id);
    return document === undefined ? undefined : parse(document, known);
  };

  const latest: Records['latest'] = async organization => {
    const id = await store.latest(organization);
    return id === undefined ? undefined : get(id);
  };

  const start: Records['start'] = async request => {
    const [now, before] = await Promise.all([store.now(), latest(subjectOf(request))]);
    return insert(newRun(`run-${randomUUID()}`, request, now, before));
  };

  const insert = async (run: Run): Promise<{ run: Run; started: boolean }> => {
    const { request } = run;
    const holder = await store.insert(
      entryOf(run),
      lineOfHistory({ kind: 'requested', by: request.by.user }, run),
    );
    if (holder !== run.id) {
      const live = await get(holder);
      if (live !== undefined) return { run: live, started: false };
      throw new ContractError('Redis', 'read a run', holder);
    }
    await Promise.all([hint(nudges.tick(run.id)), hint(nudges.render(run.id))]);
    return { run, started: true };
  };

  const startRollout: Records['startRollout'] = async ({ clusters, leftOut, policy, ...common }) => {
    const [now, before] = await Promise.all([store.now(), latest(subjectOf(common))]);
    if (before !== undefined && isLive(before)) return { run: before, started: false };
    const id = `rollout-${randomUUID()}`;
    const within = { rollout: id, pullRequest: policy.pullRequests === 'per-cluster' };
    const begin = async (target: Target): Promise<string | undefined> => {
      const request: Request = { ...common, target, within };
      const run = newRun(`run-${randomUUID()}`, request, now, await latest(subjectOf(request)));
      const entry = entryOf({ ...run, due: now + turnMs });
      const holder = await store.insert(entry, lineOfHistory({ kind: 'requested', by: common.by.user }, run));
      return holder === run.id ? run.id : undefined;
    };
    const begun = await Promise.all(
      clusters.map(async ({ target, wave }) => ({
        cluster: target.cluster,
        wave,
        run: await begin(target),
      })),
    );
    const members = begun.flatMap(({ run, ...member }) => (run === undefined ? [] : [{ ...member, run }]));
    if (members.length === 0) return { run: undefined, started: false };
    const held = begun
      .filter(({ run }) => run === undefined)
      .map(({ cluster }) => ({ cluster, why: 'it is being onboarded already' }));
    const rollout = { members, leftOut: [...leftOut, ...held], policy };
    const { run, started } = await insert(newRun(id, { ...common, rollout }, now, before));
    if (started) await Promise.all(members.map(member => hint(nudges.tick(member.run))));
    return { run, started };
  };

  const change: Records['change'] = async (id, apply, newest) => {
    for (let guess = newest; ; guess = undefined) {
      const run = guess ?? (await get(id));
      if (run === undefined) throw new ContractError('Redis', 'find a run', id);
      const now = await store.now();
      const changed = apply(run, now);
      if ('unchanged' in changed) {
        // Only what is written shows that the document was the newest.
        if (guess !== undefined) continue;
        return { run, applied: false, reason: changed.unchanged };
      }
      const next: Run = { ...changed.next, revision: run.revision + 1, updatedAt: now };
      const outcome = await store.swap(entryOf(next), lineOfHistory(changed, next));
      if (outcome === 'held') return { run, applied: false, reason: 'held' };
      if (outcome === 'stale') continue;
      await Promise.all([
        hint(nudges.render(shownBy(next))),
        changed.wake === true ? hint(nudges.tick(id)) : undefined,
        bringsNews(run, next) ? hint(nudges.tick(shownBy(next))) : undefined,
      ]);
      return { run: next, applied: true };
    }
  };

  return {
    start,
    startRollout,
    get,
    all: async ids =>
      (await store.loadAll(ids)).flatMap(document =>
        document === undefined ? [] : [parse(document, known)],
      ),
    roll: async id => readRoll(await store.roll(id)),
    change,
    now: () => store.now(),
    latest,
    recent: async limit => {
      const read = await Promise.all((await store.recent(limit)).map(id => unlessNewer(get(id))));
      return read.filter(run => run !== undefined);
    },
    history: async id => (await store.history(id)).map(line => JSON.parse(line) as AuditLine),
  };
}
