import { usages } from '../../onboarding/command.ts';
import { knownClusters } from '../../onboarding/fleet.ts';
import type { Fleet } from '../../onboarding/fleet-schema.ts';
import type { Standing } from '../../onboarding/policy.ts';
import type { Question } from '../../onboarding/questions.ts';
import type { Rule } from '../../onboarding/rules.ts';
import { commandName } from '../claims.ts';
import { about } from './about.ts';
import { type Answer, answer, ready } from './answers.ts';

/** What somebody may type; `requester`: whether they may onboard anything. */
export const help = (requester: boolean): Answer =>
  ready(
    [
      'I onboard Kubernetes clusters to Otterize. You can type:',
      ...(requester
        ? [
            `• \`${commandName} ${usages.onboard}\`: onboard a cluster, for example \`${commandName} onboard payments-eu prod invite @anna\``,
            `• \`${commandName} onboard\` alone: choose in a form, and see what it would be before it begins`,
            `• several at once: \`${commandName} onboard payments-eu,payments-us prod\`, \`payments-*\`, \`region=eu\`, or \`--all\`; you see what that is before anything begins`,
            `• \`${commandName} ${usages.plan}\`: what that would do, without doing it`,
            `• \`${commandName} ${usages.retry}\`: try again what failed`,
            `• \`${commandName} ${usages.cancel}\`: stop before the next change; what was made stays`,
          ]
        : []),
      `• \`${commandName} ${usages.status}\`: how one onboarding stands, yours, or the latest`,
      `• \`${commandName} ${usages.list}\`: the clusters and stages that I know`,
      `• \`${commandName} ${usages.whoami}\`: what you may do`,
      `• \`${commandName} ${usages.can}\`: whether you may, and which rule says so`,
      `• \`${commandName} ${usages.help}\`: this`,
      'In threads, where there are no commands, mention me: `@holt status`. In the thread of an onboarding that means this one, as do retry and cancel. In direct messages with me the words alone do.',
      ...(requester
        ? ['Typing a command again is always right: what is there is found, not made again.']
        : ['You may onboard nothing here; the requesters in holt.yaml may.']),
    ]
      .join('\n')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  );

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
