import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { requester } from '../support/builders.ts';
import { type Front, openFront } from '../support/front.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';

const flood = 10_000;
const inFlight = 100;
const others = ['U0ANTON', 'U0BERTA', 'U0CILLA', 'U0DORA'];
const clusters = Array.from({ length: 200 }, (_, index) => `c${index}`);
const own = others.map(user => `of-${user.slice(2).toLowerCase()}`);
const configuration = `
requesters: { users: [${requester}, ${others.join(', ')}] }
approval: { approvers: { users: [U0APPROVER] } }
names: { vault: "kv-{cluster}" }
gitops: { repository: harbour/clusters }
stages: { prod: }
clusters: { ${[...clusters, ...own].map(cluster => `${cluster}: `).join(', ')} }
`;

let folder: string;
let front: Front;
/** Two bots share it, for the count must be of both; without one there is one bot. */
let redis: TestRedis | undefined;

beforeEach(async () => {
  redis = redisAvailable ? await startRedis() : undefined;
  folder = mkdtempSync(join(tmpdir(), 'holt-flood-'));
  front = await openFront({
    configuration,
    workspace: {
      users: [requester, ...others].map(id => ({ id, name: id.toLowerCase() })),
      channels: [{ id: 'C0PLATFORM', name: 'platform' }],
    },
    stores:
      redis === undefined
        ? [openEmbeddedStore(join(folder, 'holt.sqlite'))]
        : [1, 2].map(() => createRedisStore(new Redis(redis?.url ?? ''), { allowVolatile: true })),
  });
});
afterEach(async () => {
  await front.close();
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

const type = async (user: string, text: string): Promise<string> => {
  const { payload } = await front.slack.command(user, 'C0PLATFORM', '/otterize', text);
  return (payload as { text?: string } | undefined)?.text ?? 'accepted';
};
/** As on a machine that has much to do; what was typed may have counted, and is typed again. */
const isSlow = (said: string): boolean => said.includes('did not answer in time');
const startedBy = async (user: string): Promise<string[]> =>
  (await front.records.recent(flood)).flatMap(run =>
    run !== 'newer' && run.request.by.user === user ? [run.request.target.cluster] : [],
  );

describe('somebody who types without end', () => {
  it('starts six onboardings, and everybody else is served meanwhile', async () => {
    const answers = new Map<string, number>();
    const progress = { typed: 0, answered: 0 };
    const typist = async (): Promise<void> => {
      while (progress.typed < flood) {
        const cluster = clusters[progress.typed++ % clusters.length];
        const said = (await type(requester, `onboard ${cluster} prod`)).replace(/^Onboarding.*/, 'live');
        answers.set(said, (answers.get(said) ?? 0) + 1);
        progress.answered += 1;
      }
    };
    const began = performance.now();
    const flooding = Promise.all(Array.from({ length: inFlight }, typist));

    const waits: number[] = [];
    const serve = async (user: string, text: string): Promise<string> => {
      const from = performance.now();
      let said = await type(user, text);
      while (isSlow(said)) said = await type(user, text);
      waits.push(performance.now() - from);
      return said;
    };
    /** Types for as long as the flood goes on; answers what was heard. */
    const other = async (user: string, index: number): Promise<string[]> => {
      const heard = [await serve(user, `onboard ${own[index]} prod`)];
      while (progress.answered < flood) {
        heard.push(await serve(user, `onboard ${own[index]} prod`));
        heard.push(await serve(user, `status ${own[index]} prod`));
      }
      return heard;
    };
    const served = await Promise.all(others.map(other));
    await flooding;
    const ms = performance.now() - began;
    expect(progress.answered).toBe(flood);
    for (const [first, ...later] of served) {
      expect(first).toMatch(/^accepted$|is running already/);
      expect(later.length).toBeGreaterThan(4);
      expect(later.filter(said => !/^Onboarding .*(is running already|: in progress)/.test(said))).toEqual(
        [],
      );
    }

    await expect.poll(() => startedBy(requester), { timeout: 20_000 }).toHaveLength(6);
    for (const user of others) expect(await startedBy(user)).toHaveLength(1);
    expect([...answers.keys()].filter(said => !isSlow(said)).toSorted()).toEqual([
      'That is more at once than I answer one person. Try again in a moment.',
      expect.stringMatching(/^You have started 6 onboardings in the last minute/),
      'accepted',
      'live',
    ]);
    // Nobody waits longer than for a small part of the flood.
    expect(Math.max(...waits)).toBeLessThan(ms / 4);
    const [median = 0, worst] = [waits.toSorted((a, b) => a - b)[waits.length / 2], Math.max(...waits)];
    console.log(
      `${flood} commands of one person in ${(ms / 1000).toFixed(1)} s; the others waited ${median.toFixed(0)} ms in the middle, ${worst.toFixed(0)} ms at most`,
    );
  }, 600_000);

  it('may type what runs already as often as they like', async () => {
    for (let time = 0; time < 20; time += 1) await type(requester, 'onboard c0 prod');
    for (const cluster of clusters.slice(1, 6))
      expect(await type(requester, `onboard ${cluster} prod`)).toBe('accepted');
    expect(await type(requester, 'onboard c6 prod')).toMatch(/more than that I take from nobody/);
    expect(await startedBy(requester)).toHaveLength(6);
    expect(front.lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields)).toEqual([
      {
        entry: 'onboard',
        by: requester,
        team: front.slack.team.id,
        channel: 'C0PLATFORM',
        reason: 'too-often',
      },
    ]);
  });
});
