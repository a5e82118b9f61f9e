import { ServiceError, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createLookout, type Lookout } from './ahead.ts';
import { openGate } from './approvals.ts';
import type { FactName, Facts } from './facts.ts';
import { abandon, intend, type Lease, record } from './leased.ts';
import type { Claims, Readers, Writers } from './ports.ts';
import type { ChangeResult, Records } from './records.ts';
import { type Change, cancel, type Gate, type Json, type Run } from './run.ts';
import type { EffectDefinition, Kin, StepContext } from './step.ts';

/** An effect may not be made now; its step is tried again at `until`. Thrown through the step, caught by the engine. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly until: number;
  /** What people are told of the wait, when it takes a while. */
  readonly why: string | undefined;

  constructor(until: number, why?: string) {
    super('the effect may not be made now');
    this.until = until;
    this.why = why;
  }
}

export interface SessionOptions {
  records: Records;
  claims: Claims;
  read: Readers;
  write: Writers;
  /** How long a request without an answer may still land; see docs/decisions.md. */
  settleMs: number;
  /** After how long without a change another worker looks at the run; longer than the longest call. */
  patienceMs: number;
  /**
   * For how long an intention may be acted on. A process that was paused since wakes up in a world in which others may have waited
   * for it, looked, and made the thing themselves. Five seconds when left out.
   */
  freshMs?: number;
}

/** A worker at work on one run: the newest document it knows, and the only way to change it. */
export interface Session {
  readonly run: Run;
  readonly lease: Lease;
  readonly log: Log;
  now: () => Promise<number>;
  /** Whether nothing new may be begun: the worker hands over, or a person cancelled. */
  stopping: () => boolean;
  change: (change: Change) => Promise<ChangeResult>;
  refresh: () => Promise<void>;
  /** Of a rollout that a person cancelled: its clusters are, too. */
  callOff: () => Promise<void>;
  context: () => StepContext<FactName>;
  ahead: Lookout;
}

export const stillLanding = 'An earlier request got no answer and may still take effect.';

/** How long a run that nobody can see yet waits for the bot's news, should the wake-up get lost. */
const unseenMs = 30_000;

const usualFreshMs = 5_000;

/** Nothing was asked for: the first request would have gone out too late. */
class Late extends Error {}

/** The same writers; the first call must come by then, or it is not made. */
function inTime(write: Writers, until: number): Writers {
  let begun = false;
  const passing =
    (call: (...given: unknown[]) => unknown) =>
    (...given: unknown[]): unknown => {
      if (!begun && Date.now() >= until) throw new Late();
      begun = true;
      return call(...given);
    };
  const port = (methods: object): object =>
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        passing(method as (...given: unknown[]) => unknown),
      ]),
    );
  return Object.fromEntries(
    Object.entries(write).map(([name, methods]) => [name, port(methods)]),
  ) as unknown as Writers;
}

export function openSession(options: SessionOptions, taken: Run, draining: () => boolean, log: Log): Session {
  const { records, claims, read, write, settleMs, patienceMs, freshMs = usualFreshMs } = options;
  const lease: Lease = { epoch: taken.epoch, patienceMs };
  let run = taken;
  /** Effects that this worker made itself a moment ago, and that nobody can have asked for before. */
  const justMade = new Set<string | undefined>();

  const learn = (newer: Run): void => {
    if (newer.revision > run.revision) run = newer;
  };
  const change = async (apply: Change): Promise<ChangeResult> => {
    const result = await records.change(run.id, apply, run);
    learn(result.run);
    return result;
  };
  const stopping = (): boolean => draining() || run.cancel !== undefined;

  /** Answers when it was begun to be written, by the clock on the wall, which goes on while a machine sleeps. */
  const intended = async (key: string, memo: Json | undefined): Promise<number> => {
    if (draining()) throw new Interrupted(await records.now());
    const since = Date.now();
    const { applied, reason } = await change(intend(lease, key, memo));
    if (!applied) throw new Interrupted((await records.now()) + (reason === 'unseen' ? unseenMs : 0));
    return since;
  };

  const effect = async <T extends Json>(key: string, definition: EffectDefinition<T>): Promise<T> => {
    const { inside, find, create } = definition;
    const known = run.effects[key];
    if (known?.result !== undefined) return known.result as T;
    if (known !== undefined) {
      const landed = known.at + settleMs;
      if ((await records.now()) < landed) throw new Interrupted(landed, stillLanding);
    }
    let memo: Json | undefined;
    const remember = (value: Json): void => {
      memo = value;
    };
    const isEmpty = known === undefined && justMade.has(inside);
    const found = isEmpty ? undefined : await find(read, { open: known, remember });
    if (found !== undefined) {
      await change(record(lease, key, found));
      return found;
    }
    const since = await intended(key, memo);
    const result = await made(key, create, since);
    if (known === undefined) justMade.add(key);
    await change(record(lease, key, result));
    log.info({ effect: key }, 'made');
    return result;
  };

  const made = async <T>(key: string, create: (write: Writers) => Promise<T>, since: number): Promise<T> => {
    try {
      return await create(inTime(write, since + freshMs));
    } catch (error) {
      if (error instanceof Late) {
        await change(abandon(lease, key));
        throw new Interrupted(await records.now());
      }
      const refused = error instanceof UserError || (error instanceof ServiceError && error.applied === 'no');
      if (refused) await change(abandon(lease, key));
      throw error;
    }
  };

  const kin: Kin = {
    rollout: async () => {
      const id = run.request.within?.rollout;
      return id === undefined ? undefined : records.get(id);
    },
    roll: () => records.roll(run.id),
    all: runs => records.all(runs),
    change: async (id, apply) => void (await records.change(id, apply)),
  };

  const ask = async (covered: { digest: string; addresses: string[] }): Promise<Gate> => {
    const asked = await change(openGate(lease, covered));
    // Whatever it found, it leaves one.
    return asked.run.gates.at(-1) as Gate;
  };

  return {
    get run() {
      return run;
    },
    lease,
    log,
    now: () => records.now(),
    stopping,
    change,
    async refresh() {
      const newest = await records.get(run.id);
      if (newest !== undefined) learn(newest);
    },
    async callOff() {
      const { cancel: cancelled, request } = run;
      if (cancelled === undefined) return;
      const members = request.rollout?.members ?? [];
      await Promise.all(members.map(member => records.change(member.run, cancel(cancelled.by))));
    },
    context: () => ({
      request: run.request,
      // The engine begins a step only when all that it needs is there.
      facts: run.facts as { [Name in FactName]: NonNullable<Facts[Name]> },
      thread: run.thread,
      read,
      claims,
      kin,
      retries: run.retries,
      effect,
      recorded: key => run.effects[key]?.result !== undefined,
      ask,
      acknowledged: (code, about) => run.acknowledged.includes(`${code} ${about}`),
    }),
    ahead: createLookout(read),
  };
}
