import { html } from 'hono/html';
import { chosen, typed } from './page-form.ts';
import { type Html, notDrawn } from './page-text.ts';
import type { Block } from './slack-blocks.ts';

type Input = Extract<Block, { type: 'input' }>;
type Element = Input['element'];
type Of<Type extends Element['type']> = Extract<Element, { type: Type }>;

/** A field: the ids of its parts, and of what describes it. */
interface Field {
  id: string;
  block: Input;
  described: Html;
  isWrong: boolean;
}

const drawers = {
  plain_text_input: ({ multiline, max_length = 3000 }: Of<'plain_text_input'>, field: Field) => {
    const { id, block, described, isWrong } = field;
    const wrong = isWrong ? html` aria-invalid="true"` : '';
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
};

export const drawnInputs = ['input', ...Object.keys(drawers)];

const labelOf = ({ label, optional }: Input): Html =>
  html`${label.text}${optional === true ? html` <span class="soft">(optional)</span>` : ''}`;

/** A field of a modal, with its hint, and with what is wrong there below it. */
export function drawInput(block: Input, view: string, wrong: string | undefined): Html {
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
  const field = { id, block, described, isWrong: wrong !== undefined };
  return html`<div class="field"${wrong === undefined ? '' : html` data-wrong`}>${draw(element as never, field)}${notes.map(
    note => html`<p id="${note.id}" class="${note.looks}">${note.words}</p>`,
  )}</div>`;
}
