import type { FactName, Facts } from './facts.ts';
import type { Claims, Readers, Writers } from './ports.ts';
import type { Request } from './request.ts';
import type { Roll } from './roll.ts';
import type { Change, Effect, Gate, Json, Run } from './run.ts';
import type { Thing } from './thing.ts';

/** What `find` knows of an earlier try whose end nobody saw, and what a later one will want to know of this one. */
export interface Intent {
  /** The try before, once its request cannot land any more. */
  open: Pick<Effect, 'at' | 'memo'> | undefined;
  /** Kept with the intent that is written before `create`. */
  remember: (memo: Json) => void;
}

/** A change to the outside world that is safe to ask for again and again. Its result is recorded: never a secret. */
export interface EffectDefinition<T extends Json> {
  /** What it makes or changes outside; left out where it changes runs alone. */
  thing?: Thing;
  /** The effect that makes what this one is made in. Nothing is looked for in what this very worker made a moment ago. */
  inside?: string;
  /** What is there already; undefined when it must be created. */
  find(read: Readers, intent: Intent): Promise<T | undefined>;
  create(write: Writers): Promise<T>;
}

/** Of a rollout: the runs within it. Of one of those: the rollout. */
export interface Kin {
  rollout(): Promise<Run | undefined>;
  roll(): Promise<Roll>;
  all(runs: readonly string[]): Promise<Run[]>;
  change(run: string, change: Change): Promise<void>;
}

export interface StepContext<Needed extends FactName> {
  request: Request;
  facts: { readonly [Name in Needed]: NonNullable<Facts[Name]> };
  thread: Run['thread'];
  read: Readers;
  claims: Claims;
  kin: Kin;
  /** What people said about failures of this run, oldest first. */
  retries: Run['retries'];
  effect: <T extends Json>(key: string, definition: EffectDefinition<T>) => Promise<T>;
  /** Whether this run has made that change, or found it made. */
  recorded: (key: string) => boolean;
  /** Asks people to approve exactly this; answers the request as it stands now. */
  ask: (covered: { digest: string; addresses: string[] }) => Promise<Gate>;
  /** Whether a person was shown this obstacle and pressed Retry. */
  acknowledged: (code: string, about: string) => boolean;
}

const outcome = Symbol('outcome');

/** Not established yet: a person or the clock decides. The run is looked at again at `until`, or sooner when there is news. */
export interface Waiting {
  [outcome]: 'waiting';
  /** Milliseconds from now, or a moment by the store's clock. */
  until: { at: number } | { inMs: number };
}

/** What the step builds on no longer holds: these facts go and are established again. */
export interface Withdrawn {
  [outcome]: 'withdrawn';
  facts: readonly FactName[];
}

export const waiting = (until: Waiting['until']): Waiting => ({ [outcome]: 'waiting', until });
export const withdrawn = (...facts: FactName[]): Withdrawn => ({ [outcome]: 'withdrawn', facts });

export const isWaiting = (value: object): value is Waiting =>
  outcome in value && value[outcome] === 'waiting';
export const isWithdrawn = (value: object): value is Withdrawn =>
  outcome in value && value[outcome] === 'withdrawn';

/**
 * What a step reads before its turn, beside the steps before it. Only for as long as nothing that the run intended is open, and
 * only in the memory of one worker.
 */
interface Ahead<Seen> {
  /** From when on it may look. */
  needs: readonly FactName[];
  /** How old what it saw may be when the step begins, in milliseconds. */
  freshMs: number;
  look(from: { request: Request; read: Readers }): Promise<Seen>;
}

interface StepDefinition<Fact extends FactName, Needed extends FactName, Seen> {
  fact: Fact;
  needs: readonly Needed[];
  ahead?: Ahead<Seen>;
  /** `seen` is what it saw ahead, if it did and it is fresh. */
  run(
    context: StepContext<Needed>,
    seen: Seen | undefined,
  ): Promise<NonNullable<Facts[Fact]> | Waiting | Withdrawn>;
}

/** A step as the engine sees it: which fact it establishes from which others. */
export interface Step {
  fact: FactName;
  needs: readonly FactName[];
  ahead?: Ahead<unknown>;
  run(
    context: StepContext<FactName>,
    seen: unknown,
  ): Promise<NonNullable<Facts[FactName]> | Waiting | Withdrawn>;
}

/** Defines a step; `needs` says which facts it may read, and reading another does not compile. */
export const defineStep = <Fact extends FactName, Needed extends FactName, Seen = undefined>(
  definition: StepDefinition<Fact, Needed, Seen>,
): Step => definition;
