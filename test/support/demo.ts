import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Demo {
  /** Where the page is. */
  url: string;
  stop(): Promise<void>;
}

/** The demo as a newcomer starts it. */
export async function startDemo(environment: Readonly<Record<string, string>> = {}): Promise<Demo> {
  const child = spawn(process.execPath, ['src/demo.ts'], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Open (\S+) in a browser/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error('the demo ended before it named its page');
}
