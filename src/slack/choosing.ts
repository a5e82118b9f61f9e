import { rightToOnboardSomething } from '../onboarding/rules.ts';
import { type FormClaim, readClaim } from './claims.ts';
import { type ClickListener, forged, isDirect } from './click.ts';
import { calling, SlackRefusal } from './client.ts';
import type { Outcome, Typed } from './commands.ts';
import { type Asking, type Desk, inTime, refuse } from './desk.ts';
import type { Filled } from './filled.ts';
import { Chosen, formView, offer } from './form.ts';
import { withoutRight } from './words/answers.ts';
import { choosing } from './words/form.ts';

// An onboarding that is chosen in a form: from a command that names nothing, from a button, from the Home tab.

/** Nothing when this person may onboard something; else the refusal. */
function refusedTo(desk: Desk, asking: Asking): Outcome | undefined {
  const right = rightToOnboardSomething(desk.fleet, asking.user, desk.people);
  return right === 'granted'
    ? undefined
    : refuse(desk, asking, right, withoutRight(right, choosing.notAllowed));
}

/** Opens the form; where Slack gave nothing to open one with, answers with a button that does. */
export async function choose(desk: Desk, typed: Typed): Promise<Outcome> {
  const refused = refusedTo(desk, typed);
  if (refused !== undefined) return refused;
  if (typed.trigger !== undefined) return open(desk, typed, typed.trigger);
  return { answer: offer };
}

/** New, below an offer or in the Home tab. */
export const openForm: ClickListener = async (desk, click) =>
  refusedTo(desk, click) ?? (await open(desk, click, click.trigger));

async function open(desk: Desk, { user, channel }: Asking, trigger: string): Promise<Outcome> {
  const claim: FormClaim = channel === '' || isDirect(channel) ? {} : { channel };
  const view = formView(await inTime(kept(desk, user)), claim);
  try {
    await calling('open the form', desk.client.views.open({ trigger_id: trigger, view }));
    return {};
  } catch (error) {
    if (error instanceof SlackRefusal && error.code === 'expired_trigger_id')
      return { answer: choosing.late };
    throw error;
  }
}

/** How long what somebody has chosen is kept for them. */
const keptMs = 900_000;
const draftOf = (user: string): string => `form-${user}`;

const kept = async ({ store }: Desk, user: string): Promise<Chosen> =>
  readClaim(Chosen, await store.notes.read(draftOf(user))) ?? { people: [] };

const keep = ({ store }: Desk, user: string, chosen: Chosen): Promise<void> =>
  store.notes.write(draftOf(user), JSON.stringify(chosen), keptMs);

/** It has begun, so nothing of it is proposed the next time. If it is all the same, no harm is done. */
export const forget = (desk: Desk, user: string): Promise<void> =>
  keep(desk, user, { people: [] }).catch(() => undefined);

/** Something was chosen in the form: it is kept, should the form be closed. */
export const keepChosen: ClickListener = async (desk, click) => {
  if (click.form?.callback !== 'onboard-form') return forged(desk, click);
  const refused = refusedTo(desk, click);
  if (refused !== undefined) return refused;
  await inTime(keep(desk, click.user, chosenIn(click.form.values)));
  return {};
};

/** What is chosen in the form; what cannot have been offered is left out. */
export function chosenIn(values: Filled): Chosen {
  const { cluster, stage, people, channel } = values;
  const read = Chosen.safeParse({
    cluster: cluster?.selected_option?.value,
    stage: stage?.selected_option?.value,
    people: people?.selected_users ?? [],
    channel: channel?.selected_conversation ?? undefined,
  });
  return read.data ?? { people: [] };
}
