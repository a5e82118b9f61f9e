import { setTimeout as sleep } from 'node:timers/promises';
import type { BlockAction, ButtonAction } from '@slack/bolt';
import { UserError } from '../errors.ts';
import type { Run } from '../onboarding/run.ts';
import { actionIds } from './claims.ts';
import type { Outcome } from './commands.ts';
import { type Asking, type Desk, inTime, refuse } from './desk.ts';
import { type Filled, filledIn } from './filled.ts';
import { readMark } from './mark.ts';
import { type Answer, trouble } from './words/answers.ts';

/** A button that was pressed. All but who pressed it and where is a claim. */
export interface Click extends Asking {
  value: string | undefined;
  /** The message that the button stands in, and whether this person alone sees it. */
  ts: string | undefined;
  private: boolean;
  trigger: string;
  /** The modal that the button stands in. */
  view: string | undefined;
  /** Of a modal: which of ours it is, and what is filled in. */
  form: { callback: string; values: Filled } | undefined;
}

export interface ClickOutcome extends Outcome {
  /** The answer takes the place of the message, which this person alone sees. */
  replaces?: boolean;
}

export type ClickListener = (desk: Desk, click: Click) => Promise<ClickOutcome>;

/** Whether it is the direct messages of one person with the bot: such conversations, and no others, have an id that begins so [DOC]. */
export const isDirect = (channel: string | undefined): boolean => channel?.startsWith('D') === true;

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
  form: body.view && { callback: body.view.callback_id, values: filledIn(body.view.state) },
});

export const forged = (desk: Desk, asking: Asking): { answer: Answer; refused: string } =>
  refuse(desk, asking, 'forged', trouble.forged);

/** People see a message before Slack has said where it stands, which mostly takes a moment. */
const confirmedAfterMs = [0, 50, 100, 200, 400, 800, 1_600];

/**
 * The run that a button of this role speaks of, if the button really stands in the message that shows it. Throws a UserError when it is
 * not known yet where that message stands: whoever posted it may have been cut off before Slack's answer.
 */
export async function runBehind(
  desk: Desk,
  click: Click,
  id: string,
  roleOf: (run: Run) => string,
): Promise<Run | undefined> {
  const run = await inTime(desk.records.get(id));
  if (run === undefined) return undefined;
  const role = roleOf(run);
  for (const ms of confirmedAfterMs) {
    await sleep(ms);
    const { messages, posting } = await inTime(readMark(desk.store, id));
    const shown = messages[role];
    if (shown !== undefined)
      return shown.channel === click.channel && shown.ts === click.ts ? run : undefined;
    if (posting?.role !== role || posting.channel !== click.channel) return undefined;
  }
  const { answer } = refuse(desk, click, 'early', trouble.early, id);
  throw new UserError('early', answer.text);
}
