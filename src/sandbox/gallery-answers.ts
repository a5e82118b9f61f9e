import type { RolloutPolicy } from '../onboarding/request.ts';
import type { Gate, Run } from '../onboarding/run.ts';
import { offer } from '../slack/form.ts';
import { planMessage } from '../slack/plan-message.ts';
import { about } from '../slack/words/about.ts';
import * as answers from '../slack/words/answers.ts';
import { choosing } from '../slack/words/form.ts';
import { help, informing } from '../slack/words/help.ts';
import { planning } from '../slack/words/plan.ts';
import { request, requester, situations, target } from './examples.ts';
import type { Scene } from './gallery-threads.ts';
import { plans } from './plan-examples.ts';

// Everything that is said to one person alone.

type Answer = answers.Answer;

const run = situations['waits for an approval'] as Run;
const declined = situations['was declined'] as Run;
const gateIn = ({ gates }: Run): Gate => gates.at(-1) as Gate;
const claim = { text: 'onboard payments-xx prod' };
const stopping = situations['is being cancelled'] as Run;
const selection = { cluster: 'payments-*', stage: 'prod' };
const policy: RolloutPolicy = { canary: 1, wave: 20, stopAfter: 1, pullRequests: 'per-rollout' };
const selected = {
  clusters: ['payments-eu', 'payments-us', 'payments-ap'].map((cluster, index) => ({
    target: target({ cluster }),
    wave: index === 0 ? 1 : 2,
  })),
  leftOut: [{ cluster: 'payments-me', why: 'it is not known. Did you mean payments-eu?' }],
  policy,
};
const granted = [
  { stage: 'dev', clusters: 3, all: 3 },
  { stage: 'prod', clusters: 1, all: 3 },
];
const none = granted.map(each => ({ ...each, clusters: 0 }));
const rule = { list: 'requesters', group: 'S0PLATFORM' } as const;

/** An example of each answer that depends on something, by its name. */
export const samples: Readonly<Record<string, Answer>> = {
  sentence: answers.sentence('There is no stage production. Did you mean prod?'),
  confirmation: answers.confirmation(target({ cluster: 'payments-xx' }), claim, {
    isListed: false,
    changed: false,
  }),
  'confirmation, changed': answers.confirmation(target(), claim, { isListed: true, changed: true }),
  'an offer of the form': offer,
  previewed: answers.previewed(selection, selected, { text: 'onboard payments-* prod', shown: 'd' }, false),
  'previewed, changed': answers.previewed(selection, selected, { text: 'onboard payments-* prod' }, true),
  'withoutRight, outsider': answers.withoutRight('outsider', answers.looking.notAllowed),
  'withoutRight, unknown': answers.withoutRight('unknown', answers.looking.notAllowed),
  'onboarding.live': answers.onboarding.live(run),
  'onboarding.direct': answers.onboarding.direct(run),
  'onboarding.slow': answers.onboarding.slow(run),
  'onboarding.notAllowed': answers.onboarding.notAllowed(target()),
  'onboarding.tooOften': answers.onboarding.tooOften(6),
  'status.one': answers.status.one(run),
  'status.recent': answers.status.recent([...Object.values(situations).slice(0, 5), 'newer']),
  'status.recent, none': answers.status.recent([]),
  'status.none': answers.status.none(target()),
  'cancelling.done': answers.cancelling.done(stopping),
  'cancelling.again': answers.cancelling.again(stopping),
  'cancelling.none': answers.cancelling.none(target()),
  'cancelling.notAllowed': answers.cancelling.notAllowed(run),
  'decided.refused': answers.decided.refused('decided', declined, gateIn(declined)),
  'decided.refused, self': answers.decided.refused('self', run, gateIn(run)),
  'onboarding.begun': answers.onboarding.begun(run),
  'choosing.notAllowed': choosing.notAllowed,
  'choosing.late': choosing.late,
  'decided.approved': answers.decided.approved(false),
  'decided.approved, others needed': answers.decided.approved(true),
  'retrying.nothingFailed': answers.retrying.nothingFailed(run),
  'retrying.notAllowed': answers.retrying.notAllowed(run),
  'trouble.withReference': answers.trouble.withReference(
    'Something unexpected happened in Holt. Try again; if it stays, give the reference to whoever runs Holt.',
    '6f1d2c3b-1f7e-4f0e-9d37-1f5f2c0a9b11',
  ),
  'help, may onboard': help({ onboard: true, approve: false }),
  'help, may approve': help({ onboard: false, approve: true }),
  'help, may neither': help({ onboard: false, approve: false }),
  'informing.person': informing.person(requester, 'colleague', granted, granted.slice(0, 1)),
  'informing.person, outsider': informing.person(requester, 'outsider', none, none),
  'informing.right': informing.right('onboard', 'payments-eu prod', rule, 'colleague'),
  'informing.right, none': informing.right('approve', 'payments-eu prod', undefined, 'colleague'),
  ...Object.fromEntries(
    Object.entries(plans).map(([what, plan]) => [`a plan of ${what}`, planMessage(request(), plan)]),
  ),
  'planning.reading': answers.answer(planning.reading(target())),
  'planning.late': answers.answer(planning.late(target())),
  'planning.notAllowed': answers.answer(planning.notAllowed(target())),
  'planning.tooOften': answers.answer(planning.tooOften(6)),
  'planning.several': answers.sentence(planning.several),
  'informing.known': answers.answer(about.known(['payments-eu', 'payments-us'], ['dev', 'prod'], false)),
};

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'text' in value;

/** Every answer by its name: those that are always the same, and an example of each of the others. */
export function answerScenes(): Scene[] {
  const fixed = Object.entries({ ...answers, informing }).flatMap(([group, members]) =>
    typeof members === 'object'
      ? Object.entries(members)
          .filter(([, value]) => isAnswer(value))
          .map(([name, value]) => [`${group}.${name}`, value as Answer] as const)
      : [],
  );
  return [...fixed, ...Object.entries(samples)].map(([what, { text, blocks }]) => ({
    when: 'Said to one person alone',
    what,
    text,
    ...(blocks === undefined ? {} : { blocks }),
  }));
}
