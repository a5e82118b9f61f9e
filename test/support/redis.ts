import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Whether a Redis server can be started here. */
export const redisAvailable = spawnSync('redis-server', ['--version']).status === 0;
const inTests = process.env['VITEST'] !== undefined;
if (!redisAvailable && inTests)
  console.warn('No redis-server on this machine: what needs Redis is not tested.');

/** Ends the process with 78 and one sentence when no Redis server can be started here. */
export function demandRedis(): void {
  if (redisAvailable) return;
  console.error('This needs a Redis of its own: install redis-server, version 7 or newer.');
  process.exit(78);
}

const servers = new Set<ChildProcess>();
process.once('exit', () => {
  for (const server of servers) server.kill('SIGKILL');
});
// A program that is told to end leaves no server behind; the test runner ends its processes itself.
if (!inTests)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export interface TestRedis {
  url: string;
  /** Where it keeps its files. */
  folder: string;
  /** Forgets everything. */
  flush(): Promise<void>;
  /** Kills the server, as a crash would; only what it has appended to a file is kept. */
  kill(): Promise<void>;
  /** Lets the server stop answering while its connections stay open, until it is killed. */
  freeze(): void;
  /** Lets a frozen server go on. */
  thaw(): void;
  /** Starts the killed server again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function launch(folder: string, port: number, settings: string[]): Promise<ChildProcess> {
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn('redis-server', [...place, '--save', '', '--appendonly', 'no', ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.add(server);
  server.once('exit', () => servers.delete(server));
  for await (const line of server.stdout) {
    if (String(line).includes('Ready to accept connections')) return server;
  }
  throw new Error('redis-server did not start');
}

/** Each write as a line of a file, from the first on: what was deleted stays there to be read. */
export const everyWrite = [
  '--appendonly',
  'yes',
  '--aof-use-rdb-preamble',
  'no',
  '--auto-aof-rewrite-percentage',
  '0',
] as const;

/** A private Redis server in memory, with further settings as on its command line. */
export async function startRedis(...settings: string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-redis-'));
  const port = await freePort();
  const at = settings.indexOf('--requirepass');
  const user = at < 0 ? '' : `:${encodeURIComponent(settings[at + 1] ?? '')}@`;
  const url = `redis://${user}127.0.0.1:${port}`;
  let server = await launch(folder, port, settings);

  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url,
    folder,
    kill,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    restart: async () => {
      server = await launch(folder, port, settings);
    },
    flush: async () => {
      const redis = new Redis(url);
      await redis.flushall();
      redis.disconnect();
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}
