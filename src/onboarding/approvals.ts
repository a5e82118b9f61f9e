import { createHash } from 'node:crypto';
import type { Facts } from './facts.ts';
import { type Lease, leased, voided } from './leased.ts';
import type { Right } from './policy.ts';
import { type Change, type Gate, openGateOf, type Run, type Vote } from './run.ts';

type Approval = NonNullable<Facts['approval']>;

/** Exactly what an approval covers. Whoever approves, approves this and nothing else. */
export interface Covered {
  organization: string;
  environment: string;
  addresses: readonly string[];
}

/** A digest of what an approval covers, the order of the addresses aside. */
export function digestOf({ organization, environment, addresses }: Covered): string {
  const canonical = JSON.stringify([organization, environment, addresses.toSorted()]);
  return createHash('sha256').update(canonical).digest('hex');
}

/** A digest of what one approval for several clusters covers: each run with its addresses. */
export function digestOfAll(covered: readonly { run: string; addresses: readonly string[] }[]): string {
  const lines = covered.map(({ run, addresses }) => JSON.stringify([run, addresses.toSorted()]));
  return createHash('sha256').update(JSON.stringify(lines.toSorted())).digest('hex');
}

/** Asks for an approval; for the same digest only once. One for another digest is void, given or not. */
export const openGate = (lease: Lease, covered: { digest: string; addresses: string[] }): Change =>
  leased(lease, (run, now) => {
    const last = run.gates.at(-1);
    if (last?.digest === covered.digest && last.state !== 'void') return { unchanged: 'open' };
    const deadline = now + run.request.target.approval.expiresMs;
    const gate: Gate = { ...covered, openedAt: now, deadline, votes: [], state: 'open' };
    const gates = [...voided(run.gates, ['open', 'approved'], now), gate];
    return { next: { ...run, gates }, kind: 'asked', about: covered.digest };
  });

/** Why a click did not count; each has an answer for the person. */
export type Refusal =
  | Exclude<Right, 'granted'>
  | 'superseded'
  | 'self'
  | 'ended'
  | 'expired'
  | 'decided'
  | 'again'
  | 'nobody';

export interface Decision {
  digest: string;
  by: string;
  verdict: 'approve' | 'decline';
  /** What the policy says of the person now: see `rightToApprove`. */
  right: Right;
  /** Why it is declined. */
  reason?: string;
  /** Addresses that it does not cover. */
  without?: readonly string[];
}

/**
 * A person's decision, judged on the newest run: what it answers, who decides, whether it is open and in time. Each person
 * counts once; one refusal ends it; enough approvals by different people grant it, for those whom none of them left out; an
 * approval that would leave nobody does not count. Final either way.
 */
export const decide =
  (decision: Decision): Change =>
  (run, now) => {
    const { digest, by, verdict } = decision;
    const refusal = refusalOf(run, decision, now);
    if (refusal !== undefined) return { unchanged: refusal };
    const gate = openGateOf(run) as Gate;
    const vote = voteOf(decision, gate, now);
    const votes = [...gate.votes, vote];
    if (vote.without !== undefined && coveredBy({ ...gate, votes }).length === 0)
      return { unchanged: 'nobody' };
    // One refusal closes it, so whatever stands in an open one is an approval.
    const granted = votes.length >= run.request.target.approval.required;
    const state = verdict === 'decline' ? 'declined' : granted ? 'approved' : 'open';
    const closed = state === 'open' ? {} : { closedAt: now };
    const decided: Gate = { ...gate, votes, state, ...closed };
    const due = state === 'open' ? run.due : now;
    const kind = state === 'open' ? 'agreed' : state;
    return { next: { ...withOpen(run, decided), due }, kind, by, about: digest, wake: state !== 'open' };
  };

function voteOf({ by, verdict, reason, without = [] }: Decision, gate: Gate, at: number): Vote {
  const out = verdict === 'approve' ? without : [];
  const left = coveredBy(gate).filter(address => out.includes(address));
  return {
    by,
    verdict,
    at,
    ...(reason !== undefined && { reason }),
    ...(left.length > 0 && { without: left }),
  };
}

/** Whom an approver left out. */
const leftOutOf = ({ addresses, votes }: Gate): string[] =>
  addresses.filter(address => votes.some(({ without }) => without?.includes(address)));

/** Those of a request whom nobody left out so far. */
export const coveredBy = (gate: Gate): string[] => remaining({ ...gate, without: leftOutOf(gate) });

/** Whom an approval covers in the end: nobody whom one of the approvers left out. */
export const remaining = ({ addresses, without = [] }: Pick<Approval, 'addresses' | 'without'>): string[] =>
  addresses.filter(address => !without.includes(address));

/** What a request that is decided comes to. */
export function verdictOf(gate: Gate): Pick<Approval, 'by' | 'without'> {
  const without = leftOutOf(gate);
  return { by: gate.votes.map(({ by }) => by), ...(without.length > 0 && { without }) };
}

/** Why this person's decision would not count now. */
export function refusalOf(
  run: Run,
  { digest, by, right }: Pick<Decision, 'digest' | 'by' | 'right'>,
  now: number,
): Refusal | undefined {
  const gate = run.gates.findLast(each => each.digest === digest);
  if (gate === undefined) return 'superseded';
  if (right !== 'granted') return right;
  if (by === run.request.by.user && !run.request.target.approval.selfApproval) return 'self';
  const undecided = gate.state === 'open' || gate.state === 'void';
  if (undecided && (run.due === null || run.cancel !== undefined)) return 'ended';
  if (gate.state === 'void') return 'superseded';
  if (gate.state === 'expired' || (gate.state === 'open' && now >= gate.deadline)) return 'expired';
  if (gate.state !== 'open') return 'decided';
  if (gate.votes.some(vote => vote.by === by)) return 'again';
  return undefined;
}

/** Whether the run waits for a decision, and this person's would count now. */
export function waitsFor(run: Run, by: string, right: Right, now: number): boolean {
  const gate = openGateOf(run);
  return gate !== undefined && refusalOf(run, { digest: gate.digest, by, right }, now) === undefined;
}

/** When something is to be done about a request that nobody decides: to remind the approvers of it, or to end it. */
export function nextLookAt(gate: Gate, { remindBeforeMs = 0 }: Run['request']['target']['approval']): number {
  const isReminded = gate.state !== 'open' || gate.remindedAt !== undefined;
  return isReminded ? gate.deadline : gate.deadline - remindBeforeMs;
}

/** The approvers are reminded of what is open, once, by the store's clock. */
export const remind = (lease: Lease): Change =>
  leased(lease, (run, now) => {
    const gate = openGateOf(run);
    if (gate === undefined || run.cancel !== undefined) return { unchanged: 'nothing-open' };
    const due = nextLookAt(gate, run.request.target.approval);
    if (now < due || now >= gate.deadline) return { unchanged: 'not-now' };
    return { next: withOpen(run, { ...gate, remindedAt: now }), kind: 'reminded', about: gate.digest };
  });

/** Nobody decided in time, by the store's clock. */
export const expire = (lease: Lease): Change =>
  leased(lease, (run, now) => {
    const gate = openGateOf(run);
    if (gate === undefined || now < gate.deadline) return { unchanged: 'in-time' };
    const expired: Gate = { ...gate, state: 'expired', closedAt: now };
    return { next: withOpen(run, expired), kind: 'expired', about: gate.digest };
  });

/** The run with this in place of its open request. */
const withOpen = (run: Run, gate: Gate): Run => {
  const open = openGateOf(run);
  return { ...run, gates: run.gates.map(each => (each === open ? gate : each)) };
};
