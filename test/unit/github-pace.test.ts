import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPace } from '../../src/github/pace.ts';

const minute = 60_000;

function paceAt(start = 1_000_000) {
  const clock = { now: start };
  return { clock, pace: createPace(() => clock.now) };
}

test('writes that have room are not held up', () => {
  const { pace } = paceAt();
  expect(Array.from({ length: 20 }, () => pace.admit(4))).toEqual(Array.from({ length: 20 }, () => 0));
});

test('the write too many waits until the minute of the one in its way is over', () => {
  const { clock, pace } = paceAt();
  pace.admit(78);
  clock.now += 20_000;
  pace.admit(1);
  expect(pace.admit(3)).toBe(40_000);
  expect(pace.admit(1)).toBe(0);
  clock.now += 40_000;
  expect(pace.admit(3)).toBe(0);
});

test('an hour has 500', () => {
  const { clock, pace } = paceAt();
  for (let round = 0; round < 10; round += 1) {
    expect(pace.admit(50)).toBe(0);
    clock.now += minute;
  }
  expect(pace.admit(1)).toBe(50 * minute);
});

test('a pause holds up everything, reads too, and a shorter one does not end it', () => {
  const { clock, pace } = paceAt();
  pace.pause(5000);
  pace.pause(1000);
  expect(pace.admit(0)).toBe(5000);
  expect(pace.admit(1)).toBe(5000);
  clock.now += 5000;
  expect(pace.admit(0)).toBe(0);
});

test('no minute has more than 80 and no hour more than 500, and whoever waits as told is admitted', () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 20_000 }),
    writes: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1000, size: 'max' }), steps => {
      const { clock, pace } = paceAt();
      const sent: number[] = [];
      for (const { after, writes } of steps) {
        clock.now += after;
        const wait = pace.admit(writes);
        clock.now += wait;
        expect(wait === 0 || pace.admit(writes) === 0).toBe(true);
        for (let write = 0; write < writes; write += 1) sent.push(clock.now);
        const within = (ms: number) => sent.filter(at => at > clock.now - ms).length;
        expect(within(minute)).toBeLessThanOrEqual(80);
        expect(within(60 * minute)).toBeLessThanOrEqual(500);
      }
    }),
    { numRuns: 30 },
  );
});
