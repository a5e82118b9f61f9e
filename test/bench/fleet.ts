import { boundOf, type Limit, mostWithin } from './bound.ts';
import type { Outside } from './chain.ts';
import { medianOf, round } from './figures.ts';
import { openGround, pullsIn } from './ground.ts';
import { needed } from './overhead.ts';
import { onboardAll, onboardAnew } from './people.ts';
import { cpuSecondsOf, memoryOf } from './proc.ts';

interface Row {
  clusters: number;
  wallMs: number;
  /** The least that the limits allow, and which of them sets it. */
  boundMs: number;
  bound: string;
  /** Of all processes of the product, with the programs that they started. */
  cpuSeconds: number;
  /** Outside calls by service; of Otterize the starts of its program. */
  calls: Record<string, number>;
  /** The most in any minute. */
  slackPerMinute: number;
  pullRequests: number;
  /** The most that each process ever held. */
  rssMB: { bot: number; worker: number };
  /** What was too much for a service. */
  breaches: number;
}

export interface Fleet {
  rows: Row[];
  /** Where no limit binds: so many clusters against one. */
  unbound?: { clusters: number; manyMs: number; oneMs: number; ratio: number };
}

/** As the product has them when nothing is configured, and as the services set them. */
const limits = {
  otterizeAtOnce: 4,
  gitHubWritesPerMinute: 80,
  gitHubWritesPerHour: 500,
  slackPostsPerMinute: 60,
};
const [minute, hour] = [60_000, 3_600_000];

/** So many clusters at the services' default limits: how long it takes against what they allow, and what it costs. */
export async function fleet({
  sizes,
  runs,
  latencyMs,
}: {
  sizes: readonly number[];
  runs: number;
  latencyMs: number;
}): Promise<Fleet> {
  const rows: Row[] = [];
  for (const clusters of sizes) rows.push(await measure(clusters, latencyMs));
  const several = sizes.find(clusters => clusters > 1);
  if (!sizes.includes(1) || several === undefined) return { rows };
  const times = (clusters: number): Promise<number> =>
    medianOf(runs, () => onboardAnew({ clusters, latencyMs }));
  const [manyMs, oneMs] = [await times(several), await times(1)];
  return {
    rows,
    unbound: {
      clusters: several,
      manyMs: round(manyMs),
      oneMs: round(oneMs),
      ratio: round(manyMs / oneMs, 2),
    },
  };
}

async function measure(clusters: number, latencyMs: number): Promise<Row> {
  const ground = await openGround({
    clusters,
    latencyMs,
    otterizeAtOnce: limits.otterizeAtOnce,
  });
  try {
    const { bot, workers } = await ground.open();
    const processes = [...new Set([bot, ...workers])];
    const used = (): number => processes.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0);
    const before = { seconds: used(), calls: (await ground.outside()).length };
    const wallMs = await onboardAll(ground);
    const calls = (await ground.outside()).toSorted((a, b) => a.at - b.at).slice(before.calls);
    const { ms, what } = boundOf(limitsOf(calls, latencyMs));
    return {
      clusters,
      wallMs: round(wallMs),
      boundMs: round(ms),
      bound: what,
      cpuSeconds: round(used() - before.seconds, 2),
      calls: countsOf(calls),
      slackPerMinute: mostWithin(momentsOf(calls, 'Slack'), minute),
      pullRequests: pullsIn(ground),
      rssMB: {
        bot: round(memoryOf(bot.pid).peak, 1),
        worker: round(Math.max(...workers.map(({ pid }) => memoryOf(pid).peak)), 1),
      },
      breaches: ground.sandbox.breaches().length,
    };
  } finally {
    await ground.close();
  }
}

/** What was needed of each limit. A cluster by itself takes what nobody can do without, one call after the other. */
function limitsOf(calls: readonly Outside[], latencyMs: number): Limit[] {
  const programs = calls.filter(({ call }) => call.startsWith('Otterize '));
  const writes = calls.filter(({ call }) => /^GitHub (create|update)/.test(call)).length;
  const posts = calls.filter(({ call }) => call === 'Slack chat.postMessage').length;
  return [
    { what: 'the calls of one cluster', leastMs: needed.length * latencyMs },
    {
      what: 'processes of Otterize at once',
      busyMs: programs.reduce((sum, each) => sum + each.ms, 0),
      atOnce: limits.otterizeAtOnce,
    },
    { what: 'GitHub writes a minute', count: writes, most: limits.gitHubWritesPerMinute, withinMs: minute },
    { what: 'GitHub writes an hour', count: writes, most: limits.gitHubWritesPerHour, withinMs: hour },
    // Slack takes one message a second into a channel.
    { what: 'Slack posts a minute', leastMs: Math.max(0, posts - 1) * (minute / limits.slackPostsPerMinute) },
  ];
}

const serviceOf = ({ call }: Outside): string =>
  ['Key Vault', 'Otterize', 'GitHub', 'Entra', 'Slack'].find(name => call.startsWith(name)) ?? call;

const momentsOf = (calls: readonly Outside[], service: string): number[] =>
  calls.filter(call => serviceOf(call) === service).map(({ at }) => at);

function countsOf(calls: readonly Outside[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[serviceOf(call)] = (counts[serviceOf(call)] ?? 0) + 1;
  return counts;
}
