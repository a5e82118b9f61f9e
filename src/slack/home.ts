import type { HomeView } from '@slack/types';
import { openGateOf, type Run } from '../onboarding/run.ts';
import { actions, type Blocks, button, context, header, section } from './blocks.ts';
import { listed, type Markup } from './markup.ts';
import { runLine, threadLink } from './words/answers.ts';
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
    ...list(home.waiting, waiting.flatMap(waitingLine), home.nothingWaits),
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

function waitingLine(run: Run): Markup[] {
  const gate = openGateOf(run);
  return gate === undefined ? [] : [home.waitsFor(run, gate, threadLink(run))];
}
