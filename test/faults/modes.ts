import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, StandIn } from '../../src/sandbox/kit.ts';
import type { Launched } from '../../src/sandbox/launch.ts';
import type { Lane, Role } from './lane.ts';
import { type Persevering, quiet } from './person.ts';
import { chance, holdMs, momentOf, nameOf, type Point } from './points.ts';

type Around = NonNullable<StandIn['hooks']['around']>;
type Act = Parameters<Around>[1];

export const modes = ['before', 'after', 'late', 'zombie', 'term', 'multi', 'amnesia'] as const;
export type Mode = (typeof modes)[number] | 'lie';

/** What is being done to one run. */
interface Scene {
  lane: Lane;
  point: Point;
  seed: number;
  people: readonly Persevering[];
  kills: number;
  /** Restarts and stops that are under way. */
  pending: Promise<unknown>[];
  zombie: Launched | undefined;
  /** Somebody makes the call again that the trap sprang at. */
  repeated: PromiseWithResolvers<void>;
  /** What went wrong with the product itself: a wrong exit code. */
  complaints: string[];
}

type Spring = (scene: Scene, role: Role, act: Act) => Promise<Response>;

/** Kills the process and lets the supervisor start it again. */
async function killed(scene: Scene, role: Role): Promise<void> {
  scene.kills += 1;
  await scene.lane.kill(role);
  scene.pending.push(scene.lane.start());
}

async function terminated({ lane, complaints }: Scene, role: Role): Promise<void> {
  const code = await lane.stop(role);
  if (code !== 0) complaints.push(`exit code ${code} after SIGTERM`);
  await lane.start();
}

const springs: Record<Exclude<Mode, 'multi'>, Spring> = {
  async before(scene, role, { cut }) {
    await killed(scene, role);
    return cut();
  },
  async after(scene, role, { apply, cut }) {
    await apply();
    await killed(scene, role);
    return cut();
  },
  async late(scene, role, { apply }) {
    // From now on, however long the killing takes on a busy machine: the product counts from before the call. Without the time
    // in which it may land, it lands at the worst moment, however long a busy machine takes to come to that.
    const held = scene.lane.without === 'settle' ? scene.repeated.promise : sleep(holdMs(scene.point));
    await Promise.all([killed(scene, role), held]);
    return await apply();
  },
  async zombie(scene, role, { apply }) {
    scene.kills += 1;
    scene.zombie = scene.lane.running(role);
    scene.zombie?.freeze();
    scene.pending.push(scene.lane.startSecond(role));
    return await apply();
  },
  async term(scene, role, { apply }) {
    scene.kills += 1;
    scene.pending.push(terminated(scene, role));
    return await apply();
  },
  async amnesia(scene, role, { apply, cut }) {
    await apply();
    scene.kills += 1;
    await Promise.all([scene.lane.kill(role), scene.lane.kill('bot'), scene.lane.kill('worker')]);
    await scene.lane.wipe();
    scene.pending.push(scene.lane.start());
    for (const person of scene.people) person.type();
    return cut();
  },
  // The service says that it did, and did something else.
  async lie({ lane }, _role, { apply }) {
    const answer = await apply();
    for (const { secrets } of lane.sandbox.vault.vaults.values()) {
      for (const { versions } of secrets.values()) {
        const last = versions.at(-1);
        if (last !== undefined) last.value += '?';
      }
    }
    return answer;
  },
};

/**
 * Springs once at the point, then lets everything pass; in `multi` it springs again while the run recovers. Of a pair of runs
 * the one that comes first is served only then, so that neither has seen what the other made.
 */
export function trap(scene: Scene, mode: Mode): Around {
  const { lane, point, seed, people } = scene;
  const state = { count: 0, sprung: false, again: 0 };
  const together = Promise.withResolvers<void>();
  const moment =
    point.service !== 'Record' ? 'call' : mode === 'after' || mode === 'amnesia' ? 'after' : 'before';
  const isSuch = (call: Call): boolean =>
    !state.sprung &&
    call.service === point.service &&
    momentOf(call) === moment &&
    nameOf(call) === point.operation;

  const onceMore = (): void => {
    state.again = 1 + chance(12, seed, point.number, scene.kills);
  };
  const violently = (): Spring =>
    springs[chance(2, seed, point.number, scene.kills, 'how') === 0 ? 'before' : 'after'];

  return async (call, act) => {
    if (state.sprung && nameOf(call) === point.operation && call.service === point.service)
      scene.repeated.resolve();
    if (isSuch(call) && ++state.count < point.nth && people.length > 1) {
      await together.promise;
      return await act.apply();
    }
    if (isSuch(call) && state.count === point.nth) {
      state.sprung = true;
      together.resolve();
      if (mode !== 'multi') return await springs[mode](scene, lane.roleOf(call), act);
      onceMore();
      return await violently()(scene, lane.roleOf(call), act);
    }
    if (state.again > 0 && --state.again === 0 && lane.running(lane.roleOf(call)) !== undefined) {
      if (scene.kills < 3) onceMore();
      return await violently()(scene, lane.roleOf(call), act);
    }
    return await act.apply();
  };
}

export const newScene = (lane: Lane, point: Point, seed: number, people: readonly Persevering[]): Scene => ({
  lane,
  point,
  seed,
  people,
  kills: 0,
  pending: [],
  zombie: undefined,
  repeated: Promise.withResolvers(),
  complaints: [],
});

/** The process that was taken for dead wakes up, does what it still can, and is stopped. */
export async function wake({ zombie, lane }: Scene): Promise<void> {
  if (zombie === undefined) return;
  zombie.thaw();
  await quiet(lane, 700);
  await zombie.stop();
}
