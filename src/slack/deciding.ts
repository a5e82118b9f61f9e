import type { ModalView } from '@slack/types';
import { type Decision, decide, refusalOf } from '../onboarding/approvals.ts';
import { normalise } from '../onboarding/normalise.ts';
import { rightToApprove, rightToSteer } from '../onboarding/policy.ts';
import type { Gate, Run } from '../onboarding/run.ts';
import { GateClaim, readClaim } from './claims.ts';
import { type Click, type ClickListener, forged, runBehind } from './click.ts';
import { calling } from './client.ts';
import { declineView, mostOfReason, reasonBlock } from './decline.ts';
import { type Asking, type Desk, inTime, refuse } from './desk.ts';
import { lengthOf } from './markup.ts';
import { approvalRole } from './messages.ts';
import { boxesOf, boxOf, choiceView, firstBoxes, isBoxes, reviewView } from './review.ts';
import type { Submission, SubmissionListener, SubmissionOutcome } from './submissions.ts';
import { type Answer, decided, reviewing, trouble, withoutRight } from './words/answers.ts';
import { declining, review as reviewed } from './words/approval.ts';

// What people do about a request for approval: by its buttons, and in the modals that these open.

interface Asked {
  run: Run;
  gate: Gate;
}

const gateRole =
  (digest: string) =>
  (run: Run): string =>
    approvalRole(run.gates.findLastIndex(gate => gate.digest === digest));

const gateIn = (run: Run | undefined, digest: string): Asked | undefined => {
  const gate = run?.gates.findLast(each => each.digest === digest);
  return run === undefined || gate === undefined ? undefined : { run, gate };
};

/** The request that a button stands below. */
async function askedAt(desk: Desk, click: Click): Promise<Asked | undefined> {
  const claim = readClaim(GateClaim, click.value);
  if (claim === undefined) return undefined;
  return gateIn(await runBehind(desk, click, claim.run, gateRole(claim.digest)), claim.digest);
}

/** The request that a modal or the Home tab speaks of: they stand in no message that their claim could be checked against. */
async function askedIn(desk: Desk, text: string | undefined): Promise<Asked | undefined> {
  const claim = readClaim(GateClaim, text);
  return claim && gateIn(await inTime(desk.records.get(claim.run)), claim.digest);
}

const judged = ({ run, gate }: Asked, { user }: Asking, { people }: Desk) => ({
  digest: gate.digest,
  by: user,
  right: rightToApprove(run, user, people),
});

type Said = Pick<Decision, 'verdict' | 'reason' | 'without'>;

/** Writes the decision down, if it counts. */
async function vote(
  desk: Desk,
  asking: Asking,
  { run, gate }: Asked,
  said: Said,
): Promise<{ answer: Answer; counts?: true }> {
  const change = decide({ ...judged({ run, gate }, asking, desk), ...said });
  const result = await inTime(desk.records.change(run.id, change));
  if (!result.applied) {
    const { reason = 'decided' } = result;
    const newest = gateIn(result.run, gate.digest)?.gate ?? gate;
    return refuse(desk, asking, reason, decided.refused(reason, result.run, newest), run.id);
  }
  const open = gateIn(result.run, gate.digest)?.gate.state === 'open';
  return { answer: said.verdict === 'approve' ? decided.approved(open) : decided.declined, counts: true };
}

/** The same in a modal, which closes when it counts. */
async function voteIn(
  desk: Desk,
  submission: Submission,
  asked: Asked,
  said: Said,
): Promise<SubmissionOutcome> {
  const { answer, counts } = await vote(desk, submission, asked, said);
  return counts === true
    ? { answer, at: asked.run.thread?.channel ?? asked.run.request.channel }
    : { answer };
}

const open = ({ client }: Desk, { trigger }: Click, view: ModalView): Promise<unknown> =>
  calling('open a modal', client.views.open({ trigger_id: trigger, view }));

export const approve: ClickListener = async (desk, click) => {
  const asked = await askedAt(desk, click);
  return asked === undefined ? forged(desk, click) : vote(desk, click, asked, { verdict: 'approve' });
};

/** Asks why, whoever could decline now. */
export const decline: ClickListener = async (desk, click) => {
  const asked = await askedAt(desk, click);
  if (asked === undefined) return forged(desk, click);
  const reason = refusalOf(asked.run, judged(asked, click, desk), await inTime(desk.records.now()));
  if (reason !== undefined)
    return refuse(desk, click, reason, decided.refused(reason, asked.run, asked.gate), asked.run.id);
  await open(desk, click, declineView(asked.run, asked.gate));
  return {};
};

/** Below a request, or beside it in the Home tab. It shows the list, and decides nothing. */
export const review: ClickListener = async (desk, click) => {
  const asked = await (click.view === undefined ? askedAt(desk, click) : askedIn(desk, click.value));
  if (asked === undefined) return forged(desk, click);
  const { run, gate } = asked;
  const right = rightToSteer(run, click.user, desk.people);
  if (right !== 'granted')
    return refuse(desk, click, right, withoutRight(right, reviewing.notAllowed), run.id);
  const refusal = refusalOf(run, judged(asked, click, desk), await inTime(desk.records.now()));
  await open(desk, click, refusal === undefined ? choiceView(run, gate) : reviewView(run, gate));
  return {};
};

/** A modal that carries what none of ours does. */
export const strange = (desk: Desk, submission: Submission): SubmissionOutcome =>
  refuse(desk, submission, 'forged', trouble.forgedModal);

export const declineBecause: SubmissionListener = async (desk, submission) => {
  const asked = await askedIn(desk, submission.claim);
  if (asked === undefined) return strange(desk, submission);
  const reason = normalise(submission.values[reasonBlock]?.value ?? '');
  if (reason === '') return { errors: { [reasonBlock]: declining.missing } };
  if (lengthOf(reason) > mostOfReason) return { errors: { [reasonBlock]: declining.tooLong } };
  return voteIn(desk, submission, asked, { verdict: 'decline', reason });
};

/** Approves for those who are ticked; whoever had a box and is not ticked is left out. */
export const approveThose: SubmissionListener = async (desk, submission) => {
  const asked = await askedIn(desk, submission.claim);
  if (asked === undefined) return strange(desk, submission);
  const boxes = Object.entries(submission.values).filter(([block]) => isBoxes(block));
  const ticked = new Set(
    boxes.flatMap(([, field]) => field?.selected_options ?? []).map(({ value }) => value),
  );
  const offered = new Set(asked.gate.addresses.map(boxOf));
  if ([...ticked].some(box => !offered.has(box))) return strange(desk, submission);
  const boxed = boxesOf(asked.gate);
  if (boxed.length > 0 && ticked.size === 0) return { errors: { [firstBoxes]: reviewed.nobody } };
  const without = boxed.filter(address => !ticked.has(boxOf(address)));
  return voteIn(desk, submission, asked, { verdict: 'approve', without });
};
