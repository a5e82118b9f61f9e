import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type Handlers, type Mailboxes, type Pace, SlowDown } from '../../src/onboarding/store.ts';
import { createBullMailboxes } from '../../src/store/bullmq.ts';
import { connectForCommands, connectForWork } from '../../src/store/connection.ts';
import { createInProcessMailboxes } from '../../src/store/in-process.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';

const log = createLog('silent');
const pace: Pace = { ticks: 25, renderEveryMs: 10, reconcileEveryMs: 100 };

interface Backend {
  open(): Promise<Mailboxes>;
  /** Forgets what is still waiting. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

const inProcessBackend = async (): Promise<Backend> => ({
  open: async () => createInProcessMailboxes(log),
  clear: async () => undefined,
  stop: async () => undefined,
});

async function redisBackend(): Promise<Backend> {
  const redis = await startRedis();
  return {
    open: async () => {
      const commands = await connectForCommands(redis.url, log);
      return createBullMailboxes({ commands, forWork: () => connectForWork(redis.url, log) }, log);
    },
    clear: () => redis.flush(),
    stop: () => redis.stop(),
  };
}

const backends = [
  { name: 'in process', start: inProcessBackend, skip: false },
  { name: 'on Redis', start: redisBackend, skip: !redisAvailable },
];

/** Something that has not happened yet, and the way to let it happen. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

describe.each(backends)('mailboxes $name', ({ start, skip }) => {
  describe.skipIf(skip)('pass nudges on', () => {
    let backend: Backend;
    let mailboxes: Mailboxes;
    let calls: string[];
    beforeAll(async () => {
      backend = await start();
    });
    beforeEach(async () => {
      calls = [];
      mailboxes = await backend.open();
    });
    afterEach(async () => {
      await mailboxes.close();
      await backend.clear();
    });
    afterAll(() => backend.stop());

    const consume = (handlers: Handlers, overrides: Partial<Pace> = {}) =>
      mailboxes.consume(handlers, { ...pace, ...overrides });
    const called = (run: string): number => calls.filter(each => each === run).length;
    /** With one tick at a time, what was queued before has been called when a nudge sent now has. */
    const settle = async (): Promise<void> => {
      for (const sentinel of ['sentinel 1', 'sentinel 2']) {
        await mailboxes.nudges.tick(sentinel);
        await vi.waitFor(() => expect(calls).toContain(sentinel), 10_000);
      }
    };

    it('makes one call of fifty nudges that wait', async () => {
      await Promise.all(Array.from({ length: 50 }, () => mailboxes.nudges.tick('run-1')));
      await consume({ tick: async run => void calls.push(run) }, { ticks: 1 });
      await settle();
      expect(called('run-1')).toBe(1);
    });

    it('calls exactly once more for news during a call, however much it was', async () => {
      const gate = createGate();
      const tick = async (run: string) => {
        calls.push(run);
        if (called('run-1') === 1) await gate.passed;
      };
      await consume({ tick }, { ticks: 1 });
      await mailboxes.nudges.tick('run-1');
      await vi.waitFor(() => expect(calls).toEqual(['run-1']), 30_000);
      for (let news = 0; news < 7; news++) await mailboxes.nudges.tick('run-1');
      gate.open();
      await vi.waitFor(() => expect(called('run-1')).toBe(2), 30_000);
      await settle();
      expect(called('run-1')).toBe(2);
    });

    it('loses no news that races the end of a call, in 300 races', async () => {
      const news = new Map<string, number>();
      const seen = new Map<string, number>();
      const ending = new Map<string, () => void>();
      const tick = async (run: string) => {
        seen.set(run, news.get(run) ?? 0);
        ending.get(run)?.();
        await setImmediate();
      };
      await consume({ tick });
      const race = async (run: string) => {
        const { passed, open } = createGate();
        ending.set(run, open);
        news.set(run, 1);
        await mailboxes.nudges.tick(run);
        await passed;
        news.set(run, 2);
        await mailboxes.nudges.tick(run);
      };
      const runs = Array.from({ length: 300 }, (_, index) => `run-${index}`);
      for (let first = 0; first < runs.length; first += 20)
        await Promise.all(runs.slice(first, first + 20).map(race));
      await vi.waitFor(() => expect(runs.filter(run => seen.get(run) !== 2)).toEqual([]), 10_000);
    });

    it('never calls twice at once for one run, whichever consumer does it', async () => {
      const busy = new Set<string>();
      const overlaps: string[] = [];
      const news = new Map<string, number>();
      const seen = new Map<string, number>();
      const tick = async (run: string) => {
        if (busy.has(run)) overlaps.push(run);
        busy.add(run);
        seen.set(run, news.get(run) ?? 0);
        await setImmediate();
        busy.delete(run);
      };
      await Promise.all([consume({ tick }), consume({ tick })]);
      const runs = Array.from({ length: 10 }, (_, index) => `run-${index}`);
      for (let round = 1; round <= 40; round++) {
        await Promise.all(
          runs.map(async run => {
            news.set(run, round);
            await mailboxes.nudges.tick(run);
          }),
        );
      }
      await vi.waitFor(() => expect(runs.map(run => seen.get(run))).toEqual(runs.map(() => 40)), 10_000);
      expect(overlaps).toEqual([]);
    });

    it('works on as many runs at the same time as it may, and no more', async () => {
      const gate = createGate();
      let atWork = 0;
      let most = 0;
      const tick = async (run: string) => {
        calls.push(run);
        most = Math.max(most, ++atWork);
        await gate.passed;
        atWork--;
      };
      await consume({ tick }, { ticks: 3 });
      for (let run = 0; run < 9; run++) await mailboxes.nudges.tick(`run-${run}`);
      await vi.waitFor(() => expect(calls).toHaveLength(3), 30_000);
      gate.open();
      await vi.waitFor(() => expect(calls).toHaveLength(9), 30_000);
      expect(most).toBe(3);
    });

    it('keeps ticks and renders apart, and leaves a kind alone that nobody handles', async () => {
      const first = await consume({ tick: async run => void calls.push(`tick ${run}`) });
      await mailboxes.nudges.render('run-1');
      await mailboxes.nudges.tick('run-1');
      await vi.waitFor(() => expect(calls).toEqual(['tick run-1']), 30_000);
      await first.close();
      await consume({ render: async run => void calls.push(`render ${run}`) });
      await vi.waitFor(() => expect(calls).toEqual(['tick run-1', 'render run-1']), 30_000);
    });

    it('goes on after a handler that throws', async () => {
      const tick = async (run: string) => {
        calls.push(run);
        if (called('run-1') === 1) throw new Error('a bug');
      };
      await consume({ tick }, { ticks: 1 });
      await mailboxes.nudges.tick('run-1');
      await mailboxes.nudges.tick('run-2');
      await vi.waitFor(() => expect(calls).toEqual(['run-1', 'run-2']), 30_000);
      await settle();
      expect(called('run-1')).toBe(1);
      await mailboxes.nudges.tick('run-1');
      await vi.waitFor(() => expect(called('run-1')).toBe(2), 30_000);
    });

    it('calls for the news that came while a handler was about to throw', async () => {
      const gate = createGate();
      const tick = async (run: string) => {
        calls.push(run);
        if (calls.length > 1) return;
        await gate.passed;
        throw new Error('a bug');
      };
      await consume({ tick });
      await mailboxes.nudges.tick('run-1');
      await vi.waitFor(() => expect(calls).toHaveLength(1), 30_000);
      await mailboxes.nudges.tick('run-1');
      gate.open();
      await vi.waitFor(() => expect(calls).toHaveLength(2), 30_000);
    });

    it('rests with all rendering when Slack asks for it, then draws that thread again', async () => {
      const starts: { run: string; at: number }[] = [];
      const render = async (run: string) => {
        starts.push({ run, at: performance.now() });
        if (starts.length === 1) throw new SlowDown(300);
      };
      await consume({ render });
      await mailboxes.nudges.render('run-1');
      await vi.waitFor(() => expect(starts).toHaveLength(1), 30_000);
      await mailboxes.nudges.render('run-2');
      await vi.waitFor(() => expect(starts.map(({ run }) => run)).toContain('run-2'), 30_000);
      await vi.waitFor(() => expect(starts.filter(({ run }) => run === 'run-1')).toHaveLength(2), 30_000);
      // At least: a busy machine can only make the pause longer.
      const [first, second] = starts;
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(250);
    });

    it('draws threads in turn and not faster than it may, when all of them change all the time', async () => {
      const starts: number[] = [];
      const render = async (run: string) => {
        starts.push(performance.now());
        calls.push(run);
        if (calls.length < 30) await mailboxes.nudges.render(run);
      };
      const runs = ['run-1', 'run-2', 'run-3', 'run-4', 'run-5'];
      await Promise.all(runs.map(run => mailboxes.nudges.render(run)));
      await consume({ render }, { renderEveryMs: 30 });
      await vi.waitFor(() => expect(calls.length).toBeGreaterThanOrEqual(30), 10_000);
      const counts = runs.map(run => calls.slice(0, 30).filter(each => each === run).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
      expect((starts[29] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(29 * 25);
    });

    it('reconciles again and again, in one consumer of all, also after a failure', async () => {
      let reconciled = 0;
      const reconcile = async () => {
        if (++reconciled === 1) throw new Error('a bug');
      };
      const begin = Date.now();
      await Promise.all([consume({ reconcile }), consume({ reconcile }), consume({ reconcile })]);
      await vi.waitFor(() => expect(reconciled).toBeGreaterThanOrEqual(5), 10_000);
      expect(reconciled).toBeLessThanOrEqual((Date.now() - begin) / pace.reconcileEveryMs + 2);
    });

    it('ends what is at work when it closes, and leaves the rest to the next consumer', async () => {
      const [begun, gate] = [createGate(), createGate()];
      const tick = async (run: string) => {
        begun.open();
        await gate.passed;
        calls.push(run);
      };
      const consumer = await consume({ tick }, { ticks: 1 });
      await mailboxes.nudges.tick('run-1');
      await begun.passed;
      const closed = consumer.close().then(() => calls.push('closed'));
      await mailboxes.nudges.tick('run-2');
      await setImmediate();
      expect(calls).toEqual([]);
      gate.open();
      await closed;
      expect(calls).toEqual(['run-1', 'closed']);
      await consume({ tick: async run => void calls.push(run) });
      await vi.waitFor(() => expect(calls).toEqual(['run-1', 'closed', 'run-2']), 30_000);
    });
  });
});
