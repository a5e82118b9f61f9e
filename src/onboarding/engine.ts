import { explain, HeldBack } from '../errors.ts';
import type { Log } from '../log.ts';
import { expire, remind } from './approvals.ts';
import type { FactName } from './facts.ts';
import { beginSteps, establish, Fenced, failStep, finish, postpone, rest, take, withdraw } from './leased.ts';
import { hasFailed, openGateOf, type Run } from './run.ts';
import { Interrupted, openSession, type Session, type SessionOptions } from './session.ts';
import { isWaiting, isWithdrawn, type Step, type Waiting } from './step.ts';
import { Newer } from './versions.ts';

export interface EngineOptions extends SessionOptions {
  planOf(run: Run): readonly Step[];
  log: Log;
  /** How often a step is tried when its failures may pass. */
  maxAttempts: number;
  /** Milliseconds to wait after the given number of failed attempts. */
  backoff(attempts: number): number;
}

export interface Engine {
  /**
   * Advances a run as far as it goes. Never throws for what a run or the outside world does; only the store may fail, and a
   * run that a newer Holt has taken over throws Newer.
   */
  advance(run: string): Promise<void>;
  /** Begins nothing any more: runs are handed over at their next effect. */
  drain(): void;
}

/** Exponential with full jitter, between one second and five minutes. */
export const jitteredBackoff = (attempts: number): number =>
  Math.round(1_000 + Math.random() * Math.min(300_000, 2_000 * 2 ** attempts));

/** Advances runs: one writer each, every step as soon as what it needs is there. */
export function createEngine(options: EngineOptions): Engine {
  let draining = false;

  return {
    drain() {
      draining = true;
    },
    async advance(id) {
      const log = options.log.child({ run: id });
      try {
        const { run, applied } = await options.records.change(id, take(options.patienceMs));
        if (!applied) return;
        const session = openSession(options, run, () => draining, log);
        while (!(await conclude(session, await work(session, options)))) await session.refresh();
      } catch (error) {
        if (!(error instanceof Fenced)) throw error;
        log.info({}, 'another worker has the run now');
      }
    },
  };
}

/** Runs steps until none is ready; answers when those that wait want to be looked at again. */
async function work(session: Session, options: EngineOptions): Promise<Map<FactName, number>> {
  const parked = new Map<FactName, number>();
  const busy = new Map<FactName, Promise<void>>();
  const fatal: unknown[] = [];
  if (openGateOf(session.run) !== undefined)
    for (const due of [expire, remind]) await session.change(due(session.lease));

  for (;;) {
    const now = await session.now();
    const ready = session.stopping()
      ? []
      : options
          .planOf(session.run)
          .filter(step => !busy.has(step.fact) && !parked.has(step.fact) && isReady(session.run, step, now));
    if (ready.length > 0 && fatal.length === 0) {
      await session.change(
        beginSteps(
          session.lease,
          ready.map(({ fact }) => fact),
        ),
      );
      session.ahead.look(session.run, options.planOf(session.run));
      for (const step of ready) {
        const performed = perform(session, step, parked, options)
          .catch((error: unknown) => void fatal.push(error))
          .finally(() => busy.delete(step.fact));
        busy.set(step.fact, performed);
      }
    }
    if (busy.size === 0) break;
    await progress(session, busy, options.patienceMs);
  }
  if (fatal.length > 0) throw fatal.find(error => error instanceof Fenced) ?? fatal[0];
  return parked;
}

/**
 * Waits until a step has ended. Throws Fenced when nothing has come of any of them for as long as others are patient: a call that
 * never ends must not hold the run, since nobody else is told of it while this worker is at it.
 */
async function progress(
  session: Session,
  busy: ReadonlyMap<FactName, Promise<void>>,
  patienceMs: number,
): Promise<void> {
  for (;;) {
    const { revision } = session.run;
    const patience = Promise.withResolvers<'over'>();
    const timer = setTimeout(() => patience.resolve('over'), patienceMs);
    const first = await Promise.race([...busy.values(), patience.promise]);
    clearTimeout(timer);
    if (first !== 'over') return;
    if (session.run.revision !== revision) continue;
    session.log.error(
      { steps: [...busy.keys()] },
      'a call does not end; the run is left to whoever comes next',
    );
    throw new Fenced('a call does not end');
  }
}

function isReady(run: Run, { fact, needs }: Step, now: number): boolean {
  const { error, retryAt } = run.steps[fact] ?? {};
  if (run.facts[fact] !== undefined || !needs.every(need => run.facts[need] !== undefined)) return false;
  return error === undefined || (retryAt ?? Number.POSITIVE_INFINITY) <= now;
}

async function perform(
  session: Session,
  step: Step,
  parked: Map<FactName, number>,
  options: EngineOptions,
): Promise<void> {
  const { fact } = step;
  try {
    const outcome = await step.run(session.context(), await session.ahead.seenBy(fact));
    if (isWaiting(outcome)) parked.set(fact, momentOf(outcome, await session.now()));
    else if (isWithdrawn(outcome)) await session.change(withdraw(session.lease, outcome.facts));
    else await session.change(establish(session.lease, fact, outcome));
  } catch (error) {
    if (error instanceof Fenced || error instanceof Newer) throw error;
    if (error instanceof HeldBack) {
      const until = (await session.now()) + error.retryAfter;
      session.log.info({ fact, reason: error.message, until }, 'a step waits for its turn');
      await session.change(postpone(session.lease, fact, explain(error).text, until));
      return;
    }
    if (!(error instanceof Interrupted)) await fail(session, fact, error, options);
    else if (error.why === undefined) parked.set(fact, error.until);
    else await session.change(postpone(session.lease, fact, error.why, error.until));
  }
}

const momentOf = ({ until }: Waiting, now: number): number => ('at' in until ? until.at : now + until.inMs);

async function fail(
  session: Session,
  fact: FactName,
  error: unknown,
  { maxAttempts, backoff }: EngineOptions,
): Promise<void> {
  const explanation = explain(error);
  const attempts = session.run.steps[fact]?.attempts ?? 1;
  const again = explanation.retryable && attempts < maxAttempts;
  const wait = Math.max(backoff(attempts), explanation.retryAfter ?? 0);
  const retryAt = again ? (await session.now()) + wait : undefined;
  const { code, text } = explanation;
  const fields = { fact, code, text, attempts, retryAt, ...(explanation.bug ? { error } : {}) };
  if (again) session.log.warn(fields, 'a step failed and will be tried again');
  else session.log.error(fields, 'a step failed');
  await session.change(failStep(session.lease, fact, explanation, retryAt));
}

/** Ends the run, or lets it rest until the first of what it waits for. False when there was news meanwhile. */
async function conclude(session: Session, parked: ReadonlyMap<FactName, number>): Promise<boolean> {
  await session.callOff();
  const { run, lease } = session;
  const retries = Object.values(run.steps).flatMap(step => step?.retryAt ?? []);
  const moments = [...parked.values(), ...retries];
  const next =
    run.cancel !== undefined
      ? finish(lease, 'cancelled', run.revision)
      : session.stopping()
        ? rest(lease, await session.now(), run.revision)
        : moments.length > 0
          ? rest(lease, Math.min(...moments), run.revision)
          : finish(lease, hasFailed(run) ? 'failed' : 'done', run.revision);
  const { applied } = await session.change(next);
  if (applied) session.log.info({ status: session.run.status, due: session.run.due }, 'the run rests');
  return applied;
}
