import type { View } from '@slack/types';
import type { Gate, Run } from '../onboarding/run.ts';
import { declineView } from '../slack/decline.ts';
import { choiceView, reviewView } from '../slack/review.ts';
import { clusterView, detailsView } from '../slack/rollout-messages.ts';
import { situations } from './examples.ts';
import { rollouts } from './gallery-threads.ts';

/** A modal, or the Home tab. */
export interface ViewScene {
  when: string;
  what: string;
  view: View;
}

const asked = situations['waits for an approval'] as Run;
const { run, roll } = rollouts['is in its second wave'] as (typeof rollouts)[string];

export const viewScenes = (): ViewScene[] => [
  { when: 'Review is pressed', what: 'review', view: reviewView(asked, asked.gates[0] as Gate) },
  {
    when: 'Review is pressed by an approver',
    what: 'review',
    view: choiceView(asked, asked.gates[0] as Gate),
  },
  { when: 'Decline is pressed', what: 'decline', view: declineView(asked, asked.gates[0] as Gate) },
  { when: 'Review of a rollout is pressed', what: 'review', view: reviewView(run, run.gates[0] as Gate) },
  { when: 'Details of a rollout is pressed', what: 'details', view: detailsView(run, roll, 0) },
  { when: 'Open is pressed beside a cluster', what: 'cluster', view: clusterView(asked) },
];
