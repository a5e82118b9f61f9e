import type { Explanation } from '../errors.ts';
import type { FactName, Facts } from './facts.ts';
import type { Change, Changed, Effect, Gate, Json, Run, StepState, Unchanged } from './run.ts';

// What the worker that holds a run does to it. Each change says itself when the run is no longer that worker's.

/** Somebody else advances this run now; whoever meets this stops at once. Caught in one place, in the engine. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

export interface Lease {
  epoch: number;
  /** For how long nobody else looks at the run, from each change on; longer than the longest call. */
  patienceMs: number;
}

/** A worker takes the run: the newest epoch is its own. */
export const take =
  (patienceMs: number): Change =>
  (run, now) =>
    run.due === null
      ? { unchanged: 'ended' }
      : { next: { ...run, epoch: run.epoch + 1, due: now + patienceMs }, kind: 'taken' };

export function leased(lease: Lease, change: (run: Run, now: number) => Changed | Unchanged): Change {
  return (run, now) => {
    if (run.epoch !== lease.epoch || run.due === null) throw new Fenced(`epoch ${lease.epoch} is over`);
    const changed = change(run, now);
    if ('unchanged' in changed || changed.next.due !== run.due) return changed;
    return { ...changed, next: { ...changed.next, due: now + lease.patienceMs } };
  };
}

export const beginSteps = (lease: Lease, facts: readonly FactName[]): Change =>
  leased(lease, (run, now) => {
    const steps = { ...run.steps };
    for (const fact of facts) {
      const attempts = (run.steps[fact]?.attempts ?? 0) + 1;
      steps[fact] = { startedAt: run.steps[fact]?.startedAt ?? now, attempts };
    }
    return { next: { ...run, status: 'running', steps }, kind: 'began', about: facts.join(' ') };
  });

/** Writes down that an effect is about to be made. `cancelled`: nothing more may be made; `unseen`: not before people can watch. */
export const intend = (lease: Lease, key: string, memo: Json | undefined): Change =>
  leased(lease, (run, now) => {
    if (run.cancel !== undefined) return { unchanged: 'cancelled' };
    if (run.thread === undefined) return { unchanged: 'unseen' };
    const kept = run.effects[key]?.memo ?? memo;
    const effect: Effect = { at: now, epoch: lease.epoch, ...(kept === undefined ? {} : { memo: kept }) };
    return { next: { ...run, effects: { ...run.effects, [key]: effect } }, kind: 'intended', about: key };
  });

export const record = (lease: Lease, key: string, result: Json): Change =>
  leased(lease, (run, now) => {
    const effect: Effect = { ...(run.effects[key] ?? { at: now, epoch: lease.epoch }), result };
    return { next: { ...run, effects: { ...run.effects, [key]: effect } }, kind: 'recorded', about: key };
  });

/** The intended effect did not happen and cannot happen late: the service refused it, or nobody asked for it. */
export const abandon = (lease: Lease, key: string): Change =>
  leased(lease, run => {
    const { [key]: _, ...effects } = run.effects;
    return { next: { ...run, effects }, kind: 'refused', about: key };
  });

export const establish = <K extends FactName>(lease: Lease, fact: K, value: NonNullable<Facts[K]>): Change =>
  leased(lease, (run, now) => ({
    next: {
      ...run,
      facts: { ...run.facts, [fact]: value },
      steps: { ...run.steps, [fact]: { ...begun(run, fact, now), endedAt: now } },
    },
    kind: 'established',
    about: fact,
  }));

/** These facts no longer hold; they are established again. An approval that goes voids its gate. */
export const withdraw = (lease: Lease, facts: readonly FactName[]): Change =>
  leased(lease, (run, now) => {
    const next: Run = { ...run, facts: { ...run.facts }, steps: { ...run.steps } };
    for (const fact of facts) {
      delete next.facts[fact];
      delete next.steps[fact];
    }
    if (facts.includes('approval')) next.gates = voided(run.gates, ['open', 'approved'], now);
    return { next, kind: 'withdrew', about: facts.join(' ') };
  });

/** Gates in these states count no more. A refusal and an expiry stay what they are. */
export const voided = (gates: readonly Gate[], states: readonly Gate['state'][], now: number): Gate[] =>
  gates.map(gate => (states.includes(gate.state) ? { ...gate, state: 'void', closedAt: now } : gate));

/** A step failed: tried again at `retryAt`, or for good when that is left out. */
export const failStep = (
  lease: Lease,
  fact: FactName,
  { code, text, about }: Explanation,
  retryAt: number | undefined,
): Change =>
  missed(lease, fact, (run, now) => ({
    state: {
      ...begun(run, fact, now),
      error: { code, text, ...(about === undefined ? {} : { about }) },
      ...(retryAt === undefined ? { endedAt: now } : { retryAt }),
    },
    kind: 'failed',
    about: `${fact} ${code}`,
  }));

/** A step must not go on before `until`, and people are told why. Having begun counts for no attempt. */
export const postpone = (lease: Lease, fact: FactName, text: string, until: number): Change =>
  missed(lease, fact, (run, now) => {
    const { startedAt, attempts } = begun(run, fact, now);
    const error = { code: 'postponed', text };
    return {
      state: { startedAt, attempts: attempts - 1, error, retryAt: until },
      kind: 'postponed',
      about: fact,
    };
  });

/** Void when the fact is there: the write that established it was answered with an error, and took effect all the same. */
const missed = (
  lease: Lease,
  fact: FactName,
  become: (run: Run, now: number) => { state: StepState; kind: string; about: string },
): Change =>
  leased(lease, (run, now) => {
    if (run.facts[fact] !== undefined) return { unchanged: 'established' };
    const { state, ...rest } = become(run, now);
    return { next: { ...run, steps: { ...run.steps, [fact]: state } }, ...rest };
  });

function begun(run: Run, fact: FactName, now: number): Pick<StepState, 'startedAt' | 'attempts'> {
  const { startedAt = now, attempts = 1 } = run.steps[fact] ?? {};
  return { startedAt, attempts };
}

/** Nothing can be done before `due`; void when somebody brought news since the revision `seen`. */
export const rest = (lease: Lease, due: number, seen: number): Change =>
  leased(lease, (run, now) =>
    run.revision === seen
      ? { next: { ...run, status: 'waiting', due }, kind: 'rested', wake: due <= now }
      : { unchanged: 'news' },
  );

export const finish = (lease: Lease, status: 'done' | 'failed' | 'cancelled', seen: number): Change =>
  leased(lease, (run, now) =>
    run.revision === seen
      ? { next: { ...run, status, due: null, gates: voided(run.gates, ['open'], now) }, kind: status }
      : { unchanged: 'news' },
  );
