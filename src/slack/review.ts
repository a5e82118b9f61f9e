import type { ModalView } from '@slack/types';
import type { Gate, Run } from '../onboarding/run.ts';
import { nameOf } from './approval-message.ts';
import { review } from './approval-texts.ts';
import { type Blocks, context, section } from './blocks.ts';
import { lengthOf, type Markup, markup } from './markup.ts';
import { reasons } from './texts.ts';

const mostInSection = 2_900;
/** A modal takes a hundred blocks; these are for the lists. */
const mostSections = 40;

/** The addresses that an approval covers and who is left out, for those who may see them. */
export function reviewView(run: Run, gate: Gate): ModalView {
  const names = new Map(run.facts.invitees?.people.map(({ address, name }) => [address, name]));
  const people = gate.addresses.map(address => markup`• ${names.get(address) ?? address}: ${address}`);
  const leftOut = (run.facts.invitees?.leftOut ?? []).map(
    each =>
      markup`• ${nameOf(run, each)}${each.address === undefined ? '' : `: ${each.address}`} (${reasons[each.reason]})`,
  );
  return {
    type: 'modal',
    title: { type: 'plain_text', text: review.title },
    close: { type: 'plain_text', text: review.close },
    blocks: [
      section(review.intro(run, gate)),
      ...paged(people),
      ...(leftOut.length === 0 ? [] : [section(review.leftOut), ...paged(leftOut)]),
      context(review.digest(gate.digest)),
    ],
  };
}

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
