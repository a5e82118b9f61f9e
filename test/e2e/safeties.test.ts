import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { commandLines, formsOf, leaksIn, sinksOf } from '../faults/canaries.ts';
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
  ['fence', 'zombie', 'Otterize listOrganizations', 'no organization is left unexplained', { nth: 2 }],
  ['compare-and-set', 'zombie', 'Record intended organization', 'one organization', {}],
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
    // A challenge is what Key Vault answers to a call that did not sign in; that call is counted once it has.
    calls = lane.sandbox
      .calls()
      .filter(call => !before.has(call))
      .filter(({ operation }) => operation !== 'challenge').length;
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

const pull = {
  number: 1,
  title: 'Leak',
  body: '',
  state: 'closed' as const,
  mergedAt: null,
  mergeCommit: null,
  head: 'main',
  base: 'main',
  author: 'somebody',
  createdAt: '',
  updatedAt: '',
};

describe.skipIf(!redisAvailable)('the hunt for secrets', () => {
  it('finds each of the forms of a secret in each place that it could have got to', async () => {
    const lane = await openLane({ store: 'redis', clusters: ['hunted'] });
    onTestFinished(() => lane.close());
    const { slack, github, folder, channel, requester } = lane.sandbox;
    const repository = github.repository('harbour/clusters');
    const secret = `s3cr€t"${randomUUID()}`;
    const redis = new Redis(lane.redisUrl ?? '');
    const plant: Record<string, (form: string) => unknown> = {
      Slack: form => slack.say(requester, channel, form),
      Git: form => repository.seed('main', { 'leak.txt': form }),
      'pull requests': form => repository.pulls.push({ ...pull, body: form }),
      'the data folder': form => writeFile(join(folder, 'leak'), form),
      Redis: form => redis.set('leak', form),
      'command lines': form => spawn(process.execPath, ['-e', 'setTimeout(() => {}, 500)', form]),
    };
    expect(leaksIn(await sinksOf(lane, { 'command lines': commandLines() }), [secret])).toEqual([]);
    for (const form of formsOf(secret)) {
      for (const [sink, put] of Object.entries(plant)) {
        await put(form);
        expect(leaksIn(await sinksOf(lane, { 'command lines': commandLines() }), [secret])).toContain(sink);
      }
    }
    redis.disconnect();
  });
});
