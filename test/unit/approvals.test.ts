import { describe, expect, it } from 'vitest';
import {
  coveredBy,
  type Decision,
  decide,
  digestOf,
  digestOfAll,
  expire,
  nextLookAt,
  openGate,
  refusalOf,
  remaining,
  remind,
  verdictOf,
  waitsFor,
} from '../../src/onboarding/approvals.ts';
import { Fenced, finish, take, withdraw } from '../../src/onboarding/leased.ts';
import { type Change, cancel, type Gate, newRun, type Run } from '../../src/onboarding/run.ts';
import { approver, request, requester, secondApprover, target } from '../support/builders.ts';
import { gateOf as askedGate, at, runOf } from '../support/runs.ts';

const day = 86_400_000;
const lease = { epoch: 1, patienceMs: 60_000 };

function apply(run: Run, change: Change, now: number): { run: Run; unchanged?: string } {
  const changed = change(run, now);
  if ('unchanged' in changed) return { run, unchanged: changed.unchanged };
  return { run: { ...changed.next, revision: run.revision + 1, updatedAt: now } };
}

function asked(required = 1, selfApproval = false): Run {
  const policy = { ...target().approval, required, selfApproval };
  const taken = apply(newRun('run-1', request({ approval: policy }), 0), take(60_000), 0).run;
  return apply(taken, openGate(lease, { digest: 'd1', addresses: ['a@harbour.example'] }), 0).run;
}

const vote = (overrides: Partial<Decision> = {}): Change =>
  decide({ digest: 'd1', by: approver, verdict: 'approve', right: 'granted', ...overrides });

describe('an approval', () => {
  it('is granted by one eligible person when the policy asks for one', () => {
    const { run } = apply(asked(), vote(), 10);
    expect(run.gates[0]).toMatchObject({
      state: 'approved',
      closedAt: 10,
      votes: [{ by: approver, verdict: 'approve' }],
    });
    expect(run.due).toBe(10);
  });

  it('stays open until enough different people approved', () => {
    const once = apply(asked(2), vote(), 10);
    expect(once.run.gates[0]?.state).toBe('open');
    expect(apply(once.run, vote(), 11).unchanged).toBe('again');
    expect(apply(once.run, vote({ by: secondApprover }), 12).run.gates[0]?.state).toBe('approved');
  });

  it('ends with one refusal, whoever approved before', () => {
    const once = apply(asked(2), vote(), 10).run;
    expect(apply(once, vote({ by: secondApprover, verdict: 'decline' }), 11).run.gates[0]?.state).toBe(
      'declined',
    );
  });

  it.each([
    ['somebody who is not an approver', vote({ right: 'unlisted' }), 10, 'unlisted'],
    ['the person who asked', vote({ by: requester }), 10, 'self'],
    ['a click on a message for another list', vote({ digest: 'd0' }), 10, 'superseded'],
    ['a click at the deadline', vote(), day, 'expired'],
  ])('refuses %s', (_who, change, now, reason) => {
    expect(apply(asked(), change, now).unchanged).toBe(reason);
  });

  it('lets the person who asked approve where the policy says so', () => {
    expect(apply(asked(1, true), vote({ by: requester }), 10).run.gates[0]?.state).toBe('approved');
  });

  it('is final', () => {
    const decided = apply(asked(), vote({ verdict: 'decline' }), 10).run;
    expect(apply(decided, vote({ by: secondApprover }), 11).unchanged).toBe('decided');
  });

  it('is not asked for twice for the same list, and a new list voids the old one', () => {
    const open = asked();
    expect(apply(open, openGate(lease, { digest: 'd1', addresses: [] }), 5).unchanged).toBe('open');
    const other = apply(open, openGate(lease, { digest: 'd2', addresses: [] }), 5).run;
    expect(other.gates.map(({ state }) => state)).toEqual(['void', 'open']);
    expect(apply(other, vote(), 6).unchanged).toBe('superseded');
  });

  it('expires by the clock and not before', () => {
    expect(apply(asked(), expire(lease), day - 1).unchanged).toBe('in-time');
    expect(apply(asked(), expire(lease), day).run.gates[0]?.state).toBe('expired');
  });

  it('is asked for by the worker that holds the run only', () => {
    expect(() =>
      apply(asked(), openGate({ epoch: 0, patienceMs: 1 }, { digest: 'd3', addresses: [] }), 5),
    ).toThrow(Fenced);
  });

  it('is over once the run has ended or is being stopped', () => {
    const stopping = apply(asked(), cancel(requester), 5).run;
    expect(apply(stopping, vote(), 10).unchanged).toBe('ended');
    const over = apply(stopping, finish(lease, 'cancelled', stopping.revision), 6).run;
    expect(over.gates[0]).toMatchObject({ state: 'void', closedAt: 6 });
    expect(apply(over, vote(), 10).unchanged).toBe('ended');
  });

  it('that was given is void once something else is asked, and a refusal stays one', () => {
    const given = apply(asked(), vote(), 10).run;
    const anew = apply(given, openGate(lease, { digest: 'd2', addresses: [] }), 11).run;
    expect(anew.gates.map(({ state }) => state)).toEqual(['void', 'open']);
    const refused = apply(asked(), vote({ verdict: 'decline' }), 10).run;
    expect(apply(refused, withdraw(lease, ['approval']), 11).run.gates[0]?.state).toBe('declined');
  });

  it('wakes the run and is audited as given once, with the decision that closes it', () => {
    const once = vote()(asked(2), 10);
    expect(once).toMatchObject({ kind: 'agreed', wake: false });
    const { run } = apply(asked(2), vote(), 10);
    expect(vote({ by: secondApprover })(run, 11)).toMatchObject({ kind: 'approved', wake: true });
  });
});

describe('what an approval leaves in the run', () => {
  const again = openGate(lease, { digest: 'd2', addresses: ['b@harbour.example'] });

  it('when it is asked for: what it covers, until when, and a line of the audit', () => {
    const { next, ...line } = again(asked(), 5) as Exclude<ReturnType<Change>, { unchanged: string }>;
    expect(line).toEqual({ kind: 'asked', about: 'd2' });
    const covered = { digest: 'd2', addresses: ['b@harbour.example'] };
    expect(next.gates).toEqual([
      expect.objectContaining({ digest: 'd1', state: 'void', closedAt: 5 }),
      { ...covered, openedAt: 5, deadline: day + 5, votes: [], state: 'open' },
    ]);
  });

  it('when one of several agrees: nothing but the vote', () => {
    const before = asked(2);
    const { run } = apply(before, vote(), 10);
    expect(run).toMatchObject({ due: before.due });
    expect(run.gates).toEqual([
      { ...before.gates[0], votes: [{ by: approver, verdict: 'approve', at: 10 }] },
    ]);
  });

  it.each(['approve', 'decline'] as const)('when somebody closes it with %s: that gate alone', verdict => {
    const before = apply(asked(), again, 5).run;
    const changed = vote({ digest: 'd2', verdict })(before, 10);
    const state = verdict === 'approve' ? 'approved' : 'declined';
    expect(changed).toMatchObject({ kind: state, by: approver, about: 'd2', wake: true });
    const { run } = apply(before, vote({ digest: 'd2', verdict }), 10);
    const votes = [{ by: approver, verdict, at: 10 }];
    expect(run.gates).toEqual([before.gates[0], { ...before.gates[1], votes, state, closedAt: 10 }]);
    expect(run.due).toBe(10);
  });

  it('when nobody decides: that it expired, at that gate alone', () => {
    const before = apply(asked(), again, 5).run;
    const changed = expire(lease)(before, day + 5);
    expect(changed).toMatchObject({ kind: 'expired', about: 'd2' });
    const { run } = apply(before, expire(lease), day + 5);
    expect(run.gates).toEqual([before.gates[0], { ...before.gates[1], state: 'expired', closedAt: day + 5 }]);
    expect(apply(run, vote({ digest: 'd2' }), day + 6).unchanged).toBe('expired');
    expect(apply(run, expire(lease), day + 7).unchanged).toBe('in-time');
  });
});

const without = (addresses: string[], by = approver): Change =>
  vote({ digest: 'd3', by, without: addresses });
const gateOf = (run: Run) => run.gates.at(-1) as Run['gates'][number];

describe('an approval for some of those who are asked about', () => {
  const [a, b, c] = ['a@harbour.example', 'b@harbour.example', 'c@harbour.example'];
  const three = (required = 1): Run =>
    apply(asked(required), openGate(lease, { digest: 'd3', addresses: [a, b, c] }), 1).run;
  it('covers the others, and says whom it leaves out', () => {
    const { run } = apply(three(), without([c, a]), 10);
    const gate = gateOf(run);
    expect(gate).toMatchObject({ state: 'approved', addresses: [a, b, c] });
    expect(gate.votes).toEqual([{ by: approver, verdict: 'approve', at: 10, without: [a, c] }]);
    expect(coveredBy(gate)).toEqual([b]);
    expect(verdictOf(gate)).toEqual({ by: [approver], without: [a, c] });
    expect(remaining({ addresses: gate.addresses, ...verdictOf(gate) })).toEqual([b]);
  });

  it('of several people covers those whom none of them left out', () => {
    const once = apply(three(2), without([a]), 10).run;
    expect(coveredBy(gateOf(once))).toEqual([b, c]);
    // Whom one left out already has nobody else to answer for it.
    const twice = apply(once, without([a, b], secondApprover), 11).run;
    expect(gateOf(twice).votes[1]).toEqual({ by: secondApprover, verdict: 'approve', at: 11, without: [b] });
    expect(verdictOf(gateOf(twice))).toEqual({ by: [approver, secondApprover], without: [a, b] });
    const whole = apply(once, vote({ digest: 'd3', by: secondApprover }), 11).run;
    expect(gateOf(whole)).toMatchObject({ state: 'approved' });
    expect(coveredBy(gateOf(whole))).toEqual([b, c]);
  });

  it('covers everybody when nobody is left out, and says no more than that', () => {
    const gate = gateOf(apply(three(), vote({ digest: 'd3', without: [] }), 10).run);
    expect(gate.votes).toEqual([{ by: approver, verdict: 'approve', at: 10 }]);
    expect(verdictOf(gate)).toEqual({ by: [approver] });
    expect(remaining({ addresses: [a, b] })).toEqual([a, b]);
  });

  it('knows nothing of people who were not asked about', () => {
    const gate = gateOf(apply(three(), without(['x@harbour.example']), 10).run);
    expect(gate.votes).toEqual([{ by: approver, verdict: 'approve', at: 10 }]);
  });

  it('does not count when it would leave nobody, alone or with those before it', () => {
    expect(apply(three(), without([a, b, c]), 10).unchanged).toBe('nobody');
    const once = apply(three(2), without([a, b]), 10).run;
    expect(apply(once, without([c], secondApprover), 11).unchanged).toBe('nobody');
    expect(apply(once, vote({ digest: 'd3', by: secondApprover }), 11).run.gates.at(-1)?.state).toBe(
      'approved',
    );
  });
});

describe('a reminder', () => {
  const hour = 3_600_000;
  const due = day - hour;
  const policy = { ...target().approval, remindBeforeMs: hour };
  const open = (() => {
    const taken = apply(newRun('run-1', request({ approval: policy }), 0), take(60_000), 0).run;
    const first = apply(taken, openGate(lease, { digest: 'd0', addresses: [] }), 0).run;
    return apply(first, openGate(lease, { digest: 'd1', addresses: ['a@harbour.example'] }), 0).run;
  })();

  it('is due once, at its moment and not before, and then comes the end', () => {
    expect(nextLookAt(open.gates[1] as Gate, policy)).toBe(due);
    expect(apply(open, remind(lease), due - 1).unchanged).toBe('not-now');
    expect(remind(lease)(open, due)).toMatchObject({ kind: 'reminded', about: 'd1' });
    const { run } = apply(open, remind(lease), due);
    expect(run.gates).toEqual([open.gates[0], { ...open.gates[1], remindedAt: due }]);
    expect(nextLookAt(run.gates[1] as Gate, policy)).toBe(day);
    expect(apply(run, remind(lease), due + 1).unchanged).toBe('not-now');
    expect(apply(run, vote(), due + 2).run.gates[1]).toMatchObject({ state: 'approved', remindedAt: due });
  });

  it('is not for what is decided, is over, or is being stopped', () => {
    expect(apply(open, remind(lease), day - 1).unchanged).toBeUndefined();
    expect(apply(open, remind(lease), day).unchanged).toBe('not-now');
    const stopping = apply(open, cancel(requester), 5).run;
    expect(apply(stopping, remind(lease), due).unchanged).toBe('nothing-open');
    const given = apply(open, vote(), 5).run;
    expect(apply(given, remind(lease), due).unchanged).toBe('nothing-open');
    expect(nextLookAt(given.gates[1] as Gate, policy)).toBe(day);
  });

  it('is for nobody where the policy has none', () => {
    expect(nextLookAt(asked().gates[0] as Gate, target().approval)).toBe(day);
    expect(apply(asked(), remind(lease), day - 1).unchanged).toBe('not-now');
  });
});

describe('a refusal', () => {
  it('keeps the reason', () => {
    const { run } = apply(asked(), vote({ verdict: 'decline', reason: 'Too many.' }), 10);
    expect(run.gates[0]?.votes).toEqual([{ by: approver, verdict: 'decline', at: 10, reason: 'Too many.' }]);
  });

  it('would be refused beforehand as it is when it comes', () => {
    const open = asked();
    const of = (by: string, right: Decision['right'], now: number) =>
      refusalOf(open, { digest: 'd1', by, right }, now);
    expect(of(approver, 'granted', 10)).toBeUndefined();
    expect(of(approver, 'unlisted', 10)).toBe('unlisted');
    expect(of(requester, 'granted', 10)).toBe('self');
    expect(of(approver, 'granted', day)).toBe('expired');
  });
});

describe('a decision on what was asked before', () => {
  it('counts for the newest of the same list', () => {
    const withdrawn = apply(asked(), withdraw(lease, ['approval']), 5).run;
    expect(withdrawn.gates[0]?.state).toBe('void');
    const anew = apply(withdrawn, openGate(lease, { digest: 'd1', addresses: [] }), 6).run;
    expect(anew.gates.map(({ state }) => state)).toEqual(['void', 'open']);
    expect(apply(anew, vote(), 7).run.gates.map(({ state }) => state)).toEqual(['void', 'approved']);
  });

  it('is told that it was decided, whatever became of the run and however late it is', () => {
    const decided = apply(asked(), vote(), 10).run;
    const stopping = apply(decided, cancel(requester), 11).run;
    for (const run of [decided, stopping]) {
      for (const now of [12, day + 1])
        expect(apply(run, vote({ by: secondApprover }), now).unchanged).toBe('decided');
    }
  });

  it('counts until the deadline', () => {
    expect(apply(asked(), vote(), day - 1).run.gates[0]?.state).toBe('approved');
  });
});

const waits = (run: Run, by = approver, right: Decision['right'] = 'granted', now = at) =>
  waitsFor(run, by, right, now);

describe('a run waits for somebody', () => {
  const asked = runOf({ gates: [askedGate()], due: at });

  it('whose decision would count', () => {
    expect(waits(asked)).toBe(true);
  });

  it.each<[string, boolean]>([
    ['whoever asked', waits(asked, requester)],
    ['whoever has no right', waits(asked, approver, 'unlisted')],
    ['anybody once it is late', waits(asked, approver, 'granted', at + 2 * day)],
    [
      'whoever has agreed',
      waits(runOf({ gates: [askedGate({ votes: [{ by: approver, verdict: 'approve', at }] })] })),
    ],
    ['anybody once it is decided', waits(runOf({ gates: [askedGate({ state: 'approved' })] }))],
    ['anybody while it asks nothing', waits(runOf())],
    ['anybody once it has ended', waits(runOf({ gates: [askedGate()], due: null, status: 'cancelled' }))],
  ])('and not for %s', (_who, is) => {
    expect(is).toBe(false);
  });
});

describe('the digest of an approval', () => {
  const covered = { organization: 'org_1', environment: 'env_1', addresses: ['b@x.example', 'a@x.example'] };

  it('does not depend on the order of the addresses', () => {
    expect(digestOf(covered)).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf({ ...covered, addresses: covered.addresses.toReversed() })).toBe(digestOf(covered));
  });

  it.each([
    ['organization', { organization: 'org_2' }],
    ['environment', { environment: 'env_2' }],
    ['one more address', { addresses: [...covered.addresses, 'c@x.example'] }],
    ['one address less', { addresses: ['a@x.example'] }],
    ['another address', { addresses: ['a@x.example', 'c@x.example'] }],
  ])('changes with the %s', (_what, change) => {
    expect(digestOf({ ...covered, ...change })).not.toBe(digestOf(covered));
  });

  it('of several clusters depends on each with its people, and on no order', () => {
    const [one, two] = [
      { run: 'run-1', addresses: ['b@x.example', 'a@x.example'] },
      { run: 'run-2', addresses: ['b@x.example'] },
    ];
    const whole = digestOfAll([one, two]);
    expect(whole).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOfAll([two, { ...one, addresses: one.addresses.toReversed() }])).toBe(whole);
    const others = [
      digestOfAll([]),
      digestOfAll([one]),
      digestOfAll([one, { ...two, run: 'run-3' }]),
      digestOfAll([one, { ...two, addresses: ['a@x.example'] }]),
      digestOfAll([
        { ...one, addresses: two.addresses },
        { ...two, addresses: one.addresses },
      ]),
    ];
    expect(new Set([whole, ...others]).size).toBe(6);
  });
});
