import { usages } from '../../onboarding/command.ts';
import { knownClusters } from '../../onboarding/fleet.ts';
import type { Fleet } from '../../onboarding/fleet-schema.ts';
import type { Standing } from '../../onboarding/policy.ts';
import type { Question } from '../../onboarding/questions.ts';
import type { Rule } from '../../onboarding/rules.ts';
import { commandName } from '../claims.ts';
import { about } from './about.ts';
import { type Answer, answer, ready } from './answers.ts';

/** What somebody may do anywhere: a line for each verb that is of use to them. */
export interface Useful {
  onboard: boolean;
  approve: boolean;
}

const line = (command: string, what: string): string => `• \`${commandName} ${command}\`: ${what}`;

/** What somebody may type. */
export const help = ({ onboard, approve }: Useful): Answer =>
  ready(
    [
      'I onboard Kubernetes clusters to Otterize. You can type:',
      ...(onboard ? onboardingLines : []),
      ...(onboard || approve ? steeringLines : []),
      line(usages.status, 'how one onboarding stands, yours, or the latest'),
      line(usages.list, 'the clusters and stages that I know'),
      line(usages.whoami, 'what you may do'),
      line(usages.can, 'whether you may, and which rule says so'),
      line(usages.help, 'this'),
      'In threads, where there are no commands, mention me: `@holt status`. In the thread of an onboarding that means this one, as do retry and cancel. In direct messages with me the words alone do.',
      onboard
        ? 'Typing a command again is always right: what is there is found, not made again.'
        : 'You may onboard nothing here; the requesters in holt.yaml may.',
    ]
      .join('\n')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  );

const onboardingLines: readonly string[] = [
  line(
    usages.onboard,
    `onboard a cluster, for example \`${commandName} onboard payments-eu prod invite @anna\``,
  ),
  `• \`${commandName} onboard\` alone: choose in a form, and see what it would be before it begins`,
  `• several at once: \`${commandName} onboard payments-eu,payments-us prod\`, \`payments-*\`, \`region=eu\`, or \`--all\`; you see what that is before anything begins`,
];

const steeringLines: readonly string[] = [
  line(usages.plan, 'what onboarding it would do, without doing it'),
  line(usages.retry, 'try again what failed'),
  line(usages.cancel, 'stop before the next change; what was made stays'),
];

export const oneCluster = 'Ask about one cluster at a time.';

export const informing = {
  person: (...given: Parameters<typeof about.person>): Answer => answer(about.person(...given)),
  right: (
    question: Question,
    target: string,
    rule: Rule | 'everybody' | undefined,
    standing: Standing,
  ): Answer =>
    answer(
      rule === undefined ? about.noRight(question, target) : about.right(question, target, rule, standing),
    ),
  known: (fleet: Fleet): Answer =>
    answer(about.known(knownClusters(fleet), Object.keys(fleet.stages), fleet.clusters === 'any')),
};
