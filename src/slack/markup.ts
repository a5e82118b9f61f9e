import type { RichTextBlock, RichTextElement } from '@slack/types';

/** Text in Slack's own markup. Only this file makes it, so nothing foreign gets in without being escaped. */
export interface Markup {
  readonly markup: string;
}

/** How much of a foreign name is shown, in code points. */
const mostOfName = 200;

/** The length of a text as Slack counts it. */
export const lengthOf = (text: string): number => Array.from(text).length;

/** What has no look of its own but changes that of others, or hides it; the joiners are part of emoji and of some scripts. */
const unseen = /[[\p{Cc}\p{Cf}\p{Cs}]--[\u200c\u200d]]/gv;

/** The text in one line, without what cannot be seen, cut to so many code points. */
export function cut(text: string, most: number): string {
  const characters = Array.from(text.replaceAll(/\s+/g, ' ').replaceAll(unseen, '').trim());
  return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`;
}

/** Where `*`, `_` and `~` make Slack write bold, italic or struck: not within a word. */
const look = /(?<![\p{L}\p{N}])[*_~]|[*_~](?![\p{L}\p{N}])/gu;
/** Slack has no escape for them, but with a space on both sides they are themselves; this one takes no room. */
const noSpace = '\u200b';

const escapeAddress = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A backtick would make code of whatever stands before the next one, a mention too. */
const escape = (text: string): string =>
  escapeAddress(text).replaceAll('`', "'").replaceAll(look, `${noSpace}$&${noSpace}`);

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').replaceAll(noSpace, '');

type Value = Markup | string | number;

const written = (value: Value): string =>
  typeof value === 'object' ? value.markup : escape(cut(String(value), mostOfName));

/** Words of ours around values: strings are escaped and cut, markup goes in as it is. */
export const markup = (words: TemplateStringsArray, ...values: Value[]): Markup => ({
  markup: words.map((word, index) => (index === 0 ? word : written(values[index - 1] ?? '') + word)).join(''),
});

/** Words of ours that stand in a constant. */
export const words = (text: string): Markup => ({ markup: text });

/** A foreign text that is longer than a name: what a service or a step said. */
export const foreign = (text: string, most = 1500): Markup => ({ markup: escape(cut(text, most)) });

/** The text cut to so many code points, never inside a mention, a link or an escaped character. */
export function fit(text: Markup, most: number): Markup {
  if (lengthOf(text.markup) <= most) return text;
  let kept = '';
  let length = 1;
  for (const [token] of text.markup.matchAll(/<[^>]*>|&\w+;|./gsu)) {
    length += lengthOf(token);
    if (length > most) break;
    kept += token;
  }
  return { markup: `${kept}…` };
}

/** Lines as they are, in a block of code of at most so many code points; and how many of them it shows. */
export function codeBlock(lines: readonly string[], most: number): { code: Markup; shown: number } {
  const [begin, end] = ['```\n', '```'];
  let text = '';
  let shown = 0;
  let room = most - begin.length - end.length;
  for (const line of lines) {
    const plain = line.replaceAll('\t', '  ').replaceAll(unseen, '').replaceAll('```', "'''");
    const written = `${escapeAddress(plain)}\n`;
    room -= lengthOf(written);
    if (room < 0) break;
    text += written;
    shown += 1;
  }
  return { code: { markup: `${begin}${text}${end}` }, shown };
}

export const nothing: Markup = words('');
export const isNothing = ({ markup }: Markup): boolean => markup === '';

export const joined = (parts: readonly Markup[], separator: string): Markup => ({
  markup: parts
    .filter(part => !isNothing(part))
    .map(part => part.markup)
    .join(separator),
});

/** As many of the parts as fit into `budget` code points, and how many more there are. */
export function listed(parts: readonly Markup[], separator: string, budget: number): Markup {
  const shown: Markup[] = [];
  let length = 0;
  for (const part of parts) {
    length += lengthOf(part.markup) + separator.length;
    if (length > budget) break;
    shown.push(part);
  }
  const more = parts.length - shown.length;
  if (more === 0) return joined(shown, separator);
  return joined([...shown, words(`… and ${more} more`)], separator);
}

export const user = (id: string): Markup => ({ markup: `<@${id.replaceAll(/\W/g, '')}>` });
export const group = (id: string): Markup => ({ markup: `<!subteam^${id.replaceAll(/\W/g, '')}>` });

/** Whether Slack takes it as the address of a link. */
export const isAddress = (url: string): boolean => /^https?:\/\/[!-;=?-{}~]+$/.test(url) && URL.canParse(url);

/** A link; an address that is none is shown as text. */
export function link(url: string, text: string): Markup {
  if (!isAddress(url)) return markup`${text}`;
  return { markup: `<${escapeAddress(url)}|${escape(cut(text, mostOfName)).replaceAll('|', '/')}>` };
}

/** How Slack writes a moment: `today at 10:24`, so no “on” may stand before it. */
const momentFormat = '{date_short_pretty} at {time}';

/** A moment in the reader's own time zone. */
export const moment = (ms: number): Markup => ({
  markup: `<!date^${Math.floor(ms / 1000)}^${momentFormat}|${utc(ms)}>`,
});

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What is read of it, for where Slack takes plain text alone. */
export const plainly = (markup: string): string =>
  unescape(markup.replaceAll(/<[^>|]*\|([^>]*)>/g, '$1').replaceAll('`', ''));

/** The same text for the blocks that take no markup. */
export function richText({ markup }: Markup): RichTextBlock {
  const elements: RichTextElement[] = [];
  let rest = 0;
  for (const match of markup.matchAll(/<([^>|]+)(?:\|([^>]*))?>/g)) {
    if (match.index > rest) elements.push({ type: 'text', text: unescape(markup.slice(rest, match.index)) });
    elements.push(inline(match[1] ?? '', match[2]));
    rest = match.index + match[0].length;
  }
  if (rest < markup.length) elements.push({ type: 'text', text: unescape(markup.slice(rest)) });
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] };
}

function inline(target: string, label: string | undefined): RichTextElement {
  const [kind = '', id = ''] = target.split('^');
  if (target.startsWith('@')) return { type: 'user', user_id: target.slice(1) };
  if (kind === '!subteam') return { type: 'usergroup', usergroup_id: id };
  if (kind === '!date') {
    const fallback = label ?? id;
    return { type: 'date', timestamp: Number(id), format: momentFormat, fallback };
  }
  return { type: 'link', url: unescape(target), text: unescape(label ?? target) };
}
