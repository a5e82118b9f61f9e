import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exitOnFailedStart, loadFleet } from './config.ts';
import { ConfigError, UserError } from './errors.ts';
import { createLog } from './log.ts';
import { knownClusters, resolveTarget } from './onboarding/fleet.ts';
import type { Fleet } from './onboarding/fleet-schema.ts';
import { createRecords } from './onboarding/records.ts';
import type { Target } from './onboarding/request.ts';
import type { Run } from './onboarding/run.ts';
import { tellFleet, withClusters } from './sandbox/fleet-story.ts';
import { launch } from './sandbox/launch.ts';
import { stay } from './sandbox/page-stay.ts';
import { printReport, reportOn } from './sandbox/report.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { onboard, type Told } from './sandbox/story.ts';
import { openStore } from './store/open.ts';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cluster: { type: 'string' },
    clusters: { type: 'string' },
    stage: { type: 'string' },
    config: { type: 'string', default: 'src/sandbox/holt.yaml' },
  },
});

// Ctrl-C reaches Holt's process too; here it ends the story, and then everything is put away.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

try {
  await demonstrate();
} catch (error) {
  if (!interrupted.signal.aborted)
    exitOnFailedStart(error instanceof UserError ? new ConfigError([error.message]) : error);
}
if (interrupted.signal.aborted) {
  console.log('\nstopped');
  if (options.once || options.json) process.exitCode = 130;
}

async function demonstrate(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-demo-'));
  try {
    if (options.clusters !== undefined)
      options.config = await withClusters(options.config, countOf(options.clusters), folder);
    await demonstrateWith(await loadFleet(options.config));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 2 || count > 1_000)
    throw new ConfigError(['--clusters is a number from 2 to 1000.']);
  return count;
}

async function demonstrateWith(fleet: Fleet): Promise<void> {
  const target = choose(fleet);
  const sandbox = await startSandbox({
    fleet,
    targets: targetsOf(fleet, target),
    cli: process.env['OTTERIZE_CLI'],
  });
  try {
    if (options.once && options.clusters !== undefined) await tellRollout(sandbox, target.stage);
    else if (options.once || options.json) await tellOnce(sandbox, target);
    else
      await stay({
        sandbox,
        environment: environmentOf(sandbox),
        example: target,
        until: interrupted.signal,
      });
  } finally {
    await sandbox.close();
  }
}

function choose(fleet: Fleet): Target {
  const cluster =
    options.cluster ??
    (knownClusters(fleet).includes('payments-eu') ? 'payments-eu' : knownClusters(fleet)[0]);
  const stage = options.stage ?? ('prod' in fleet.stages ? 'prod' : Object.keys(fleet.stages)[0]);
  if (cluster === undefined)
    throw new ConfigError(['--cluster says which cluster to onboard; this configuration lists none.']);
  return resolveTarget(fleet, cluster, stage ?? '');
}

/** Every target that somebody could ask for, so that its vault and its repository are there. */
function targetsOf(fleet: Fleet, chosen: Target): Target[] {
  const stages = Object.keys(fleet.stages);
  return [
    chosen,
    ...knownClusters(fleet).flatMap(cluster => stages.map(stage => resolveTarget(fleet, cluster, stage))),
  ];
}

function environmentOf(sandbox: Sandbox): Record<string, string> {
  const redis = process.env['REDIS_URL'];
  return {
    ...sandbox.environment,
    HOLT_CONFIG: options.config,
    ...(redis === undefined ? {} : { REDIS_URL: redis, HOLT_ALLOW_VOLATILE_REDIS: '1' }),
  };
}

/** One onboarding, told from what the stand-ins hold once the product has stopped. */
async function tellOnce(sandbox: Sandbox, target: Target): Promise<void> {
  const holt = await launch('main', environmentOf(sandbox));
  let told: Told;
  try {
    told = await onboard(sandbox, target.cluster, target.stage, { signal: interrupted.signal });
  } finally {
    await holt.stop();
  }
  const run = await readRun(sandbox, told.run);
  const report = await reportOn(sandbox, target, told, run);
  if (options.json) console.log(JSON.stringify(report));
  else console.log(printReport(report, target));
  const { status } = report.run;
  if (status !== 'done') {
    console.error(`${target.cluster} ${target.stage} ended as ${status}`);
    process.exitCode = 1;
  } else if (!options.json) {
    const url = report.pullRequest?.url ?? 'none needed';
    console.log(`\nonboarded ${target.cluster} ${target.stage}: pull request ${url}`);
  }
}

/** One rollout over all the clusters that were added. */
async function tellRollout(sandbox: Sandbox, stage: string): Promise<void> {
  const holt = await launch('main', environmentOf(sandbox));
  let told: Awaited<ReturnType<typeof tellFleet>>;
  try {
    told = await tellFleet(sandbox, stage, interrupted.signal, line => console.log(line));
  } finally {
    await holt.stop();
  }
  const { status } = await readRun(sandbox, told.run);
  if (status === 'done') return;
  console.error(`the rollout ended as ${status}`);
  process.exitCode = 1;
}

async function readRun({ environment }: Sandbox, id: string): Promise<Run> {
  const log = createLog('silent');
  const opened = await openStore({
    redisUrl: process.env['REDIS_URL'],
    file: environment['HOLT_DATA'] ?? '',
    allowVolatile: true,
    log,
  });
  const run = await createRecords(opened.store, opened.mailboxes.nudges).get(id);
  await opened.close();
  if (run === undefined) throw new Error('the run is not in the store');
  return run;
}
