import type { Log } from '../log.ts';
import { failureOf, notStarted, unknownForm } from './failures.ts';
import { createStarter } from './starter.ts';

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

/** One for all of this process. */
const start = createStarter();

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
  const ended = await start({
    file,
    args: [...leading, ...args],
    env: { ...env, ...always, PATH: path },
    timeoutMs,
    longest: longestAnswer,
  });
  const { stdout, stderr, exitCode, signal, timedOut, ms } = ended;
  log?.debug({ operation, exitCode, signal, timedOut, ms }, 'ran the otterize program');
  if (!ended.failed) return { stdout, stderr };
  if (ended.tooLong) throw unknownForm(operation, `more than ${longestAnswer} characters`);
  if (exitCode === undefined && signal === undefined) throw notStarted(operation, ended.error);
  throw failureOf(operation, { exitCode, signal, timedOut, stderr });
}
