import type { DataTableBlock, ModalView } from '@slack/types';
import type { Member } from '../onboarding/request.ts';
import type { Line, Roll } from '../onboarding/roll.ts';
import { isLive, type Run } from '../onboarding/run.ts';
import { actions, type Blocks, button, context, header, section } from './blocks.ts';
import type { ClusterClaim, DetailsClaim } from './claims.ts';
import { cut, fit, joined, type Markup, markup, nothing, words } from './markup.ts';
import { progress } from './progress.ts';
import { situationOf } from './situation.ts';
import { countsOf, detail, rollout, states, steering, views } from './words/rollout.ts';
import { ended, root, situations } from './words/run.ts';

/** A table of more rows would make the message too long for Slack: the rest is in the details. */
const mostRows = 50;
/** In the fallback, lines of one section. */
const linesInSection = 10;

/** Those first that people want to see, then in the order in which they are begun. */
const interest: Readonly<Record<Line['state'], number>> = {
  failed: 0,
  obstructed: 0,
  running: 1,
  looking: 2,
  asking: 3,
  queued: 4,
  cancelled: 5,
  done: 6,
};

interface Row {
  cluster: string;
  line: Line;
}

function rowsOf(members: readonly Member[], roll: Roll): Row[] {
  const rows = members.flatMap(({ cluster }) => {
    const line = roll[cluster];
    return line === undefined ? [] : [{ cluster, line }];
  });
  if (rows.length <= mostRows) return rows;
  return rows.toSorted((a, b) => interest[a.line.state] - interest[b.line.state]).slice(0, mostRows);
}

/** The root message of a rollout: how far it is, and every cluster in one table, edited in place. */
export function rolloutProgress(run: Run, roll: Roll): { text: string; blocks: Blocks; plainBlocks: Blocks } {
  const { members = [], leftOut = [] } = run.request.rollout ?? {};
  const title = rollout.title(run);
  const situation = situations[situationOf(run)];
  const settled = members.filter(({ cluster }) => roll[cluster]?.settled === true).length;
  const counts = rollout.counts(countsOf(members, roll), members.length);
  const left = timeLeft(run, settled, members.length);
  const summary = joined([markup`${rollout.bar(settled, members.length)} ${counts}.`, left], ' ');
  const rows = rowsOf(members, roll);
  const hidden = members.length - rows.length;
  const details: DetailsClaim = { run: run.id, page: 0 };
  const around = {
    before: [section(markup`*${situation}*\n${summary}`)],
    after: [
      ...(hidden > 0 ? [context(rollout.more(hidden))] : []),
      ...(leftOut.length > 0 ? [context(rollout.leftOut(leftOut))] : []),
      actions([button({ action: 'details', value: JSON.stringify(details), ...steering.details })]),
      context(root.footer(run)),
    ] satisfies Blocks,
  };
  return {
    text: fit(markup`${title}: ${situation}. ${counts}.`, 1_000).markup,
    blocks: [header(title), ...around.before, ...table(run, rows), ...around.after],
    plainBlocks: [section(markup`*${title}*`), ...around.before, ...listOf(rows), ...around.after],
  };
}

/** By how long the clusters took that are settled. */
function timeLeft(run: Run, settled: number, all: number): Markup {
  const begun = run.steps.waves?.startedAt;
  if (!isLive(run) || begun === undefined || settled === 0 || settled === all) return nothing;
  const each = (run.updatedAt - begun) / settled;
  return rollout.left(Math.round((each * (all - settled)) / 60_000));
}

const cell = (text: string) => ({ type: 'raw_text' as const, text: cut(text, 120) || '-' });

const table = (run: Run, rows: readonly Row[]): DataTableBlock[] =>
  rows.length === 0
    ? []
    : [
        {
          type: 'data_table',
          caption: cut(rollout.caption(run), 150),
          page_size: mostRows,
          rows: [
            rollout.columns.map(cell),
            ...rows.map(({ cluster, line }) => [cell(cluster), cell(states[line.state]), cell(detail(line))]),
          ],
        },
      ];

function listOf(rows: readonly Row[]): Blocks {
  const lines = rows.map(({ cluster, line }) => fit(rollout.line(cluster, line), 250));
  return lines.flatMap((_, index) =>
    index % linesInSection === 0 ? [section(joined(lines.slice(index, index + linesInSection), '\n'))] : [],
  );
}

const inModal = 40;

const plain = (text: string) => ({ type: 'plain_text' as const, text });

/** One page of a rollout's clusters, each with a button that opens it. */
export function detailsView(run: Run, roll: Roll, page: number): ModalView {
  const { members = [] } = run.request.rollout ?? {};
  const from = Math.min(page, Math.max(0, Math.ceil(members.length / inModal) - 1)) * inModal;
  const shown = members.slice(from, from + inModal);
  const turn = (to: number, words: typeof steering.earlier, block: string) => ({
    ...actions([
      button({
        action: 'details',
        value: JSON.stringify({ run: run.id, page: to } satisfies DetailsClaim),
        ...words,
      }),
    ]),
    block_id: block,
  });
  const at = from / inModal;
  return {
    type: 'modal',
    title: plain(views.clusters.title),
    close: plain(views.clusters.close),
    blocks: [
      section(
        markup`*${rollout.caption(run)}*, ${views.pages(from + 1, from + shown.length, members.length)}`,
      ),
      ...shown.map(({ cluster, run: member }) => {
        const line = roll[cluster];
        const text = line === undefined ? markup`*${cluster}*` : rollout.line(cluster, line);
        const value = JSON.stringify({ run: member } satisfies ClusterClaim);
        const open = { action: 'cluster', text: steering.open, label: `Open ${cluster}`, value };
        return { ...section(text), accessory: button(open) };
      }),
      ...(at > 0 ? [turn(at - 1, steering.earlier, 'earlier')] : []),
      ...(from + inModal < members.length ? [turn(at + 1, steering.later, 'later')] : []),
    ],
  };
}

/** One cluster of a rollout, step by step. */
export function clusterView(run: Run): ModalView {
  const { url, number } = run.facts.pullRequest ?? {};
  return {
    type: 'modal',
    title: plain(views.cluster.title),
    close: plain(views.cluster.close),
    blocks: [...progress(run).plainBlocks, ...(url === undefined ? [] : [section(ended.open(url, number))])],
  };
}

/** What ends the thread of a rollout. */
export function rolloutEnd(run: Run): { text: string; blocks: Blocks } | undefined {
  const { members, waves } = run.facts;
  if (isLive(run) || members === undefined || waves === undefined) return undefined;
  const said = rollout.done(run, members.done, members.failed);
  return { text: said.markup, blocks: [section(said)] };
}

/** The pull requests of a rollout, once they are open. */
export function rolloutPulls(run: Run): { text: string; blocks: Blocks } | undefined {
  const pulls = run.facts.waves?.pulls ?? [];
  if (pulls.length === 0) return undefined;
  const open = pulls.some(({ state }) => state === 'open');
  const said = joined([rollout.pulls(run), open ? rollout.afterMerge : words('')], '\n');
  const text = fit(said, 2_900);
  return { text: text.markup, blocks: [section(text)] };
}
