import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { openStore } from '../../src/store/open.ts';
import { entry, mark } from '../support/stores.ts';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('the file of the embedded store', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holt-file-'));
    file = join(folder, 'new', 'holt.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps everything over a restart', async () => {
    const first = openEmbeddedStore(file);
    await first.insert(entry({ document: '"kept"' }), 'line');
    await first.setMark('run-1', mark({ document: '"mark"' }));
    await first.claims.claim('made', 'org_1', 'run-1');
    await first.close();

    const second = openEmbeddedStore(file);
    expect(await second.load('run-1')).toBe('"kept"');
    expect(await second.mark('run-1')).toEqual(mark({ document: '"mark"' }));
    expect(await second.history('run-1')).toEqual(['line']);
    expect(await second.due(1000)).toEqual(['run-1']);
    expect(await second.behind()).toEqual([]);
    expect(await second.insert(entry({ id: 'run-2' }), 'line')).toBe('run-1');
    expect(await second.claims.holders('made')).toEqual({ org_1: 'run-1' });
    await second.close();
  });

  it('may be one that an older Holt has made', async () => {
    await openEmbeddedStore(file).close();
    const old = new DatabaseSync(file);
    old.exec('alter table runs drop column within; alter table notes drop column until;');
    old.exec("insert into notes (name, text) values ('kept', 'text')");
    old.close();
    const store = openEmbeddedStore(file);
    expect(await store.notes.read('kept')).toBe('text');
    await store.notes.write('brief', 'text', 60_000);
    await store.insert(entry({ within: { run: 'run-0', member: 'm', line: '{}' } }), 'line');
    await store.close();
  });

  it("is the owner's alone, with all that lies beside it", async () => {
    const store = openEmbeddedStore(file);
    await store.insert(entry(), 'line');
    expect(await modeOf(join(folder, 'new'))).toBe('700');
    const names = await readdir(join(folder, 'new'));
    expect(names).toContain('holt.db');
    for (const name of names) expect(await modeOf(join(folder, 'new', name))).toBe('600');
    await store.close();
  });

  it('is refused to a second opener until the first has closed it', async () => {
    const store = openEmbeddedStore(file);
    expect(() => openEmbeddedStore(file)).toThrow(ConfigError);
    expect(() => openEmbeddedStore(file)).toThrow(/in use by another process.*REDIS_URL/);
    await store.insert(entry(), 'line');
    await store.close();
    await openEmbeddedStore(file).close();
  });

  it('is refused while another process has it, and free as soon as that one is killed', async () => {
    const module = new URL('../../src/store/embedded.ts', import.meta.url).href;
    const code = `import { openEmbeddedStore } from '${module}';
      openEmbeddedStore(process.argv[1]); console.log('open'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    expect(() => openEmbeddedStore(file)).toThrow(ConfigError);
    // A refused opener must not have taken the lock away from the one who has it.
    expect(() => openEmbeddedStore(file)).toThrow(ConfigError);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await openEmbeddedStore(file).close();
  });

  it('must be one that can be used', async () => {
    const notes = join(folder, 'notes.txt');
    await writeFile(notes, 'These are not the runs that you are looking for. '.repeat(100));
    expect(() => openEmbeddedStore(notes)).toThrow(
      /notes\.txt cannot be used as the store \(file is not a database\)/,
    );
    expect(() => openEmbeddedStore(join(notes, 'holt.db'))).toThrow(ConfigError);
  });

  it('is the store where there is no Redis, with mailboxes in this process', async () => {
    const { kind, store, mailboxes, close } = await openStore({ file, log: createLog('silent') });
    expect(kind).toBe('embedded');
    await store.insert(entry(), 'line');
    const ticked = Promise.withResolvers<string>();
    const pace = { ticks: 5, renderEveryMs: 10, reconcileEveryMs: 100 };
    await mailboxes.consume({ tick: async run => ticked.resolve(run) }, pace);
    await mailboxes.nudges.tick('run-1');
    expect(await ticked.promise).toBe('run-1');
    await close();
    await openEmbeddedStore(file).close();
  });
});
