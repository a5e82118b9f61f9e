import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { createStarter, type Ended, type Start } from '../../src/otterize/starter.ts';

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

/** What comes of a program that is asked for while the small process stands still for so long. */
async function afterStill(stillMs: number, asked: Start, starterMs = graceMs): Promise<Ended> {
  const start = createStarter(starterMs);
  const small = await smallOf(start);
  process.kill(small, 'SIGSTOP');
  const [since, ended] = [Date.now(), start(asked)];
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(since + stillMs), { timeout: 30_000 });
  process.kill(small, 'SIGCONT');
  const answer = await ended;
  expect(await smallOf(start)).toBe(small);
  return answer;
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
    const late = await afterStill(graceMs + 50, shell('echo late'));
    expect(late).toMatchObject({ failed: true, stdout: '', ms: 0 });
  });

  it('are not started when their time is over', async () => {
    const late = await afterStill(550, { ...shell('echo late'), timeoutMs: 500 }, 30_000);
    expect(late).toMatchObject({ failed: true, stdout: '', ms: 0 });
  });

  it('have their time from when they were asked for', async () => {
    const asked = { ...shell('exec tail -f /dev/null'), timeoutMs: 4_000 };
    const ended = await afterStill(2_000, asked, 30_000);
    expect(ended).toMatchObject({ failed: true, timedOut: true });
    expect(ended.ms).toBeLessThan(asked.timeoutMs);
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
