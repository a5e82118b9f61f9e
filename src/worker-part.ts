import { createCredential } from './azure/credential.ts';
import { createDirectory } from './azure/directory.ts';
import { createVault } from './azure/vault.ts';
import { secretSource, type WorkerEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import type { GitHubAuth } from './github/client.ts';
import { createRepository } from './github/repository.ts';
import { createBoundedLayout } from './gitops/bounded-layout.ts';
import { compare } from './gitops/compare.ts';
import { catalogueTick, lookForClusters } from './onboarding/catalogue.ts';
import { createEngine, type EngineOptions, jitteredBackoff } from './onboarding/engine.ts';
import { planOf } from './onboarding/plan.ts';
import { answerPlan } from './onboarding/planning.ts';
import { createPlans, isPlan } from './onboarding/plans.ts';
import { createOtterize } from './otterize/otterize.ts';
import type { House, Part } from './process.ts';
import { Secret } from './secret.ts';

/** After this long without a change another worker looks at a run: longer than any single call may take. */
const patienceMs = 180_000;
const maxAttempts = 8;
/** How long one call of a plan may take: somebody waits for it. */
const planCallMs = 20_000;
/**
 * More runs than processes, since a run waits for other services too; not so many that a change of one waits too long for its
 * turn, were each process to take a second.
 */
const runsForEachProcess = 7;

interface Tests {
  adjust?: (options: EngineOptions) => EngineOptions;
  /** When a call that hangs is given up, and for how long one may wait for its turn, in milliseconds. */
  callMs?: number;
}

/**
 * The part that works. Its start throws a ConfigError when the Otterize CLI is missing or too old. `tests` is for those that
 * take a safety away or hurry.
 */
export async function createWorkerPart(
  env: WorkerEnvironment,
  { log, store, mailboxes, records }: House,
  { adjust = options => options, callMs }: Tests = {},
): Promise<Part> {
  const otterize = createOtterize({
    program: programOf(env.OTTERIZE_CLI),
    apiAddress: env.OTTERIZE_API_ADDRESS,
    token: secretSource(env.OTTERIZE_TOKEN, env.OTTERIZE_TOKEN_FILE),
    startOrganization: env.OTTERIZE_ORG_ID,
    path: process.env['PATH'] ?? '',
    extraEnv: passedOn(['SSL_CERT_FILE', 'SSL_CERT_DIR', 'HTTPS_PROXY', 'NO_PROXY']),
    concurrency: env.OTTERIZE_CONCURRENCY,
    log,
    ...(callMs && { timeoutMs: callMs, queueMs: callMs }),
  });
  const hurry = callMs === undefined ? {} : { requestTimeoutMs: callMs };
  const credential = createCredential(azureAuth(env));
  const { turns } = store;
  const vault = createVault({
    credential,
    vaultUrl: env.KEY_VAULT_URL,
    turns,
    limits: { writesPer10s: env.KEY_VAULT_WRITES_PER_10S, readsPer10s: env.KEY_VAULT_READS_PER_10S },
    ...hurry,
  });
  const repository = createRepository({
    apiUrl: env.GITHUB_API_URL,
    auth: await gitHubAuth(env),
    turns,
    limits: { writesPerHour: env.GITHUB_WRITES_PER_HOUR, requestsPerHour: env.GITHUB_REQUESTS_PER_HOUR },
    log,
    ...hurry,
  });
  const directory = createDirectory({
    credential,
    graphUrl: env.GRAPH_URL,
    turns,
    unitsPer10s: env.GRAPH_UNITS_PER_10S,
    ...hurry,
  });
  const usual: EngineOptions = {
    planOf,
    records,
    claims: store.claims,
    read: { otterize, directory, vault, repository, layout: createBoundedLayout() },
    write: { otterize, vault, repository },
    log,
    settleMs: env.HOLT_SETTLE_SECONDS * 1_000,
    patienceMs,
    maxAttempts,
    backoff: jitteredBackoff,
  };
  const engine = createEngine(adjust(usual));
  const plans = createPlans(store, mailboxes.nudges);
  const planning = { ...usual, compare, callMs: Math.min(callMs ?? planCallMs, planCallMs) };
  const closing = new AbortController();
  return {
    handlers: {
      tick: async id => {
        if (id === catalogueTick) return lookForClusters(store, repository, log);
        return isPlan(id) ? answerPlan(id, plans, planning, closing.signal) : engine.advance(id);
      },
    },
    ticksAtOnce: runsForEachProcess * env.OTTERIZE_CONCURRENCY,
    async start() {
      const problems = await otterize.checkProgram();
      if (problems.length > 0) throw new ConfigError(problems);
    },
    problems: () => [],
    async drain() {
      closing.abort();
      engine.drain();
    },
    stop: async () => undefined,
  };
}

/** A script is run by this very Node: how the sandbox's stand-in for the program is used. */
const programOf = (file: string): [string, ...string[]] =>
  /\.[cm]?[jt]s$/.test(file) ? [process.execPath, file] : [file];

function passedOn(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function azureAuth(env: WorkerEnvironment): Parameters<typeof createCredential>[0] {
  const common = {
    tenantId: env.AZURE_TENANT_ID ?? '',
    clientId: env.AZURE_CLIENT_ID ?? '',
    ...(env.AZURE_AUTHORITY_HOST === undefined ? {} : { authorityHost: env.AZURE_AUTHORITY_HOST }),
  };
  switch (env.AZURE_AUTH) {
    case 'workload-identity':
      return {
        auth: 'workload-identity',
        ...common,
        federatedTokenFile: env.AZURE_FEDERATED_TOKEN_FILE ?? '',
      };
    case 'client-secret':
      return { auth: 'client-secret', ...common, clientSecret: env.AZURE_CLIENT_SECRET ?? new Secret('') };
    case 'client-certificate':
      return {
        auth: 'client-certificate',
        ...common,
        certificatePath: env.AZURE_CLIENT_CERTIFICATE_PATH ?? '',
      };
    case 'managed-identity':
      return {
        auth: 'managed-identity',
        ...(env.AZURE_CLIENT_ID === undefined ? {} : { clientId: env.AZURE_CLIENT_ID }),
      };
    case 'cli':
      return { auth: 'cli', ...(env.AZURE_TENANT_ID === undefined ? {} : { tenantId: env.AZURE_TENANT_ID }) };
  }
}

async function gitHubAuth(env: WorkerEnvironment): Promise<GitHubAuth> {
  if (env.GITHUB_APP_ID === undefined)
    return { token: secretSource(env.GITHUB_TOKEN, env.GITHUB_TOKEN_FILE) };
  const privateKey = await secretSource(env.GITHUB_APP_PRIVATE_KEY, env.GITHUB_APP_PRIVATE_KEY_FILE)().catch(
    () => {
      throw new ConfigError(['GITHUB_APP_PRIVATE_KEY_FILE cannot be read.']);
    },
  );
  return { appId: env.GITHUB_APP_ID, installationId: env.GITHUB_APP_INSTALLATION_ID ?? 0, privateKey };
}
