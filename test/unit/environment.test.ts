import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  readBotEnvironment,
  readMainEnvironment,
  readWorkerEnvironment,
  secretSource,
  variables,
} from '../../src/environment.ts';
import { ConfigError } from '../../src/errors.ts';

const bot = { SLACK_BOT_TOKEN: 'xoxb-canary', SLACK_APP_TOKEN: 'xapp-canary' };
const signing = 'canary0123456789abcdef0123456789';
const worker = {
  OTTERIZE_TOKEN: 'token-canary',
  OTTERIZE_ORG_ID: 'org_1a2b',
  AZURE_TENANT_ID: 'tenant',
  AZURE_CLIENT_ID: 'client',
  AZURE_FEDERATED_TOKEN_FILE: '/token',
  GITHUB_TOKEN: 'github-canary',
};
const redis = { REDIS_URL: 'redis://127.0.0.1:6379' };
const everything = { ...bot, ...worker, ...redis };

type Raw = Record<string, string | undefined>;
const readers = { main: readMainEnvironment, bot: readBotEnvironment, worker: readWorkerEnvironment };

function problemsOf(raw: Raw, read: keyof typeof readers = 'main'): readonly string[] {
  try {
    readers[read](raw);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const names = (read: keyof typeof readers) =>
  problemsOf({}, read).map(problem => /[A-Z][A-Z_=]+/.exec(problem)?.[0]);

describe('the environment', () => {
  it('of the bot has none of the worker’s rights, and the other way round', () => {
    expect(problemsOf({ ...bot, ...redis }, 'bot')).toEqual([]);
    expect(problemsOf({ ...worker, ...redis }, 'worker')).toEqual([]);
    expect(readBotEnvironment(everything)).not.toHaveProperty('GITHUB_TOKEN');
    expect(readBotEnvironment(everything)).not.toHaveProperty('OTTERIZE_TOKEN');
    expect(readWorkerEnvironment(everything)).not.toHaveProperty('SLACK_BOT_TOKEN');
  });

  it('needs Redis only where bot and worker are apart', () => {
    expect(problemsOf({ ...bot, ...worker })).toEqual([]);
    expect(problemsOf(bot, 'bot')).toEqual([expect.stringMatching(/^REDIS_URL is missing: .*npm start/)]);
    expect(problemsOf(worker, 'worker')).toEqual([expect.stringMatching(/^REDIS_URL is missing/)]);
  });

  it('tells all that is missing at once, each process its own', () => {
    const [slack, work] = [
      ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'],
      ['OTTERIZE_ORG_ID', 'OTTERIZE_TOKEN', 'AZURE_AUTH=', 'GITHUB_APP_ID'],
    ];
    expect(names('bot')).toEqual([...slack, 'REDIS_URL']);
    expect(new Set(names('worker'))).toEqual(new Set([...work, 'REDIS_URL']));
    expect(new Set(names('main'))).toEqual(new Set([...slack, ...work]));
  });

  it('counts what is empty as missing, and has a value for what can be left out', () => {
    expect(problemsOf({ ...everything, SLACK_BOT_TOKEN: '' })).toEqual(['SLACK_BOT_TOKEN is missing.']);
    expect(readMainEnvironment({ ...everything, HOLT_HTTP_PORT: '' })).toMatchObject({
      HOLT_CONFIG: 'holt.yaml',
      HOLT_HTTP_PORT: 8080,
      HOLT_SETTLE_SECONDS: 90,
      AZURE_AUTH: 'workload-identity',
    });
  });

  it.each<[string, Raw, RegExp]>([
    [
      'a user’s token as the bot’s',
      { SLACK_BOT_TOKEN: 'xoxp-canary' },
      /^SLACK_BOT_TOKEN: must be a bot token/,
    ],
    [
      'the bot’s token as the app’s',
      { SLACK_APP_TOKEN: 'xoxb-canary' },
      /^SLACK_APP_TOKEN: must be an app-level/,
    ],
    [
      'both ways to Slack',
      { SLACK_SIGNING_SECRET: signing },
      /^Set only one of SLACK_APP_TOKEN and SLACK_SIGN/,
    ],
    ['no way to Slack', { SLACK_APP_TOKEN: '' }, /^Set SLACK_APP_TOKEN or SLACK_SIGNING_SECRET\.$/],
    [
      'a token as the signing secret',
      { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: `xapp-1-${'canary'.repeat(5)}` },
      /^SLACK_SIGNING_SECRET: must be a signing secret/,
    ],
    [
      'a signing secret that is cut off',
      { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: signing.slice(1) },
      /^SLACK_SIGNING_SECRET: must be a signing secret/,
    ],
    [
      'a previous signing secret alone',
      { SLACK_PREVIOUS_SIGNING_SECRET: signing },
      /^SLACK_PREVIOUS_SIGNING_SECRET needs SLACK_SIGNING_SECRET\.$/,
    ],
    ['an organization’s name', { OTTERIZE_ORG_ID: 'canary corp' }, /^OTTERIZE_ORG_ID: must be the id/],
    ['a port that is none', { HOLT_HTTP_PORT: 'canary' }, /^HOLT_HTTP_PORT: /],
    ['a port out of range', { HOLT_HTTP_PORT: '70000' }, /^HOLT_HTTP_PORT: /],
    ['a level that is none', { LOG_LEVEL: 'canary' }, /^LOG_LEVEL: .*debug/],
    ['a slash at the end', { GITHUB_API_URL: 'https://canary.example/' }, /^GITHUB_API_URL: must not end/],
    [
      'a vault’s address for all',
      { KEY_VAULT_URL: 'https://canary.example' },
      /^KEY_VAULT_URL: must have \{vault\}/,
    ],
    ['a vault without TLS', { KEY_VAULT_URL: 'http://{vault}.canary' }, /^KEY_VAULT_URL: /],
    ['a database in place of Redis', { REDIS_URL: 'postgres://canary' }, /^REDIS_URL: must be a redis/],
    [
      'a Redis elsewhere without TLS',
      { REDIS_URL: 'redis://:canary@redis.example' },
      /^REDIS_URL goes to another host/,
    ],
    ['a flag that is no flag', { HOLT_ALLOW_INSECURE_REDIS: 'yes' }, /^HOLT_ALLOW_INSECURE_REDIS: /],
    ['no settle time', { HOLT_SETTLE_SECONDS: '0' }, /^HOLT_SETTLE_SECONDS: /],
    [
      'both a token and its file',
      { OTTERIZE_TOKEN_FILE: '/t' },
      /^Set only one of OTTERIZE_TOKEN and OTTERIZE_TOKEN_FILE/,
    ],
    ['both of GitHub’s', { GITHUB_TOKEN_FILE: '/t' }, /^Set only one of GITHUB_TOKEN and GITHUB_TOKEN_FILE/],
    ['an App and a token', { GITHUB_APP_ID: '1' }, /^Set either the GITHUB_APP_… variables or a token/],
    [
      'an App without its installation',
      { GITHUB_TOKEN: '', GITHUB_APP_ID: '1' },
      /^GITHUB_APP_ID needs GITHUB_APP_INSTALLATION_ID/,
    ],
    [
      'an App without its key',
      { GITHUB_TOKEN: '', GITHUB_APP_ID: '1', GITHUB_APP_INSTALLATION_ID: '2' },
      /^Set GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE/,
    ],
    [
      'a sign-in without its secret',
      { AZURE_AUTH: 'client-secret' },
      /^AZURE_AUTH=client-secret needs AZURE_CLIENT_SECRET\.$/,
    ],
    [
      'a sign-in without its certificate',
      { AZURE_AUTH: 'client-certificate' },
      /^AZURE_AUTH=client-certificate needs AZURE_CLIENT_CERTIFICATE_PATH\.$/,
    ],
    [
      'a sign-in without its token',
      { AZURE_FEDERATED_TOKEN_FILE: '' },
      /^AZURE_AUTH=workload-identity needs AZURE_FEDERATED/,
    ],
  ])('with %s is refused by the variable’s name and never with its value', (_what, change, problem) => {
    const problems = problemsOf({ ...everything, ...change });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain('canary');
  });

  describe('of a Redis', () => {
    const plain = /^REDIS_URL goes to another host without TLS: .*HOLT_ALLOW_INSECURE_REDIS=1/;
    const open = /^REDIS_URL goes to another host without a password: .*HOLT_ALLOW_INSECURE_REDIS=1/;
    const near = ['localhost', '127.0.0.1', '127.8.9.1', '[::1]'];
    const far = [
      'redis.example',
      '10.0.0.7',
      '[fd00::1]',
      'localhost.example',
      '127.0.0.1.example',
      '0.0.0.0',
    ];
    const rows = [...near, ...far].flatMap(host =>
      ['redis', 'rediss'].flatMap(protocol =>
        ['', ':canary@', 'holt:canary@', 'holt@'].flatMap(user =>
          ['0', '1', undefined].map(allowed => ({ host, protocol, user, allowed })),
        ),
      ),
    );

    it.each(rows)('at $protocol://$user$host, allowed $allowed', ({ host, protocol, user, allowed }) => {
      const address = `${protocol}://${user}${host}:6379/0`;
      const problems = problemsOf({ ...everything, REDIS_URL: address, HOLT_ALLOW_INSECURE_REDIS: allowed });
      const careful = far.includes(host) && allowed !== '1';
      const expected = [
        ...(careful && protocol === 'redis' ? [plain] : []),
        ...(careful && !user.includes(':') ? [open] : []),
      ];
      expect(problems).toEqual(expected.map(problem => expect.stringMatching(problem)));
      expect(problems.join()).not.toContain('canary');
    });

    it('is refused in every process alike', () => {
      for (const read of ['main', 'bot', 'worker'] as const)
        expect(problemsOf({ ...everything, REDIS_URL: 'redis://redis.example' }, read)).toHaveLength(2);
    });
  });

  it.each<[string, Raw]>([
    [
      'requests of Slack’s in place of a socket',
      { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: signing, SLACK_PREVIOUS_SIGNING_SECRET: signing },
    ],
    ['a Redis elsewhere with TLS', { REDIS_URL: 'rediss://:p@redis.example' }],
    [
      'a Redis elsewhere that the network protects',
      { REDIS_URL: 'redis://redis.example', HOLT_ALLOW_INSECURE_REDIS: '1' },
    ],
    [
      'a managed identity and nothing else of Azure',
      {
        AZURE_AUTH: 'managed-identity',
        AZURE_TENANT_ID: '',
        AZURE_CLIENT_ID: '',
        AZURE_FEDERATED_TOKEN_FILE: '',
      },
    ],
    [
      'a GitHub App',
      {
        GITHUB_TOKEN: '',
        GITHUB_APP_ID: '1',
        GITHUB_APP_INSTALLATION_ID: '2',
        GITHUB_APP_PRIVATE_KEY_FILE: '/k',
      },
    ],
  ])('may have %s', (_what, change) => {
    expect(problemsOf({ ...everything, ...change })).toEqual([]);
  });

  it('has an example that names every variable and no other', () => {
    const named = [...readFileSync('.env.example', 'utf8').matchAll(/^([A-Z][A-Z0-9_]+)=/gm)].map(
      match => match[1],
    );
    expect(new Set(named)).toEqual(new Set(variables));
  });
});

describe('a secret', () => {
  it('in a file is read anew each time and shows itself to nobody', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holt-secret-'));
    const file = join(folder, 'token');
    const read = secretSource(undefined, file);
    await writeFile(file, 'first-canary\n');
    expect((await read()).reveal()).toBe('first-canary');
    await writeFile(file, 'second-canary');
    const secret = await read();
    expect(secret.reveal()).toBe('second-canary');
    expect([String(secret), JSON.stringify({ secret }), inspect(secret)].join()).not.toContain('canary');
    await rm(folder, { recursive: true });
    await expect(read()).rejects.toThrow('ENOENT');
  });
});
