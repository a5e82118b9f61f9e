import { leaksIn, secretsOf, sinksOf } from './canaries.ts';
import { findingsOf, unexplained } from './invariants.ts';
import { type Lane, openLane, type StoreKind } from './lane.ts';
import { persevere, quiet } from './person.ts';
import { learn, nameOf, type Point, quietMs } from './points.ts';
import { type Fault, faults } from './table.ts';

export interface Cell {
  number: number;
  fault: Fault;
  point: Point;
}

interface Violation {
  mode: string;
  point: number;
  at: string;
  invariant: string;
  detail: string;
}

export interface Report {
  points: number;
  kills: number;
  violations: Violation[];
  seconds: number;
}

const callMs = 1_500;

/** Every fault with every operation that it fits: the first call of each kind once something has been made, else the first. */
export async function cells(store: StoreKind): Promise<Cell[]> {
  const lane = await openLane({ store, clusters: ['learn'], faultyCli: true });
  const points = await learn(lane, 'learn');
  await lane.close();
  const last = new Map(
    points.filter(({ nth }) => nth <= 2).map(point => [`${point.service} ${point.operation}`, point]),
  );
  return faults
    .flatMap(fault =>
      [...last.values()]
        .filter(
          ({ service, operation }) => service === fault.service && (fault.fits?.test(operation) ?? true),
        )
        .map(point => ({ fault, point })),
    )
    .map((cell, index) => ({ number: index + 1, ...cell }));
}

/** Lets one fault happen to one run each, and looks how it ends and what it leaves. */
export async function suffer(
  store: StoreKind,
  chosen: readonly Cell[],
  lanes: number,
  progress: (done: number, violations: readonly Violation[]) => void,
): Promise<Report> {
  const started = performance.now();
  const queue = chosen.map((cell, index) => ({ cell, cluster: `f${index}` }));
  const report: Report = { points: chosen.length, kills: 0, violations: [], seconds: 0 };
  let done = 0;

  async function work(): Promise<void> {
    const clusters = queue.map(({ cluster }) => cluster);
    // With it each call takes twice as long to start.
    const faultyCli = queue.some(({ cell }) => cell.fault.service === 'CLI');
    const lane = await openLane({ store, clusters, callMs, faultyCli });
    try {
      await lane.start();
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        report.violations.push(...(await endure(lane, next.cell, next.cluster)));
        done += 1;
        progress(done, report.violations);
      }
      const leaks = leaksIn(await sinksOf(lane), secretsOf(lane));
      const about = {
        mode: 'all',
        point: 0,
        at: 'the whole lane',
        invariant: 'no secret where it may not be',
      };
      report.violations.push(...leaks.map(detail => ({ ...about, detail })));
    } finally {
      await lane.close();
    }
  }

  await Promise.all(Array.from({ length: Math.min(lanes, chosen.length) }, work));
  return { ...report, seconds: Math.round((performance.now() - started) / 1000) };
}

async function endure(lane: Lane, { number, fault, point }: Cell, cluster: string): Promise<Violation[]> {
  const about = { mode: fault.name, point: number, at: `${point.service}: ${point.operation}` };
  const violations: Violation[] = [];
  const violated = (invariant: string, detail: string): void =>
    void violations.push({ ...about, invariant, detail });
  const state = { count: 0 };
  const before = new Set(lane.sandbox.otterize.state.organizations.map(({ id }) => id));
  lane.around(async (call, act) => {
    const isIt =
      call.service === point.service && nameOf(call) === point.operation && ++state.count === point.nth;
    return await (isIt ? fault.happen(act) : act.apply());
  });
  const person = persevere(lane, cluster, 2);
  await person.ended.catch((error: Error) => violated('every run ends', error.message));
  await quiet(lane, quietMs);
  lane.around(undefined);

  if (state.count < point.nth) violated('the fault happens', `${state.count} calls`);
  const expected = fault.except?.test(point.operation) === true ? other[fault.end] : fault.end;
  const end = person.failures.length === 0 ? 'recovered' : 'failed';
  if (end !== expected) violated(`it ends as declared: ${expected}`, `${end} ${person.failures.join(' / ')}`);
  for (const text of person.failures)
    if (/broke inside Holt|\n\s+at |undefined|\[object/.test(text))
      violated('a failure says what to do', text);
  const { records, close } = await lane.records();
  const run = await records.latest(lane.target(cluster).names.organization);
  const history = run === undefined ? [] : await records.history(run.id);
  await close();
  for (const { invariant, detail } of [
    ...(await findingsOf(lane, cluster, { run, history, roots: 1 })),
    ...unexplained(lane, [cluster], before),
  ])
    violated(invariant, detail);
  return violations;
}

const other = { recovered: 'failed', failed: 'recovered' } as const;
