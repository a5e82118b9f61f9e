import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { createStarter } from '../../src/otterize/starter.ts';

const source = fileURLToPath(new URL('../../src/otterize/starter.ts', import.meta.url));
const shell = (words: string) => ({
  file: '/bin/sh',
  args: ['-c', words],
  env: { PATH: '/usr/bin:/bin' },
  timeoutMs: 60_000,
  longest: 1_000,
});

/** Long enough for the small process to begin on a busy machine. */
const graceMs = 3_000;

/** The small process. */
async function smallOf(start: ReturnType<typeof createStarter>): Promise<number> {
  const pid = Number((await start(shell('echo $PPID'))).stdout);
  // To 0 a signal would go to everybody here.
  expect(pid).toBeGreaterThan(1);
  return pid;
}

/** Whether a process is there and has not ended. */
function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('programs', () => {
  it('are started by one small process, which has nothing of its owner’s environment', async () => {
    const start = createStarter();
    vi.stubEnv('HOLT_SECRET', 'not for it');
    const answers = await Promise.all([1, 2].map(() => start(shell('echo $PPID; cat /proc/$PPID/environ'))));
    const [one, other] = answers.map(({ stdout }) => stdout);
    expect(one).toMatch(/^\d+\n/);
    expect(other).toBe(one);
    expect(one).not.toContain('HOLT_SECRET');
  });

  it('whose small process is gone have an end that nobody knows, and the next ones are started again', async () => {
    const start = createStarter();
    const small = await smallOf(start);
    const second = start(shell('exec tail --pid=$PPID -f /dev/null'));
    process.kill(small, 'SIGKILL');
    expect(await second).toMatchObject({ failed: true, signal: 'SIGKILL' });
    expect(await smallOf(start)).not.toBe(small);
  });

  it('are not waited for any longer than they may take when the small process does not answer', async () => {
    const start = createStarter(graceMs);
    const small = await smallOf(start);
    process.kill(small, 'SIGSTOP');
    expect(await start({ ...shell('echo never'), timeoutMs: 100 })).toMatchObject({
      failed: true,
      signal: 'SIGKILL',
    });
    expect((await start(shell('echo again'))).stdout).toBe('again\n');
  });

  it('are not started late', async () => {
    const start = createStarter(graceMs);
    const small = await smallOf(start);
    process.kill(small, 'SIGSTOP');
    const [since, late] = [Date.now(), start(shell('echo late'))];
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(since + graceMs + 50), { timeout: 30_000 });
    process.kill(small, 'SIGCONT');
    expect(await late).toMatchObject({ failed: true, stdout: '', ms: 0 });
    expect(await smallOf(start)).toBe(small);
  });

  it('keep nobody from ending, and neither does the small process, which ends then too', async () => {
    const script = `
      import { createStarter } from '${source}';
      console.log((await createStarter()(${JSON.stringify(shell('echo $PPID'))})).stdout);`;
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script]);
    const small = Number(stdout);
    expect(small).toBeGreaterThan(1);
    await vi.waitFor(() => expect(lives(small)).toBe(false), { timeout: 10_000 });
  });
});
