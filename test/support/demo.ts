import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Demo {
  /** Where the page is. */
  url: string;
  /** Resolves once Holt behind it can do its job. */
  ready: Promise<void>;
  stop(): Promise<void>;
}

/** The demo as a newcomer starts it. */
export async function startDemo(environment: Readonly<Record<string, string>> = {}): Promise<Demo> {
  const child = spawn(process.execPath, ['src/demo.ts'], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [page, ready] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  createInterface({ input: child.stdout }).on('line', line => {
    const url = /^Open (\S+) in a browser/.exec(line)?.[1];
    if (url !== undefined) page.resolve(url);
    if (line.includes('/readyz')) ready.resolve();
  });
  const tooEarly = exited.then(() => {
    throw new Error('the demo ended before it named its page');
  });
  const url = await Promise.race([page.promise, tooEarly]);
  tooEarly.catch(() => undefined);
  return {
    url,
    ready: ready.promise,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
