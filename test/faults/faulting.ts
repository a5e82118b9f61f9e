import { leaksIn, secretsOf, sinksOf } from './canaries.ts';
import { type Cell, wordsOf } from './cells.ts';
import { endure, type Finding } from './enduring.ts';
import { type Lane, openLane } from './lane.ts';
import { learn, type Point } from './points.ts';

interface Violation extends Finding {
  mode: string;
  point: number;
  at: string;
  seed: number;
}

interface Report {
  points: number;
  kills: number;
  violations: Violation[];
  seconds: number;
}

/** When a call that hangs is given up, in milliseconds: longer than any takes that does not. */
const usualCallMs = 4_000;

/** What a run calls and writes, the calls of the CLI among it. Nothing is given up meanwhile, so that each call comes once. */
export async function faultPoints(): Promise<Point[]> {
  const lane = await openLane({
    store: 'redis',
    clusters: ['learn'],
    callMs: 20_000,
    fallibleCli: true,
  });
  try {
    return await learn(lane, 'learn');
  } finally {
    await lane.close();
  }
}

export interface SufferOptions {
  cells: readonly Cell[];
  /** How many runs go on at the same time, each in a world of its own. */
  lanes?: number;
  /** When a call that hangs is given up, in milliseconds. */
  callMs?: number;
  seed?: number;
  /** Told of each run that has ended. */
  progress?: (done: number, news: readonly Violation[]) => void;
}

/** Lets each fault happen to a run of its own, and looks how the run ends and what it leaves. */
export async function suffer({
  cells,
  lanes = 2,
  callMs = usualCallMs,
  seed = 1,
  progress,
}: SufferOptions): Promise<Report> {
  const started = performance.now();
  const queue = cells.map((cell, index) => ({ cell, cluster: `f${index}` }));
  const clusters = queue.map(({ cluster }) => cluster);
  const report: Report = { points: cells.length, kills: 0, violations: [], seconds: 0 };
  let done = 0;

  async function work(): Promise<void> {
    const lane = await openLane({ store: 'redis', clusters, callMs, fallibleCli: true });
    try {
      await lane.start();
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { number, fault, point } = next.cell;
        const about = { mode: fault.name, point: number, seed, at: wordsOf(point) };
        const news = (await endure(lane, next.cell, next.cluster)).map(finding => ({ ...about, ...finding }));
        report.violations.push(...news);
        done += 1;
        progress?.(done, news);
      }
      report.violations.push(...(await hunt(lane, seed)));
    } finally {
      await lane.close();
    }
  }

  await Promise.all(Array.from({ length: Math.min(lanes, cells.length) }, work));
  return { ...report, seconds: Math.round((performance.now() - started) / 1000) };
}

async function hunt(lane: Lane, seed: number): Promise<Violation[]> {
  const about = { mode: 'all', point: 0, seed, at: 'the whole lane' };
  const leaks = leaksIn(await sinksOf(lane), secretsOf(lane));
  return leaks.map(detail => ({ ...about, invariant: 'no secret where it may not be', detail }));
}
