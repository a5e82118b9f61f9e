import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { Secret } from './secret.ts';

/** A variable that is set; an empty one counts as missing. */
const text = z.string().min(1);
const secret = text.transform(value => new Secret(value));
const signingSecret = z
  .string()
  .regex(/^[0-9A-Za-z]{32,}$/, { error: 'must be a signing secret (32 letters and digits)' })
  .transform(value => new Secret(value));
const port = z.coerce.number().int().min(0).max(65_535);
/** How many of something an outside service is asked for. */
const count = z.coerce.number().int().min(1);
const flag = z.enum(['0', '1']).transform(value => value === '1');
const url = z.url().refine(value => !value.endsWith('/'), { error: 'must not end with a slash' });

const shared = {
  HOLT_CONFIG: text.default('holt.yaml'),
  HOLT_DATA: text.default('.holt/holt.sqlite'),
  HOLT_HTTP_HOST: text.default('0.0.0.0'),
  HOLT_HTTP_PORT: port.default(8080),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// address' }).optional(),
  HOLT_ALLOW_INSECURE_REDIS: flag.default(false),
  HOLT_ALLOW_VOLATILE_REDIS: flag.default(false),
};

const bot = {
  SLACK_BOT_TOKEN: z
    .string()
    .startsWith('xoxb-', { error: 'must be a bot token (xoxb-…)' })
    .transform(value => new Secret(value)),
  SLACK_APP_TOKEN: z
    .string()
    .startsWith('xapp-', { error: 'must be an app-level token (xapp-…)' })
    .transform(value => new Secret(value))
    .optional(),
  SLACK_SIGNING_SECRET: signingSecret.optional(),
  SLACK_PREVIOUS_SIGNING_SECRET: signingSecret.optional(),
  SLACK_HTTP_PORT: port.default(3000),
  SLACK_API_URL: z.url().optional(),
  // Slack's own: 50 a minute in the workspace, and one a second in a channel.
  SLACK_UPDATES_PER_MINUTE: count.default(45),
  SLACK_POSTS_PER_MINUTE: count.default(60),
};

const worker = {
  OTTERIZE_CLI: text.default('otterize'),
  OTTERIZE_API_ADDRESS: url.default('https://app.otterize.com/api'),
  OTTERIZE_TOKEN: secret.optional(),
  OTTERIZE_TOKEN_FILE: text.optional(),
  OTTERIZE_ORG_ID: z
    .string()
    .regex(/^org_[a-z0-9]+$/, { error: 'must be the id of an organization (org_…)' }),
  OTTERIZE_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  HOLT_SETTLE_SECONDS: z.coerce.number().int().min(1).default(90),
  AZURE_AUTH: z
    .enum(['workload-identity', 'managed-identity', 'client-secret', 'client-certificate', 'cli'])
    .default('workload-identity'),
  AZURE_TENANT_ID: text.optional(),
  AZURE_CLIENT_ID: text.optional(),
  AZURE_CLIENT_SECRET: secret.optional(),
  AZURE_CLIENT_CERTIFICATE_PATH: text.optional(),
  AZURE_FEDERATED_TOKEN_FILE: text.optional(),
  AZURE_AUTHORITY_HOST: z.url().optional(),
  GRAPH_URL: url.default('https://graph.microsoft.com'),
  // Microsoft's own: 3,500 resource units for a small tenant.
  GRAPH_UNITS_PER_10S: count.default(3_150),
  KEY_VAULT_URL: z
    .string()
    .startsWith('https://')
    .includes('{vault}', { error: 'must have {vault} where the vault’s name goes' })
    .default('https://{vault}.vault.azure.net'),
  // Azure's own, for each vault: 300 new versions, 4,000 other requests.
  KEY_VAULT_WRITES_PER_10S: count.default(270),
  KEY_VAULT_READS_PER_10S: count.default(3_600),
  GITHUB_API_URL: url.default('https://api.github.com'),
  // GitHub's own: 500 writes for everybody, 5,000 requests and more as the account has them.
  GITHUB_WRITES_PER_HOUR: count.default(450),
  GITHUB_REQUESTS_PER_HOUR: count.default(4_500),
  GITHUB_TOKEN: secret.optional(),
  GITHUB_TOKEN_FILE: text.optional(),
  GITHUB_APP_ID: text.optional(),
  GITHUB_APP_INSTALLATION_ID: z.coerce.number().int().positive().optional(),
  GITHUB_APP_PRIVATE_KEY: secret.optional(),
  GITHUB_APP_PRIVATE_KEY_FILE: text.optional(),
};

const Bot = z.object({ ...shared, ...bot });
const Worker = z.object({ ...shared, ...worker });
const Main = z.object({ ...shared, ...bot, ...worker });

export type SharedEnvironment = z.infer<z.ZodObject<typeof shared>>;
export type BotEnvironment = z.infer<typeof Bot>;
export type WorkerEnvironment = z.infer<typeof Worker>;

/** Every variable that Holt reads, for .env.example. */
export const variables = Object.keys(Main.shape);

type Raw = Readonly<Record<string, string | undefined>>;

/** Reads the bot's variables. Throws a ConfigError with every problem at once. */
export const readBotEnvironment = (raw: Raw): BotEnvironment =>
  read(Bot, raw, [...botRules, redisNeeded, ...redisSafe]);
/** Reads the worker's variables; same promise. */
export const readWorkerEnvironment = (raw: Raw): WorkerEnvironment =>
  read(Worker, raw, [redisNeeded, ...redisSafe, ...workerRules]);
/** Reads the variables of both in one process; same promise. */
export const readMainEnvironment = (raw: Raw): BotEnvironment & WorkerEnvironment =>
  read(Main, raw, [...botRules, ...redisSafe, ...workerRules]);

type Rule = (raw: Raw) => string | undefined;

function read<T>(schema: z.ZodType<T>, all: Raw, rules: readonly Rule[]): T {
  const raw = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(raw);
  const problems = parsed.success ? [] : parsed.error.issues.map(issue => complaint(issue, raw));
  problems.push(...rules.flatMap(rule => rule(raw) ?? []));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}

/** Names the variable and never its value. */
function complaint({ path, message }: z.core.$ZodIssue, raw: Raw): string {
  const name = String(path[0]);
  return raw[name] === undefined ? `${name} is missing.` : `${name}: ${message}.`;
}

const redisNeeded: Rule = raw =>
  raw['REDIS_URL'] === undefined
    ? 'REDIS_URL is missing: bot and worker are separate processes and meet in Redis. For one process without Redis, use npm start.'
    : undefined;

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Where Redis is, if that is another host and nobody allowed to be careless about it. */
function distantRedis(raw: Raw): URL | undefined {
  const address = raw['REDIS_URL'];
  if (address === undefined || !URL.canParse(address) || raw['HOLT_ALLOW_INSECURE_REDIS'] === '1')
    return undefined;
  const url = new URL(address);
  return /^rediss?:$/.test(url.protocol) && !loopback.test(url.hostname) ? url : undefined;
}

const redisEncrypted: Rule = raw =>
  distantRedis(raw)?.protocol === 'redis:'
    ? 'REDIS_URL goes to another host without TLS: use rediss://, or set HOLT_ALLOW_INSECURE_REDIS=1 if the network protects it.'
    : undefined;

const redisGuarded: Rule = raw =>
  distantRedis(raw)?.password === ''
    ? 'REDIS_URL goes to another host without a password: put it in as rediss://:password@host, or set HOLT_ALLOW_INSECURE_REDIS=1 if the network protects it.'
    : undefined;

const redisSafe: readonly Rule[] = [redisEncrypted, redisGuarded];

const exactlyOne =
  (...names: string[]): Rule =>
  raw => {
    const given = names.filter(name => raw[name] !== undefined);
    if (given.length === 1) return undefined;
    return given.length === 0 ? `Set ${names.join(' or ')}.` : `Set only one of ${given.join(' and ')}.`;
  };

const previousSecret: Rule = raw =>
  raw['SLACK_PREVIOUS_SIGNING_SECRET'] !== undefined && raw['SLACK_SIGNING_SECRET'] === undefined
    ? 'SLACK_PREVIOUS_SIGNING_SECRET needs SLACK_SIGNING_SECRET.'
    : undefined;

const botRules: readonly Rule[] = [exactlyOne('SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET'), previousSecret];

const neededBy: Readonly<Record<string, readonly string[]>> = {
  'workload-identity': ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_FEDERATED_TOKEN_FILE'],
  'client-secret': ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET'],
  'client-certificate': ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_CERTIFICATE_PATH'],
};

const azure: Rule = raw => {
  const auth = raw['AZURE_AUTH'] ?? 'workload-identity';
  const missing = (neededBy[auth] ?? []).filter(name => raw[name] === undefined);
  return missing.length === 0 ? undefined : `AZURE_AUTH=${auth} needs ${missing.join(', ')}.`;
};

const gitHub: Rule = raw => {
  if (raw['GITHUB_APP_ID'] === undefined)
    return exactlyOne('GITHUB_APP_ID', 'GITHUB_TOKEN', 'GITHUB_TOKEN_FILE')(raw);
  if (raw['GITHUB_TOKEN'] !== undefined || raw['GITHUB_TOKEN_FILE'] !== undefined) {
    return 'Set either the GITHUB_APP_… variables or a token, not both.';
  }
  if (raw['GITHUB_APP_INSTALLATION_ID'] === undefined)
    return 'GITHUB_APP_ID needs GITHUB_APP_INSTALLATION_ID.';
  return exactlyOne('GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_PRIVATE_KEY_FILE')(raw);
};

const workerRules: readonly Rule[] = [exactlyOne('OTTERIZE_TOKEN', 'OTTERIZE_TOKEN_FILE'), azure, gitHub];

/** A secret from a variable, or read from a file at each call so that a renewed one counts at once. */
export function secretSource(value: Secret | undefined, file: string | undefined): () => Promise<Secret> {
  return async () => {
    if (value !== undefined) return value;
    if (file === undefined) throw new ConfigError(['No secret is configured.']);
    return new Secret((await readFile(file, 'utf8')).trim());
  };
}
