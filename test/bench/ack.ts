import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { percentile, round } from './figures.ts';
import { type Ground, openGround } from './ground.ts';
import type { Job, Struck } from './hammer.ts';

/** Milliseconds to the whole answer. */
interface Row {
  load: 'idle' | 'workers' | 'stall';
  inFlight: number;
  p50: number;
  p99: number;
  max: number;
  /** Answers that ask the person to try again. */
  refused: number;
}

export interface Ack {
  rows: Row[];
}

interface AckOptions {
  /** How many commands for each load but the bursts. */
  commands: number;
  inFlight: readonly number[];
  workers: number;
  stallMs: number;
  latencyMs: number;
}

/** As many as the bot looks up before it is ready. */
const people = 30;
/** As a worker has when nobody says otherwise. */
const otterizeAtOnce = 4;
const hammer = fileURLToPath(new URL('hammer.ts', import.meta.url));

/** How soon signed commands over HTTP are answered. Onboardings of clusters of their own where the people suffice, else how it stands. */
export async function ack(options: AckOptions): Promise<Ack> {
  const { commands, inFlight, workers, stallMs, latencyMs } = options;
  const clusters = inFlight.reduce((sum, places) => sum + 2 * (commands + places), 0) + mostInStall;
  const ground = await openGround({ clusters, latencyMs, people, transport: 'http', otterizeAtOnce });
  ground.sandbox.liftLimits();
  const child = fork(hammer, { execArgv: [], stdio: 'inherit' });
  const state = { next: 1 };
  const strike = async (places: number, more: Pick<Job, 'count' | 'forMs'>): Promise<Struck> => {
    const struck = await asked(child, jobOf(ground, places, state.next, more));
    state.next = struck.nextCluster;
    if (struck.broken > 0)
      throw new Error(`${struck.broken} commands had no answer of Holt's but ${struck.last}`);
    return struck;
  };
  const rows: Row[] = [];
  const measure = async (load: Row['load'], places: number, more: Pick<Job, 'count' | 'forMs'>) => {
    rows.push(rowOf(load, places, await strike(places, more)));
    await sleep(restMs);
  };

  try {
    await (ground.redis === undefined ? ground.start('main') : ground.start('bot'));
    await strike(10, { count: 50 });
    const countOf = (places: number): number => (places >= burst ? places : commands);
    for (const places of inFlight) await measure('idle', places, { count: countOf(places) });
    if (ground.redis !== undefined) {
      await Promise.all(Array.from({ length: workers }, () => ground.start('worker')));
      for (const places of inFlight) await measure('workers', places, { count: countOf(places) });
      for (const places of inFlight) {
        const { redis } = ground;
        const stalled = strike(places, places >= burst ? { count: places } : { forMs: stallMs + 1_000 });
        redis.freeze();
        await sleep(stallMs);
        redis.thaw();
        rows.push(rowOf('stall', places, await stalled));
        await sleep(restMs);
      }
    }
    return { rows };
  } finally {
    child.kill();
    await ground.close();
  }
}

/** So many at once are sent once and not again. */
const burst = 1_000;
const restMs = 2_000;
/** More than can be asked for in a stall. */
const mostInStall = 3_000;

function jobOf(
  ground: Ground,
  inFlight: number,
  firstCluster: number,
  more: Pick<Job, 'count' | 'forMs'>,
): Job {
  const { slack, channel } = ground.sandbox;
  return {
    url: slack.settings.requestUrls[0] ?? '',
    secret: slack.signingSecret,
    team: slack.team.id,
    channel: slack.channel(channel).id,
    people: ground.people,
    firstCluster,
    inFlight,
    ...more,
  };
}

async function asked(child: ChildProcess, job: Job): Promise<Struck> {
  const answer = once(child, 'message') as Promise<[Struck]>;
  child.send(job);
  return (await answer)[0];
}

const rowOf = (load: Row['load'], inFlight: number, { ms, refused }: Struck): Row => ({
  load,
  inFlight,
  p50: round(percentile(ms, 0.5)),
  p99: round(percentile(ms, 0.99)),
  max: round(Math.max(...ms)),
  refused,
});
