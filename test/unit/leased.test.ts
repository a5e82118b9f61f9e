import { describe, expect, it } from 'vitest';
import { openGate } from '../../src/onboarding/approvals.ts';
import {
  abandon,
  beginSteps,
  establish,
  Fenced,
  failStep,
  finish,
  intend,
  type Lease,
  postpone,
  record,
  rest,
  take,
  withdraw,
} from '../../src/onboarding/leased.ts';
import { type Change, newRun, type Run } from '../../src/onboarding/run.ts';
import { request } from '../support/builders.ts';

const lease: Lease = { epoch: 1, patienceMs: 100 };
const thread = {
  channel: 'C0PLATFORM',
  ts: '1.1',
  permalink: 'https://x.example',
  place: 'channel',
} as const;
const organization = { id: 'org_1', name: 'payments-eu-prod', made: true };

/** A run that the worker of epoch 1 took at 1000. */
const held = (overrides: Partial<Run> = {}): Run => ({
  ...newRun('run-1', request(), 500),
  epoch: 1,
  due: 1_100,
  thread,
  ...overrides,
});

/** What a change at 2000 makes of a run, beside the run's own due time. */
function changed(change: Change, run = held()) {
  const result = change(run, 2_000);
  if ('unchanged' in result) return result;
  const { next, ...line } = result;
  const parts = Object.entries(next).filter(([name, value]) => value !== run[name as keyof Run]);
  return { ...line, next: Object.fromEntries(parts) };
}

describe('a run', () => {
  it('that is live is taken: the newest epoch, and nobody else looks for a while', () => {
    expect(changed(take(70))).toEqual({ kind: 'taken', next: { epoch: 2, due: 2_070 } });
    expect(changed(take(70), held({ due: null }))).toEqual({ unchanged: 'ended' });
  });

  it.each<[string, Partial<Run>]>([
    ['of an epoch to come', { epoch: 2 }],
    ['of an epoch before', { epoch: 0 }],
    ['that has ended', { due: null }],
  ])('%s is no longer this worker’s', (_what, state) => {
    const change = (): unknown => changed(beginSteps(lease, ['organization']), held(state));
    expect(change).toThrow(Fenced);
    expect(change).toThrow('epoch 1 is over');
  });

  it('rests until a moment, and wakes at once when that has come, unless there was news', () => {
    const [run] = [held({ revision: 7 })];
    expect(changed(rest(lease, 2_001, 7), run)).toEqual({
      kind: 'rested',
      wake: false,
      next: { status: 'waiting', due: 2_001 },
    });
    expect(changed(rest(lease, 2_000, 7), run)).toMatchObject({ wake: true, next: { due: 2_000 } });
    expect(changed(rest(lease, 2_001, 6), run)).toEqual({ unchanged: 'news' });
  });

  it.each(['done', 'failed', 'cancelled'] as const)('ends as %s, and so does what was asked', status => {
    const asking = openGate(lease, { digest: 'd1', addresses: [] })(held(), 1_000);
    const run = 'next' in asking ? { ...asking.next, revision: 7 } : held();
    const gates = [{ ...run.gates[0], state: 'void', closedAt: 2_000 }];
    expect(changed(finish(lease, status, 7), run)).toEqual({
      kind: status,
      next: { status, due: null, gates },
    });
    expect(changed(finish(lease, status, 8), run)).toEqual({ unchanged: 'news' });
  });
});

describe('an effect', () => {
  it('is intended with what finding it will need, once people can watch and nobody stopped the run', () => {
    const change = intend(lease, 'k', ['org_0']);
    const other = { at: 1, epoch: 1 };
    expect(changed(change, held({ effects: { other } }))).toEqual({
      kind: 'intended',
      about: 'k',
      next: { due: 2_100, effects: { other, k: { at: 2_000, epoch: 1, memo: ['org_0'] } } },
    });
    expect(changed(change, held({ cancel: { by: 'U1', at: 1 } }))).toEqual({ unchanged: 'cancelled' });
    const { thread: _, ...unseen } = held();
    expect(changed(change, unseen)).toEqual({ unchanged: 'unseen' });
  });

  it('keeps the first memo, and has none when there is nothing to remember', () => {
    const effects = { k: { at: 1, epoch: 0, memo: 'first' } };
    expect(changed(intend(lease, 'k', 'second'), held({ effects }))).toMatchObject({
      next: { effects: { k: { at: 2_000, epoch: 1, memo: 'first' } } },
    });
    expect(changed(intend(lease, 'k', undefined))).toEqual({
      kind: 'intended',
      about: 'k',
      next: { due: 2_100, effects: { k: { at: 2_000, epoch: 1 } } },
    });
  });

  it('is recorded with its result beside what was intended, or found without an intention', () => {
    const effects = { k: { at: 1, epoch: 0, memo: 'm' }, other: { at: 1, epoch: 1 } };
    expect(changed(record(lease, 'k', 'r'), held({ effects }))).toEqual({
      kind: 'recorded',
      about: 'k',
      next: { due: 2_100, effects: { ...effects, k: { ...effects.k, result: 'r' } } },
    });
    expect(changed(record(lease, 'k', 'r'))).toMatchObject({
      next: { effects: { k: { at: 2_000, epoch: 1, result: 'r' } } },
    });
  });

  it('that was refused is forgotten, and it alone', () => {
    const effects = { k: { at: 1, epoch: 1 }, other: { at: 1, epoch: 1 } };
    expect(changed(abandon(lease, 'k'), held({ effects }))).toEqual({
      kind: 'refused',
      about: 'k',
      next: { due: 2_100, effects: { other: effects.other } },
    });
  });
});

describe('a step', () => {
  const before = { startedAt: 900, attempts: 2 };
  const environment = { startedAt: 800, attempts: 1 };
  const failing = held({
    status: 'waiting',
    steps: { organization: { ...before, retryAt: 1_500 }, environment },
  });

  it('begins, beside others, and is counted when it begins again', () => {
    expect(changed(beginSteps(lease, ['organization', 'invitees']), failing)).toEqual({
      kind: 'began',
      about: 'organization invitees',
      next: {
        due: 2_100,
        status: 'running',
        steps: {
          organization: { startedAt: 900, attempts: 3 },
          environment,
          invitees: { startedAt: 2_000, attempts: 1 },
        },
      },
    });
  });

  it('ends with its fact', () => {
    const run = { ...failing, facts: { invitees: undefined } as unknown as Run['facts'] };
    expect(changed(establish(lease, 'organization', organization), run)).toEqual({
      kind: 'established',
      about: 'organization',
      next: {
        due: 2_100,
        facts: { invitees: undefined, organization },
        steps: { environment, organization: { ...before, endedAt: 2_000 } },
      },
    });
    expect(changed(establish(lease, 'organization', organization))).toMatchObject({
      next: { steps: { organization: { startedAt: 2_000, attempts: 1, endedAt: 2_000 } } },
    });
  });

  const explained = { code: 'c', text: 't', retryable: true, bug: false };
  it('fails until it is tried again, or for good', () => {
    expect(changed(failStep(lease, 'organization', explained, 3_000), failing)).toEqual({
      kind: 'failed',
      about: 'organization c',
      next: {
        due: 2_100,
        steps: { environment, organization: { ...before, error: { code: 'c', text: 't' }, retryAt: 3_000 } },
      },
    });
    const about = { ...explained, about: 'org_1' };
    expect(changed(failStep(lease, 'organization', about, undefined), failing)).toMatchObject({
      next: {
        steps: {
          organization: { ...before, error: { code: 'c', text: 't', about: 'org_1' }, endedAt: 2_000 },
        },
      },
    });
  });

  it('is postponed without an attempt, and people are told why', () => {
    expect(changed(postpone(lease, 'organization', 'why', 3_000), failing)).toEqual({
      kind: 'postponed',
      about: 'organization',
      next: {
        due: 2_100,
        steps: {
          environment,
          organization: {
            startedAt: 900,
            attempts: 1,
            error: { code: 'postponed', text: 'why' },
            retryAt: 3_000,
          },
        },
      },
    });
  });

  it('does neither once its fact is there', () => {
    const there = held({ facts: { organization } });
    expect(changed(failStep(lease, 'organization', explained, 3_000), there)).toEqual({
      unchanged: 'established',
    });
    expect(changed(postpone(lease, 'organization', 'why', 3_000), there)).toEqual({
      unchanged: 'established',
    });
  });

  it('that no longer holds is forgotten with its fact; a gate counts no more only when the approval goes', () => {
    const asking = openGate(lease, { digest: 'd1', addresses: [] })(
      held({ facts: { organization }, steps: { organization: before, environment } }),
      1_000,
    );
    const run = 'next' in asking ? asking.next : held();
    expect(changed(withdraw(lease, ['organization', 'invitees']), run)).toEqual({
      kind: 'withdrew',
      about: 'organization invitees',
      next: { due: 2_100, facts: {}, steps: { environment } },
    });
    expect(changed(withdraw(lease, ['invitees', 'approval']), run)).toMatchObject({
      next: { facts: { organization }, gates: [{ state: 'void', closedAt: 2_000 }] },
    });
  });
});
