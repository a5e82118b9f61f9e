import { type Cell, endOf, lateAfter } from './cells.ts';
import type { End, Scene } from './fault.ts';
import { type Finding, findingsOf, unexplained } from './invariants.ts';
import type { Lane } from './lane.ts';
import { type Persevering, persevere, quiet, rootsOf, situationOf, threadOf } from './person.ts';
import { nameOf, quietMs } from './points.ts';

export type { Finding } from './invariants.ts';

/** What a person may not be shown: the innards of Holt, of an SDK or of a process. */
const innards =
  /broke inside Holt|\n\s+at |undefined|\[object|\w+Error\b|\bE(?:CONN|PIPE|TIMEDOUT|NOENT)\w*|node:|127\.0\.0\.1|localhost|<!?html/i;
/** A cause in words, and what to do about it. */
const telling = /(?:could not .+: .+|[Pp]ut |[Cc]heck |[Gg]ive |[Ii]nstall )[^]*Press Retry/;

interface Watched {
  /** Calls of the fault's operation so far. */
  count: number;
  /** Every text that the root message has had. */
  said: Set<string>;
}

/** Lets one fault happen to one run, and answers what is not as it must be then. */
export async function endure(lane: Lane, cell: Cell, cluster: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const violated = (invariant: string, detail: string): void => void findings.push({ invariant, detail });
  const tried = async (invariant: string, act: Promise<unknown>): Promise<void> =>
    void (await act.catch((error: Error) => violated(invariant, error.message)));

  await renewed(lane, cell);
  const before = new Set(lane.sandbox.otterize.state.organizations.map(({ id }) => id));
  const watched: Watched = { count: 0, said: new Set() };
  const beside: Promise<unknown>[] = [];
  const scene: Scene = {
    lane,
    cluster,
    meanwhile: undefined,
    mend: undefined,
    beside: act => {
      act.catch(() => undefined);
      beside.push(act);
    },
  };
  lane.around(watch(cell, scene, watched));

  const person = persevere(lane, cluster, 2, () => scene.mend?.());
  await tried('every run ends', person.ended);
  for (const act of beside) await tried('the fault is told of', act);
  scene.mend?.();
  await quiet(lane, quietMs);
  const declared = endOf(cell);
  if (declared === 'told') await drawn(lane, () => isTold(lane, cluster));
  const end = endSeen(lane, cluster, person, watched);
  if (end === 'told') {
    await tried('every run ends', persevere(lane, cluster).ended);
    await quiet(lane, quietMs);
  }
  await drawn(lane, () => situationOf(lane, cluster).startsWith('Done'));
  lane.around(undefined);

  if (watched.count < cell.point.nth) violated('the fault happens', `${watched.count} calls`);
  if (!isAs(declared, end)) violated(`it ends as declared: ${declared}`, wordsFor(end, person, watched));
  for (const text of person.failures)
    if (innards.test(text) || !telling.test(text)) violated('a failure says why and what to do', text);
  if (person.unanswered.length > 0) violated('a command is answered', person.unanswered.join(', '));

  const witness = { ...(await recordOf(lane, cluster)), roots: end === 'told' ? 2 : 1 };
  findings.push(
    ...(await findingsOf(lane, cluster, witness)),
    ...unexplained(lane, [cluster], before, false),
  );
  return findings;
}

/**
 * A process keeps what it learnt when it signed in, which tree a commit has, and for some seconds who people are; that it asks for
 * again only when it is a new one.
 */
async function renewed(lane: Lane, { point }: Cell): Promise<void> {
  if (!/^(token|discovery|getCommit|listUsers|transitiveMembers)/.test(point.operation)) return;
  await lane.stop('worker');
  await lane.start();
}

type Around = NonNullable<Parameters<Lane['around']>[0]>;

function watch({ fault, point }: Cell, scene: Scene, watched: Watched): Around {
  const { lane, cluster } = scene;
  const { otterize, github } = lane.sandbox;
  const { names, gitops } = lane.target(cluster);
  const { pulls } = github.repository('harbour/clusters');
  const stands = (): boolean =>
    lateAfter(point.service) === 'createPull'
      ? pulls.some(({ head }) => head === gitops.branch)
      : otterize.state.organizations.some(({ name }) => name === names.organization);
  return async (call, act) => {
    const is = call.service === point.service && nameOf(call) === point.operation && momentFits(call.path);
    if (is && (!point.late || stands()) && ++watched.count === point.nth)
      return await fault.happen(act, scene);
    const response = scene.meanwhile?.(call) ?? (await act.apply());
    if (call.operation.startsWith('chat.')) watched.said.add(rootsOf(lane, cluster).at(-1)?.text ?? '');
    return response;
  };
}

/** Of a record's write only what comes before it: afterwards nothing can happen to it. */
const momentFits = (path: string): boolean => !path.startsWith('/after/');

const isTold = (lane: Lane, cluster: string): boolean =>
  threadOf(lane, cluster).some(({ text }) => /could not be invited: [^]+type the command again/.test(text));

function endSeen(lane: Lane, cluster: string, { failures }: Persevering, { said }: Watched): End {
  if (failures.length > 0) return 'failed';
  if (isTold(lane, cluster)) return 'told';
  return [...said].some(text => /Trying again <!date/.test(text)) ? 'waiting' : 'recovered';
}

/** Whoever recovers may have had to wait a moment. */
const isAs = (declared: End, end: End): boolean =>
  declared === end || (declared === 'recovered' && end === 'waiting');

const wordsFor = (end: End, { failures }: Persevering, { said }: Watched): string =>
  [end, ...failures, ...(end === 'failed' ? [] : [[...said].at(-1) ?? ''])].join(' / ').slice(0, 1_000);

async function recordOf(lane: Lane, cluster: string) {
  const { records, close } = await lane.records();
  const run = await records.latest(lane.target(cluster).names.organization);
  const history = run === undefined ? [] : await records.history(run.id);
  await close();
  return { run, history };
}

/** What Slack would not take is drawn again a little later. */
async function drawn(lane: Lane, is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !is() && Date.now() < deadline; ) await quiet(lane, quietMs);
}
