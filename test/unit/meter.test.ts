import { expect, test } from 'vitest';
import { createMeter } from '../../src/sandbox/meter.ts';

test('a window slides, and whoever is one too many is told when there is room', () => {
  let now = 0;
  const meter = createMeter('Slack', () => now);
  const take = (of: string) => meter.take([{ of, most: 2, windowMs: 60_000 }]);
  expect(take('a')).toBeUndefined();
  now = 30_000;
  expect(take('a')).toBeUndefined();
  expect(take('a')).toBe(30_000);
  expect(take('b')).toBeUndefined();
  expect(meter.breaches).toEqual([
    { service: 'Slack', limit: 'a', most: 2, count: 3, windowMs: 60_000, at: 30_000 },
  ]);
  now = 60_000;
  expect(take('a')).toBeUndefined();
  expect(take('a')).toBe(30_000);
});

test('what is too much for one limit is counted for none', () => {
  const meter = createMeter('GitHub', () => 0);
  const minute = { of: 'content', most: 5, windowMs: 60_000 };
  const hour = { of: 'content', most: 6, windowMs: 3_600_000 };
  expect(meter.take([minute, hour], 4)).toBeUndefined();
  expect(meter.take([minute, hour], 3)).toBe(60_000);
  expect(meter.take([minute, hour], 1)).toBeUndefined();
  expect(meter.take([hour], 2)).toBe(3_600_000);
  expect(meter.breaches.map(({ most, count, windowMs }) => [most, count, windowMs])).toEqual([
    [5, 7, 60_000],
    [6, 7, 3_600_000],
  ]);
});

test('limits can be lifted, and are judged elsewhere too', () => {
  const meter = createMeter('Otterize', () => 0);
  const processes = { of: 'processes at once', most: 4, windowMs: 0 };
  meter.judge(processes, 4);
  expect(meter.breaches).toEqual([]);
  meter.judge(processes, 5);
  expect(meter.breaches).toMatchObject([{ limit: 'processes at once', most: 4, count: 5 }]);
  meter.reset();
  meter.factor = Number.POSITIVE_INFINITY;
  meter.judge(processes, 1_000);
  expect(meter.breaches).toEqual([]);
});
