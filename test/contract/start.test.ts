import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../../src/sandbox/launch.ts';
import { onboard } from '../../src/sandbox/story.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';

let house: House;
let folder: string;

beforeAll(async () => {
  house = await openHouse();
  folder = await mkdtemp(join(tmpdir(), 'holt-start-'));
});
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

type Environment = Record<string, string | undefined>;

/** How an entry ends that cannot start, and what it says. */
async function refused(entry: 'main' | 'bot' | 'worker', environment: Environment) {
  const { exitCode, stderr } = await execa(process.execPath, [`src/${entry}.ts`], {
    reject: false,
    extendEnv: false,
    env: { LOG_LEVEL: 'silent', ...environment },
    timeout: 20_000,
  });
  return { exitCode, said: stderr.split('\n') };
}

const whole = (changes: Environment = {}): Environment => ({
  ...house.sandbox.environment,
  HOLT_CONFIG: 'test/fixtures/holt.yaml',
  HOLT_DATA: join(folder, 'holt.sqlite'),
  ...changes,
});

async function program(name: string, lines: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, lines);
  await chmod(file, 0o755);
  return file;
}

describe('a process that cannot start', () => {
  it.each(['main', 'bot', 'worker'] as const)(
    'as %s says all that it lacks and ends with 78',
    async entry => {
      const { exitCode, said } = await refused(entry, {});
      expect(exitCode).toBe(78);
      expect(said.length).toBeGreaterThan(2);
      for (const line of said) expect(line).toMatch(/^(Set )?[A-Z][A-Z_=a-z-]+.*\.$/);
      expect(said.some(line => line.startsWith('SLACK_'))).toBe(entry !== 'worker');
      expect(said.some(line => line.startsWith('OTTERIZE_'))).toBe(entry !== 'bot');
      expect(said.some(line => line.startsWith('REDIS_URL'))).toBe(entry !== 'main');
    },
  );

  it('says what is wrong in holt.yaml, and where', async () => {
    const file = join(folder, 'holt.yaml');
    await writeFile(file, 'stages: { prod: }\nclusters: { payments-eu: }\nlabel: {}\n');
    const { exitCode, said } = await refused('main', whole({ HOLT_CONFIG: file }));
    expect([exitCode, said]).toEqual([
      78,
      [expect.stringMatching(/holt\.yaml:3:1: .*Did you mean labels\?$/)],
    ]);
  });

  it('names the variable when holt.yaml is not where it should be', async () => {
    const { exitCode, said } = await refused('main', whole({ HOLT_CONFIG: 'nowhere.yaml' }));
    expect([exitCode, said]).toEqual([
      78,
      [expect.stringMatching(/^nowhere\.yaml cannot be read\. HOLT_CONFIG/)],
    ]);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['is missing', async () => join(folder, 'none'), /Install the Otterize CLI, version 1\.0\.8 or newer/],
    ['is too old', () => program('old', '#!/bin/sh\necho "Version: v1.0.7"\n'), /1\.0\.7.*1\.0\.8/],
    ['prints something else', () => program('odd', '#!/bin/sh\necho "otter 9"\n'), /Otterize CLI|otterize/],
  ])('says so when the Otterize CLI %s', async (_what, make, problem) => {
    const { exitCode, said } = await refused('main', whole({ OTTERIZE_CLI: await make() }));
    expect([exitCode, said]).toEqual([78, [expect.stringMatching(problem)]]);
  });

  it('says so when Slack does not take its token', async () => {
    const { exitCode, said } = await refused('main', whole({ SLACK_BOT_TOKEN: 'xoxb-nobody' }));
    expect([exitCode, said]).toEqual([
      1,
      [expect.stringMatching(/^Slack could not sign in: .*invalid_auth/)],
    ]);
  });

  it('says so when its file is in use, or cannot be one', async () => {
    const file = join(folder, 'used.sqlite');
    const first = await house.start('main', { HOLT_DATA: file });
    const second = await refused('main', whole({ HOLT_DATA: file }));
    expect([second.exitCode, second.said]).toEqual([
      78,
      [expect.stringMatching(/used\.sqlite.*in use|another process/i)],
    ]);
    expect(await first.stop()).toBe(0);
    const third = await refused('main', whole({ HOLT_DATA: join(file, 'below', 'a', 'file') }));
    expect([third.exitCode, third.said]).toEqual([78, [expect.stringMatching(/used\.sqlite/)]]);
  });

  it('says so when its port is taken', async () => {
    const { port } = new URL(house.sandbox.slack.url);
    const { exitCode, said } = await refused('main', whole({ HOLT_HTTP_PORT: port }));
    expect([exitCode, said]).toEqual([
      78,
      [expect.stringMatching(/^HOLT_HTTP_HOST and HOLT_HTTP_PORT: .*EADDRINUSE/)],
    ]);
  });
});

describe('a process that has started', () => {
  it('says that it is alive and ready, writes one JSON document a line, and ends with 0', async () => {
    const holt = await house.start();
    const health = async (path: string) => {
      const response = await fetch(`${holt.url}${path}`);
      return [response.status, await response.json()];
    };
    expect(await health('/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await health('/readyz')).toEqual([200, { status: 'ready', problems: [] }]);
    expect((await health('/else'))[0]).toBe(404);
    expect(await holt.stop()).toBe(0);
    const lines = holt.log.map(line => JSON.parse(line) as { level: string; time: string; msg: string });
    for (const line of lines)
      expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    expect(lines.at(-1)?.msg).toBe('stopped');
    expect(holt.errors).toEqual([]);
    const secrets = Object.entries(house.sandbox.environment).filter(([name]) => /TOKEN|SECRET/.test(name));
    expect(secrets.length).toBeGreaterThan(3);
    for (const [, secret] of secrets) expect(holt.log.join('\n')).not.toContain(secret);
  });

  it('drains also when it is told to stop at the moment in which it takes its first work', async () => {
    const script = `
      import { runProcess } from './src/process.ts';
      import { createLog } from './src/log.ts';
      const close = async () => undefined;
      const consume = async () => {
        await undefined;
        process.kill(process.pid, 'SIGTERM');
        return { close };
      };
      const opened = { kind: 'redis', store: {}, mailboxes: { nudges: {}, consume, close }, close };
      const health = { host: '127.0.0.1', port: 0 };
      await runProcess({ log: createLog('info'), health, opened, renderEveryMs: 1, parts: () => [] });`;
    const { exitCode, stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], {
      reject: false,
      timeout: 20_000,
    });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"msg":"stopped"')]);
  });

  it('is not ready while Slack is away, and says so', async () => {
    const holt = await house.start();
    house.sandbox.slack.faults.push({ operation: 'apps.connections.open', kind: 'drop' });
    house.sandbox.slack.disconnect('refresh_requested');
    await expect
      .poll(async () => await (await fetch(`${holt.url}/readyz`)).json())
      .toMatchObject({ status: 'not ready', problems: ['There is no connection to Slack.'] });
    house.sandbox.slack.faults.length = 0;
    await expect.poll(async () => (await fetch(`${holt.url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    await holt.stop();
  });
});

const newer = /^This onboarding was written by a newer Holt/;

describe('a process that meets what a newer Holt wrote', () => {
  it('leaves it alone, says so, and serves the others', async () => {
    const file = join(folder, 'newer.sqlite');
    const store = openEmbeddedStore(file);
    const document = '{"schema":99,"id":"run-new"}';
    await store.insert({ id: 'run-new', revision: 5, subject: 'whole-prod', due: 0, document }, '{}');
    await store.close();
    const holt = await house.start('main', { HOLT_DATA: file });
    const { slack, requester, channel } = house.sandbox;
    const heard = async (words: string) =>
      (await slack.command(requester, channel, '/otterize', words)).ephemerals.map(({ text }) => text);

    await onboard(house.sandbox, 'nobody', 'prod');
    const ready = await fetch(`${holt.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'not ready', problems: [expect.stringMatching(/^1 of the runs .*newer Holt/)] },
    ]);
    for (const words of ['status whole prod', 'onboard whole prod', 'cancel whole prod'])
      expect(await heard(words)).toEqual([expect.stringMatching(newer)]);
    expect(await heard('status')).toEqual([expect.stringMatching(/nobody prod[\s\S]*• One .*newer Holt/)]);
    expect(await holt.stop()).toBe(0);
    const told = holt.log.filter(line => line.includes('run-new'));
    expect(told).toEqual([expect.stringContaining('"level":"warn"')]);
    const again = openEmbeddedStore(file);
    expect(await again.load('run-new')).toBe(document);
    expect(await again.due(Number.MAX_SAFE_INTEGER)).toContain('run-new');
    await again.close();
  });
});

const own = (environment: Record<string, string>, prefixes: RegExp) =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => prefixes.test(name)));
describe.skipIf(!redisAvailable)('bot and worker apart', () => {
  const shared = /^(PATH|NODE_EXTRA_CA_CERTS|HOLT_)/;

  it('start each with its own credentials alone', async () => {
    const redis = await startRedis('--maxmemory-policy', 'noeviction');
    const common = {
      ...own(house.sandbox.environment, shared),
      HOLT_CONFIG: 'test/fixtures/holt.yaml',
      REDIS_URL: redis.url,
      HOLT_ALLOW_VOLATILE_REDIS: '1',
    };
    const bot = await launch('bot', { ...common, ...own(house.sandbox.environment, /^SLACK_/) });
    const worker = await launch('worker', {
      ...common,
      ...own(house.sandbox.environment, /^(OTTERIZE|AZURE|GRAPH|KEY_VAULT|GITHUB)_/),
    });
    expect(await Promise.all([bot.stop(), worker.stop()])).toEqual([0, 0]);
    await redis.stop();
  });

  it('do not start on a Redis that may forget, and say why', async () => {
    const redis = await startRedis('--maxmemory-policy', 'allkeys-lru');
    const { exitCode, said } = await refused('main', whole({ REDIS_URL: redis.url }));
    expect([exitCode, said]).toEqual([
      78,
      [expect.stringContaining('noeviction'), expect.stringContaining('appendonly yes')],
    ]);
    await redis.stop();
  });

  it('are not ready any more once Redis has become one that may forget', async () => {
    const redis = await startRedis('--appendonly', 'yes');
    const holt = await house.start('main', { REDIS_URL: redis.url, HOLT_ALLOW_VOLATILE_REDIS: '0' });
    expect((await fetch(`${holt.url}/readyz`)).status).toBe(200);
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    client.disconnect();
    const answer = await fetch(`${holt.url}/readyz`);
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { problems: [expect.stringContaining('noeviction')] },
    ]);
    await holt.stop();
    await redis.stop();
  });
});
