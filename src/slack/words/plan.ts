import type { Finding } from '../../onboarding/plans.ts';
import type { Target } from '../../onboarding/request.ts';
import type { Thing } from '../../onboarding/thing.ts';
import { link, type Markup, markup, words } from '../markup.ts';
import { many } from './run.ts';

// What is said about plans: what an onboarding would do.

type Asked = Pick<Target, 'cluster' | 'stage'>;

const nameOf = ({ cluster, stage }: Asked): string => `${cluster} ${stage}`;

/** What would be done about each thing, in words that fit below any of the headings. */
export const things: Readonly<Record<Thing['kind'], (name: string, target: Target) => Markup>> = {
  organization: name => markup`the organization *${name}*`,
  'organization-name': name => markup`the name *${name}*, for an organization that was made for it before`,
  environment: name => markup`the environment *${name}*`,
  invite: name => markup`the invite for ${name}`,
  integration: name => markup`the integration *${name}*`,
  'dead-integration': name => markup`the removal of the integration ${name}, whose secret nobody knows`,
  secret: (name, { names }) => markup`the secret *${name}* in ${names.vault}`,
  'deleted-secret': (name, { names }) =>
    markup`the recovery of the deleted secret *${name}* in ${names.vault}`,
  commit: (name, { gitops }) => markup`the commit on the branch ${name} of ${gitops.repository}`,
  'pull-request': (name, { gitops }) => markup`the pull request “${name}” in ${gitops.repository}`,
  'pull-request-text': name => markup`a new description of the pull request ${name}`,
};

/** In this order. */
export const headings: Readonly<Record<Finding['kind'], string>> = {
  conflict: '*In the way*',
  unread: '*Could not be read*',
  missing: '*Would be made*',
  unsure: '*Cannot be told yet*',
  there: '*Is there already*',
};

export const plan = {
  title: (target: Asked): Markup => markup`*What onboarding ${nameOf(target)} would do*`,
  summary: (target: Asked): Markup => markup`What onboarding ${nameOf(target)} would do`,
  running: words('An onboarding of it is running just now, so this may be over in a moment.'),
  inPlace: words('Everything is in place. Nothing would be changed.'),
  footer: words(
    'Read just now, and nothing was written anywhere. To do it, type the same with onboard in the place of plan.',
  ),
  pullRequest: (url: string, number: number, merged: boolean): Markup =>
    markup`The pull request ${link(url, `#${number}`)} ${merged ? 'is merged' : 'is open'}.`,
  repositoryHasIt: words('The repository has it all, so there would be no pull request.'),
  people: {
    nobody: words('*People*\nNobody would be invited.'),
    asked: (count: number, names: Markup): Markup =>
      markup`*People*\n${many(count, 'person', 'people')} would be invited, once it is approved:\n${names}`,
    leftOut: (count: number, names: Markup): Markup => markup`${count} left out:\n${names}`,
    unknownMembers: words('Who is in the organization already could not be read.'),
  },
  file: (path: string, isNew: boolean): Markup => (isNew ? markup`*${path}* (new)` : markup`*${path}*`),
  moreLines: (count: number): Markup => markup`… and ${many(count, 'line')} more`,
  moreFiles: (count: number): Markup =>
    markup`… and ${many(count, 'file')} more, which the pull request will show.`,
};

export const planning = {
  reading: (target: Asked): Markup =>
    markup`Reading what onboarding ${nameOf(target)} would do; nothing is written. It takes some seconds.`,
  late: (target: Asked): Markup =>
    markup`No plan for ${nameOf(target)} came in time. Nothing was changed. Type the command again in a moment.`,
  several: 'A plan is of one cluster at a time. Name one, or type onboard: it asks before it begins several.',
  notAllowed: ({ cluster, stage }: Asked): Markup =>
    markup`You may neither onboard ${cluster} at the stage ${stage} nor approve there, so you may not see what it would do. The requesters and approval.approvers in holt.yaml say who may.`,
  tooOften: (most: number): Markup =>
    markup`You have asked for ${most} plans in the last minute, and more than that I take from nobody. Type it again in a minute.`,
};
