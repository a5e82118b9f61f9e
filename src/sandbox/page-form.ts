import { html } from 'hono/html';
import { z } from 'zod';
import type { Html } from './page-text.ts';
import type { Filled } from './slack-fill.ts';

const id = z.string().min(1).max(300);

/** What a person does on the page. Whoever sends it is the person that the page shows as acting. */
const Act = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('type') }),
  z.strictObject({ act: z.literal('reply'), thread: id }),
  z.strictObject({ act: z.literal('press'), channel: id, ts: id, block: id, action: id }),
  z.strictObject({ act: z.literal('press-in'), view: id, block: id, action: id }),
  z.strictObject({ act: z.literal('choose'), view: id, block: id }),
  z.strictObject({ act: z.literal('submit'), view: id }),
  z.strictObject({ act: z.literal('close'), view: id }),
  z.strictObject({ act: z.literal('merge'), repository: id, number: z.int() }),
  z.strictObject({ act: z.literal('fault'), name: id }),
]);
export type Act = z.infer<typeof Act>;

/** What a form has sent; undefined when it is none of ours. */
export function readAct(text: string): Act | undefined {
  try {
    return Act.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The names under which a modal's fields are sent. */
export const typed = (block: string): string => `typed ${block}`;
export const chosen = (block: string): string => `chosen ${block}`;

/** What a modal's form has sent, by block_id. Of several choices those that are made, which may be none. */
export function filledIn(body: Readonly<Record<string, unknown>>): Record<string, Filled> {
  const filled = Object.entries(body).flatMap(([name, value]): [string, Filled][] => {
    const [kind, ...rest] = name.split(' ');
    const block = rest.join(' ');
    if (kind === 'typed') return [[block, String(value)]];
    return kind === 'chosen' ? [[block, [value].flat().map(String).filter(Boolean)]] : [];
  });
  return Object.fromEntries(filled);
}

/** The form that all buttons belong to. */
export const formId = 'acts';

interface Look {
  style?: string | undefined;
  /** What a screen reader says instead of the words. */
  label?: string | undefined;
  /** For what is on or off. */
  pressed?: boolean | undefined;
}

/** A button that does something when it is pressed. It works without a script too. */
export function actButton(act: Act, words: string, { style, label, pressed }: Look = {}): Html {
  const says = label === undefined ? '' : html` aria-label="${label}"`;
  const is = pressed === undefined ? '' : html` aria-pressed="${String(pressed)}"`;
  return html`<button class="button ${style}" form="${formId}" name="act" value="${JSON.stringify(act)}"${says}${is}>${words}</button>`;
}
