import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { TestRedis } from '../support/redis.ts';
import type { Crew, Place } from './crew.ts';
import { chance } from './points.ts';

export interface Harm {
  kills: number;
  terminations: number;
  freezes: number;
  redisRestarts: number;
}

interface Victims {
  crew: Crew;
  redis: TestRedis;
}

const young = ({ elder }: Place): boolean => !elder;

/** Kills, stops, freezes and restarts for so long, at moments drawn from the seed; then wakes everybody and returns. */
export async function harass({ crew, redis }: Victims, seed: number, forMs: number): Promise<Harm> {
  const end = performance.now() + forMs;
  const harm: Harm = { kills: 0, terminations: 0, freezes: 0, redisRestarts: 0 };
  const pending: Promise<unknown>[] = [];

  /** Acts again and again, after a time between the two drawn each time. */
  async function rhythm(
    name: string,
    [least, most]: readonly [number, number],
    act: (nth: number) => Promise<unknown>,
  ): Promise<void> {
    for (let nth = 1; ; nth += 1) {
      const wait = least + chance(most - least, seed, name, nth);
      await sleep(Math.min(wait, Math.max(0, end - performance.now())));
      if (performance.now() >= end) return;
      await act(nth);
    }
  }

  /** Somebody who is there, once more than one are: on a busy machine a start takes long, and nothing would ever be done. */
  const victim = async (
    name: string,
    nth: number,
    may: (place: Place) => boolean,
  ): Promise<Place | undefined> => {
    while (performance.now() < end) {
      const found = crew.places.filter(place => place.process !== undefined && !place.frozen && may(place));
      if (found.length > 1) return found[chance(found.length, seed, name, nth, 'whom')];
      await sleep(50);
    }
    return undefined;
  };

  await Promise.all([
    rhythm('kill', [3_000, 6_000], async nth => {
      const place = await victim('kill', nth, young);
      if (place === undefined) return;
      harm.kills += 1;
      await crew.kill(place);
    }),
    rhythm('stop', [20_000, 40_000], async nth => {
      const place = await victim('stop', nth, young);
      if (place === undefined) return;
      harm.terminations += 1;
      pending.push(crew.stop(place));
    }),
    rhythm('freeze', [10_000, 30_000], async nth => {
      const place = await victim('freeze', nth, () => true);
      if (place === undefined) return;
      harm.freezes += 1;
      pending.push(crew.freeze(place, 2_000 + chance(18_000, seed, 'freeze', nth, 'how long')));
    }),
    rhythm('redis', [60_000, 60_001], async nth => {
      harm.redisRestarts += 1;
      if (chance(2, seed, 'redis', nth) === 0) await shutDown(redis.url);
      await redis.kill();
      await sleep(chance(4_000, seed, 'redis', nth, 'how long'));
      await redis.restart();
      await keepAlways(redis.url);
    }),
  ]);
  await Promise.all(pending);
  return harm;
}

/** Every write is on disk before it is answered. */
export async function keepAlways(url: string): Promise<void> {
  const client = new Redis(url);
  await client.config('SET', 'appendfsync', 'always');
  client.disconnect();
}

/** Asks the server to end in good order; the connection ends with it. */
async function shutDown(url: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => undefined);
  await client.call('SHUTDOWN').catch(() => undefined);
  client.disconnect();
}
