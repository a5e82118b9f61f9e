import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { createLog, type Log } from '../../src/log.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { connectForCommands } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/open.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';
import { entry } from '../support/stores.ts';

const log = createLog('silent');
const pace = { ticks: 5, renderEveryMs: 10, reconcileEveryMs: 100 };
const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

function recordingLog() {
  const lines: string[] = [];
  const write = (fields: object, message: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const recording: Log = { debug: write, info: write, warn: write, error: write, child: () => recording };
  return { lines, log: recording };
}

const open = (redisUrl: string, openLog = log) =>
  openStore({ redisUrl, file: 'never', allowVolatile: true, log: openLog });

describe.skipIf(!redisAvailable)('a Redis', () => {
  let redis: TestRedis;
  const start = async (...settings: string[]): Promise<Store> => {
    redis = await startRedis(...settings);
    return createRedisStore(await connectForCommands(redis.url, log));
  };
  afterEach(() => redis.stop());

  it('is ready when it keeps what it is given', async () => {
    const store = await start('--appendonly', 'yes', '--maxmemory-policy', 'noeviction');
    expect(await store.check()).toEqual([]);
    await store.close();
  });

  it('is not ready when it may drop runs or lose them all', async () => {
    const store = await start('--maxmemory-policy', 'volatile-lru');
    expect(await store.check()).toEqual([
      expect.stringContaining('volatile-lru'),
      expect.stringContaining('appendonly yes'),
    ]);
    await store.close();
  });

  it('that is away makes commands fail in words that can be shown, and is used again when it is back', async () => {
    const store = await start('--appendonly', 'yes');
    await redis.kill();
    const failure = await failureOf(store.load('run-1'));
    expect(failure).toBeInstanceOf(ServiceError);
    expect(failure).toMatchObject({
      message: 'Redis could not read a run: it did not answer',
      retryable: true,
      applied: 'unknown',
    });
    expect(await store.check()).toEqual([expect.stringContaining('cannot be reached')]);
    await redis.restart();
    await expect.poll(() => store.check()).toEqual([]);
    expect(await store.load('run-1')).toBeUndefined();
    await store.close();
  });

  it('says why it refuses', async () => {
    const store = await start('--maxmemory', '100kb');
    expect(await failureOf(store.insert(entry(), 'line'))).toMatchObject({
      message: 'Redis could not store a new run: its memory is full',
    });
    await store.close();
  });

  it('is not asked a second time for a write whose answer was lost', async () => {
    const store = await start();
    redis.freeze();
    const lost = failureOf(store.insert(entry(), 'line'));
    await redis.kill();
    await redis.restart();
    expect(await lost).toBeInstanceOf(ServiceError);
    await expect.poll(() => store.load('run-1').catch(() => 'away')).toBeUndefined();
    await store.close();
  });

  it('that is not there at the start is said to be away, refuses nudges, and is used once it is there', async () => {
    redis = await startRedis();
    await redis.kill();
    const early = await open(redis.url);
    await early.mailboxes.consume({ tick: async () => undefined, reconcile: async () => undefined }, pace);
    await early.close();

    const { kind, store, mailboxes, close } = await open(redis.url);
    expect(kind).toBe('redis');
    const ticks: string[] = [];
    let reconciled = 0;
    const tick = async (run: string) => void ticks.push(run);
    await mailboxes.consume({ tick, reconcile: async () => void reconciled++ }, pace);
    expect(await store.check()).toEqual([expect.stringContaining('cannot be reached')]);
    expect(await failureOf(mailboxes.nudges.tick('run-1'))).toBeInstanceOf(ServiceError);
    expect(await failureOf(mailboxes.nudges.render('run-1'))).toBeInstanceOf(ServiceError);

    await redis.restart();
    await expect.poll(() => store.check(), { timeout: 5000 }).toEqual([]);
    await vi.waitFor(() => mailboxes.nudges.tick('run-2'), 5000);
    await vi.waitFor(() => expect(ticks).toContain('run-2'), 10_000);
    await vi.waitFor(() => expect(reconciled).toBeGreaterThan(0), 10_000);
    await close();
  });

  it('that goes away does not keep a process from ending what is at work and stopping', async () => {
    redis = await startRedis();
    const { mailboxes, close } = await open(redis.url);
    const done: string[] = [];
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const tick = async (run: string) => {
      begun.resolve();
      await gate.promise;
      done.push(run);
    };
    await mailboxes.consume({ tick, render: tick, reconcile: async () => undefined }, pace);
    await mailboxes.nudges.tick('run-1');
    await begun.promise;
    await redis.kill();
    await vi.waitFor(
      async () => expect(await failureOf(mailboxes.nudges.tick('x'))).toBeInstanceOf(Error),
      30_000,
    );
    const closed = close().then(() => done.push('closed'));
    gate.resolve();
    await closed;
    expect(done).toEqual(['run-1', 'closed']);
  });

  it('that loses everything is used on as an empty one', async () => {
    redis = await startRedis();
    const { mailboxes, close } = await open(redis.url);
    const ticks: string[] = [];
    let reconciled = 0;
    const tick = async (run: string) => void ticks.push(run);
    await mailboxes.consume({ tick, reconcile: async () => void reconciled++ }, pace);
    await mailboxes.nudges.tick('run-1');
    await vi.waitFor(() => expect(ticks).toEqual(['run-1']), 30_000);
    await redis.flush();
    reconciled = 0;
    await mailboxes.nudges.tick('run-2');
    await vi.waitFor(() => expect(ticks).toEqual(['run-1', 'run-2']), 10_000);
    await vi.waitFor(() => expect(reconciled).toBeGreaterThan(2), 10_000);
    await close();
  });

  it('holds nothing of a nudge but the id, and everything under one hash tag', async () => {
    redis = await startRedis();
    const { store, mailboxes, close } = await open(redis.url);
    await store.insert(entry(), 'line');
    await store.claims.claim('made', 'org_1', 'run-1');
    await mailboxes.nudges.tick('run-1');
    await mailboxes.nudges.render('run-1');
    const raw = new Redis(redis.url);
    const keys = await raw.keys('*');
    expect(keys.filter(key => !key.startsWith('{holt}:'))).toEqual([]);
    expect(await raw.hget('{holt}:tick:1', 'data')).toBe('{"run":"run-1"}');
    raw.disconnect();
    await close();
  });

  it('gets its password from the URL, which no line of the log shows', async () => {
    redis = await startRedis('--requirepass', 'open sesame');
    const right = await open(redis.url);
    await expect.poll(() => right.store.check(), { timeout: 60_000 }).toEqual([]);
    await right.close();

    const { lines, log: recording } = recordingLog();
    const wrong = await open(`redis://:wrong-sesame@${new URL(redis.url).host}`, recording);
    await wrong.mailboxes.consume({ tick: async () => undefined }, pace);
    expect(await wrong.store.check()).toHaveLength(1);
    await redis.kill();
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0), 30_000);
    expect(await failureOf(wrong.mailboxes.nudges.tick('run-1'))).toBeInstanceOf(ServiceError);
    expect(lines.join('\n')).not.toContain('sesame');
    await wrong.close();
  });
});
