import { leaksIn, secretsOf, sinksOf } from './canaries.ts';
import { type Finding, findingsOf, unexplained } from './invariants.ts';
import { type Lane, type LaneOptions, openLane, type StoreKind } from './lane.ts';
import { type Mode, newScene, trap, wake } from './modes.ts';
import { type Persevering, persevere, quiet, untilTold } from './person.ts';
import { learn, type Point, quietMs } from './points.ts';
import type { Safety } from './safeties.ts';

export interface Job {
  mode: Mode;
  point: Point;
  /** Two runs go on at once, and the point is counted over both. */
  pair?: boolean;
}

export interface Violation extends Finding {
  mode: Mode;
  point: number;
  seed: number;
  /** The point in words. */
  at: string;
}

export interface Report {
  points: number;
  kills: number;
  violations: Violation[];
  /** Points that the disturbed run did not come to, because its calls came in another number. */
  unreached: { mode: Mode; point: number }[];
  seconds: number;
}

export interface SweepOptions {
  store: StoreKind;
  seed: number;
  unknowns?: LaneOptions['unknowns'];
  without?: Safety;
  /** How many runs go on at the same time, each in a world of its own. */
  lanes?: number;
  jobs: readonly Job[];
  /** Told of each run that has ended. */
  progress?(done: number, all: number, violations: readonly Violation[]): void;
}

const wordsOf = ({ service, operation, nth }: Point): string => `${service}: ${operation} #${nth}`;

/** Which points a run has. */
export async function pointsOf(store: StoreKind, unknowns: LaneOptions['unknowns'] = {}): Promise<Point[]> {
  const lane = await openLane({ store, unknowns, clusters: ['learn'] });
  try {
    return await learn(lane, 'learn');
  } finally {
    await lane.close();
  }
}

/** Disturbs one run after another, each at its point, and looks at the world that each leaves. */
export async function sweep(options: SweepOptions): Promise<Report> {
  const { store, unknowns = {}, without, seed, lanes = 2, progress } = options;
  const started = performance.now();
  const { jobs } = options;
  const queue = jobs.map((job, index) => ({
    job,
    clusters: job.pair ? [`c${index}`, `c${index}b`] : [`c${index}`],
  }));
  const report: Report = { points: jobs.length, kills: 0, violations: [], unreached: [], seconds: 0 };
  let done = 0;

  async function work(): Promise<void> {
    const clusters = queue.flatMap(each => each.clusters);
    if (clusters.length === 0) return;
    const lane = await openLane({ store, unknowns, without, clusters });
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { mode, point } = next.job;
        const { kills, findings } = await disturb(lane, next.job, next.clusters, seed);
        report.kills += kills;
        if (kills === 0 && mode !== 'lie') report.unreached.push({ mode, point: point.number });
        const about = { mode, point: point.number, seed, at: wordsOf(point) };
        report.violations.push(...findings.map(finding => ({ ...about, ...finding })));
        done += 1;
        progress?.(done, jobs.length, report.violations);
      }
      const sinks = await sinksOf(lane);
      const about = { mode: 'before' as const, point: 0, seed, at: 'the whole lane' };
      for (const sink of leaksIn(sinks, secretsOf(lane)))
        report.violations.push({ ...about, invariant: 'no secret where it may not be', detail: sink });
    } finally {
      await lane.close();
    }
  }

  await Promise.all(Array.from({ length: Math.min(lanes, jobs.length) }, work));
  return { ...report, seconds: Math.round((performance.now() - started) / 1000) };
}

/** A person gives what a lost store has left a name, or whoever comes next in this lane would be asked about it. */
function nameWhatIsLeft(lane: Lane, clusters: readonly string[], before: ReadonlySet<string>): void {
  const names = new Set(clusters.map(cluster => lane.target(cluster).names.organization));
  for (const organization of lane.sandbox.otterize.state.organizations) {
    if (!before.has(organization.id) && !names.has(organization.name))
      organization.name = `left-${organization.id}-prod`;
  }
}

async function disturb(
  lane: Lane,
  { mode, point }: Job,
  clusters: readonly string[],
  seed: number,
): Promise<{ kills: number; findings: Finding[] }> {
  await lane.start();
  const before = new Set(lane.sandbox.otterize.state.organizations.map(({ id }) => id));
  const people: Persevering[] = [];
  const scene = newScene(lane, point, seed, people);
  const spring = trap(scene, mode);
  lane.around(spring);
  // Whoever lost the whole store is asked about what it may have left, once.
  people.push(...clusters.map(cluster => persevere(lane, cluster, mode === 'amnesia' ? 1 : 0)));
  const findings: Finding[] = [];
  for (const { ended } of people) {
    await ended.catch((error: Error) =>
      findings.push({ invariant: 'every run ends', detail: error.message }),
    );
  }
  await quiet(lane, quietMs);
  // The store may have been lost when the thread had ended already.
  for (const person of people)
    await person
      .again()
      .catch((error: Error) => findings.push({ invariant: 'every run ends', detail: error.message }));
  await Promise.all(scene.pending).catch(error => scene.complaints.push(String(error)));
  await quiet(lane, quietMs);
  await wake(scene);
  lane.around(undefined);
  await Promise.all(clusters.map(cluster => untilTold(lane, cluster)));

  for (const detail of scene.complaints) findings.push({ invariant: 'the product stops cleanly', detail });
  const { records, close } = await lane.records();
  const witnesses = await Promise.all(
    clusters.map(async (cluster, index) => {
      const runs = (await records.recent(10))
        .filter(run => run !== 'newer')
        .filter(({ request }) => request.target.cluster === cluster);
      const typed = people[index]?.typed() ?? 0;
      // A bot that was frozen may still begin what was typed before; it has a message of its own, and finds all in place.
      if (runs.length > typed)
        findings.push({ invariant: 'no run that nobody asked for', detail: `${runs.length} of ${typed}` });
      const [run] = runs;
      const history = run === undefined ? [] : await records.history(run.id);
      return { cluster, run, history, roots: runs.length + (mode === 'amnesia' ? 1 : 0) };
    }),
  );
  await close();
  for (const witness of witnesses) findings.push(...(await findingsOf(lane, witness.cluster, witness)));
  findings.push(...unexplained(lane, clusters, before, mode === 'amnesia'));
  nameWhatIsLeft(lane, clusters, before);
  return { kills: scene.kills, findings };
}
