import { describe, expect, it, vi } from 'vitest';
import type { Call } from '../../src/sandbox/kit.ts';
import { soak } from '../faults/soaking.ts';
import type { Trouble } from '../faults/weather.ts';
import { redisAvailable } from '../support/redis.ts';

// What is lost must be waited for, and everything must start, be killed and end.
vi.setConfig({ testTimeout: 300_000 });

/** Every organization that is made is made without an answer. */
const lost: Trouble = async (_call, act) => {
  await act.apply();
  return act.cut();
};
const troublesOf = ({ operation }: Call): Trouble[] => (operation === 'createOrganization' ? [lost] : []);
const briefly = { minutes: 0.3, clusters: 2, seed: 1, bots: 2, workers: 2, rate: 1, troublesOf };

describe.skipIf(!redisAvailable)('a soak', () => {
  it('leaves one of everything, kills and counts', async () => {
    const report = await soak(briefly);
    expect(report.violations).toEqual([]);
    expect(report.kills).toBeGreaterThan(0);
    expect(report.faulted).toBeGreaterThan(0);
    expect(report.effects).toBeGreaterThan(2 * 8);
    expect(report.elders.worker.memory.most).toBeGreaterThan(0);
  });

  it('tells of what is made twice when nothing is written down before', async () => {
    const { violations } = await soak({ ...briefly, without: 'intent' });
    expect(violations.map(({ invariant }) => invariant)).toContain('no organization is left unexplained');
  });
});
