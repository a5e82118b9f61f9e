import type { Refusal } from '../../onboarding/approvals.ts';
import type { Right } from '../../onboarding/policy.ts';
import type { Gate, Run, Vote } from '../../onboarding/run.ts';
import { foreign, group, joined, type Markup, markup, moment, nothing, user, words } from '../markup.ts';
import { many, targetOf } from './run.ts';

// What is said about one request for approval: in the thread, in the modal, and to those who click.

const approversOf = ({ request }: Run): Markup => {
  const { users, groups } = request.target.approval.approvers;
  return joined([...groups.map(group), ...users.map(user)].slice(0, 10), ' ');
};

const askedBy = ({ request }: Run): Markup => user(request.by.user);

const organizationsOf = ({ facts, request }: Run): string =>
  request.rollout === undefined
    ? `the organization ${facts.organization?.name ?? request.target.names.organization}`
    : `the organizations of ${many(Object.keys(facts.looked?.of ?? {}).length, 'cluster')}`;

/** Somebody's own words, between quotation marks and as nothing but words. */
const because = (reason: string | undefined): Markup =>
  reason === undefined ? nothing : markup`: “${foreign(reason, 300)}”`;

export const approval = {
  ask: (run: Run, count: number): Markup =>
    markup`${approversOf(run)}: may ${many(count, 'person', 'people')} be invited to ${organizationsOf(run)} (${targetOf(run)})? Asked for by ${askedBy(run)}.`,
  people: (names: Markup): Markup => markup`*Invited would be:* ${names}`,
  leftOut: (count: number, why: string): Markup => markup`*Left out:* ${count} (${why})`,
  deadline: (run: Run, gate: Gate): Markup => {
    const { required, selfApproval } = run.request.target.approval;
    const who = words(selfApproval ? '' : ' Whoever asked may not approve.');
    const needed = required === 1 ? 'One approval is' : `${required} approvals by different people are`;
    return markup`${needed} needed by ${moment(gate.deadline)}.${who}`;
  },
  votes: (gate: Gate, required: number): Markup =>
    markup`${gate.votes.length} of ${required} so far: approved by ${joined(
      gate.votes.map(({ by }) => user(by)),
      ', ',
    )}.`,
  reminder: (run: Run, gate: Gate, count: number): Markup =>
    markup`${approversOf(run)}: the request above to invite ${many(count, 'person', 'people')} for ${targetOf(run)} is still open, until ${moment(gate.deadline)}.`,
  told: (run: Run, outcome: Markup): Markup =>
    markup`${askedBy(run)}, the invites you asked for (${targetOf(run)}): ${outcome}`,
  leftOutBy: (by: string, names: Markup): Markup => markup`Left out by ${user(by)}: ${names}`,
  approved: (gate: Gate): Markup =>
    markup`Approved by ${joined(
      gate.votes.map(({ by, at }) => markup`${user(by)} ${moment(at)}`),
      ', ',
    )}.`,
  declined: ({ by, at, reason }: Vote): Markup =>
    markup`Declined by ${user(by)} ${moment(at)}${because(reason)}. Nobody is invited.`,
  expired: (gate: Gate): Markup =>
    markup`Nobody decided by ${moment(gate.deadline)}, so this request is over and nobody is invited.`,
  replaced: words(
    'Replaced: the list of people is no longer the one that was asked about, so this request does not count any more. A new one follows.',
  ),
  ended: words('The onboarding ended before this was decided, so nobody was invited.'),
};

/** What people hear who are listed and have no right all the same. */
export const strangers: Readonly<Record<Exclude<Right, 'granted' | 'unlisted'>, string>> = {
  outsider:
    'Only full members of this workspace may do this: no guests, no bots and nobody of another company, though holt.yaml lists them.',
  unknown: 'I am still looking up who you are. Try again in a moment.',
};

export const refusals: Readonly<Record<Refusal, string>> = {
  superseded:
    'This request does not count any more: the list of people has changed. Look for the newer one below.',
  ended: 'The onboarding has ended or is being stopped, so there is nothing to decide any more.',
  decided: 'This was decided already.',
  expired: 'Nobody decided in time, so this request is over. Type the command again to ask again.',
  unlisted: 'You are not among the approvers of this stage, so your click does not count.',
  ...strangers,
  self: 'You asked for this yourself, so somebody else must approve it.',
  again: 'Your approval counts already; others are still needed.',
  nobody:
    'With whom others left out, nobody would be left to invite, so this does not count. Decline instead.',
};

export const voted = {
  approve: {
    last: 'Your approval counts: the invites go out.',
    more: 'Your approval counts; others are still needed.',
  },
  decline: 'You declined. Nobody is invited; the rest of the onboarding goes on.',
};

export const review = {
  title: 'People to invite',
  submit: 'Approve',
  close: 'Close',
  intro: (run: Run, gate: Gate): Markup =>
    markup`${many(gate.addresses.length, 'person', 'people')} for ${targetOf(run)}, as asked about ${moment(gate.openedAt)}.`,
  choose: words(
    'Untick whom you do not approve, then press Approve. Without any change it covers everybody.',
  ),
  boxes: (from: number, to: number, all: number): string =>
    all <= 10 ? 'Invite' : `Invite (${from} to ${to} of ${all})`,
  unboxed: (count: number): Markup =>
    markup`*Without a box*, because Slack shows only so many: ${many(count, 'person', 'people')}. Approve covers all of these; if one of them must not be invited, decline and say whom.`,
  nobody: 'Nobody is ticked. To invite nobody, close this and press Decline.',
  leftOut: words('*Left out*'),
  more: (pages: number): Markup => markup`and ${many(pages, 'page')} more`,
  list: (names: Markup, clusters: Markup): Markup => markup`${names} to: ${clusters}`,
  digest: (digest: string): Markup => markup`An approval covers exactly this list: ${digest.slice(0, 12)}`,
};

/** The modal that Decline opens. */
export const declining = {
  title: 'Decline the invites',
  submit: 'Decline',
  close: 'Go back',
  intro: (run: Run, count: number): Markup =>
    markup`One refusal is enough: none of the ${many(count, 'person', 'people')} for ${targetOf(run)} is invited, whoever approved before. The rest of the onboarding goes on.`,
  label: 'Why?',
  hint: 'Whoever asked is told, and everybody in the thread can read it.',
  missing: 'Say in a few words why: whoever asked will want to know.',
  tooLong: 'That is too long. Say it in at most 300 characters.',
};

export const buttons = {
  review: { text: 'Review', label: 'Review the people and their addresses' },
  approve: { text: 'Approve', label: 'Approve these invites' },
  decline: { text: 'Decline', label: 'Decline these invites' },
  retry: { text: 'Retry', label: 'Retry the failed steps' },
  start: { text: 'Start', label: 'Start this onboarding' },
  discard: { text: 'Discard', label: 'Do not start this onboarding' },
};
