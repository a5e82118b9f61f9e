import type { View } from '@slack/types';
import type { Gate, Run } from '../onboarding/run.ts';
import { declineView } from '../slack/decline.ts';
import { formView, previewView } from '../slack/form.ts';
import { type HomeContent, homeView } from '../slack/home.ts';
import { choiceView, reviewView } from '../slack/review.ts';
import { clusterView, detailsView } from '../slack/rollout-messages.ts';
import { confirmation } from '../slack/words/answers.ts';
import { at, situations } from './examples.ts';
import { rollouts } from './gallery-threads.ts';

/** A modal, or the Home tab. */
export interface ViewScene {
  when: string;
  what: string;
  view: View;
}

const asked = situations['waits for an approval'] as Run;
const { run, roll } = rollouts['is in its second wave'] as (typeof rollouts)[string];

const chosen = { cluster: 'payments-eu', stage: 'prod', people: [] };
const names = confirmation(asked.request.target, { text: '' }, { isListed: true, changed: false });
const counts = { known: 3, onboarded: 1, running: 1, failed: 1, newest: undefined };
const nothingYet: HomeContent = { mayOnboard: false, waiting: [], mine: [], recent: [], counts, now: at };
const all = Object.values(situations);
const busy: HomeContent = { ...nothingYet, mayOnboard: true, waiting: [asked], mine: all, recent: all };

export const viewScenes = (): ViewScene[] => [
  {
    when: 'The form is opened in a channel',
    what: 'form',
    view: formView({ people: [] }, { channel: 'C1' }),
  },
  { when: 'The form is opened again, elsewhere', what: 'form', view: formView(chosen, {}) },
  { when: 'Preview is pressed', what: 'preview', view: previewView(names, { text: '', channel: 'C1' }) },
  { when: 'The Home tab is opened', what: 'home', view: homeView(busy) },
  { when: 'The Home tab is opened by whoever may nothing', what: 'home', view: homeView(nothingYet) },
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
