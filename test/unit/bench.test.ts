import { describe, expect, it } from 'vitest';
import { boundOf, mostWithin } from '../bench/bound.ts';
import { longestChain, type Outside } from '../bench/chain.ts';
import { median, middleOne, percentile } from '../bench/figures.ts';
import { tableOf } from '../bench/table.ts';

const call = (name: string, at: number, ms: number): Outside => ({ call: name, at, ms });
const names = (calls: readonly Outside[], last: Outside, waitsFor: Record<string, string[]>): string[] =>
  longestChain(calls, last, waitsFor).map(link => link.call);

describe('the longest chain', () => {
  const waitsFor = { list: [], look: [], make: ['list', 'look'], name: ['make'], pull: ['name', 'look'] };
  const [list, look, make, name] = [
    call('list', 0, 200),
    call('look', 0, 500),
    call('make', 510, 200),
    call('name', 720, 200),
  ];
  const pull = call('pull', 930, 100);

  it('goes through what took longest of what a call waits for', () => {
    expect(names([list, look, make, name, pull], pull, waitsFor)).toEqual(['look', 'make', 'name', 'pull']);
    expect(longestChain([list, look, make, name, pull], pull, waitsFor).at(0)).toEqual({
      call: 'look',
      ms: 500,
    });
  });

  it('has nothing that had not ended when the next began, but for a tick of the clock', () => {
    const late = call('look', 20, 500);
    expect(names([list, late, make, pull], make, waitsFor)).toEqual(['list', 'make']);
    const justEnded = call('look', 11, 500);
    expect(names([list, justEnded, make, pull], make, waitsFor)).toEqual(['look', 'make']);
  });

  it('takes no call for a cause that only happened to be over', () => {
    const chance = call('chat', 700, 19);
    expect(names([make, name, chance, pull], pull, waitsFor)).toEqual(['make', 'name', 'pull']);
  });

  it('is not made up for a call of which nobody has said what it waits for', () => {
    expect(() => longestChain([list], call('merge', 300, 1), waitsFor)).toThrow('what merge waits for');
  });
});

describe('figures', () => {
  it('have the middle of an odd and of an even number', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 2])).toBe(3.5);
    expect(middleOne([{ ratio: 3 }, { ratio: 1 }, { ratio: 2 }], each => each.ratio)).toEqual({ ratio: 2 });
  });

  it('have percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.99, 1].map(part => percentile(hundred, part))).toEqual([50, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('have the hardest limit as the bound', () => {
    const alone = { what: 'one', leastMs: 1_800 };
    expect(boundOf([alone, { what: 'processes', busyMs: 8_000, atOnce: 4 }])).toEqual({
      ms: 2_000,
      what: 'processes',
    });
    const writes = { what: 'writes', most: 80, withinMs: 60_000 };
    const bounds = [0, 80, 81, 161].map(count => boundOf([{ ...writes, count }]).ms);
    expect(bounds).toEqual([0, 0, 60_000, 120_000]);
  });

  it('have the most that lie within a stretch', () => {
    expect(mostWithin([0, 10, 59_999, 60_000, 60_005, 200_000], 60_000)).toBe(4);
    expect(mostWithin([], 60_000)).toBe(0);
  });

  it('are shown in columns', () => {
    const rows = [
      { load: 'idle', p99: 7 },
      { load: 'workers', p99: 140 },
    ];
    expect(tableOf({ ratio: 1.5, chain: [], rows }).split('\n')).toEqual([
      '  ratio: 1.5',
      '  chain: none',
      '  rows',
      '    load     p99',
      '    idle       7',
      '    workers  140',
    ]);
  });
});
