import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answered, Asked } from './starter-process.ts';

/** A program to be started once. */
export interface Start {
  file: string;
  args: readonly string[];
  /** All of its environment but HOME. */
  env: Readonly<Record<string, string>>;
  /** Ends it for good, in milliseconds since it was asked for. */
  timeoutMs: number;
  /** So many characters may be printed on each stream. */
  longest: number;
}

/** How it ended. Without a code and a signal it was not started, and `error` may say why. */
export interface Ended {
  failed: boolean;
  stdout: string;
  stderr: string;
  exitCode?: number | undefined;
  signal?: string | undefined;
  error?: string | undefined;
  timedOut: boolean;
  tooLong: boolean;
  ms: number;
}

/** Of a program that never ran. */
export const notRun: Ended = { failed: true, stdout: '', stderr: '', timedOut: false, tooLong: false, ms: 0 };

const file = fileURLToPath(new URL('starter-process.ts', import.meta.url));

/** What was asked of a small process that is gone: whatever it has started goes on, and what comes of it is not known. */
const lost: Ended = { ...notRun, signal: 'SIGKILL' };

/**
 * Starts programs from a small process of its own, which is started when it is first needed and again when it is gone. To start a
 * program the system copies the tables of the starter's memory, and all else waits meanwhile: in a worker of 200 MB some ten times
 * as long as here (docs/decisions.md). What it cannot start within `graceMs`
 * it does not start any more, and when it does not tell within so much that a program's time is over, it is ended itself.
 */
export function createStarter(graceMs = 5_000): (start: Start) => Promise<Ended> {
  const waiting = new Map<number, (ended: Ended) => void>();
  let small: ChildProcess | undefined;
  let serial = 0;

  const settle = (id: number, ended: Ended): void => {
    waiting.get(id)?.(ended);
    waiting.delete(id);
    if (waiting.size > 0) return;
    // Nobody waits for it, and it keeps nobody from ending.
    small?.unref();
    small?.channel?.unref();
  };
  const gone = (which: ChildProcess, ended: Ended): void => {
    if (small !== which) return;
    small = undefined;
    for (const id of waiting.keys()) settle(id, ended);
  };
  const begin = (): ChildProcess => {
    const { TMPDIR } = process.env;
    const child = fork(file, {
      env: TMPDIR === undefined ? {} : { TMPDIR },
      execArgv: ['--max-semi-space-size=4'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A signal to the group of the process that it serves is not for it: that one goes on until it has handed over.
      detached: true,
    });
    child.on('message', ({ id, ended }: Answered) => settle(id, ended));
    child.once('error', ({ code }: NodeJS.ErrnoException) => gone(child, { ...notRun, error: code }));
    child.once('exit', () => gone(child, lost));
    return child;
  };

  return start => {
    small ??= begin();
    small.ref();
    small.channel?.ref();
    serial += 1;
    const now = Date.now();
    const asked: Asked = { id: serial, start, by: now + graceMs, until: now + start.timeoutMs };
    const own = small;
    const timer = setTimeout(() => own.kill('SIGKILL'), start.timeoutMs + graceMs);
    return new Promise<Ended>(resolve => {
      waiting.set(asked.id, ended => {
        clearTimeout(timer);
        resolve(ended);
      });
      own.send(asked, error => {
        if (error !== null) settle(asked.id, lost);
      });
    });
  };
}
