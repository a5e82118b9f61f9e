import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coveredBy, decide, expire, openGate, remind } from '../../src/onboarding/approvals.ts';
import { Fenced, failStep, finish, take, withdraw } from '../../src/onboarding/leased.ts';
import type { Right } from '../../src/onboarding/policy.ts';
import { type Change, cancel, type Gate, newRun, type Run, retry } from '../../src/onboarding/run.ts';
import { approver, request, requester, secondApprover, target } from '../support/builders.ts';

const expiresMs = 1_000;
const remindBeforeMs = 500;
const addresses = ['a', 'b', 'c'];
const sequences = 10_000;

type Act =
  | {
      do: 'click';
      by: string;
      verdict: 'approve' | 'decline';
      digest: string;
      right: Right;
      without: string[];
    }
  | { do: 'ask'; digest: string; late: boolean }
  | { do: 'expire' | 'remind' | 'withdraw' | 'fail'; late: boolean }
  | { do: 'finish'; status: 'done' | 'failed' | 'cancelled'; late: boolean }
  | { do: 'cancel' | 'retry'; by: string }
  | { do: 'take' }
  | { do: 'wait'; ms: number };

interface Policy {
  required: number;
  selfApproval: boolean;
}

/** The run as the store would keep it, with what becomes of each act; a worker that comes `late` holds an older epoch. */
function runUnder(policy: Policy) {
  const approval = { ...target().approval, ...policy, expiresMs, remindBeforeMs };
  let run: Run = { ...newRun('run-1', request({ approval }), 0), epoch: 1 };

  const changeOf = (act: Act): Change => {
    const epoch = 'late' in act && act.late ? run.epoch - 1 : run.epoch;
    const lease = { epoch, patienceMs: 60_000 };
    switch (act.do) {
      case 'wait':
        return () => ({ unchanged: 'waited' });
      case 'click':
        return decide(act);
      case 'ask':
        return openGate(lease, { digest: act.digest, addresses });
      case 'expire':
        return expire(lease);
      case 'remind':
        return remind(lease);
      case 'withdraw':
        return withdraw(lease, ['invitees', 'approval']);
      case 'fail':
        return failStep(
          lease,
          'credentials',
          { code: 'x', text: 'x', retryable: false, bug: false },
          undefined,
        );
      case 'finish':
        return finish(lease, act.status, run.revision);
      case 'cancel':
        return cancel(act.by);
      case 'retry':
        return retry(act.by);
      case 'take':
        return take(60_000);
    }
  };
  return {
    get run() {
      return run;
    },
    act(act: Act, now: number): void {
      try {
        const outcome = changeOf(act)(run, now);
        if (!('unchanged' in outcome)) run = { ...outcome.next, revision: run.revision + 1, updatedAt: now };
      } catch (error) {
        if (!(error instanceof Fenced)) throw error;
      }
    },
  };
}

/** What an approval means, as plainly as it can be said. */
function createModel({ required, selfApproval }: Policy) {
  const gates: { digest: string; deadline: number; yes: Set<string>; out: Set<string>; state: string }[] = [];
  const run = { live: true, stopping: false, cancelled: false, failed: false };
  const settle = (state: string, ...from: string[]): void => {
    for (const gate of gates) if (from.includes(gate.state)) gate.state = state;
  };

  function click({ by, verdict, digest, right, without }: Extract<Act, { do: 'click' }>, now: number): void {
    const gate = gates.at(-1);
    const inForce = gate?.state === 'open' && gate.digest === digest && now < gate.deadline;
    const mayDecide = right === 'granted' && (selfApproval || by !== requester) && !gate?.yes.has(by);
    if (!inForce || !mayDecide || !run.live || run.stopping) return;
    if (verdict === 'decline') gate.state = 'declined';
    else if (addresses.every(each => gate.out.has(each) || without.includes(each))) return;
    else {
      gate.yes.add(by);
      for (const each of without) gate.out.add(each);
    }
    if (gate.yes.size === required) gate.state = 'approved';
  }
  function ask(digest: string, now: number): void {
    const last = gates.at(-1);
    if (last?.digest === digest && last.state !== 'void') return;
    settle('void', 'open', 'approved');
    gates.push({ digest, deadline: now + expiresMs, yes: new Set(), out: new Set(), state: 'open' });
  }
  function work(act: Act, now: number): void {
    if (!run.live) return;
    if (act.do === 'ask') ask(act.digest, now);
    if (act.do === 'expire' && now >= (gates.at(-1)?.deadline ?? Infinity)) settle('expired', 'open');
    if (act.do === 'withdraw') settle('void', 'open', 'approved');
    if (act.do === 'fail') run.failed = true;
    if (act.do !== 'finish') return;
    settle('void', 'open');
    Object.assign(run, { live: false, cancelled: act.status === 'cancelled' });
  }
  return {
    states: () =>
      gates.map(({ state, out }) => `${state} for ${addresses.filter(each => !out.has(each)).join('')}`),
    act(act: Act, now: number): void {
      if (act.do === 'click') click(act, now);
      else if (act.do === 'cancel') run.stopping ||= run.live;
      else if (act.do === 'retry' && run.failed && !run.cancelled)
        Object.assign(run, { live: true, failed: false });
      else if ('late' in act && !act.late) work(act, now);
    },
  };
}

const people = [requester, approver, secondApprover, 'U0THIRD'];
const digest = fc.constantFrom('d1', 'd2');
const late = fc.integer({ min: 0, max: 9 }).map(chance => chance === 0);
const by = fc.constantFrom(...people);
const anyClick = fc.record({
  do: fc.constant('click' as const),
  by,
  verdict: fc.constantFrom('approve' as const, 'approve' as const, 'decline' as const),
  digest,
  without: fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, fc.subarray(addresses)),
  right: fc.constantFrom<Right[]>('granted', 'granted', 'granted', 'unlisted', 'outsider', 'unknown'),
});
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: anyClick },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), digest, late }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('expire' as const, 'remind' as const, 'withdraw' as const, 'fail' as const),
      late,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      status: fc.constantFrom('done' as const, 'failed' as const, 'cancelled' as const),
      late,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'retry' as const), by }) },
  { weight: 1, arbitrary: fc.constant<Act>({ do: 'take' }) },
  // Up to the very moment of the deadline, and beyond it.
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 400, 499, 500, 999, 1_000).map((ms): Act => ({ do: 'wait', ms })),
  },
);
const anyPolicy = fc.record({
  required: fc.integer({ min: 1, max: 3 }),
  selfApproval: fc.integer({ min: 0, max: 3 }).map(chance => chance === 0),
});
const first: Act = { do: 'ask', digest: 'd1', late: false };

/** What may become of a gate; nothing else may. */
const later: Readonly<Record<Gate['state'], readonly Gate['state'][]>> = {
  open: ['open', 'approved', 'declined', 'expired', 'void'],
  approved: ['approved', 'void'],
  declined: ['declined'],
  expired: ['expired'],
  void: ['void'],
};

/** What is wrong with a gate, whatever led to it. */
function faultsOf(gate: Gate, { required, selfApproval }: Policy): string[] {
  const { state, votes, deadline, closedAt, remindedAt = deadline - 1 } = gate;
  const voters = votes.map(vote => vote.by);
  const enough = votes.length === required && votes.every(({ verdict }) => verdict === 'approve');
  const claims = {
    'one person counts twice': new Set(voters).size < voters.length,
    'whoever asked counts': !selfApproval && voters.includes(requester),
    'a click after the deadline counts': votes.some(({ at }) => at >= deadline),
    'reminded of too early, or of what is over':
      remindedAt < deadline - remindBeforeMs ||
      remindedAt >= deadline ||
      (gate.remindedAt ?? 0) > (closedAt ?? deadline),
    'nobody is left': state === 'approved' && coveredBy(gate).length === 0,
    'too few approved': state === 'approved' && !enough,
    'nobody knows when it closed': (closedAt === undefined) !== (state === 'open'),
  };
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [claim] : []));
}

const changed = (before: readonly Gate[], after: readonly Gate[]): string[] =>
  before.flatMap(({ state }, index) => {
    const now = after[index]?.state;
    return now !== undefined && later[state].includes(now) ? [] : [`${state} became ${now}`];
  });

describe('an approval, whatever happens in whatever order', () => {
  it('is what the model says, is given by enough different people and never by whoever asked, and is final', () => {
    const reached = new Set<string>();
    const reminded = new Set<string>();
    fc.assert(
      fc.property(anyPolicy, fc.array(anyAct, { maxLength: 30 }), (policy, acts) => {
        const [subject, model] = [runUnder(policy), createModel(policy)];
        const wrong: string[] = [];
        let now = 0;
        for (const act of [first, ...acts]) {
          now += act.do === 'wait' ? act.ms : 0;
          const before = subject.run.gates;
          subject.act(act, now);
          model.act(act, now);
          const { gates } = subject.run;
          const states = gates.map(({ state }) => state);
          const stand = gates.map(gate => `${gate.state} for ${coveredBy(gate).join('')}`);
          if (stand.join() !== model.states().join())
            wrong.push(`${act.do} leads to ${stand.join()} and not to ${model.states().join()}`);
          wrong.push(...changed(before, gates), ...gates.flatMap(gate => faultsOf(gate, policy)));
          for (const state of states) reached.add(state);
          if (gates.some(({ remindedAt }) => remindedAt !== undefined)) reminded.add(act.do);
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: sequences },
    );
    // A model that never gets anywhere agrees with everything.
    expect([...reached].toSorted()).toEqual(Object.keys(later).toSorted());
    expect(reminded).toContain('remind');
  }, 120_000);

  it('is never decided by whoever asked alone, however often and whenever they click', () => {
    const own = fc.oneof(
      anyClick.map((click): Act => ({ ...click, by: requester, right: 'granted' })),
      anyAct.filter(act => act.do !== 'click'),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(own, { maxLength: 30 }), (required, acts) => {
        const subject = runUnder({ required, selfApproval: false });
        let now = 0;
        for (const act of [first, ...acts]) {
          now += act.do === 'wait' ? act.ms : 0;
          subject.act(act, now);
        }
        expect(subject.run.gates.flatMap(({ votes }) => votes)).toEqual([]);
        expect(subject.run.gates.map(({ state }) => state)).not.toContain('approved');
      }),
      { numRuns: sequences },
    );
  }, 120_000);
});
