import { type Answer, ready } from './answers.ts';

// What the form of an onboarding says.

export const form = {
  title: 'Onboard a cluster',
  next: 'Preview',
  close: 'Cancel',
  start: 'Start',
  back: 'Back',
  cluster: { label: 'Cluster', placeholder: 'Type a part of its name' },
  stage: { label: 'Stage', placeholder: 'Choose a stage' },
  people: {
    label: 'Whom to invite besides those that holt.yaml lists',
    hint: 'Nobody is invited before an approver agrees.',
    placeholder: 'Choose people',
  },
  channel: {
    label: 'Channel',
    hint: 'Its message stands there, and whoever approves must see it.',
    placeholder: 'Choose a channel',
  },
  kept: 'Nothing begins before you have seen what it would be. What you choose is kept for a quarter of an hour, should you close this by accident.',
  chooseIt: 'Choose one.',
  noChannel: 'Choose a channel that I can be in: no direct messages.',
};

export const choosing = {
  offer: ready('Choose the cluster and the stage in a form:'),
  button: { text: 'Choose', label: 'Choose the cluster, the stage and the people in a form' },
  notAllowed: ready('You may onboard nothing here; the requesters in holt.yaml may.'),
  late: ready('Slack waited too long to open the form. Try again.'),
} satisfies Record<string, Answer | object>;
