import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openLane } from '../faults/lane.ts';
import type { Mode } from '../faults/modes.ts';
import { learn, type Point } from '../faults/points.ts';
import type { Safety } from '../faults/safeties.ts';
import { type Job, sweep } from '../faults/sweeping.ts';
import { redisAvailable } from '../support/redis.ts';

/** What each safety is good for: where its lack shows, and what the sweep then says. */
const cases: readonly [Safety, Mode, string, string, Partial<Job> & { nth?: number }][] = [
  ['intent', 'after', 'Otterize createOrganization', 'no organization is left unexplained', {}],
  ['settle', 'late', 'Otterize createOrganization', 'no organization is left unexplained', {}],
  ['fence', 'zombie', 'Record intended organization', 'no organization is left unexplained', {}],
  ['compare-and-set', 'zombie', 'Record intended organization', 'the thread tells the truth', {}],
  ['claim', 'after', 'Otterize createOrganization', 'one organization', { nth: 2, pair: true }],
  ['read-back', 'lie', 'Key Vault setSecret', 'the vault holds the live credentials', {}],
];

// A run waits for its settle time, and a successor for the locks.
vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(!redisAvailable)('the sweep', () => {
  let points: Point[];
  let calls: number;
  let writes: number;

  beforeAll(async () => {
    const lane = await openLane({ store: 'redis', clusters: ['learn'] });
    await lane.start();
    const before = new Set(lane.sandbox.calls());
    points = await learn(lane, 'learn');
    // A challenge is what Key Vault answers to a call that did not sign in; that call is counted once it has. A batch is the calls in it.
    calls = lane.sandbox
      .calls()
      .filter(call => !before.has(call))
      .filter(({ operation }) => operation !== 'challenge' && operation !== 'batch').length;
    const { records, close } = await lane.records();
    const run = await records.latest('learn-prod');
    writes = (await records.history(run?.id ?? '')).length;
    await close();
    await lane.close();
  });

  it('knows every call and every write of a run', () => {
    expect(points.filter(({ service }) => service !== 'Record')).toHaveLength(calls);
    // What was overtaken is tried again, and each try is a point.
    expect(points.filter(({ service }) => service === 'Record').length).toBeGreaterThanOrEqual(writes);
    expect(new Set(points.map(({ service }) => service)).size).toBe(6);
  });

  const jobAt = (
    mode: Mode,
    name: string,
    { nth = 1, pair = false }: { nth?: number; pair?: boolean },
  ): Job => {
    const found = points.find(({ service, operation }) => `${service} ${operation}` === name);
    if (found === undefined) throw new Error(`no point ${name}`);
    return { mode, point: { ...found, nth }, pair };
  };

  it.each(cases)('without %s finds at once, %s at %s: %s', async (without, mode, name, invariant, more) => {
    const job = jobAt(mode, name, more);
    const { violations } = await sweep({ store: 'redis', seed: 1, without, jobs: [job] });
    expect(violations.map(violation => violation.invariant)).toContain(invariant);
  });

  it('finds nothing at those points while every safety is there, but for a vault that lies: that fails, and says so', async () => {
    const jobs = cases.map(([, mode, name, , more]) => jobAt(mode, name, more));
    const report = await sweep({ store: 'redis', seed: 1, jobs: jobs.filter(({ mode }) => mode !== 'lie') });
    expect(report).toMatchObject({ violations: [], unreached: [] });
    const lied = await sweep({ store: 'redis', seed: 1, jobs: jobs.filter(({ mode }) => mode === 'lie') });
    expect(lied.violations.find(({ invariant }) => invariant === 'the thread tells the truth')?.detail).toBe(
      'Failed',
    );
  });
});
