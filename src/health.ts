import { createServer } from 'node:http';
import { ConfigError } from './errors.ts';
import type { Log } from './log.ts';
import type { Problem } from './onboarding/ports.ts';

export interface Health {
  /** The port it listens on. */
  port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (200 while the process answers) and `/readyz` (200 when nothing stands in the way of work, else 503
 * with the problems, one JSON document either way). Throws a ConfigError when it cannot listen there.
 */
export async function serveHealth(
  { host, port }: { host: string; port: number },
  problems: () => Promise<Problem[]>,
  log: Log,
): Promise<Health> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const path = request.url?.split('?')[0];
    if (path === '/healthz') answer(200, { status: 'ok' });
    else if (path !== '/readyz') answer(404, { status: 'unknown path' });
    else
      problems().then(
        found =>
          answer(found.length === 0 ? 200 : 503, {
            status: found.length === 0 ? 'ready' : 'not ready',
            problems: found,
          }),
        (error: unknown) => {
          log.error({ error }, 'readiness could not be told');
          answer(503, { status: 'not ready', problems: ['Readiness could not be told; see the log.'] });
        },
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(
        new ConfigError([
          `HOLT_HTTP_HOST and HOLT_HTTP_PORT: nothing can listen on ${host}:${port} (${code}).`,
        ]),
      ),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
