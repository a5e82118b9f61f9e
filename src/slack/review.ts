import type { ModalView } from '@slack/types';
import type { Gate, Run } from '../onboarding/run.ts';
import { nameOf, peopleOf } from './approval-message.ts';
import { review } from './approval-texts.ts';
import { type Blocks, context, section } from './blocks.ts';
import { lengthOf, listed, type Markup, markup } from './markup.ts';
import { reasons } from './texts.ts';

const mostInSection = 2_900;
/** A modal takes a hundred blocks; these are for the lists. */
const mostSections = 40;

/** The addresses that an approval covers and who is left out, for those who may see them. */
export function reviewView(run: Run, gate: Gate): ModalView {
  const names = new Map(peopleOf(run).people.map(({ address, name }) => [address, name]));
  const people = gate.addresses.map(address => markup`• ${names.get(address) ?? address}: ${address}`);
  const leftOut = peopleOf(run).leftOut.map(
    each =>
      markup`• ${nameOf(run.request.named, each)}${each.address === undefined ? '' : `: ${each.address}`} (${reasons[each.reason]})`,
  );
  return {
    type: 'modal',
    title: { type: 'plain_text', text: review.title },
    close: { type: 'plain_text', text: review.close },
    blocks: [
      section(review.intro(run, gate)),
      ...paged(people),
      ...paged(listsOf(run)),
      ...(leftOut.length === 0 ? [] : [section(review.leftOut), ...paged(leftOut)]),
      context(review.digest(gate.digest)),
    ],
  };
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
  return hidden === 0 ? shown : [...shown, context(markup`and ${hidden} pages more`)];
}
