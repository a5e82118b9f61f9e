import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFleet } from '../../src/config.ts';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import type { Target } from '../../src/onboarding/request.ts';
import { type Launched, launch } from '../../src/sandbox/launch.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { requestPath } from '../../src/slack/http.ts';
import { startProgram } from '../faults/program.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';
import type { Outside } from './chain.ts';

export interface GroundOptions {
  clusters: number;
  /** Milliseconds that each outside call takes. */
  latencyMs: number;
  /** How many people may ask. */
  people?: number;
  transport?: 'socket' | 'http';
  /** How many processes of Otterize's program a worker may have at once; as many as it takes when left out. */
  otterizeAtOnce?: number;
}

/** What a benchmark stands on: the stand-ins, a Redis where the machine has one, and the product's processes. */
export interface Ground {
  sandbox: Sandbox;
  redis: TestRedis | undefined;
  clusters: readonly string[];
  /** Slack ids of those who may ask. */
  people: readonly string[];
  target(cluster: string): Target;
  /** The variables with which the processes start. */
  environment: Readonly<Record<string, string>>;
  /** Starts a process of the product; with the embedded store all of it is one. */
  start(entry: 'bot' | 'worker' | 'main'): Promise<Launched>;
  /** Starts a bot and so many workers, or all of it as one process where there is no Redis. */
  open(workers?: number): Promise<{ bot: Launched; workers: Launched[] }>;
  /** Every outside call that has ended; of the CLI the life of each process. */
  outside(): Promise<Outside[]>;
  /** The file of the CLI that the product is given. */
  otterize: string;
  close(): Promise<void>;
}

const idOf = (index: number): string => `U0ASKS${index}`;

const configuration = (clusters: readonly string[], people: readonly string[]): string => `
requesters: { users: [${people.join(', ')}] }
approval: { approvers: { users: [U0APPROVER] } }
names: { vault: "kv-{cluster}-{stage}" }
labels: { cluster: "{cluster}", env: "{stage}" }
invite: { people: [anna.meyer@harbour.example], groups: [6f1d2c3b-0000-4000-8000-000000000001] }
mailDomains: [harbour.example]
gitops: { repository: harbour/clusters }
startsPerMinute: 1000000
rollout: { canary: 0, wave: 1000 }
stages: { prod: }
clusters: { ${clusters.map(cluster => `${cluster}: `).join(', ')} }
`;

export async function openGround(options: GroundOptions): Promise<Ground> {
  const { latencyMs, people: count = 1, transport = 'socket', otterizeAtOnce = 64 } = options;
  const clusters = Array.from({ length: options.clusters }, (_, index) => `c${index + 1}`);
  const people = Array.from({ length: count }, (_, index) => idOf(index));
  const text = configuration(clusters, people);
  const fleet = parseFleet(text, 'holt.yaml');
  const target = (cluster: string): Target => resolveTarget(fleet, cluster, 'prod');
  const sandbox = await startSandbox({ fleet, targets: clusters.map(target), latencyMs });
  const [file, lives] = [join(sandbox.folder, 'holt.yaml'), join(sandbox.folder, 'lives')];
  await Promise.all([writeFile(file, text), writeFile(lives, '')]);
  const program = await startProgram(sandbox.folder, { lives });
  const redis = redisAvailable
    ? await startRedis('--appendonly', 'yes', '--maxmemory-policy', 'noeviction')
    : undefined;

  const environment: Record<string, string> = {
    ...sandbox.environment,
    ...(redis && { REDIS_URL: redis.url }),
    ...(transport === 'http' && {
      SLACK_APP_TOKEN: '',
      SLACK_SIGNING_SECRET: sandbox.slack.signingSecret,
      SLACK_HTTP_PORT: '0',
    }),
    HOLT_CONFIG: file,
    OTTERIZE_CLI: program.file,
    OTTERIZE_CONCURRENCY: String(otterizeAtOnce),
    ...(process.env['LOG_LEVEL'] !== undefined && { LOG_LEVEL: process.env['LOG_LEVEL'] }),
  };
  const started: Launched[] = [];
  const start = async (entry: 'bot' | 'worker' | 'main'): Promise<Launched> => {
    const launched = await launch(entry, environment);
    started.push(launched);
    const listening = launched.log.find(line => line.includes('"listening for Slack"'));
    if (listening !== undefined)
      sandbox.slack.settings.requestUrls.push(
        `http://127.0.0.1:${(JSON.parse(listening) as { port: number }).port}${requestPath}`,
      );
    return launched;
  };

  return {
    sandbox,
    redis,
    clusters,
    people,
    target,
    environment,
    start,
    otterize: program.file,
    async open(workers = 1) {
      if (redis === undefined) {
        const main = await start('main');
        return { bot: main, workers: [main] };
      }
      const [bot, ...others] = await Promise.all([
        start('bot'),
        ...Array.from({ length: workers }, () => start('worker')),
      ]);
      return { bot, workers: others };
    },
    outside: async () => [
      ...sandbox
        .calls()
        .filter(({ service }) => service !== 'Otterize')
        .flatMap(({ service, operation, at, ms }) =>
          ms === undefined ? [] : [{ call: `${service} ${operation}`, at, ms }],
        ),
      ...livesIn(await readFile(lives, 'utf8')),
    ],
    async close() {
      await Promise.all(started.map(each => each.stop()));
      await program.close();
      await sandbox.close();
      await redis?.stop();
    },
  };
}

/** Lines of: seconds at the beginning, seconds at the end, what it was. */
function livesIn(text: string): Outside[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [begun = 0, ended = 0] = line.split(' ', 2).map(seconds => Number(seconds) * 1_000);
      const what = line.split(' ').slice(2).join(' ');
      return { call: `Otterize ${what}`, at: begun, ms: ended - begun };
    });
}

/** Waits until something is there; throws after ten minutes. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = performance.now() + 600_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(10);
  }
}

/** Resolves once nobody has called anybody for so long. */
export async function quiet({ sandbox }: Ground, forMs: number): Promise<void> {
  let [calls, since] = [-1, 0];
  while (calls !== sandbox.calls().length || performance.now() - since < forMs) {
    if (calls !== sandbox.calls().length) [calls, since] = [sandbox.calls().length, performance.now()];
    await sleep(50);
  }
}

/** How many pull requests there are. */
export const pullsIn = ({ sandbox, target, clusters: [first = ''] }: Ground): number =>
  sandbox.github.repository(target(first).gitops.repository).pulls.length;
