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
    const [first, second] = [
      await start(shell('echo $PPID')),
      start(shell('exec tail --pid=$PPID -f /dev/null')),
    ];
    process.kill(Number(first.stdout), 'SIGKILL');
    expect(await second).toMatchObject({ failed: true, signal: 'SIGKILL' });
    const next = await start(shell('echo $PPID'));
    expect(next).toMatchObject({ failed: false, exitCode: 0 });
    expect(next.stdout).not.toBe(first.stdout);
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
