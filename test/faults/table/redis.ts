import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { TestRedis } from '../../support/redis.ts';
import type { Fault, Happen, Scene } from '../fault.ts';

const service = 'Redis';

function redisOf({ lane: { redis } }: Scene): TestRedis {
  if (redis === undefined) throw new Error('the lane has no Redis');
  return redis;
}

/** Gives orders of an operator's. */
async function order(scene: Scene, ...words: [string, ...string[]]): Promise<void> {
  const redis = new Redis(redisOf(scene).url, { retryStrategy: null });
  try {
    await redis.call(...words);
  } finally {
    redis.disconnect();
  }
}

/** Redis is spoilt before the write is sent, and well again after a while. */
const spoilt =
  (ms: number, spoil: Happening, restore: Happening): Happen =>
  async (act, scene) => {
    await spoil(scene);
    scene.beside(sleep(ms).then(() => restore(scene)));
    return await act.apply();
  };
type Happening = (scene: Scene) => unknown;

const down = (ms: number): Happen =>
  spoilt(
    ms,
    scene => redisOf(scene).kill(),
    scene => redisOf(scene).restart(),
  );
const silent = (ms: number): Happen =>
  spoilt(
    ms,
    scene => redisOf(scene).freeze(),
    scene => redisOf(scene).thaw(),
  );

/** Which steps begin together depends on how fast the run is, but for the first two. */
const fits = /^(?!began (?!preflight #|organization #))/;

/** A run is stored in Redis, so all of these are met at its writes. Of each, the run recovers. */
export const redis: Fault[] = (
  [
    ['is down', down(1_500)],
    ['is slow', silent(1_000)],
    ['answers nothing, and does it later', silent(3_000)],
    [
      'is full',
      spoilt(
        1_500,
        scene => order(scene, 'CONFIG', 'SET', 'maxmemory', '1'),
        scene => order(scene, 'CONFIG', 'SET', 'maxmemory', '0'),
      ),
    ],
    [
      'takes no writes',
      spoilt(
        1_500,
        scene => order(scene, 'REPLICAOF', '127.0.0.1', '1'),
        scene => order(scene, 'REPLICAOF', 'NO', 'ONE'),
      ),
    ],
    [
      'drops its connections',
      spoilt(
        0,
        scene => order(scene, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
        () => undefined,
      ),
    ],
  ] as const
).map(([name, happen]) => ({ service, name, fits, end: 'recovered', happen }));

/** Longer than Slack waits for an acknowledgement: people are told, again and again, that it does not count. */
redis.push({
  service,
  name: 'is down for longer than Slack waits',
  fits: /^(requested|approved)/,
  end: 'recovered',
  happen: down(5_000),
});
