import { html } from 'hono/html';
import { type Act, chosen, typed } from './page-form.ts';
import { type Html, notDrawn } from './page-text.ts';
import type { Block } from './slack-blocks.ts';
import type { Filled } from './slack-fill.ts';

type Input = Extract<Block, { type: 'input' }>;
type Element = Input['element'];
type Of<Type extends Element['type']> = Extract<Element, { type: Type }>;

/** A field: the ids of its parts, and of what describes it. */
interface Field {
  id: string;
  block: Input;
  described: Html;
  isWrong: boolean;
  /** What was chosen before. */
  filled: Filled | undefined;
  offers: Offers;
}

interface Offer {
  id: string;
  name: string;
}

/** What the workspace has to choose from. */
export interface Offers {
  people: readonly Offer[];
  channels: readonly Offer[];
}

const drawers = {
  plain_text_input: ({ multiline, max_length = 3000 }: Of<'plain_text_input'>, field: Field) => {
    const { id, block, described } = field;
    const wrong = invalid(field);
    const rest = html`id="${id}" name="${typed(block.block_id)}" maxlength="${max_length}"${described}${wrong}`;
    return html`<label for="${id}">${labelOf(block)}</label>${
      multiline === true ? html`<textarea rows="3" ${rest}></textarea>` : html`<input ${rest}>`
    }`;
  },

  // The empty one says that there are boxes, should none be ticked.
  checkboxes: ({ options, initial_options = [] }: Of<'checkboxes'>, { id, block, described }: Field) => {
    const name = chosen(block.block_id);
    const ticked = new Set(initial_options.map(({ value }) => value));
    return html`<fieldset id="${id}"${described}><legend>${labelOf(block)}</legend>
      <input type="hidden" name="${name}" value="">${options.map(
        ({ text, description, value }) =>
          html`<label class="box"><input type="checkbox" name="${name}" value="${value}"${ticked.has(value) ? html` checked` : ''}>
            <span>${text.text} <span class="soft">${description?.text ?? ''}</span></span></label>`,
      )}</fieldset>`;
  },

  // The app says what there is for what is typed; the browser's part asks it.
  external_select: (element: Of<'external_select'>, field: Field) => {
    const { id, block, described, filled = element.initial_option?.value ?? '' } = field;
    return html`<label for="${id}">${labelOf(block)}</label>
      <input id="${id}" name="${typed(block.block_id)}" value="${String(filled)}" list="${id}-options" data-search="${block.block_id}" autocomplete="off" placeholder="${element.placeholder?.text ?? ''}"${described}${invalid(field)}>
      <datalist id="${id}-options" data-keep></datalist>`;
  },

  conversations_select: (element: Of<'conversations_select'>, field: Field) => {
    const { id, block, described, offers, filled = element.initial_conversation ?? '' } = field;
    return html`<label for="${id}">${labelOf(block)}</label>
      <select id="${id}" name="${typed(block.block_id)}"${described}${invalid(field)}>
        <option value="">${element.placeholder?.text ?? ''}</option>${offers.channels.map(
          channel =>
            html`<option value="${channel.id}"${channel.id === filled ? html` selected` : ''}>#${channel.name}</option>`,
        )}</select>`;
  },

  multi_users_select: (element: Of<'multi_users_select'>, field: Field) => {
    const { id, block, described, offers, filled = element.initial_users ?? [] } = field;
    const name = chosen(block.block_id);
    return html`<fieldset id="${id}"${described}><legend>${labelOf(block)}</legend>
      <input type="hidden" name="${name}" value="">${offers.people.map(
        person =>
          html`<label class="box"><input type="checkbox" name="${name}" value="${person.id}"${filled.includes(person.id) ? html` checked` : ''}>
            <span>${person.name}</span></label>`,
      )}</fieldset>`;
  },
};

const invalid = ({ isWrong }: Field): Html => html`${isWrong ? html` aria-invalid="true"` : ''}`;

export const drawnInputs = ['input', ...Object.keys(drawers)];

const choosing = (view: string, { block_id: block }: Input): Act => ({ act: 'choose', view, block });

const labelOf = ({ label, optional }: Input): Html =>
  html`${label.text}${optional === true ? html` <span class="soft">(optional)</span>` : ''}`;

/** Where a field stands: what is wrong and what was chosen there is by block_id. */
export interface Filling {
  id: string;
  wrong?: Readonly<Record<string, string>>;
  filled?: Readonly<Record<string, Filled>>;
  offers?: Offers;
}

/** A field of a modal, with its hint, and with what is wrong there below it. */
export function drawInput(
  block: Input,
  { id: view, wrong: wrongs = {}, filled = {}, offers }: Filling,
): Html {
  const wrong = wrongs[block.block_id];
  const { element, hint } = block;
  const draw = (drawers as Record<string, ((element: never, field: Field) => Html) | undefined>)[
    element.type
  ];
  if (draw === undefined) return notDrawn(element.type);
  const id = `${view}-${block.block_id}`;
  const notes = [
    ...(wrong === undefined ? [] : [{ id: `${id}-wrong`, looks: 'wrong', words: wrong }]),
    ...(hint === undefined ? [] : [{ id: `${id}-hint`, looks: 'soft', words: hint.text }]),
  ];
  const describes = html` aria-describedby="${notes.map(note => note.id).join(' ')}"`;
  const described = html`${notes.length === 0 ? '' : describes}`;
  const field: Field = {
    id,
    block,
    described,
    isWrong: wrong !== undefined,
    filled: filled[block.block_id],
    offers: offers ?? { people: [], channels: [] },
  };
  const tells =
    block.dispatch_action === true ? html` data-choose="${JSON.stringify(choosing(view, block))}"` : '';
  return html`<div class="field"${wrong === undefined ? '' : html` data-wrong`}${tells}>${draw(element as never, field)}${notes.map(
    note => html`<p id="${note.id}" class="${note.looks}">${note.words}</p>`,
  )}</div>`;
}
