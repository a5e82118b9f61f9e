import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBack } from '../../src/errors.ts';
import { type Allowance, createLimiter, type Turns } from '../../src/onboarding/turns.ts';
import { createTurns } from '../../src/store/in-process-turns.ts';

const minute = 60_000;
const writes: Allowance = {
  key: 'writes',
  rates: [
    { most: 80, withinMs: minute },
    { most: 500, withinMs: 60 * minute },
  ],
};

describe('turns', () => {
  it('are never more than the rates have, and whoever comes back as told is not sent away often', () => {
    const arrival = fc.record({
      after: fc.integer({ min: 0, max: 20_000 }),
      cost: fc.integer({ min: 1, max: 5 }),
    });
    return fc.assert(
      fc.asyncProperty(fc.array(arrival, { maxLength: 300, size: 'max' }), async arrivals => {
        let now = 1_000_000;
        const turns = createTurns(() => now);
        const sent: number[] = [];
        for (const { after, cost } of arrivals) {
          now += after;
          let wait = await turns.take(writes, cost, 0);
          for (let asked = 1; wait > 0; asked += 1) {
            expect(asked).toBeLessThan(4);
            now += wait;
            wait = await turns.take(writes, cost, 0);
          }
          for (let place = 0; place < cost; place += 1) sent.push(now);
          const within = (ms: number) => sent.filter(at => at > now - ms).length;
          expect(within(minute)).toBeLessThanOrEqual(80);
          expect(within(60 * minute)).toBeLessThanOrEqual(500);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of more than there can be at once are taken when nothing else was', async () => {
    const turns = createTurns(() => 0);
    const few = { key: 'few', rates: [{ most: 2, withinMs: 1_000 }] };
    expect(await turns.take(few, 5, 0)).toBe(0);
    expect(await turns.take(few, 1, 0)).toBe(1_000);
  });
});

describe('a limiter', () => {
  const allowance = { key: 'a', rates: [{ most: 1, withinMs: 1 }] };
  const thrownBy = (turns: Partial<Turns>) =>
    createLimiter(
      'GitHub',
      { take: async () => 0, pause: async () => undefined, pausedFor: async () => 0, ...turns },
      100,
    )
      .turn('look', [allowance, 1])
      .catch((error: unknown) => error);

  it('holds back what it cannot count: nothing was asked of the service', async () => {
    const error = await thrownBy({ take: () => Promise.reject(new Error('away')) });
    expect(error).toBeInstanceOf(HeldBack);
    expect(error).toMatchObject({ service: 'GitHub', operation: 'look', retryable: true, applied: 'no' });
  });

  it('holds back what would have to wait, and says for how long', async () => {
    expect(await thrownBy({ take: async () => 5_000 })).toMatchObject({
      name: 'HeldBack',
      retryAfter: 5_000,
    });
  });

  it('takes another turn when a pause has come while it waited', async () => {
    const waits = [10, 5_000];
    const error = await thrownBy({ take: async () => waits.shift() ?? 0, pausedFor: async () => 5_000 });
    expect(error).toMatchObject({ retryAfter: 5_000 });
  });

  it('counts a place for a second longer than the service does, for a call may leave late', async () => {
    const asked: Allowance[] = [];
    await thrownBy({ take: async given => (asked.push(given), 0) });
    expect(asked).toEqual([{ key: 'a', rates: [{ most: 1, withinMs: 1_001 }] }]);
  });
});
