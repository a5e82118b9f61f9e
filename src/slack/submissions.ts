import type { ViewResponseAction, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { section } from './blocks.ts';
import { type CallbackId, callbackIds } from './claims.ts';
import type { Outcome } from './commands.ts';
import { approveThose, declineBecause } from './deciding.ts';
import type { Asking, Desk } from './desk.ts';
import { type Filled, filledIn } from './filled.ts';
import { plainly } from './markup.ts';
import { previewChosen, startChosen } from './starting.ts';
import { type Answer, told, trouble } from './words/answers.ts';

/** A modal that was submitted. All but who submitted it is a claim. */
export interface Submission extends Asking {
  /** Its private_metadata. */
  claim: string;
  values: Filled;
  /** The first input: what is said of the whole is said there. */
  field: string | undefined;
}

/** What becomes of the modal: words at fields, another view, an answer, or the modal closes. */
export interface SubmissionOutcome extends Outcome {
  /** The modal stays as it was filled in, with these words below its inputs, by block_id. */
  errors?: Record<string, string>;
  /** Takes the place of the modal, or lies on top of it. */
  view?: ModalView;
  onTop?: boolean;
  /** Where the answer is said once the modal has closed; in place of the modal when left out. */
  at?: string;
  /** All modals close, also those below this one. */
  closes?: true;
  /** The same may be submitted again, so the answer is said at the first input and nothing that was filled in is lost. */
  again?: true;
}

export type SubmissionListener = (desk: Desk, submission: Submission) => Promise<SubmissionOutcome>;

const listeners: Readonly<Record<CallbackId, SubmissionListener>> = {
  'decline-because': declineBecause,
  'onboard-form': previewChosen,
  'onboard-start': startChosen,
  'approve-those': approveThose,
};

/** A submission as Slack delivers it. */
export function submissionOf({ user, team, view }: ViewSubmitAction): Submission {
  return {
    entry: callbackIds.find(each => each === view.callback_id) ?? 'unknown',
    user: user.id,
    team: user.team_id ?? team?.id ?? '',
    channel: '',
    claim: view.private_metadata,
    values: filledIn(view.state),
    field: view.blocks.find(({ type }) => type === 'input')?.block_id,
  };
}

/** What a submission does; every one is answered. Throws what `answering` turns into words. */
export async function submit(desk: Desk, submission: Submission): Promise<SubmissionOutcome> {
  const callback = callbackIds.find(each => each === submission.entry);
  return callback === undefined ? { answer: trouble.unknownModal } : listeners[callback](desk, submission);
}

/** What Slack is told to do with the modal; it closes when that is nothing. */
export function responseTo(
  { errors, view, onTop, closes, answer, at, again }: SubmissionOutcome,
  { field }: Pick<Submission, 'field'>,
): ViewResponseAction | undefined {
  if (errors !== undefined) return { response_action: 'errors', errors };
  if (view !== undefined) return { response_action: onTop === true ? 'push' : 'update', view };
  if (closes === true) return { response_action: 'clear' };
  if (answer === undefined || at !== undefined) return undefined;
  if (again === true && field !== undefined)
    return { response_action: 'errors', errors: { [field]: plainly(answer.text) } };
  return { response_action: 'update', view: answerView(answer) };
}

const answerView = ({ text, blocks }: Answer): ModalView => ({
  type: 'modal',
  title: { type: 'plain_text', text: told.title },
  close: { type: 'plain_text', text: told.close },
  blocks: blocks ?? [section({ markup: text })],
});
