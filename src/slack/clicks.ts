import type { ModalView } from '@slack/types';
import type { z } from 'zod';
import { parseCommand } from '../onboarding/command.ts';
import { rightToSteer } from '../onboarding/policy.ts';
import { type Run, retry } from '../onboarding/run.ts';
import { keepChosen, openForm } from './choosing.ts';
import {
  type ActionId,
  actionIds,
  ClusterClaim,
  DetailsClaim,
  RetryClaim,
  readClaim,
  StartClaim,
} from './claims.ts';
import { type Click, type ClickListener, type ClickOutcome, forged, runBehind } from './click.ts';
import { calling } from './client.ts';
import { begin } from './commands.ts';
import { approve, decline, review } from './deciding.ts';
import { type Desk, inTime, refuse } from './desk.ts';
import { failureRole } from './messages.ts';
import { clusterView, detailsView } from './rollout-messages.ts';
import { type Answer, looking, onboarding, retrying, trouble, withoutRight } from './words/answers.ts';

/** Slack has its acknowledgement already, and a large rollout takes a moment to write down. */
const startMs = 15_000;

/** What people decide below a failure. */
const afterFailure =
  (answer: Answer, instead?: 'go-on' | 'stop'): ClickListener =>
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

const listeners: Readonly<Record<ActionId, ClickListener>> = {
  approve,
  decline,
  review,

  retry: afterFailure(retrying.done),
  'go-on': afterFailure(retrying.wentOn, 'go-on'),
  stop: afterFailure(retrying.stopped, 'stop'),

  new: openForm,
  chosen: keepChosen,

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
