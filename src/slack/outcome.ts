import type { FactName } from '../onboarding/facts.ts';
import { failuresOf, isHeld, isLive, type Run } from '../onboarding/run.ts';
import { actions, type Blocks, button, context, section } from './blocks.ts';
import type { RetryClaim } from './claims.ts';
import { fit, foreign, isNothing, joined, listed, type Markup, markup, nothing } from './markup.ts';
import { foundAllInPlace } from './situation.ts';
import { buttons } from './words/approval.ts';
import { steering } from './words/rollout.ts';
import { ended, facts, failure, pullRequest, whatIsThere } from './words/run.ts';

interface Content {
  text: string;
  blocks: Blocks;
}

const content = (parts: readonly Markup[], more: Blocks = []): Content => ({
  text: fit(joined(parts, ' '), 2000).markup,
  blocks: [...parts.filter(part => !isNothing(part)).map(section), ...more],
});

type Failures = ReturnType<typeof failuresOf>;

const describe = (run: Run, failures: Failures): Markup[] => [
  failure.title(run),
  ...failures.map(({ fact, text }) => failure.step(fact, text)),
];

/** The failures of a run, each with Retry until somebody pressed it. The number is part of the message's name. */
export function failureMessages(run: Run): { number: number; content: Content }[] {
  const reference = context(failure.reference(run));
  const earlier = run.retries.map(({ by, at, failed, instead }) => ({
    failed,
    note: { 'go-on': failure.wentOn, stop: failure.stopped, again: failure.retried }[instead ?? 'again'](
      by,
      at,
    ),
    press: [] as Blocks,
  }));
  const steerable = run.cancel === undefined;
  const claim: RetryClaim = { run: run.id, failure: run.retries.length + 1 };
  const value = JSON.stringify(claim);
  const held = isHeld(run);
  const several = run.request.rollout !== undefined;
  const retry = actions([
    button({ action: 'retry', value, ...(several ? steering.retryFailed : buttons.retry) }),
    ...(held ? [button({ action: 'go-on', value, ...steering.goOn })] : []),
    ...(held ? [button({ action: 'stop', value, style: 'danger', ...steering.stop })] : []),
  ]);
  const now = {
    failed: failuresOf(run),
    note: steerable ? failure.advice : failure.final,
    press: steerable ? [retry] : [],
  };
  return [...earlier, now].flatMap(({ failed, note, press }, index) =>
    failed.length === 0
      ? []
      : [{ number: index + 1, content: content([...describe(run, failed), note], [...press, reference]) }],
  );
}

/** The link that the job is about. */
export function pullRequestMessage(run: Run): Content | undefined {
  const { state, url, number } = run.facts.pullRequest ?? {};
  if (state !== 'open' || url === undefined) return undefined;
  return content([pullRequest.opened(run, url, number)]);
}

export type Accounts = Readonly<Record<string, string | null>>;

/** How it ended, when the root message and the link do not say it all. */
export function endMessage(run: Run, accounts: Accounts): Content | undefined {
  if (isLive(run) || run.status === 'failed') return undefined;
  if (run.status === 'cancelled') return cancelledMessage(run);
  if (foundAllInPlace(run)) return content([ended.inPlace(run), pullOf(run)]);
  const parts = [...verdictOf(run), ...peopleOf(run, accounts)];
  // The message with the link ends the thread when nothing else is left to say.
  if (run.facts.pullRequest?.state === 'open' && parts.every(isNothing)) return undefined;
  return content([ended.done(run), ...parts, pullOf(run)]);
}

export const cancelledMessage = (run: Run): Content | undefined =>
  run.status === 'cancelled' ? content([ended.cancelled(run), ...whatStays(run)]) : undefined;

function pullOf({ facts }: Run): Markup {
  const { state, url, number } = facts.pullRequest ?? {};
  if (state === 'nothing-to-change') return ended.unchanged;
  if (url === undefined) return nothing;
  return state === 'merged' ? ended.merged(url, number) : ended.open(url, number);
}

function verdictOf({ facts, gates }: Run): Markup[] {
  const verdict = facts.approval?.verdict;
  if (verdict === 'expired') return [ended.expired];
  if (verdict !== 'declined') return [];
  const votes = gates.at(-1)?.votes ?? [];
  return [ended.declined(votes.find(vote => vote.verdict === 'decline')?.by)];
}

const budget = 2000;

function peopleOf({ facts }: Run, accounts: Accounts): Markup[] {
  const { sent = [], failed = [], dropped = [] } = facts.invites ?? {};
  const unreached = sent
    .filter(({ address }) => accounts[address] === null)
    .map(({ address }) => markup`${address}`);
  const refused = failed.map(({ address, reason }) => markup`${address} (${foreign(reason, 200)})`);
  const left = dropped.map(address => markup`${address}`);
  return [
    unreached.length === 0 ? nothing : ended.unreached(listed(unreached, ', ', budget)),
    refused.length === 0 ? nothing : ended.notInvited(listed(refused, ', ', budget)),
    left.length === 0 ? nothing : ended.dropped(listed(left, ', ', budget)),
  ];
}

/** What is there, and what was begun: nothing half done is hidden. */
export function whatStays(run: Run): Markup[] {
  if (run.request.rollout !== undefined) return [ended.staysInClusters];
  const { organization, environment, invites, credentials, pullRequest } = run.facts;
  const sent = invites?.sent.length ?? 0;
  const things = [
    organization === undefined ? nothing : whatIsThere.organization(organization.name),
    environment === undefined ? nothing : whatIsThere.environment(environment.name),
    sent === 0 ? nothing : whatIsThere.invites(sent),
    credentials === undefined ? nothing : whatIsThere.credentials(credentials.vault),
    pullRequest?.number === undefined ? nothing : whatIsThere.pullRequest(pullRequest.number),
  ].filter(thing => !isNothing(thing));
  const unfinished = changing.filter(fact => begun(run, fact)).map(fact => facts[fact].title);
  return [
    things.length > 0
      ? ended.stays(joined(things, ', '))
      : unfinished.length > 0
        ? nothing
        : ended.staysNothing,
    unfinished.length === 0 ? nothing : ended.unfinished(unfinished.join(', ')),
  ];
}

const changing: readonly FactName[] = [
  'organization',
  'environment',
  'invites',
  'credentials',
  'pullRequest',
];

const begun = ({ facts, steps }: Run, fact: FactName): boolean =>
  facts[fact] === undefined && steps[fact] !== undefined;
