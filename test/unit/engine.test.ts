import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HeldBack, UserError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { type EngineOptions, jitteredBackoff } from '../../src/onboarding/engine.ts';
import type { FactName } from '../../src/onboarding/facts.ts';
import { Fenced, take } from '../../src/onboarding/leased.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import { createRecords } from '../../src/onboarding/records.ts';
import { cancel, introduce, newRun } from '../../src/onboarding/run.ts';
import type { Step, StepContext } from '../../src/onboarding/step.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { Newer } from '../../src/onboarding/versions.ts';
import { approver, request } from '../support/builders.ts';
import {
  advanced,
  engineWith,
  errorOf,
  engineHouse as house,
  inviting,
  onboarded,
  recordsOver,
  started,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

/** The store as it is, but for what is done about each write before it is made. */
function writing(before: (audit: string) => Promise<void> | void): void {
  const swap: Store['swap'] = async (entry, audit) => {
    await before(audit);
    return house.store.swap(entry, audit);
  };
  house.records = createRecords(
    { ...house.store, swap },
    { tick: async () => undefined, render: async () => undefined },
  );
}

const environmentsAskedFor = (): number =>
  house.world.calls.filter(call => call === 'create environment').length;

describe('a worker', () => {
  it('begins nothing of a run that is being stopped', async () => {
    const run = await started();
    await house.records.change(run.id, cancel(approver));
    const stopped = await advanced(run.id);
    expect([stopped.status, stopped.steps]).toEqual(['cancelled', {}]);
    expect(house.world.calls).toEqual([]);
  });

  it('leaves alone what has ended, without a word', async () => {
    const { id, revision } = await onboarded();
    const lines: string[] = [];
    house.engine = engineWith({ log: createLog('debug', {}, { write: line => void lines.push(line) }) });
    expect((await advanced(id)).revision).toBe(revision);
    expect(lines).toEqual([]);
  });

  it('that drains in the midst of a change makes no other one', async () => {
    const run = await started();
    const draining = { ...house.world.write.otterize };
    draining.createOrganization = () => {
      house.engine.drain();
      return house.world.write.otterize.createOrganization();
    };
    house.engine = engineWith({ write: { ...house.world.write, otterize: draining } });
    const rested = await advanced(run.id);
    expect(house.world.mutating()).toEqual(['create organization']);
    expect(rested.effects['organization']?.result).toBeDefined();
    expect([rested.status, rested.due]).toEqual(['waiting', house.clock]);
  });

  it('gives up where the store fails, and says so to its caller', async () => {
    const run = await started();
    writing(audit => {
      if (/"(established|failed)"/.test(audit)) throw failure({ service: 'Redis' });
    });
    house.engine = engineWith();
    await expect(house.engine.advance(run.id)).rejects.toMatchObject({ service: 'Redis' });
  });

  it('does not act on an intention of which no time is left', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    house.engine = engineWith({ freshMs: 0 });
    const run = await onboarded();
    expect([run.status, house.world.mutating(), run.effects]).toEqual(['waiting', [], {}]);
  });

  it('looks again at what came while it went to rest, and goes on with that', async () => {
    const asked = { ...request(), named: [{ user: 'U0ANNA' }] };
    const { id } = await started(asked);
    const news = recordsOver(house.store);
    let told = false;
    writing(async audit => {
      if (told || !audit.includes('"rested"')) return;
      told = true;
      await news.change(id, introduce({ U0ANNA: 'anna.meyer@harbour.example' }));
    });
    const lines: string[] = [];
    house.engine = engineWith({ log: createLog('debug', {}, { write: line => void lines.push(line) }) });
    const run = await advanced(id);
    expect([told, run.status, run.gates.length]).toEqual([true, 'waiting', 1]);
    expect(lines.filter(line => line.includes('the run rests'))).toHaveLength(1);
  });

  it('tries no step before its time, whatever news there is', async () => {
    house.world.faults.set('create environment', { error: failure({ applied: 'no' }) });
    const { id } = await onboarded();
    expect(environmentsAskedFor()).toBe(1);
    house.clock += 999;
    await advanced(id);
    expect(environmentsAskedFor()).toBe(1);
    house.clock += 1;
    expect((await advanced(id)).status).toBe('done');
  });

  it('is due at the first of all that the run waits for', async () => {
    house.world.faults.set('create integration', { error: failure({ applied: 'no' }) });
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect([run.gates[0]?.state, run.due]).toEqual(['open', house.clock + 1_000]);
    const named = await onboarded({ ...request({ cluster: 'payments-us' }), named: [{ user: 'U0ANNA' }] });
    expect(named.due).toBe(house.clock + 60_000);
  });

  it('goes on the moment that an earlier request cannot land any more', async () => {
    house.world.faults.set('create environment', { error: failure({ applied: 'unknown' }) });
    const { id, effects } = await onboarded();
    const landed = (effects['environment']?.at ?? 0) + 90_000;
    house.clock = landed - 1;
    expect((await advanced(id)).due).toBe(landed);
    house.clock = landed;
    expect((await advanced(id)).status).toBe('done');
  });
});

/** A step that needs nothing and does as it is told. */
const step = (fact: FactName, act: (context: StepContext<never>) => Promise<never>): Step => ({
  fact,
  needs: [],
  run: act,
});

const lost = (error: Error) => async (): Promise<never> => {
  throw error;
};

describe('steps side by side', () => {
  it('end for a worker that has lost the run, whatever else went wrong', async () => {
    const run = await started();
    house.engine = engineWith({
      planOf: () => [
        step('preflight', lost(new Newer())),
        step('invitees', lost(new Fenced('epoch 1 is over'))),
      ],
    });
    await house.engine.advance(run.id);
    house.engine = engineWith({ planOf: () => [step('preflight', lost(new Newer()))] });
    await expect(house.engine.advance(run.id)).rejects.toThrow(Newer);
  });

  it('may take long, each, as long as something comes of one of them', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const [slow, noted] = [Promise.withResolvers<never>(), Promise.withResolvers<void>()];
    const run = await started();
    house.engine = engineWith({
      planOf: () => [
        step('preflight', () => slow.promise),
        step('invitees', async ({ effect }) => {
          await effect('seen', { find: async () => true, create: async () => true });
          noted.resolve();
          return slow.promise;
        }),
      ],
    });
    const over = house.engine.advance(run.id);
    await noted.promise;
    await vi.advanceTimersByTimeAsync(180_000);
    slow.reject(new UserError('no-vault', 'No such vault.'));
    await over;
    expect((await house.records.get(run.id))?.status).toBe('failed');
  });
});

describe('the log', () => {
  let lines: Record<string, unknown>[];
  const said = (msg: string) => lines.filter(line => line['msg'] === msg);

  /** An engine that logs into `lines`. */
  function listenedTo(overrides: Partial<EngineOptions> = {}): void {
    lines = [];
    const log = createLog('debug', {}, { write: line => void lines.push(JSON.parse(line)) });
    house.engine = engineWith({ log, ...overrides });
  }

  it('names each change as it is made, and how the run rests', async () => {
    listenedTo();
    const { id } = await onboarded();
    const made = said('made').map(({ level, run, effect }) => [level, run, effect]);
    expect(made).toContainEqual(['info', id, 'organization']);
    expect(made).toContainEqual(['info', id, 'environment']);
    expect(said('the run rests')).toMatchObject([{ level: 'info', run: id, status: 'done', due: null }]);
  });

  it('says what failed and when it is tried again, and then that it is not', async () => {
    listenedTo();
    const { id } = await started();
    const errors: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      house.world.faults.set('create environment', { error: failure({ applied: 'no' }) });
      errors.push(errorOf(await advanced(id), 'environment'));
      house.clock += 2_000;
    }
    const again = { level: 'warn', run: id, fact: 'environment' };
    expect(said('a step failed and will be tried again')).toMatchObject([
      { ...again, ...(errors[0] as object), attempts: 1, retryAt: house.clock - 5_000 },
      { ...again, ...(errors[1] as object), attempts: 2, retryAt: house.clock - 3_000 },
    ]);
    expect(said('a step failed')).toMatchObject([
      { level: 'error', run: id, fact: 'environment', ...(errors[2] as object), attempts: 3 },
    ]);
    for (const line of lines) expect(line).not.toHaveProperty('error');
  });

  it('has the error itself only where the code is at fault', async () => {
    listenedTo();
    house.world.faults.set('create environment', { error: new TypeError('x is undefined') });
    await onboarded();
    expect(said('a step failed')).toMatchObject([
      { fact: 'environment', code: 'bug', error: { type: 'TypeError', message: 'x is undefined' } },
    ]);
  });

  it('says what waits for its turn, and until when', async () => {
    listenedTo();
    const held = { service: 'Otterize', operation: 'create the environment', reason: 'not yet' } as const;
    house.world.faults.set('create environment', { error: new HeldBack({ ...held, retryAfter: 45_000 }) });
    await onboarded();
    expect(said('a step waits for its turn')).toMatchObject([
      {
        level: 'info',
        fact: 'environment',
        reason: expect.stringContaining('not yet'),
        until: house.clock + 45_000,
      },
    ]);
  });

  it('says when the run is another worker’s, and when a call does not end', async () => {
    const run = await started();
    const stolen = { ...house.world.write.otterize };
    stolen.createOrganization = async () => {
      await house.records.change(run.id, take(180_000));
      return house.world.write.otterize.createOrganization();
    };
    listenedTo({ write: { ...house.world.write, otterize: stolen } });
    await house.engine.advance(run.id);
    expect(said('another worker has the run now')).toMatchObject([{ level: 'info', run: run.id }]);
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);

    const deaf = {
      ...house.world.read.otterize,
      listOrganizations: () => new Promise<never>(() => undefined),
    };
    listenedTo({ read: { ...house.world.read, otterize: deaf }, patienceMs: 100 });
    const other = await onboarded(request({ cluster: 'payments-us' }));
    expect(said('a call does not end; the run is left to whoever comes next')).toMatchObject([
      { level: 'error', run: other.id, steps: expect.arrayContaining(['organization']) },
    ]);
  });
});

const backoffs = (attempts: number) => Array.from({ length: 300 }, () => jitteredBackoff(attempts));

describe('the time before another try', () => {
  it('is between one second and five minutes, grows with the tries and is not the same for all', () => {
    for (const [attempts, most] of [
      [1, 5_000],
      [3, 17_000],
      [30, 301_000],
    ] as const) {
      const all = backoffs(attempts);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(1_000);
      expect(Math.min(...all)).toBeLessThan(1_000 + (most - 1_000) / 2);
      expect(Math.max(...all)).toBeLessThanOrEqual(most);
      expect(Math.max(...all)).toBeGreaterThan(1_000 + (most - 1_000) / 2);
    }
  });
});

describe('each plan', () => {
  const within = { rollout: 'rollout-1', pullRequest: true };
  const policy = { canary: 0, wave: 5, stopAfter: 1, pullRequests: 'per-rollout' as const };

  it.each([
    ['a cluster', {}],
    ['a cluster within a rollout', { within }],
    ['a rollout', { rollout: { members: [], leftOut: [], policy } }],
  ])('of %s establishes what a step needs before the step', (_, rest) => {
    const earlier = new Set<string>();
    for (const { fact, needs } of planOf(newRun('run-1', request({}, rest), 0))) {
      expect(needs.filter(need => !earlier.has(need))).toEqual([]);
      earlier.add(fact);
    }
  });
});
