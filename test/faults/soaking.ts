import { setTimeout as sleep } from 'node:timers/promises';
import { leaksIn, type Sinks, secretsOf, sinksOf } from './canaries.ts';
import { type Crew, createCrew } from './crew.ts';
import { type Crowd, gather } from './crowd.ts';
import { keepEvidence } from './evidence.ts';
import { createGauges, keysOf, type Readings, unfinished } from './gauges.ts';
import { type Harm, harass, keepAlways } from './harassing.ts';
import { inspect, type Placed } from './inspecting.ts';
import type { Finding } from './invariants.ts';
import { type Lane, openLane } from './lane.ts';
import { quiet } from './person.ts';
import type { Safety } from './safeties.ts';
import { createWeather, type WeatherOptions } from './weather.ts';

export interface SoakOptions {
  minutes: number;
  clusters: number;
  seed: number;
  bots?: number;
  workers?: number;
  /** How likely a call is to be hit, and by what. */
  rate?: number;
  troublesOf?: WeatherOptions['troublesOf'];
  without?: Safety;
  /** Told once a minute how far it is. */
  progress?(line: string): void;
}

export interface Report extends Harm {
  /** Clusters. */
  points: number;
  violations: (Placed & { mode: 'soak'; seed: number })[];
  /** The folder of what the violations can be studied by, if there are any. */
  evidence: string | undefined;
  seconds: number;
  /** How long the rest took once all faults were off, and how many clusters were done by then. */
  drainSeconds: number;
  doneBefore: number;
  /** Calls of the outside, and those that were hit by a fault. */
  calls: number;
  faulted: number;
  runs: number;
  effects: number;
  /** Commands, approvals and retries that were received but had been given already. */
  duplicatesRefused: number;
  failedStarts: number;
  elders: Readings;
  keys: { first: Record<string, number>; last: Record<string, number> };
  /** Megabytes of what was searched for secrets. */
  searched: Record<string, number>;
}

/**
 * Shorter than usual, and in the same relation as docs/decisions.md has it: a request is over before its settle time is, also on
 * a busy machine, and nobody takes a run from a worker that waits for a call.
 */
const hurry = { callMs: 6_000, settleMs: 18_000, patienceMs: 25_000 };
const lookEveryMs = 5_000;
const startMs = 300_000;
/** How long the rest may take once all faults are off. */
const drainMs = (clusters: number): number => 300_000 + 30_000 * clusters;

/** Several bots and workers on one Redis, in bad weather and under attack, for so long; then calm, and a look at everything. */
export async function soak(options: SoakOptions): Promise<Report> {
  const { seed, bots = 3, workers = 8, rate = 0.15, troublesOf, without } = options;
  const started = performance.now();
  const clusters = Array.from({ length: options.clusters }, (_, index) => `s${seed}c${index + 1}`);
  const lane = await openLane({ store: 'redis', clusters, fallibleCli: true });
  const { redis, sandbox } = lane;
  if (redis === undefined) throw new Error('a soak needs Redis');
  const before = new Set(sandbox.otterize.state.organizations.map(({ id }) => id));
  const weather = createWeather({ seed, rate, troublesOf });
  const crew = createCrew(lane.environment, { ...hurry, ...(without && { without }) }, bots, workers);

  try {
    await keepAlways(redis.url);
    if (!(await until(crew.complete, startMs))) throw new Error(`the crew did not start: ${crew.stderr()}`);
    const first = await keysOf(redis.url);
    const forMs = options.minutes * 60_000;
    lane.around(weather.around);
    const crowd = gather(lane, clusters, seed, forMs * 0.9);
    const done = (): number => clusters.length - crowd.waiting().length;
    const hits = (): string => `${weather.hits} of ${weather.calls} calls hit`;
    const watch = observe(crew, () =>
      options.progress?.(`${secondsSince(started)} s: ${done()} of ${clusters.length} done, ${hits()}`),
    );
    const harm = await harass({ crew, redis }, seed, forMs);

    lane.around(undefined);
    const [calm, doneBefore] = [performance.now(), done()];
    await drain(lane, crew, crowd, drainMs(clusters.length));
    const drainSeconds = secondsSince(calm);
    const elders = watch.end();
    await crowd.close();
    const last = await keysOf(redis.url);
    const { findings, runs, effects, counted } = await inspect(lane, clusters, before);
    await crew.close();

    const whole = { ...lane, stdout: crew.stdout, stderr: crew.stderr };
    const sinks = await sinksOf(whole);
    const general: Finding[] = [
      ...crowd.waiting().map(detail => ({ invariant: 'every run ends', detail })),
      ...crew.complaints.map(detail => ({ invariant: 'every process ends as it is told', detail })),
      ...leaksIn(sinks, secretsOf(lane)).map(detail => ({
        invariant: 'no secret where it may not be',
        detail,
      })),
    ];
    const violations = [...general.map(finding => ({ point: 0, ...finding })), ...findings].map(finding => ({
      mode: 'soak' as const,
      seed,
      ...finding,
    }));
    return {
      points: clusters.length,
      ...harm,
      violations,
      evidence: violations.length === 0 ? undefined : await keepEvidence(whole, seed),
      seconds: secondsSince(started),
      drainSeconds,
      doneBefore,
      calls: weather.calls,
      faulted: weather.hits,
      runs,
      effects,
      duplicatesRefused: crowd.received() - counted,
      failedStarts: crew.failedStarts,
      elders,
      keys: { first, last },
      searched: sizesOf(sinks),
    };
  } finally {
    lane.around(undefined);
    await crew.close();
    await lane.close();
  }
}

const secondsSince = (moment: number): number => Math.round((performance.now() - moment) / 1_000);
const sizesOf = (sinks: Sinks): Record<string, number> =>
  Object.fromEntries(Object.entries(sinks).map(([sink, text]) => [sink, Math.round(text.length / 1e5) / 10]));

/** Looks at the elders every few seconds, and speaks once a minute. */
function observe(crew: Crew, speak: () => void): { end(): Readings } {
  const gauges = createGauges(crew);
  const looking = setInterval(gauges.look, lookEveryMs);
  const speaking = setInterval(speak, 60_000);
  return {
    end() {
      clearInterval(looking);
      clearInterval(speaking);
      gauges.look();
      return gauges.read();
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(500);
  }
  return true;
}

/** Waits until all processes are there, every thread says that it is done, and nothing is left to do; or until that takes too long. */
async function drain(lane: Lane, crew: Crew, crowd: Crowd, withinMs: number): Promise<void> {
  const over = await until(async () => {
    if (!crew.complete() || crowd.waiting().length > 0) return false;
    return Object.values(await unfinished(lane.redis?.url ?? '')).every(count => count === 0);
  }, withinMs);
  if (over) await quiet(lane, 2_000);
}
