import { createHash } from 'node:crypto';
import { type Lease, leased } from './leased.ts';
import { type Change, type Gate, openGateOf, type Run } from './run.ts';

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

/** Asks for an approval; for the same digest only once. An open one for another digest is void. */
export const openGate = (lease: Lease, covered: { digest: string; addresses: string[] }): Change =>
  leased(lease, (run, now) => {
    const last = run.gates.at(-1);
    if (last?.digest === covered.digest && last.state !== 'void') return { unchanged: 'open' };
    const deadline = now + run.request.target.approval.expiresMs;
    const gate: Gate = { ...covered, openedAt: now, deadline, votes: [], state: 'open' };
    const earlier = run.gates.map(each =>
      each.state === 'open' ? { ...each, state: 'void' as const } : each,
    );
    return { next: { ...run, gates: [...earlier, gate] }, kind: 'asked', about: covered.digest };
  });

/** Why a click did not count; each has an answer for the person. */
export type Refusal = 'superseded' | 'decided' | 'expired' | 'not-yours' | 'self' | 'again';

export interface Decision {
  digest: string;
  by: string;
  verdict: 'approve' | 'decline';
  /** Whether the policy lists the person as an approver now. */
  eligible: boolean;
}

/**
 * A person's decision, judged on the newest run: what it answers, who decides, whether it is open and in time. Each person
 * counts once; one refusal ends it; enough approvals by different people grant it. Final either way.
 */
export const decide =
  ({ digest, by, verdict, eligible }: Decision): Change =>
  (run, now) => {
    const refusal = refuse(run, { digest, by, verdict, eligible }, now);
    if (refusal !== undefined) return { unchanged: refusal };
    const gate = openGateOf(run) as Gate;
    const votes = [...gate.votes, { by, verdict, at: now }];
    const approvals = votes.filter(vote => vote.verdict === 'approve').length;
    const granted = approvals >= run.request.target.approval.required;
    const state = verdict === 'decline' ? 'declined' : granted ? 'approved' : 'open';
    const closed = state === 'open' ? {} : { closedAt: now };
    const decided: Gate = { ...gate, votes, state, ...closed };
    const gates = run.gates.map(each => (each === gate ? decided : each));
    const due = state === 'open' ? run.due : now;
    return {
      next: { ...run, gates, due },
      kind: verdict === 'approve' ? 'approved' : 'declined',
      by,
      about: digest,
      wake: true,
    };
  };

function refuse(run: Run, { digest, by, eligible }: Decision, now: number): Refusal | undefined {
  const gate = run.gates.findLast(each => each.digest === digest);
  if (gate === undefined || gate.state === 'void') return 'superseded';
  if (!eligible) return 'not-yours';
  if (by === run.request.by.user && !run.request.target.approval.selfApproval) return 'self';
  if (gate.state === 'expired' || (gate.state === 'open' && now >= gate.deadline)) return 'expired';
  if (gate.state !== 'open' || run.due === null) return 'decided';
  if (gate.votes.some(vote => vote.by === by)) return 'again';
  return undefined;
}

/** Nobody decided in time, by the store's clock. */
export const expire = (lease: Lease): Change =>
  leased(lease, (run, now) => {
    const gate = openGateOf(run);
    if (gate === undefined || now < gate.deadline) return { unchanged: 'in-time' };
    const gates = run.gates.map(each =>
      each === gate ? { ...each, state: 'expired' as const, closedAt: now } : each,
    );
    return { next: { ...run, gates }, kind: 'expired', about: gate.digest };
  });
