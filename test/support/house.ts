import { fileURLToPath } from 'node:url';
import { loadFleet } from '../../src/config.ts';
import { knownClusters, resolveTarget } from '../../src/onboarding/fleet.ts';
import type { Target } from '../../src/onboarding/request.ts';
import { type Launched, launch } from '../../src/sandbox/launch.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { requestPath } from '../../src/slack/http.ts';
import { unlimited } from './limits.ts';

const configuration = fileURLToPath(new URL('../fixtures/holt.yaml', import.meta.url));

export interface House {
  sandbox: Sandbox;
  target(cluster: string, stage: string): Target;
  /** Starts the product, or one of its two halves. */
  start(entry?: 'main' | 'bot' | 'worker', environment?: Record<string, string>): Promise<Launched>;
  /** Everything that the processes wrote. */
  output(): string;
  close(): Promise<void>;
}

/** A sandbox, and the product in real processes on it. */
export async function openHouse(
  redisUrl?: string,
  unknowns: NonNullable<SandboxOptions['unknowns']> = {},
  transport: 'socket' | 'http' = 'socket',
): Promise<House> {
  const fleet = await loadFleet(configuration);
  const target = (cluster: string, stage: string): Target => resolveTarget(fleet, cluster, stage);
  const stages = Object.keys(fleet.stages);
  const targets = knownClusters(fleet).flatMap(cluster => stages.map(stage => target(cluster, stage)));
  const sandbox = await startSandbox({ fleet, targets, unknowns });
  // The rates are tested where the stand-in is; here they would only make many tests in one minute wait.
  sandbox.liftLimits();
  const started: Launched[] = [];
  const { slack } = sandbox;
  const overHttp =
    transport === 'socket'
      ? {}
      : { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: slack.signingSecret, SLACK_HTTP_PORT: '0' };
  const redis = redisUrl === undefined ? {} : { REDIS_URL: redisUrl, HOLT_ALLOW_VOLATILE_REDIS: '1' };
  return {
    sandbox,
    target,
    async start(entry = 'main', environment = {}) {
      const holt = await launch(entry, {
        ...sandbox.environment,
        ...redis,
        ...overHttp,
        ...unlimited,
        HOLT_CONFIG: configuration,
        HOLT_SETTLE_SECONDS: '2',
        ...environment,
      });
      started.push(holt);
      const listening = holt.log.find(line => line.includes('"listening for Slack"'));
      if (listening !== undefined)
        slack.settings.requestUrls.push(`http://127.0.0.1:${JSON.parse(listening).port}${requestPath}`);
      return holt;
    },
    output: () => started.flatMap(({ log, errors }) => [...log, ...errors]).join('\n'),
    async close() {
      await Promise.all(started.map(holt => holt.stop()));
      await sandbox.close();
    },
  };
}
