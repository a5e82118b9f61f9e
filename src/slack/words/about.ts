import type { Standing } from '../../onboarding/policy.ts';
import type { Question } from '../../onboarding/questions.ts';
import type { Granted, Rule } from '../../onboarding/rules.ts';
import { group, joined, listed, type Markup, markup, user, words } from '../markup.ts';
import { many } from './run.ts';

// What people hear of themselves, of their rights, and of what there is.

const standings: Readonly<Record<Standing, string>> = {
  colleague: 'a full member of this workspace',
  outsider:
    'no full member of this workspace (a guest, a bot, somebody of another company, or somebody who left), so you have no rights here',
  unknown: 'somebody whom I am still looking up; try again in a moment',
};

const grants = (granted: readonly Granted[]): string =>
  granted
    .map(
      ({ stage, clusters, all }) =>
        `${stage}: ${clusters === 0 ? 'no cluster' : clusters === all ? 'every cluster' : `${clusters} of ${many(all, 'cluster')}`}`,
    )
    .join('; ');

export const about = {
  person: (
    id: string,
    standing: Standing,
    onboard: readonly Granted[],
    approve: readonly Granted[],
  ): Markup =>
    joined(
      [
        markup`You are ${user(id)} (${id}), ${words(standings[standing])}.`,
        markup`You may onboard at ${grants(onboard)}.`,
        markup`You may approve at ${grants(approve)}.`,
      ],
      '\n',
    ),

  right: (question: Question, target: string, rule: Rule | 'everybody', standing: Standing): Markup => {
    if (rule === 'everybody') return markup`Yes. Everybody in this workspace may ask for ${question}.`;
    if (standing !== 'colleague')
      return markup`No. holt.yaml lists you, but you are ${words(standings[standing])}.`;
    const through =
      rule.group === undefined ? words('lists you') : markup`lists ${group(rule.group)}, and you are in it`;
    const self =
      question === 'approve'
        ? words(' Whether you may approve what you asked for yourself, approval.selfApproval says.')
        : words('');
    return markup`Yes. You may ${question} ${target}: ${words(rule.list)} in holt.yaml ${through}.${self}`;
  },

  noRight: (question: Question, target: string): Markup => {
    const lists: Partial<Record<Question, string>> = { onboard: 'requesters', approve: 'approval.approvers' };
    const list = lists[question] ?? 'requesters or approval.approvers';
    const own = question === 'retry' || question === 'cancel' ? ' What you asked for yourself you may.' : '';
    return markup`No. You may not ${question} ${target}: neither you nor a group of yours is in ${words(list)} in holt.yaml.${own}`;
  },

  known: (clusters: readonly string[], stages: readonly string[], anything: boolean): Markup =>
    joined(
      [
        anything
          ? words('Every cluster can be onboarded; holt.yaml lists none.')
          : markup`${many(clusters.length, 'cluster')}: ${listed(
              clusters.map(cluster => markup`${cluster}`),
              ', ',
              2_000,
            )}`,
        markup`Stages: ${stages.join(', ')}`,
      ],
      '\n',
    ),
};
