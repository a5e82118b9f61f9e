import { UserError } from '../errors.ts';
import { parseCommand } from '../onboarding/command.ts';
import { chosenIn, forget } from './choosing.ts';
import { FormClaim, PreviewClaim, readClaim } from './claims.ts';
import { begin, type Typed } from './commands.ts';
import { strange } from './deciding.ts';
import type { Desk } from './desk.ts';
import { previewView } from './form.ts';
import { plainly } from './markup.ts';
import type { Submission, SubmissionListener, SubmissionOutcome } from './submissions.ts';
import { form } from './words/form.ts';

/** The form's Preview: what is wrong is said at its field, else what would be made lies on top of it. */
export const previewChosen: SubmissionListener = async (desk, submission) => {
  const claim = readClaim(FormClaim, submission.claim);
  if (claim === undefined) return strange(desk, submission);
  const { cluster, stage, people, channel: chosen } = chosenIn(submission.values);
  const channel = claim.channel ?? chosen;
  if (cluster === undefined || stage === undefined || channel === undefined) {
    const missing = Object.entries({ cluster, stage, channel }).filter(([, value]) => value === undefined);
    return { errors: Object.fromEntries(missing.map(([field]) => [field, form.chooseIt])) };
  }
  if (claim.channel === undefined && !isChannel(channel)) return { errors: { channel: form.noChannel } };
  const invite = people.length === 0 ? '' : ` invite ${people.map(user => `<@${user}>`).join(' ')}`;
  try {
    const asked = { text: `onboard ${cluster} ${stage}${invite}`, channel };
    const outcome = await started(desk, submission, asked);
    if (outcome.refused === undefined || outcome.answer === undefined) return outcome;
    return { errors: { cluster: plainly(outcome.answer.text) } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { errors: { [error.code === 'unknown-stage' ? 'stage' : 'cluster']: error.message } };
  }
};

/** The preview's Start: begins what was shown, or shows what it would be now. */
export const startChosen: SubmissionListener = async (desk, submission) => {
  const claim = readClaim(PreviewClaim, submission.claim);
  return claim === undefined ? strange(desk, submission) : started(desk, submission, claim);
};

/** Of a channel or a group; not of direct messages, nor a person. */
const isChannel = (id: string): boolean => /^[CG][A-Z0-9]+$/.test(id);

/** What is chosen, started if it was shown, else shown. */
async function started(
  desk: Desk,
  submission: Submission,
  { text, channel, shown }: { text: string; channel: string; shown?: string | undefined },
): Promise<SubmissionOutcome> {
  const command = parseCommand(text);
  if (command.verb !== 'onboard' || !isChannel(channel)) return strange(desk, submission);
  const typed: Typed = { ...submission, channel, text };
  const outcome = await begin(desk, typed, command, { shown, always: true });
  if (outcome.answer !== undefined && outcome.asks !== undefined) {
    const view = previewView(outcome.answer, { ...outcome.asks, channel });
    return { view, onTop: shown === undefined };
  }
  if (outcome.started === undefined) return outcome;
  void forget(desk, submission.user);
  return { ...outcome, at: channel, closes: true };
}
