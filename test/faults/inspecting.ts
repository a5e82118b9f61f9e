import { isLive, type Run } from '../../src/onboarding/run.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import { unfinished } from './gauges.ts';
import { type Finding, findingsOf, unexplained } from './invariants.ts';
import type { Lane } from './lane.ts';

/** A finding with the number of its cluster; 0 when it is nobody's in particular. */
export interface Placed extends Finding {
  point: number;
}

interface Inspection {
  findings: Placed[];
  runs: number;
  effects: number;
  /** Commands, decisions and retries that counted. */
  counted: number;
}

/** Looks at every cluster's world, at its runs and their threads, and at what they left in Redis. */
export async function inspect(
  lane: Lane,
  clusters: readonly string[],
  before: ReadonlySet<string>,
): Promise<Inspection> {
  const { records, close } = await lane.records();
  const all = (await records.recent(clusters.length * 10)).filter(run => run !== 'newer');
  const told = await Promise.all(all.map(async run => ({ run, history: await records.history(run.id) })));
  await close();

  const findings: Placed[] = [];
  const finding = (point: number, found: readonly Finding[]): void =>
    void findings.push(...found.map(each => ({ point, ...each })));
  for (const [index, cluster] of clusters.entries()) {
    const mine = told.filter(({ run }) => run.request.target.cluster === cluster);
    const [newest = { run: undefined, history: [] }] = mine;
    finding(index + 1, await findingsOf(lane, cluster, { ...newest, roots: mine.length }));
    for (const { run, history } of mine) finding(index + 1, foundOf(lane, run, history));
  }
  finding(0, unexplained(lane, clusters, before, false));
  for (const [what, count] of Object.entries(await unfinished(lane.redis?.url ?? ''))) {
    if (count > 0) finding(0, [{ invariant: 'nothing is left unfinished', detail: `${count} ${what}` }]);
  }

  const count = (...kinds: string[]): number =>
    told.flatMap(({ history }) => history).filter(({ kind }) => kinds.includes(kind)).length;
  return {
    findings,
    runs: all.length,
    effects: count('recorded'),
    counted: count('requested', 'approved', 'retried'),
  };
}

/** What must hold of each run, also of one that another came after. */
function foundOf(lane: Lane, run: Run, history: readonly { kind: string }[]): Finding[] {
  const { slack, channel } = lane.sandbox;
  const roots = slack
    .messages(channel)
    .filter(each => roleOf(each) === 'root' && each.metadata?.event_payload['run'] === run.id);
  const approvals = history.filter(({ kind }) => kind === 'approved').length;
  const given = run.gates.filter(({ state }) => state === 'approved').length;
  const found: Finding[] = [];
  if (roots.length !== 1) found.push({ invariant: 'one root message', detail: `${run.id}: ${roots.length}` });
  if (isLive(run)) found.push({ invariant: 'the run has ended', detail: run.id });
  if (approvals > run.gates.length || given > approvals)
    found.push({ invariant: 'one decision for each approval', detail: `${run.id}: ${approvals}` });
  return found;
}
