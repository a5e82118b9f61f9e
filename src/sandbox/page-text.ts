import { html } from 'hono/html';
import type { Inline, RichText } from './slack-rich-text.ts';
import type { Names } from './slack-text.ts';

/** A piece of a page. Whatever stands in it has been escaped. */
export type Html = ReturnType<typeof html>;

/** What a text object of Block Kit, or a part of rich text, is drawn with. */
interface Text {
  type: 'plain_text' | 'mrkdwn';
  text: string;
}

export const drawnTexts = ['plain_text', 'mrkdwn'] as const;

export const drawText = ({ type, text }: Text, names: Names): Html =>
  type === 'mrkdwn' ? drawMrkdwn(text, names) : html`${text}`;

/** Blocks of code, `<…>`, code, emphasis at the edges of words, and line ends, in the order in which they win. */
const MARKS =
  /```\n?([^]+?)\n?```|<([^>|]+)(?:\|([^>]*))?>|`([^`\n]+)`|(?<![\w`])([*_~])([^\s\u200b](?:[^\n]*?[^\s\u200b])?)\5(?![\w`])|(\n)/g;

const TAGS: Readonly<Record<string, (inner: Html) => Html>> = {
  '*': inner => html`<b>${inner}</b>`,
  _: inner => html`<i>${inner}</i>`,
  '~': inner => html`<s>${inner}</s>`,
};

/** Slack's markup as Slack shows it. */
export function drawMrkdwn(text: string, names: Names): Html {
  const parts: Html[] = [];
  let rest = 0;
  const plain = (end: number) => parts.push(html`${unescape(text.slice(rest, end))}`);
  for (const match of text.matchAll(MARKS)) {
    const [whole, block, target, label, code, mark = '', inner = ''] = match;
    plain(match.index);
    rest = match.index + whole.length;
    if (block !== undefined) parts.push(html`<code class="block">${unescape(block)}</code>`);
    else if (target !== undefined) parts.push(drawTarget(target, label, names));
    else if (code !== undefined) parts.push(html`<code>${unescape(code)}</code>`);
    else parts.push(TAGS[mark]?.(drawMrkdwn(inner, names)) ?? html`<br>`);
  }
  plain(text.length);
  return html`${parts}`;
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').replaceAll('\u200b', '');

function drawTarget(target: string, label: string | undefined, names: Names): Html {
  const [kind = '', id = '', format = ''] = target.split('^');
  if (kind === '!date') return drawDate(Number(id), format, label ?? '');
  const mentioned = /^(?:@|#|!subteam\^)(\w+)/.exec(target)?.[1];
  if (mentioned !== undefined) return drawMention(mentioned, label, names);
  return drawLink(unescape(target), unescape(label ?? target.replace('mailto:', '')));
}

const drawMention = (id: string, label: string | undefined, names: Names): Html =>
  html`<span class="mention">${names(id) ?? label ?? `@${id}`}</span>`;

/** Where Slack itself shows a message; here it stands on this very page. */
const PERMALINK = /^https:\/\/[\w-]+\.slack\.com\/archives\/\w+\/p(\d+)(\d{6})/;

/** Only what a browser may safely follow becomes a link. */
function drawLink(url: string, label: string): Html {
  const [permalink, seconds, fraction] = PERMALINK.exec(url) ?? [];
  if (permalink !== undefined) return html`<a href="#m-${seconds}.${fraction}">${label}</a>`;
  return /^(https?:\/\/|mailto:)/.test(url)
    ? html`<a href="${url}" target="_blank" rel="noopener noreferrer">${label}</a>`
    : html`${label}`;
}

const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** A moment of a day, as the browser's clock would say it: the two run on the same machine. */
export const clock = (ms: number): string => time.format(ms);

/** Days since the epoch, by the clock on the wall. */
const dayOf = (date: Date): number =>
  Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;

function prettyDay(ms: number): string {
  const away = dayOf(new Date(ms)) - dayOf(new Date());
  return { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[String(away)] ?? day.format(ms);
}

const DATES: Readonly<Record<string, (ms: number) => string>> = {
  '{date_short_pretty}': prettyDay,
  '{time}': clock,
};

/** A date whose format says what we do not know is shown as its fallback, as Slack's older clients do. */
function drawDate(seconds: number, format: string, fallback: string): Html {
  const ms = seconds * 1000;
  const tokens = format.match(/\{\w+\}/g) ?? [];
  const known = tokens.length > 0 && tokens.every(token => token in DATES);
  const shown = known ? format.replaceAll(/\{\w+\}/g, token => DATES[token]?.(ms) ?? token) : fallback;
  return html`<time datetime="${new Date(ms).toISOString()}">${shown}</time>`;
}

type Drawers = { [Type in Inline['type']]?: (part: Extract<Inline, { type: Type }>, names: Names) => Html };

const inlines = {
  text: ({ text }) => html`${text}`,
  link: ({ url, text }) => drawLink(url, text ?? url),
  user: ({ user_id }, names) => drawMention(user_id, undefined, names),
  usergroup: ({ usergroup_id }, names) => drawMention(usergroup_id, undefined, names),
  date: ({ timestamp, format, fallback }) => drawDate(timestamp, format, fallback ?? ''),
} satisfies Drawers;

export const drawnInRichText = ['rich_text', 'rich_text_section', ...Object.keys(inlines)];

/** Rich text as it stands in a card. */
export function drawRichText({ elements }: RichText, names: Names): Html {
  return html`${elements.map(each =>
    each.type === 'rich_text_section'
      ? html`<span>${each.elements.map(part => drawInline(part, names))}</span>`
      : notDrawn(each.type),
  )}`;
}

function drawInline(part: Inline, names: Names): Html {
  const draw = (inlines as Record<string, ((part: never, names: Names) => Html) | undefined>)[part.type];
  return draw?.(part as never, names) ?? notDrawn(part.type);
}

/** The page draws what Holt sends and nothing else; something new is to be seen at once. */
export const notDrawn = (type: string): Html => html`<strong class="not-drawn">${type} is not drawn</strong>`;
