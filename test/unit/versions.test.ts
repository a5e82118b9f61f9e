import { describe, expect, it } from 'vitest';
import { createLog, type Log } from '../../src/log.ts';
import { migrate, Newer } from '../../src/onboarding/versions.ts';
import { createParking } from '../../src/parking.ts';

describe('a stored document', () => {
  const steps = {
    1: ({ name, ...rest }: Readonly<Record<string, unknown>>) => ({ ...rest, names: [name] }),
    2: ({ names, ...rest }: Readonly<Record<string, unknown>>) => ({ ...rest, names, count: 1 }),
  };

  it('goes through every version up to the newest, and tells the one it has reached', () => {
    const document = Object.freeze({ schema: 1, name: 'a' });
    expect(migrate(document, 3, steps)).toEqual({ schema: 3, names: ['a'], count: 1 });
    expect(migrate({ schema: 2, names: [] }, 3, steps)).toEqual({ schema: 3, names: [], count: 1 });
  });

  it('of the newest version is left as it is', () => {
    const document = { schema: 3, names: [] };
    expect(migrate(document, 3, steps)).toEqual(document);
  });

  it('of a newer version is refused in a sentence for people', () => {
    expect(() => migrate({ schema: 4 }, 3, steps)).toThrow(Newer);
    expect(() => migrate({ schema: 4 }, 3, steps)).toThrow(/newer Holt/);
  });

  it('that no migration leads from is the schema’s to refuse', () => {
    expect(migrate({ schema: 0 }, 3, steps)).toEqual({ schema: 0 });
  });
});

function parkingOf(live: string[], behind: string[]) {
  const lines: object[] = [];
  const note = (fields: object): void => void lines.push(fields);
  const log: Log = { ...createLog('silent'), warn: note, error: note, child: () => log };
  return { lines, parking: createParking({ due: async () => live, behind: async () => behind }, log) };
}
const refuse = async (run: string): Promise<void> => {
  if (run === 'run-new') throw new Newer();
};

describe('parking', () => {
  it('says once which run it leaves alone, and does not look at it again', async () => {
    const looks: string[] = [];
    const { lines, parking } = parkingOf(['run-new', 'run-1'], []);
    const tick = parking.guard('tick', run => refuse(run).finally(() => looks.push(run)));
    const render = parking.guard('render', refuse);
    for (let look = 0; look < 100; look += 1)
      for (const run of ['run-new', 'run-1']) await Promise.all([tick(run), render(run)]);
    expect(lines).toEqual([{ run: 'run-new' }]);
    expect(looks.filter(run => run === 'run-new')).toHaveLength(1);
    expect(looks.filter(run => run === 'run-1')).toHaveLength(100);
    expect(parking.open('tick', ['run-new', 'run-1'])).toEqual(['run-1']);
  });

  it('goes on with a run whose thread alone is newer', async () => {
    const { parking } = parkingOf([], ['run-new']);
    await parking.guard('render', refuse)('run-new');
    expect(parking.open('tick', ['run-new'])).toEqual(['run-new']);
    expect(await parking.problems()).toEqual([expect.stringMatching(/^1 of the runs/)]);
  });

  it('is no problem any more once a newer Holt has ended the run and drawn it', async () => {
    const [live, behind] = [['run-new', 'run-1'], ['run-new']];
    const { parking } = parkingOf(live, behind);
    expect(await parking.problems()).toEqual([]);
    await parking.guard('tick', refuse)('run-new');
    await parking.guard('render', refuse)('run-new');
    expect(await parking.problems()).toHaveLength(1);
    live.shift();
    expect(await parking.problems()).toHaveLength(1);
    behind.shift();
    expect(await parking.problems()).toEqual([]);
  });

  it('lets every other failure through', async () => {
    const { parking } = parkingOf([], []);
    const failing = parking.guard('tick', async () => {
      throw new Error('the store is away');
    });
    await expect(failing('run-1')).rejects.toThrow('the store is away');
  });
});
