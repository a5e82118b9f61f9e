import { UserError } from '../../errors.ts';
import { type Bundle, connect } from '../connect.ts';
import { RolloutPull } from '../facts.ts';
import { fewOf } from '../few-of.ts';
import { describeRollout } from '../pull-request-text.ts';
import type { Member } from '../request.ts';
import type { Roll } from '../roll.ts';
import { type Change, cancel, type Json, retry } from '../run.ts';
import { defineStep, type StepContext, waiting } from '../step.ts';
import { lookAgainMs } from './looked.ts';

type Context = StepContext<'looked'>;

/**
 * One wave after the other: released, waited for, and connected. When too many clusters have failed, nothing more is begun
 * until a person says whether to try those again, to go on without them, or to stop with what is ready.
 */
export const waves = defineStep({
  fact: 'waves',
  needs: ['looked'],

  run: async context => {
    const { members, policy } = rolloutOf(context);
    if (context.thread === undefined) return waiting({ inMs: lookAgainMs });
    await tryAgain(context, members);
    const excused = await excusedIn(context);
    const stopped = context.retries.at(-1)?.instead === 'stop';
    const roll = await context.kin.roll();

    const pulls: RolloutPull[] = [];
    const begun: Member[] = [];
    for (const wave of wavesOf(members)) {
      begun.push(...wave);
      await (stopped ? callOff(context, wave) : release(context, wave, roll));
      if (!wave.every(({ cluster }) => roll[cluster]?.settled === true))
        return waiting({ inMs: lookAgainMs });
      const ready = wave.filter(({ cluster }) => roll[cluster]?.connected === true);
      if (policy.pullRequests === 'per-wave') pulls.push(...(await connectAll(context, ready, roll)));
      const failed = begun.filter(({ cluster }) => isFailed(roll, cluster) && !excused.has(cluster));
      const last = begun.length === members.length;
      if (!stopped && !last && failed.length >= policy.stopAfter)
        throw held(failed, begun.length, members.length);
    }
    const ready = members.filter(({ cluster }) => roll[cluster]?.connected === true);
    if (policy.pullRequests === 'per-rollout') pulls.push(...(await connectAll(context, ready, roll)));
    return { pulls };
  },
});

function rolloutOf({ request: { rollout } }: Context) {
  if (rollout === undefined) throw new Error('this run is no rollout');
  return rollout;
}

const wavesOf = (members: readonly Member[]): Member[][] => [
  ...Map.groupBy(members, ({ wave }) => wave).values(),
];

const isFailed = (roll: Roll, cluster: string): boolean => {
  const { settled, connected, state } = roll[cluster] ?? {};
  return settled === true && connected !== true && state !== 'cancelled';
};

/** The clusters of this wave may change things from now on. */
async function release({ kin, thread }: Context, wave: readonly Member[], roll: Roll): Promise<void> {
  const begin: Change = (run, now) =>
    run.due === null || run.thread !== undefined || thread === undefined
      ? { unchanged: 'released' }
      : { next: { ...run, thread, due: now }, kind: 'released', wake: true };
  const held = wave.filter(({ cluster }) =>
    ['looking', 'queued'].includes(roll[cluster]?.state ?? 'looking'),
  );
  await Promise.all(held.map(({ run }) => kin.change(run, begin)));
}

/** What has not begun does not begin any more. */
async function callOff({ kin, retries }: Context, wave: readonly Member[]): Promise<void> {
  const by = retries.at(-1)?.by ?? '';
  const unlessBegun: Change = (run, now) =>
    run.thread === undefined ? cancel(by)(run, now) : { unchanged: 'released' };
  await Promise.all(wave.map(({ run }) => kin.change(run, unlessBegun)));
}

/** The number of the Retry whose clusters have not been told yet. */
export function toBeTriedAgain({ retries, recorded }: StepContext<never>): number | undefined {
  const number = retries.length;
  const asked = number > 0 && retries.at(-1)?.instead === undefined;
  return asked && !recorded(`try again ${number}`) ? number : undefined;
}

async function tryAgain(context: Context, members: readonly Member[]): Promise<void> {
  const number = toBeTriedAgain(context);
  if (number === undefined) return;
  const { effect, kin, retries } = context;
  const by = retries.at(-1)?.by ?? '';
  await effect(`try again ${number}`, {
    find: async () => undefined,
    async create() {
      const roll = await kin.roll();
      const failed = members.filter(({ cluster }) =>
        ['failed', 'obstructed'].includes(roll[cluster]?.state ?? ''),
      );
      await Promise.all(failed.map(({ run }) => kin.change(run, retry(by))));
      return failed.map(({ cluster }) => cluster);
    },
  });
}

/** The clusters without which people said to go on. */
async function excusedIn({ effect, kin, retries }: Context): Promise<Set<string>> {
  const excused = new Set<string>();
  for (const [index, { instead }] of retries.entries()) {
    if (instead !== 'go-on') continue;
    const failed = await effect<string[]>(`go on ${index + 1}`, {
      find: async () => undefined,
      async create() {
        const roll = await kin.roll();
        return Object.keys(roll).filter(cluster => isFailed(roll, cluster));
      },
    });
    for (const cluster of failed) excused.add(cluster);
  }
  return excused;
}

/** The pull request of these clusters; the same again only when they are no longer the same. */
async function connectAll(context: Context, ready: readonly Member[], roll: Roll): Promise<RolloutPull[]> {
  if (ready.length === 0) return [];
  const { request, kin, effect, recorded, thread, read } = context;
  const { target } = request;
  const { policy, members } = rolloutOf(context);
  const number = policy.pullRequests === 'per-wave' ? (ready[0]?.wave ?? 0) : 0;
  const key = `connected ${number}: ${ready.length} after ${context.retries.length}`;
  if (recorded(key)) return [RolloutPull.parse(await effect<Json>(key, { find: never, create: never }))];

  const runs = await kin.all(ready.map(({ run }) => run));
  const left = members
    .filter(({ cluster, wave }) => (number === 0 || wave === number) && isFailed(roll, cluster))
    .map(({ cluster }) => cluster);
  const bundle: Bundle = {
    gitops: number === 0 ? target.gitops : { ...target.gitops, branch: `${target.gitops.branch}-${number}` },
    onboarded: runs.map(run => ({
      target: run.request.target,
      clientId: run.facts.credentials?.clientId ?? '',
    })),
    key: number === 0 ? '' : ` of wave ${number}`,
    message: `Onboard ${ready.length} clusters (${target.stage}) to Otterize`,
    describe: () =>
      describeRollout(target, {
        onboarded: runs.map(run => run.request.target),
        left,
        afterMerge: runs[0] === undefined ? [] : read.layout.afterMerge(runs[0].request.target),
        thread: thread?.permalink,
      }),
  };
  const { files, ...connected } = await connect(context, bundle);
  const pull: RolloutPull = { ...connected, files: files.length, clusters: ready.length, wave: number };
  await effect<Json>(key, { find: async () => pull as Json, create: never });
  return [pull];
}

const never = (): never => {
  throw new Error('it is recorded, or found');
};

const held = (failed: readonly Member[], begun: number, all: number): UserError => {
  const names = failed.map(({ cluster }) => cluster);
  return new UserError(
    'wave-held',
    `${failed.length} of the first ${begun} clusters failed: ${fewOf(names)}. The other ${all - begun} have not been begun. Retry tries the failed ones again; Continue goes on without them; Stop ends with what is ready.`,
    String(failed.length),
  );
};
