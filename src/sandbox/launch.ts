import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Launched {
  pid: number;
  /** Every line that the process has written to its log so far. */
  log: string[];
  /** What it wrote to standard error. */
  errors: string[];
  /** Where its health endpoints are, once it is ready. */
  url: string;
  /** Resolves with the exit code when it has ended, however that came; null when a signal ended it. */
  ended: Promise<number | null>;
  /** Sends SIGTERM and answers the exit code. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  /** Sends SIGSTOP, and SIGCONT. */
  freeze(): void;
  thaw(): void;
}

const source = fileURLToPath(new URL('..', import.meta.url));
/** As in package.json's scripts and in the image; see docs/decisions.md. */
const flags = ['--max-semi-space-size=4', '--max-old-space-size=224'];

/**
 * The product as a supervisor would start it, in a process of its own: one of its entries, or a file with words for it. Throws
 * what it wrote when it ends before it is ready.
 */
export async function launch(
  entry: 'main' | 'bot' | 'worker' | readonly [file: string, ...words: string[]],
  environment: Readonly<Record<string, string>>,
): Promise<Launched> {
  const command = [...flags, ...(typeof entry === 'string' ? [`${source}${entry}.ts`] : entry)];
  const child = spawn(process.execPath, command, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const errors: string[] = [];
  const port = readiness(child, log);
  createInterface({ input: child.stderr }).on('line', line => errors.push(line));
  const exited = once(child, 'exit') as Promise<[number | null]>;

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0];
  };
  const tooEarly = exited.then(([code]) => {
    throw new Error(
      `the process ended with ${code} before it was ready: ${[...errors, ...log.slice(-5)].join('\n')}`,
    );
  });
  const url = `http://127.0.0.1:${await Promise.race([port, tooEarly])}`;
  tooEarly.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    log,
    errors,
    url,
    ended: exited.then(([code]) => code),
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** The port that the process names when it says that it is ready. */
function readiness(child: ChildProcess & { stdout: NodeJS.ReadableStream }, log: string[]): Promise<number> {
  return new Promise(resolve => {
    createInterface({ input: child.stdout }).on('line', line => {
      log.push(line);
      if (!line.includes('"msg":"ready"')) return;
      resolve((JSON.parse(line) as { port: number }).port);
    });
  });
}
