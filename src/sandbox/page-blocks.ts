import { html } from 'hono/html';
import { type Act, actButton } from './page-form.ts';
import { drawInput, drawnInputs, type Filling } from './page-inputs.ts';
import {
  drawMrkdwn,
  drawnInRichText,
  drawnTexts,
  drawRichText,
  drawText,
  type Html,
  notDrawn,
} from './page-text.ts';
import type { Block, TaskCard } from './slack-blocks.ts';
import type { Names } from './slack-text.ts';

/** Where blocks stand, and who reads them. */
/** The id is that of the message or view; ids of its own parts begin with it. */
export interface Reading extends Filling {
  names: Names;
  /** What pressing an element does. */
  press(block: string, action: string): Act;
}

type Of<Type extends Block['type']> = Extract<Block, { type: Type }>;
type Button = Extract<Of<'actions'>['elements'][number], { type: 'button' }>;

const drawers = {
  header: ({ text }: Of<'header'>, { names }: Reading) =>
    html`<p class="header">${drawText(text, names)}</p>`,

  section: ({ text, accessory, block_id }: Of<'section'>, reading: Reading) =>
    text === undefined
      ? notDrawn('fields')
      : html`<div class="section"><p>${drawText(text, reading.names)}</p>${
          accessory === undefined
            ? ''
            : accessory.type === 'button'
              ? drawButton(accessory, block_id, reading)
              : notDrawn(accessory.type)
        }</div>`,

  context: ({ elements }: Of<'context'>, { names }: Reading) =>
    html`<p class="context">${elements.map(each =>
      each.type === 'image' ? notDrawn('image') : html`<span>${drawText(each, names)}</span>`,
    )}</p>`,

  actions: ({ block_id, elements }: Of<'actions'>, reading: Reading) =>
    html`<div class="actions">${elements.map(each =>
      each.type === 'button' ? drawButton(each, block_id, reading) : notDrawn(each.type),
    )}</div>`,

  input: (block: Of<'input'>, reading: Reading) => drawInput(block, reading),

  data_table: ({ caption, rows: [head = [], ...rows] }: Of<'data_table'>, { names }: Reading) =>
    html`<div class="table" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption>
      <thead><tr>${head.map(cell => html`<th scope="col">${drawCell(cell, names)}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ([first, ...others]) =>
          html`<tr>${first === undefined ? '' : html`<th scope="row">${drawCell(first, names)}</th>`}${others.map(cell => html`<td>${drawCell(cell, names)}</td>`)}</tr>`,
      )}</tbody></table></div>`,

  plan: ({ title, tasks = [] }: Of<'plan'>, { names }: Reading) =>
    html`<div class="plan"><p class="plan-title">${title}</p><ol>${tasks.map(task => drawTask(task, names))}</ol></div>`,
};

const drawCell = (cell: Of<'data_table'>['rows'][number][number], names: Names): Html | string =>
  cell.type === 'raw_text'
    ? cell.text
    : cell.type === 'raw_number'
      ? String(cell.value)
      : drawRichText(cell, names);

/** Every block, element, text and view that the page can draw: what Holt uses, and no others. */
export const drawn: readonly string[] = [
  ...Object.keys(drawers).filter(type => type !== 'input'),
  'task_card',
  'raw_text',
  'button',
  'modal',
  'home',
  ...drawnInputs,
  ...drawnTexts,
  ...drawnInRichText,
];

export function drawBlocks(blocks: readonly Block[], reading: Reading): Html {
  return html`${blocks.map(block => {
    const draw = (drawers as Record<string, ((block: never, reading: Reading) => Html) | undefined>)[
      block.type
    ];
    return draw?.(block as never, reading) ?? notDrawn(block.type);
  })}`;
}

/** A message: its blocks, or its text when it has none. */
export const drawMessage = (
  { text, blocks }: { text: string; blocks?: readonly Block[] },
  reading: Reading,
): Html =>
  blocks === undefined ? html`<p>${drawMrkdwn(text, reading.names)}</p>` : drawBlocks(blocks, reading);

const STATES: Readonly<Record<TaskCard['status'], string>> = {
  pending: 'waiting',
  in_progress: 'working',
  complete: 'done',
  error: 'failed',
};

function drawTask({ title, status, details, sources = [] }: TaskCard, names: Names): Html {
  const links = sources.map(
    ({ url, text }) =>
      html`<a class="source" href="${url}" target="_blank" rel="noopener noreferrer">${text}</a>`,
  );
  return html`<li class="task ${status}"><span class="mark" role="img" aria-label="${STATES[status]}"></span>
    <span class="task-title">${title}</span>
    <span class="details">${details === undefined ? '' : drawRichText(details, names)} ${links}</span></li>`;
}

function drawButton(
  { action_id, text, style, accessibility_label }: Button,
  block: string,
  reading: Reading,
): Html {
  return actButton(reading.press(block, action_id), text.text, { style, label: accessibility_label });
}
