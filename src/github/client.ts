import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Log } from '../log.ts';
import { failureOf, notStarted, unknownForm } from './failures.ts';

/** The program with its leading arguments, for example `['otterize']` or `[process.execPath, 'otterize.ts']`. */
export type Program = readonly [string, ...string[]];

export interface Runner {
  program: Program;
  /** PATH of the process. */
  path: string;
  /** Ends a call for good, in milliseconds. The program's own limit is 60 s. */
  timeoutMs: number;
  log?: Log | undefined;
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** Characters of one answer; an organization takes about one thousand. */
const longestAnswer = 4_000_000;

const always = {
  // Without it each run waits for its telemetry, which may take ten seconds.
  OTTERIZE_TELEMETRY_ENABLED: 'false',
  // Without it a second process owns standard error, ends late and stays behind as a zombie.
  BUGSNAG_DISABLE_PANIC_HANDLER: '1',
};

/**
 * Runs the program once, with nothing in its environment but `env`, what is always set, PATH and an empty HOME, and
 * returns what it printed when it ended with 0. Throws a ServiceError otherwise; nothing that was printed is part of it.
 */
export async function run(
  { program: [file, ...leading], path, timeoutMs, log }: Runner,
  operation: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Output> {
  // An empty HOME of its own: a credentials file there would outrank the environment, and each run writes below it.
  const home = await mkdtemp(join(tmpdir(), 'holt-otterize-')).catch(() => {
    throw notStarted(operation);
  });
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const child = execa(file, [...leading, ...args], {
      env: { ...env, ...always, PATH: path, HOME: home },
      extendEnv: false,
      stdin: 'ignore',
      maxBuffer: longestAnswer,
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
    const result = await child;
    const { exitCode, signal } = result;
    log?.debug({ operation, exitCode, signal, timedOut, ms: result.durationMs }, 'ran the otterize program');
    if (!result.failed) return { stdout: result.stdout, stderr: result.stderr };
    if (result.isMaxBuffer) throw unknownForm(operation, `more than ${longestAnswer} characters`);
    if (exitCode === undefined && signal === undefined) throw notStarted(operation, result.code);
    throw failureOf(operation, { exitCode, signal, timedOut, stderr: result.stderr });
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
