import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseFleet } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import type { Target } from '../../src/onboarding/request.ts';
import { type Call, createStandIn, type StandIn } from '../../src/sandbox/kit.ts';
import { type Launched, launch } from '../../src/sandbox/launch.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStore } from '../../src/store/open.ts';
import { unlimited } from '../support/limits.ts';
import { everyWrite, startRedis, type TestRedis } from '../support/redis.ts';
import { createSampler } from './canaries.ts';
import { type Orders, wordsFor } from './orders.ts';
import { compiled, startProgram, writeSound } from './program.ts';
import type { Safety } from './safeties.ts';

type Around = NonNullable<StandIn['hooks']['around']>;
export type StoreKind = 'redis' | 'embedded';
/** What can be killed: on the embedded store both are one process. */
export type Role = 'bot' | 'worker';

export interface LaneOptions {
  store: StoreKind;
  clusters: readonly string[];
  unknowns?: NonNullable<SandboxOptions['unknowns']>;
  without?: Safety | undefined;
  /** When a call that hangs is given up; as usual when left out. */
  callMs?: number;
  /** The CLI is one that can go wrong: each call of it is one of the service `CLI`. */
  fallibleCli?: boolean;
  /** The product signs in to GitHub as an App. */
  githubApp?: boolean;
}

/** How long a held request is held: longer than a restart takes, and shorter than it may take to land. */
export const heldMs = 4_000;
const usual = { settleMs: 6_000, patienceMs: 2_500 };

const product = fileURLToPath(new URL('product.ts', import.meta.url));

/** The people, the policy and the two invitees of every swept run. */
const configuration = (clusters: readonly string[]): string => `
requesters: { users: [U0REQUESTER] }
approval: { approvers: { users: [U0APPROVER] } }
names: { vault: "kv-{cluster}-{stage}" }
invite: { people: [anna.meyer@harbour.example, ben.okafor@harbour.example] }
mailDomains: [harbour.example]
gitops: { repository: harbour/clusters }
stages: { prod: }
startsPerMinute: 1000000
clusters: { ${clusters.map(cluster => `${cluster}: `).join(', ')} }
`;

const appVariables = ({ github }: Sandbox): Record<string, string> => {
  const { appId, installationId, privateKey } = github.app();
  return {
    GITHUB_APP_ID: appId,
    GITHUB_APP_INSTALLATION_ID: String(installationId),
    GITHUB_APP_PRIVATE_KEY: privateKey,
  };
};

/** A sandbox and the product's processes on it, with the means to stop them at any call and at any write of a record. */
export interface Lane {
  store: StoreKind;
  /** The safety that the product lacks. */
  without: Safety | undefined;
  sandbox: Sandbox;
  target(cluster: string): Target;
  /** Every call of every service, and every write of a record, passes here. */
  around(hook: Around | undefined): void;
  /** Starts what is not running. */
  start(): Promise<void>;
  running(role: Role): Launched | undefined;
  /** Which of the two made this call. */
  roleOf(call: Call): Role;
  kill(role: Role): Promise<void>;
  /** Sends SIGTERM; answers the exit code. */
  stop(role: Role): Promise<number | null>;
  /** A second process beside the one that plays this role; it plays the role from now on. */
  startSecond(role: Role): Promise<void>;
  /** Empties the whole store; nothing may be running. */
  wipe(): Promise<void>;
  /** The records; on the embedded store it stops the product first. */
  records(): Promise<{ records: Records; close(): Promise<void> }>;
  redis: TestRedis | undefined;
  /** What the processes were given. */
  environment: Readonly<Record<string, string>>;
  /** The processes' HOME and temporary folder. */
  home: string;
  temporary: string;
  /** What was seen of the processes at each change in Otterize. */
  sampler: ReturnType<typeof createSampler>;
  /** All that the processes wrote, those that are gone too. */
  stdout(): string;
  stderr(): string;
  close(): Promise<void>;
}

export async function openLane({
  store,
  clusters,
  unknowns = {},
  without,
  callMs,
  fallibleCli = false,
  githubApp = false,
}: LaneOptions): Promise<Lane> {
  const fleet = parseFleet(configuration(clusters), 'holt.yaml');
  const target = (cluster: string): Target => resolveTarget(fleet, cluster, 'prod');
  const sandbox = await startSandbox({ fleet, targets: clusters.map(target), unknowns });
  sandbox.liftLimits();
  // Where calls may take their time, so may answers to people: how fast they are is tested elsewhere.
  if (callMs !== undefined) sandbox.slack.settings.ackMs = 2 * callMs;
  const file = join(await mkdtemp(join(sandbox.folder, 'sweep-')), 'holt.yaml');
  await writeFile(file, configuration(clusters));
  const redis: TestRedis | undefined =
    store === 'redis'
      ? await startRedis(
          '--maxmemory-policy',
          'noeviction',
          '--requirepass',
          randomBytes(16).toString('hex'),
          ...everyWrite,
        )
      : undefined;

  const record = createStandIn({ service: 'Record' });
  record.route('POST', '/:moment/:pid/:name', 'write', context => context.json({}));
  const control = await record.listen();
  const orders: Orders = {
    control: control.url,
    ...(callMs === undefined ? usual : { settleMs: callMs + 1_000, patienceMs: callMs + 3_000 }),
    ...(without && { without }),
    ...(callMs && { callMs }),
  };

  const program = await startProgram(sandbox.folder);
  const [home, temporary] = [join(sandbox.folder, 'home'), join(sandbox.folder, 'tmp')];
  await Promise.all([mkdir(home), mkdir(temporary)]);
  const { GITHUB_TOKEN = '', ...rest } = sandbox.environment;
  const environment: Record<string, string> = {
    ...rest,
    ...unlimited,
    ...(githubApp ? appVariables(sandbox) : { GITHUB_TOKEN }),
    HOME: home,
    TMPDIR: temporary,
    ...(redis && { REDIS_URL: redis.url, HOLT_ALLOW_VOLATILE_REDIS: '1' }),
    OTTERIZE_CLI: fallibleCli ? program.file : await writeSound(sandbox.folder),
    HOLT_CONFIG: file,
    NODE_COMPILE_CACHE: compiled,
  };
  const data = sandbox.environment['HOLT_DATA'] ?? '';
  const gone: Launched[] = [];
  const processes = new Map<Role, Launched>();
  const begin = (role: Role | 'main'): Promise<Launched> =>
    launch([product, ...wordsFor(role, orders)], environment);
  const put = (role: Role, launched: Launched): void => void processes.set(role, launched);
  /** The process of this role plays it no more. */
  const dismiss = (role: Role): Launched | undefined => {
    const process = processes.get(role);
    if (process === undefined) return undefined;
    for (const [each, running] of processes) if (running === process) processes.delete(each);
    gone.push(process);
    return process;
  };
  const starting = new Map<Role, Promise<void>>();
  /** Starts one, whoever asks meanwhile; again when the world was at its worst just then. */
  const supervise = (role: Role): Promise<void> => {
    const already = starting.get(role);
    if (already !== undefined) return already;
    const started = begin(role)
      .catch(() => begin(role))
      .then(launched => put(role, launched))
      .finally(() => starting.delete(role));
    starting.set(role, started);
    return started;
  };
  const stop = async (role: Role): Promise<number | null> => (await dismiss(role)?.stop()) ?? 0;

  const services = [
    sandbox.slack,
    sandbox.otterize,
    sandbox.entra,
    sandbox.vault,
    sandbox.github,
    control,
    program,
  ];
  const sampler = createSampler(temporary);
  const current: { hook?: Around | undefined } = {};
  for (const { hooks } of services) {
    hooks.around = async (call, act) => {
      if (call.service === 'Otterize' && call.mutating) sampler.take();
      return await (current.hook?.(call, act) ?? act.apply());
    };
  }
  const writtenTo = (stream: 'log' | 'errors'): string =>
    [...gone, ...processes.values()].flatMap(process => process[stream]).join('\n');
  return {
    store,
    without,
    sandbox,
    target,
    redis,
    environment,
    home,
    temporary,
    sampler,
    around(hook) {
      current.hook = hook;
    },
    async start() {
      if (store === 'embedded') {
        if (processes.size > 0) return;
        const main = await begin('main');
        put('bot', main);
        put('worker', main);
        return;
      }
      const missing = (['bot', 'worker'] as const).filter(role => !processes.has(role));
      await Promise.all(missing.map(supervise));
    },
    running: role => processes.get(role),
    roleOf(call) {
      if (call.service !== 'Record') return call.service === 'Slack' ? 'bot' : 'worker';
      return Number(call.path.split('/')[2]) === processes.get('bot')?.pid ? 'bot' : 'worker';
    },
    kill: async role => await dismiss(role)?.kill(),
    stop,
    async startSecond(role) {
      dismiss(role);
      put(role, await begin(role));
    },
    async wipe() {
      await redis?.flush();
      await Promise.all(['', '-wal', '-shm'].map(end => rm(`${data}${end}`, { force: true })));
    },
    async records() {
      if (store === 'embedded') await stop('bot');
      const opened = await openStore({
        redisUrl: redis?.url,
        file: data,
        allowVolatile: true,
        log: createLog('silent'),
      });
      return { records: createRecords(opened.store, opened.mailboxes.nudges), close: () => opened.close() };
    },
    stdout: () => writtenTo('log'),
    stderr: () => writtenTo('errors'),
    async close() {
      await Promise.all([stop('bot'), stop('worker')]);
      await Promise.all([control.close(), program.close()]);
      await sandbox.close();
      await redis?.stop();
    },
  };
}
