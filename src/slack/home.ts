import type { HomeView } from '@slack/types';
import { openGateOf, type Run } from '../onboarding/run.ts';
import { actions, type Blocks, button, context, header, section } from './blocks.ts';
import type { GateClaim } from './claims.ts';
import { listed, type Markup } from './markup.ts';
import { runLine, threadLink } from './words/answers.ts';
import { buttons } from './words/approval.ts';
import { type FleetCounts, home } from './words/home.ts';

/** What one person's Home tab shows. Runs are the newest first; in place of one that only a newer Holt can read stands the word. */
export interface HomeContent {
  mayOnboard: boolean;
  /** Runs whose open approval this person may decide. */
  waiting: readonly Run[];
  mine: readonly Run[];
  recent: readonly (Run | 'newer')[];
  counts: FleetCounts;
  now: number;
}

/** The Home tab of one person. */
export const homeView = ({ mayOnboard, waiting, mine, recent, counts, now }: HomeContent): HomeView => ({
  type: 'home',
  blocks: [
    ...(mayOnboard
      ? [actions([button({ action: 'new', value: '{}', style: 'primary', ...home.start })])]
      : [section(home.noRequester)]),
    ...waitingFor(waiting),
    ...list(home.mine, mine.map(runLine), home.nothingYours),
    ...list(home.recent, recent.map(runLine), home.nothingRecent),
    header(home.fleet),
    section(home.counts(counts)),
    context(home.asOf(now)),
  ],
});

/** In place of a Home tab that could not be made. */
export const homeSaying = (text: string): HomeView => ({ type: 'home', blocks: [section({ markup: text })] });

const list = (title: string, lines: readonly Markup[], none: Markup): Blocks => [
  header(title),
  section(lines.length === 0 ? none : listed(lines, '\n', 2_900)),
];

/** More than these are found in their threads. */
const mostWaiting = 20;

/** Each with a button: the thread may be where this person cannot go. */
function waitingFor(runs: readonly Run[]): Blocks {
  const lines = runs.slice(0, mostWaiting).flatMap(run => {
    const gate = openGateOf(run);
    if (gate === undefined) return [];
    const claim: GateClaim = { run: run.id, digest: gate.digest };
    const accessory = button({ action: 'review', value: JSON.stringify(claim), ...buttons.review });
    return [{ ...section(home.waitsFor(run, gate, threadLink(run))), accessory }];
  });
  const more = runs.length - mostWaiting;
  return [
    header(home.waiting),
    ...(lines.length === 0 ? [section(home.nothingWaits)] : lines),
    ...(more > 0 ? [context(home.more(more))] : []),
  ];
}
