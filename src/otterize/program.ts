import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Ended, notRun, type Start } from './starter.ts';

/** Runs the program with an empty HOME of its own: its files there would outrank its environment. */
export async function runOnce({ file, args, env, timeoutMs, longest }: Start): Promise<Ended> {
  const home = await mkdtemp(join(tmpdir(), 'holt-otterize-')).catch(() => undefined);
  if (home === undefined) return notRun;
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const child = execa(file, args, {
      env: { ...env, HOME: home },
      extendEnv: false,
      stdin: 'ignore',
      maxBuffer: longest,
      reject: false,
      stripFinalNewline: false,
      // Its own process group, so that what it has started ends with it and keeps no pipe open.
      detached: true,
    });
    timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutMs);
    // Settles when the streams have closed, not when the process has ended: the last line may come in between.
    const { failed, stdout, stderr, exitCode, signal, code, isMaxBuffer, durationMs } = await child;
    return {
      failed,
      stdout,
      stderr,
      exitCode,
      signal,
      error: code,
      timedOut,
      tooLong: isMaxBuffer,
      ms: durationMs,
    };
  } finally {
    clearTimeout(timer);
    await rm(home, { recursive: true, force: true }).catch(() => undefined);
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended meanwhile.
  }
}
