import { createHash } from 'node:crypto';
import type { Checkboxes, InputBlock, ModalView } from '@slack/types';
import { coveredBy } from '../onboarding/approvals.ts';
import type { Gate, Run } from '../onboarding/run.ts';
import { leftOutBy, nameOf, peopleOf } from './approval-message.ts';
import { type Blocks, context, input, plain, section } from './blocks.ts';
import type { CallbackId, GateClaim } from './claims.ts';
import { cut, isNothing, lengthOf, listed, type Markup, markup } from './markup.ts';
import { review } from './words/approval.ts';
import { reasons } from './words/run.ts';

const mostInSection = 2_900;
/** A modal takes a hundred blocks; these are for each of three lists. */
const mostSections = 18;
/** Slack takes ten boxes in a block, and some 250 kB in a modal. */
const inBlock = 10;
const mostBoxes = 300;

/** The addresses that an approval covers and who is left out, for those who may see them. */
export const reviewView = (run: Run, gate: Gate): ModalView => ({
  type: 'modal',
  title: plain(review.title),
  close: plain(review.close),
  blocks: [
    section(review.intro(run, gate)),
    ...paged(linesOf(run, gate.addresses)),
    ...others(run, gate),
    context(review.digest(gate.digest)),
  ],
});

/** The same for those who may decide: with a box for each whom nobody has left out. */
export function choiceView(run: Run, gate: Gate): ModalView {
  const claim: GateClaim = { run: run.id, digest: gate.digest };
  const boxed = boxesOf(gate);
  const unboxed = coveredBy(gate).filter(address => !boxed.includes(address));
  const rest = [section(review.unboxed(unboxed.length)), ...paged(linesOf(run, unboxed))];
  return {
    ...reviewView(run, gate),
    callback_id: 'approve-those' satisfies CallbackId,
    private_metadata: JSON.stringify(claim),
    submit: plain(review.submit),
    blocks: [
      section(review.intro(run, gate)),
      section(review.choose),
      ...boxes(run, boxed),
      ...(unboxed.length === 0 ? [] : rest),
      ...others(run, gate),
      context(review.digest(gate.digest)),
    ],
  };
}

/** Who has a box; the same for everybody who is asked about the same people, whatever their order. */
export function boxesOf(gate: Gate): string[] {
  const covered = new Set(coveredBy(gate));
  return gate.addresses
    .toSorted()
    .slice(0, mostBoxes)
    .filter(address => covered.has(address));
}

/** What a box carries; an address may be longer than Slack takes. */
export const boxOf = (address: string): string =>
  createHash('sha256').update(address).digest('base64url').slice(0, 22);

const boxBlock = (from: number): string => `people-${from + 1}`;
export const firstBoxes = boxBlock(0);
export const isBoxes = (block: string): boolean => block.startsWith('people-');

function boxes(run: Run, addresses: readonly string[]): InputBlock[] {
  const names = namesIn(run);
  return addresses.flatMap((_, from) => {
    if (from % inBlock !== 0) return [];
    const these = addresses.slice(from, from + inBlock);
    const options = these.map(address => ({
      // Of a name nothing may be left that can be seen, and Slack takes no box without words.
      text: plain(cut(names.get(address) ?? '', 75) || shortened(address)),
      description: plain(shortened(address)),
      value: boxOf(address),
    }));
    const label = review.boxes(from + 1, from + these.length, addresses.length);
    const element: Checkboxes = { type: 'checkboxes', options, initial_options: options };
    return [input({ id: boxBlock(from), label, optional: true }, element)];
  });
}

/** Both of its ends, for the domain says the most. */
const shortened = (address: string): string =>
  lengthOf(address) <= 75 ? cut(address, 75) : `${cut(address, 26)}${address.slice(-45)}`;

const namesIn = (run: Run): Map<string, string> =>
  new Map(peopleOf(run).people.map(({ address, name }) => [address, name]));

function linesOf(run: Run, addresses: readonly string[]): Markup[] {
  const names = namesIn(run);
  return addresses.map(address => markup`• ${names.get(address) ?? address}: ${address}`);
}

/** Whom approvers left out, which list is for which cluster, and who is not asked about. */
function others(run: Run, gate: Gate): Blocks {
  const byApprovers = leftOutBy(run, gate);
  const leftOut = peopleOf(run).leftOut.map(
    each =>
      markup`• ${nameOf(run.request.named, each)}${each.address === undefined ? '' : `: ${each.address}`} (${reasons[each.reason]})`,
  );
  return [
    ...(isNothing(byApprovers) ? [] : [section(byApprovers)]),
    ...paged(listsOf(run)),
    ...(leftOut.length === 0 ? [] : [section(review.leftOut), ...paged(leftOut)]),
  ];
}

/** Of a rollout: which clusters each list of people is for. */
const listsOf = ({ facts: { looked } }: Run): Markup[] =>
  (looked?.lists ?? []).flatMap(({ people }, index) => {
    const clusters = Object.keys(looked?.of ?? {}).filter(cluster => looked?.of[cluster] === index);
    if (people.length === 0) return [];
    const names = people.map(({ name }) => markup`${name}`);
    const to = listed(
      clusters.map(cluster => markup`${cluster}`),
      ', ',
      1_000,
    );
    return [review.list(listed(names, ', ', 1_000), to)];
  });

/** Lines in as many sections as they need. */
function paged(lines: readonly Markup[]): Blocks {
  const pages: string[] = [];
  for (const line of lines) {
    const last = pages.at(-1);
    const longer = last === undefined ? line.markup : `${last}\n${line.markup}`;
    if (last === undefined || lengthOf(longer) > mostInSection) pages.push(line.markup);
    else pages[pages.length - 1] = longer;
  }
  const shown = pages.slice(0, mostSections).map(page => section({ markup: page }));
  const hidden = pages.length - shown.length;
  return hidden === 0 ? shown : [...shown, context(review.more(hidden))];
}
