import type { Refusal } from '../../onboarding/approvals.ts';
import { usages } from '../../onboarding/command.ts';
import type { Right } from '../../onboarding/policy.ts';
import type { Target } from '../../onboarding/request.ts';
import { type Gate, isLive, type Run } from '../../onboarding/run.ts';
import type { Selected } from '../../onboarding/selection.ts';
import { outcomeOf } from '../approval-message.ts';
import { actions, type Blocks, button, section } from '../blocks.ts';
import { commandName, type StartClaim } from '../claims.ts';
import {
  fit,
  foreign,
  joined,
  link,
  listed,
  type Markup,
  markup,
  moment,
  nothing,
  user,
  words,
} from '../markup.ts';
import { whatStays } from '../outcome.ts';
import { situationOf } from '../situation.ts';
import { buttons, refusals, strangers, voted } from './approval.ts';
import { preview, rollout } from './rollout.ts';
import { situations, targetOf } from './run.ts';

// What is said to one person alone.

export interface Answer {
  text: string;
  blocks?: Blocks;
}

const most = 3000;

export const answer = (text: Markup): Answer => ({ text: fit(text, most).markup });

/** Words that were escaped where they were made, or are ours. */
export const ready = (text: string): Answer => ({ text });

export const sentence = (text: string): Answer => answer(foreign(text, 2500));

export const unseen =
  'Holt may post neither where the command was typed nor in a direct message, so nothing was started.';

export const threadLink = ({ thread }: Run): Markup =>
  thread?.permalink === undefined ? words('') : markup` ${link(thread.permalink, 'Its thread')}`;

export const onboarding = {
  live: (run: Run): Answer =>
    answer(
      markup`Onboarding ${targetOf(run)} is running already: ${situations[situationOf(run)].toLowerCase()}, asked for by ${user(run.request.by.user)}.${threadLink(run)}`,
    ),
  begun: (run: Run): Answer =>
    answer(markup`Onboarding ${targetOf(run)} has begun; its message is in the channel.${threadLink(run)}`),
  direct: (run: Run): Answer =>
    answer(
      markup`I may not post in this channel, so you can watch the onboarding of ${targetOf(run)} in a direct message.${threadLink(run)} To have it here next time, type /invite @holt.`,
    ),
  unseen: ready(
    'I may post neither here nor in a direct message to you, so nothing was started. Type /invite @holt in this channel, then the command again.',
  ),
  slow: (run: Run): Answer =>
    answer(
      markup`Onboarding ${targetOf(run)} is accepted; its message is late and will come. Nothing is changed anywhere before. Reference: ${run.id}`,
    ),
  allRunning: ready('All of these clusters are being onboarded already. See /otterize status.'),
  notAllowed: ({ cluster, stage }: Pick<Target, 'cluster' | 'stage'>): Answer =>
    answer(
      markup`You are not among those who may onboard ${cluster} at the stage ${stage}. The requesters in holt.yaml say who may.`,
    ),
  tooOften: (most: number): Answer =>
    ready(
      `You have started ${most} onboardings in the last minute, and more than that I take from nobody, so this one was not started. Type it again in a minute.`,
    ),
  discarded: ready('Discarded. Nothing was started.'),
  started: ready('Started.'),
  tooLong: ready(
    'That is too much to confirm at once. Name fewer people; the rest can be invited by typing it again.',
  ),
};

/** An organization cannot be deleted, so a name that nobody wrote down before is shown before anything is made. */
export function confirmation(
  { cluster, stage, names, gitops }: Target,
  claim: StartClaim,
  { isListed, changed }: { isListed: boolean; changed: boolean },
): Answer {
  const lines = [
    changed ? preview.changedNames : nothing,
    isListed
      ? words('These are the names that I find, or make where they are not there yet:')
      : markup`${cluster} is not listed in holt.yaml. An organization in Otterize cannot be deleted, so look at the names first:`,
    markup`• Organization: *${names.organization}*`,
    markup`• Environment: *${names.environment}*`,
    markup`• Integration: *${names.integration}*`,
    markup`• Key Vault: *${names.vault}* (${names.clientIdSecret}, ${names.clientSecretSecret})`,
    markup`• Pull request: *${gitops.repository}*, branch ${gitops.branch}`,
    markup`Start the onboarding of ${cluster} ${stage}?`,
  ];
  const text = joined(lines, '\n');
  return { text: fit(text, most).markup, blocks: [section(text), startOrDiscard(claim)] };
}

/** What a rollout would be, before anything is made; `changed`: not what the person has seen. */
export function previewed(
  { cluster, stage }: Pick<Target, 'cluster' | 'stage'>,
  { clusters, leftOut, policy }: Selected,
  claim: StartClaim,
  changed: boolean,
): Answer {
  const members = clusters.map(({ target, wave }) => ({ cluster: target.cluster, wave }));
  const text = joined(
    [
      changed ? preview.changed : nothing,
      preview.title(cluster, stage, clusters.length),
      preview.clusters(members),
      rollout.leftOut(leftOut),
      preview.policy(policy, clusters[0]?.target.gitops.repository ?? ''),
      preview.question,
    ],
    '\n',
  );
  return { text: fit(text, most).markup, blocks: [section(text), startOrDiscard(claim)] };
}

const startOrDiscard = (claim: StartClaim): Blocks[number] =>
  actions([
    button({ action: 'start', value: JSON.stringify(claim), style: 'primary', ...buttons.start }),
    button({ action: 'discard', value: JSON.stringify(claim), ...buttons.discard }),
  ]);

/** A run in one line of a list. */
export const runLine = (run: Run | 'newer'): Markup =>
  run === 'newer'
    ? words('• One that was written by a newer Holt, which this older one cannot read.')
    : markup`• ${targetOf(run)}: ${situations[situationOf(run)].toLowerCase()}, ${moment(run.updatedAt)}.${threadLink(run)}`;

export const status = {
  one: (run: Run): Answer =>
    answer(
      markup`Onboarding ${targetOf(run)}: ${situations[situationOf(run)].toLowerCase()}. Asked for by ${user(run.request.by.user)} ${moment(run.createdAt)}, last change ${moment(run.updatedAt)}.${threadLink(run)}`,
    ),
  recent: (runs: readonly (Run | 'newer')[]): Answer =>
    runs.length === 0
      ? ready(`Nothing was onboarded yet. Type \`${commandName} ${usages.onboard}\`.`)
      : answer(listed(runs.map(runLine), '\n', most - 100)),
  none: ({ cluster, stage }: Pick<Target, 'cluster' | 'stage'>): Answer =>
    answer(markup`${cluster} ${stage} was never onboarded.`),
};

export const cancelling = {
  done: (run: Run): Answer =>
    answer(
      joined(
        [
          markup`The onboarding of ${targetOf(run)} stops before the next change. Nothing is undone.`,
          ...whatStays(run),
        ],
        ' ',
      ),
    ),
  again: (run: Run): Answer => answer(markup`${targetOf(run)} is being cancelled already.${threadLink(run)}`),
  none: (target: { cluster: string; stage: string }): Answer =>
    answer(
      markup`No onboarding of ${target.cluster} ${target.stage} is running, so there is nothing to cancel.`,
    ),
  notAllowed: (run: Run): Answer =>
    answer(
      markup`Only whoever asked, who may ask and who may approve can cancel this; ${user(run.request.by.user)} asked.`,
    ),
};

/** What people hear who have no right to something; `unlisted` is for those whom nobody gave it. */
export const withoutRight = (right: Exclude<Right, 'granted'>, unlisted: Answer): Answer =>
  right === 'unlisted' ? unlisted : ready(strangers[right]);

export const decided = {
  /** `run` as it was judged; who comes too late hears who was faster. */
  refused: (reason: string, run: Run, gate: Gate): Answer =>
    reason === 'decided'
      ? answer(joined([words(refusals.decided), outcomeOf(run, gate, true)], ' '))
      : ready(refusals[reason as Refusal] ?? refusals.decided),
  approved: (open: boolean): Answer => ready(open ? voted.approve.more : voted.approve.last),
  declined: ready(voted.decline),
};

export const retrying = {
  done: ready('Trying again.'),
  wentOn: ready('Going on without the failed clusters.'),
  stopped: ready('Stopping: nothing more is begun, and what is ready is connected.'),
  nothing: ready('Nothing waits for a retry here: it was tried again already.'),
  nothingFailed: (run: Run): Answer =>
    answer(markup`Nothing failed in the onboarding of ${targetOf(run)}, so there is nothing to try again.`),
  held: ready('A newer onboarding of the same cluster is running, so this one is not tried again.'),
  notAllowed: (run: Run): Answer =>
    answer(
      markup`Only whoever asked, who may ask and who may approve can try this again; ${user(run.request.by.user)} asked.`,
    ),
};

export const looking = {
  notAllowed: ready(
    'Only whoever asked, who may ask and who may approve can see the clusters of this rollout.',
  ),
};

export const reviewing = {
  notAllowed: ready('Only whoever asked, who may ask and who may approve can see the addresses.'),
};

/** Around an answer that takes the place of a modal. */
export const told = { title: 'Holt', close: 'Close' };

export const trouble = {
  foreignWorkspace: ready('Holt does not belong to your workspace, so it takes no commands from it.'),
  store: ready(
    'My records did not answer in time, so I cannot say whether this counts. Try again in a moment: nothing is done twice.',
  ),
  tooManyAtOnce: ready('That is more at once than I answer one person. Try again in a moment.'),
  unknownCommand: ready(`I only know \`${commandName}\`. Type \`${commandName} help\`.`),
  unknownButton: ready('I do not know this button any more. Type the command again.'),
  unknownModal: ready('I do not know this form any more. Type the command again.'),
  forgedModal: ready('This form does not belong to anything that I know. Open it anew from the thread.'),
  forged: ready(
    'This button does not belong to a message of mine as it stands now. Use the newest message in the thread.',
  ),
  early: ready(
    'I am not sure yet that this message of mine has come through, so this did not count. Press again in a moment.',
  ),
  withReference: (text: string, reference: string): Answer =>
    answer(markup`${foreign(text, 2000)} Reference: ${reference}`),
};

/**
 * What a person hears who watches from elsewhere how a run begins; nothing when its message stands where they asked. `aside`: they
 * asked in a thread.
 */
export function beginning(run: Run, aside: boolean): Answer | undefined {
  if (run.thread?.place === 'direct') return onboarding.direct(run);
  if (run.thread !== undefined) return aside ? onboarding.begun(run) : undefined;
  return isLive(run) ? onboarding.slow(run) : onboarding.unseen;
}
