import { decide } from '../onboarding/approvals.ts';
import { parseCommand } from '../onboarding/command.ts';
import { mayApprove, maySteer } from '../onboarding/policy.ts';
import { type Run, retry } from '../onboarding/run.ts';
import { type Answer, decided, onboarding, retrying, reviewing, trouble } from './answers.ts';
import { type ActionId, actionIds, GateClaim, RetryClaim, readClaim, StartClaim } from './claims.ts';
import { calling } from './client.ts';
import { begin, type Outcome } from './commands.ts';
import { type Asking, type Desk, inTime } from './desk.ts';
import { readMark } from './mark.ts';
import { approvalRole, failureRole } from './messages.ts';
import { reviewView } from './review.ts';

/** A button that was pressed. All but who pressed it and where is a claim. */
export interface Click extends Asking {
  action: string;
  value: string | undefined;
  channel: string;
  /** The message that the button stands in. */
  ts: string | undefined;
  trigger: string;
}

export interface ClickOutcome extends Outcome {
  /** The answer takes the place of the message, which this person alone sees. */
  replaces?: boolean;
}

type Listener = (desk: Desk, click: Click) => Promise<ClickOutcome>;

const forged = (desk: Desk, { user, action }: Click): { answer: Answer } => {
  desk.log.warn({ by: user, action }, 'refused: the button is not of a message as it stands');
  return { answer: trouble.forged };
};

/** The run that a button of this role speaks of, if the button really stands in the message that shows it. */
async function runBehind(
  desk: Desk,
  click: Click,
  id: string,
  roleOf: (run: Run) => string,
): Promise<Run | undefined> {
  const run = await inTime(desk.records.get(id));
  if (run === undefined) return undefined;
  const { messages } = await inTime(readMark(desk.store, id));
  const shown = messages[roleOf(run)];
  return shown !== undefined && shown.channel === click.channel && shown.ts === click.ts ? run : undefined;
}

const gateRole =
  (digest: string) =>
  (run: Run): string =>
    approvalRole(run.gates.findLastIndex(gate => gate.digest === digest));

const vote =
  (verdict: 'approve' | 'decline'): Listener =>
  async (desk, click) => {
    const claim = readClaim(GateClaim, click.value);
    const run = claim && (await runBehind(desk, click, claim.run, gateRole(claim.digest)));
    if (claim === undefined || run === undefined) return forged(desk, click);
    const eligible = mayApprove(run, click.user, desk.memberships);
    const decision = { digest: claim.digest, by: click.user, verdict, eligible };
    const result = await inTime(desk.records.change(run.id, decide(decision)));
    if (!result.applied) {
      desk.log.warn(
        { run: run.id, by: click.user, reason: result.reason },
        'refused: the decision does not count',
      );
      return { answer: decided.refused(result.reason) };
    }
    const open = result.run.gates.findLast(gate => gate.digest === claim.digest)?.state === 'open';
    return { answer: verdict === 'approve' ? decided.approved(open) : decided.declined };
  };

const listeners: Readonly<Record<ActionId, Listener>> = {
  approve: vote('approve'),
  decline: vote('decline'),

  async review(desk, click) {
    const claim = readClaim(GateClaim, click.value);
    const run = claim && (await runBehind(desk, click, claim.run, gateRole(claim.digest)));
    const gate = run?.gates.findLast(({ digest }) => digest === claim?.digest);
    if (run === undefined || gate === undefined) return forged(desk, click);
    if (!maySteer(run, click.user, desk.memberships)) return { answer: reviewing.notAllowed };
    await calling(
      'open the list',
      desk.client.views.open({ trigger_id: click.trigger, view: reviewView(run, gate) }),
    );
    return {};
  },

  async retry(desk, click) {
    const claim = readClaim(RetryClaim, click.value);
    const run = claim && (await runBehind(desk, click, claim.run, () => failureRole(claim.failure)));
    if (claim === undefined || run === undefined) return forged(desk, click);
    if (!maySteer(run, click.user, desk.memberships)) {
      desk.log.warn({ run: run.id, by: click.user }, 'refused: may not retry');
      return { answer: retrying.notAllowed(run) };
    }
    if (claim.failure !== run.retries.length + 1) return { answer: retrying.nothing };
    const { applied, reason } = await inTime(desk.records.change(run.id, retry(click.user)));
    if (applied) return { answer: retrying.done };
    return { answer: reason === 'held' ? retrying.held : retrying.nothing };
  },

  async start(desk, click) {
    const claim = readClaim(StartClaim, click.value);
    const command = claim && parseCommand(claim.text);
    if (claim === undefined || command?.verb !== 'onboard') return forged(desk, click);
    const outcome = await begin(desk, { ...click, text: claim.text }, command, true);
    return { answer: onboarding.started, ...outcome, replaces: true };
  },

  discard: async () => ({ answer: onboarding.discarded, replaces: true }),
};

/** What a click does; every one is answered. Throws what `answering` turns into words. */
export async function press(desk: Desk, click: Click): Promise<ClickOutcome> {
  const action = actionIds.find(each => each === click.action);
  return action === undefined ? { answer: trouble.unknownButton } : listeners[action](desk, click);
}
