import type { BlockAction, ButtonAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { z } from 'zod';
import { decide } from '../onboarding/approvals.ts';
import { parseCommand } from '../onboarding/command.ts';
import { rightToApprove, rightToSteer } from '../onboarding/policy.ts';
import { type Run, retry } from '../onboarding/run.ts';
import {
  type Answer,
  decided,
  looking,
  onboarding,
  retrying,
  reviewing,
  trouble,
  withoutRight,
} from './answers.ts';
import {
  type ActionId,
  actionIds,
  ClusterClaim,
  DetailsClaim,
  GateClaim,
  RetryClaim,
  readClaim,
  StartClaim,
} from './claims.ts';
import { calling } from './client.ts';
import { begin, type Outcome } from './commands.ts';
import { type Asking, type Desk, inTime, refuse } from './desk.ts';
import { readMark } from './mark.ts';
import { approvalRole, failureRole } from './messages.ts';
import { reviewView } from './review.ts';
import { clusterView, detailsView } from './rollout-messages.ts';

/** A button that was pressed. All but who pressed it and where is a claim. */
export interface Click extends Asking {
  value: string | undefined;
  /** The message that the button stands in, and whether this person alone sees it. */
  ts: string | undefined;
  private: boolean;
  trigger: string;
  /** The modal that the button stands in. */
  view: string | undefined;
}

/** Slack has its acknowledgement already, and a large rollout takes a moment to write down. */
const startMs = 15_000;

export interface ClickOutcome extends Outcome {
  /** The answer takes the place of the message, which this person alone sees. */
  replaces?: boolean;
}

type Listener = (desk: Desk, click: Click) => Promise<ClickOutcome>;

const forged = (desk: Desk, click: Click): { answer: Answer } =>
  refuse(desk, click, 'forged', trouble.forged);

/** Whether it is the direct messages of one person with the bot: such conversations, and no others, have an id that begins so [DOC]. */
const isDirect = (channel: string | undefined): boolean => channel?.startsWith('D') === true;

/** A press as Slack delivers it. */
export const clickOf = (action: ButtonAction, body: BlockAction): Click => ({
  entry: actionIds.find(each => each === action.action_id) ?? 'unknown',
  value: action.value,
  user: body.user.id,
  team: body.user.team_id ?? body.team?.id ?? '',
  channel: body.channel?.id ?? '',
  ts: body.message?.ts,
  private: body.container['is_ephemeral'] === true || isDirect(body.channel?.id),
  trigger: body.trigger_id,
  view: body.view?.id,
});

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
    const right = rightToApprove(run, click.user, desk.people);
    const decision = { digest: claim.digest, by: click.user, verdict, right };
    const result = await inTime(desk.records.change(run.id, decide(decision)));
    if (!result.applied) {
      const { reason = 'decided' } = result;
      return refuse(desk, click, reason, decided.refused(reason), run.id);
    }
    const open = result.run.gates.findLast(gate => gate.digest === claim.digest)?.state === 'open';
    return { answer: verdict === 'approve' ? decided.approved(open) : decided.declined };
  };

/** What people decide below a failure. */
const afterFailure =
  (answer: Answer, instead?: 'go-on' | 'stop'): Listener =>
  async (desk, click) => {
    const claim = readClaim(RetryClaim, click.value);
    const run = claim && (await runBehind(desk, click, claim.run, () => failureRole(claim.failure)));
    if (claim === undefined || run === undefined) return forged(desk, click);
    const right = rightToSteer(run, click.user, desk.people);
    if (right !== 'granted')
      return refuse(desk, click, right, withoutRight(right, retrying.notAllowed(run)), run.id);
    if (claim.failure !== run.retries.length + 1) return { answer: retrying.nothing };
    const { applied, reason } = await inTime(desk.records.change(run.id, retry(click.user, instead)));
    if (applied) return { answer };
    if (reason === 'not-held') return forged(desk, click);
    return { answer: reason === 'held' ? retrying.held : retrying.nothing };
  };

/**
 * A rollout, or a run within one, that this person may look into, whatever message the button stands in: nothing is changed by it.
 */
async function lookedInto<Claim extends { run: string }>(
  desk: Desk,
  click: Click,
  schema: z.ZodType<Claim>,
  kind: 'rollout' | 'within',
): Promise<{ claim: Claim; run: Run } | { answer: Answer }> {
  const claim = readClaim(schema, click.value);
  const run = claim && (await inTime(desk.records.get(claim.run)));
  if (claim === undefined || run?.request[kind] === undefined) return forged(desk, click);
  const right = rightToSteer(run, click.user, desk.people);
  return right === 'granted'
    ? { claim, run }
    : refuse(desk, click, right, withoutRight(right, looking.notAllowed), run.id);
}

/** In a modal the view takes the place of the one that the button stands in, or lies on top of it. */
async function show(
  { client }: Desk,
  { trigger, view }: Click,
  content: ModalView,
  onTop: boolean,
): Promise<void> {
  const opening =
    view === undefined
      ? client.views.open({ trigger_id: trigger, view: content })
      : onTop
        ? client.views.push({ trigger_id: trigger, view: content })
        : client.views.update({ view_id: view, view: content });
  await calling('open the list', opening);
}

const listeners: Readonly<Record<ActionId, Listener>> = {
  approve: vote('approve'),
  decline: vote('decline'),

  async review(desk, click) {
    const claim = readClaim(GateClaim, click.value);
    const run = claim && (await runBehind(desk, click, claim.run, gateRole(claim.digest)));
    const gate = run?.gates.findLast(({ digest }) => digest === claim?.digest);
    if (run === undefined || gate === undefined) return forged(desk, click);
    const right = rightToSteer(run, click.user, desk.people);
    if (right !== 'granted')
      return refuse(desk, click, right, withoutRight(right, reviewing.notAllowed), run.id);
    await calling(
      'open the list',
      desk.client.views.open({ trigger_id: click.trigger, view: reviewView(run, gate) }),
    );
    return {};
  },

  retry: afterFailure(retrying.done),
  'go-on': afterFailure(retrying.wentOn, 'go-on'),
  stop: afterFailure(retrying.stopped, 'stop'),

  async details(desk, click) {
    const looked = await lookedInto(desk, click, DetailsClaim, 'rollout');
    if ('answer' in looked) return looked;
    const { run, claim } = looked;
    const roll = await inTime(desk.records.roll(run.id));
    await show(desk, click, detailsView(run, roll, claim.page), false);
    return {};
  },

  async cluster(desk, click) {
    const looked = await lookedInto(desk, click, ClusterClaim, 'within');
    if ('answer' in looked) return looked;
    await show(desk, click, clusterView(looked.run), true);
    return {};
  },

  async start(desk, click) {
    const claim = readClaim(StartClaim, click.value);
    const command = claim && parseCommand(claim.text);
    if (claim === undefined || command?.verb !== 'onboard' || !click.private) return forged(desk, click);
    const seen = { shown: claim.shown };
    const outcome = await inTime(begin(desk, { ...click, text: claim.text }, command, seen), startMs);
    return { answer: onboarding.started, ...outcome, replaces: true };
  },

  discard: async (desk, click) =>
    click.private ? { answer: onboarding.discarded, replaces: true } : forged(desk, click),
};

/** What a click does; every one is answered. Throws what `answering` turns into words. */
export async function press(desk: Desk, click: Click): Promise<ClickOutcome> {
  const action = actionIds.find(each => each === click.entry);
  return action === undefined ? { answer: trouble.unknownButton } : listeners[action](desk, click);
}
