import { describe, expect, it } from 'vitest';
import type { Outside } from '../bench/chain.ts';
import { openGround } from '../bench/ground.ts';
import { onboardAll } from '../bench/people.ts';
import { redisAvailable } from '../support/redis.ts';

/** How many of these were under way at the same time, at most. */
function mostAtOnce(calls: readonly Outside[]): number {
  const moments = calls
    .flatMap(({ at, ms }) => [
      { at, by: 1 },
      { at: at + ms, by: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let [running, most] = [0, 0];
  for (const { by } of moments) {
    running += by;
    most = Math.max(most, running);
  }
  return most;
}

describe.skipIf(!redisAvailable)('a rollout that is bound by the processes of Otterize', () => {
  it.each([1, 2])('has as many at once as %i workers may have together, and never more', async workers => {
    const ground = await openGround({ clusters: 3, latencyMs: 100, otterizeAtOnce: 1 });
    try {
      await ground.open(workers);
      const started = (await ground.outside()).length;
      await onboardAll(ground);
      const calls = (await ground.outside()).slice(started);
      const programs = calls.filter(({ call }) => call.startsWith('Otterize '));
      expect(programs.length).toBeGreaterThan(3 * 9);
      expect(mostAtOnce(programs)).toBe(workers);
      expect(ground.sandbox.breaches()).toEqual([]);
    } finally {
      await ground.close();
    }
  });
});
