import type { Gate, Run } from '../../onboarding/run.ts';
import { joined, type Markup, markup, moment, nothing, user, words } from '../markup.ts';
import { many, targetOf } from './run.ts';

// What the Home tab says.

export interface FleetCounts {
  /** Undefined where every name may be onboarded. */
  known: number | undefined;
  onboarded: number;
  running: number;
  failed: number;
  /** Of how many of the newest onboardings this is counted, when there are more. */
  newest: number | undefined;
}

export const home = {
  start: { text: 'New onboarding', label: 'New onboarding: choose the cluster, its stage and the people' },
  waiting: 'Waiting for you',
  mine: 'Yours',
  recent: 'Recent',
  fleet: 'Fleet',
  nothingWaits: words('Nothing waits for your approval.'),
  nothingYours: words('You have asked for no onboarding yet.'),
  nothingRecent: words('Nothing was onboarded yet.'),
  noRequester: words('You may onboard nothing here; the requesters in holt.yaml may.'),

  waitsFor: (run: Run, gate: Gate, thread: Markup): Markup =>
    markup`${targetOf(run)}: invite ${many(gate.addresses.length, 'person', 'people')}, asked for by ${user(run.request.by.user)}, until ${moment(gate.deadline)}.${thread}`,

  more: (count: number): Markup => markup`and ${count} more, in their threads.`,

  counts: ({ known, onboarded, running, failed, newest }: FleetCounts): Markup =>
    joined(
      [
        known === undefined ? words('Any cluster can be onboarded') : markup`${many(known, 'known cluster')}`,
        markup`${onboarded} onboarded`,
        markup`${running} running`,
        markup`${failed} failed`,
        newest === undefined ? nothing : markup`counted among the newest ${newest}`,
      ],
      ', ',
    ),

  asOf: (now: number): Markup => markup`As of ${moment(now)}. It is drawn anew whenever you open it.`,
};
