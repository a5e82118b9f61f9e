import type { Block, TaskCard } from './slack-blocks.ts';
import type { Element } from './slack-elements.ts';
import type { Inline, RichText } from './slack-rich-text.ts';
import type { Workspace } from './slack-state.ts';

/** The names behind ids: `@anna`, `#platform`; undefined when there is none. */
export type Names = (id: string) => string | undefined;

/** The names of a workspace. */
export const namesOf = ({ users, channels, groups }: Workspace): Names => {
  return id => {
    const channel = channels.get(id);
    if (channel !== undefined) return `#${channel.name}`;
    const name = users.get(id)?.name ?? groups.get(id)?.handle;
    return name === undefined ? undefined : `@${name}`;
  };
};

/** A message as a person reads it, in plain lines: from its blocks, else from its text. */
export function renderText(message: { text: string; blocks?: readonly Block[] }, names: Names): string {
  if (message.blocks === undefined) return readMrkdwn(message.text, names);
  return message.blocks.map(block => renderBlock(block, names)).join('\n');
}

const STATUS: Record<TaskCard['status'], string> = {
  pending: 'waiting',
  in_progress: 'working',
  complete: 'done',
  error: 'failed',
};

function renderBlock(block: Block, names: Names): string {
  const read = (text: { type: string; text: string } | undefined) =>
    text === undefined ? '' : text.type === 'mrkdwn' ? readMrkdwn(text.text, names) : text.text;
  switch (block.type) {
    case 'header':
      return block.text.text;
    case 'divider':
      return '-'.repeat(40);
    case 'markdown':
      return block.text;
    case 'rich_text':
      return renderRichText(block, names);
    case 'section': {
      const accessory = block.accessory;
      const beside = accessory === undefined || accessory.type === 'image' ? [] : [renderElement(accessory)];
      const lines = [block.text, ...(block.fields ?? [])].filter(each => each !== undefined).map(read);
      return [...lines, ...beside].join('\n');
    }
    case 'context':
      return block.elements
        .map(each => (each.type === 'image' ? `(${each.alt_text})` : read(each)))
        .join('  ');
    case 'actions':
      return block.elements.map(renderElement).join(' ');
    case 'input': {
      const mark = block.optional === true ? ' (optional)' : '';
      return `${block.label.text}${mark}: ${renderElement(block.element)}`;
    }
    case 'task_card':
      return renderTask(block, names);
    case 'data_table':
      return renderTable(block, names);
    case 'plan':
      return [block.title, ...(block.tasks ?? []).map(task => indent(renderTask(task, names)))].join('\n');
  }
}

/** Columns as wide as their longest cell, but for the last. */
function renderTable({ caption, rows }: Extract<Block, { type: 'data_table' }>, names: Names): string {
  const texts = rows.map(row =>
    row.map(cell =>
      cell.type === 'raw_text'
        ? cell.text
        : cell.type === 'raw_number'
          ? String(cell.value)
          : renderRichText(cell, names),
    ),
  );
  const widths = texts[0]?.map((_, column) => Math.max(...texts.map(row => row[column]?.length ?? 0))) ?? [];
  const lines = texts.map(row =>
    row
      .map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
      .join('  '),
  );
  return [caption, ...lines.map(indent)].join('\n');
}

function renderTask({ title, status, details, output, sources = [] }: TaskCard, names: Names): string {
  const below = [
    ...[details, output].filter(each => each !== undefined).map(each => renderRichText(each, names)),
    ...sources.map(({ text, url }) => `${text} (${url})`),
  ].filter(text => text !== '');
  return [`[${STATUS[status]}] ${title}`, ...below.map(indent)].join('\n');
}

function renderElement(element: Element): string {
  switch (element.type) {
    case 'button':
      return element.url === undefined ? `[${element.text.text}]` : `[${element.text.text}](${element.url})`;
    case 'radio_buttons':
    case 'checkboxes':
      return element.options.map(({ text }) => `( ) ${text.text}`).join(' ');
    case 'overflow':
      return `[...: ${element.options.map(({ text }) => text.text).join(' | ')}]`;
    default:
      return `[${element.placeholder?.text ?? '          '}]`;
  }
}

const indent = (text: string): string => text.replaceAll(/^/gm, '  ');

function renderRichText({ elements }: RichText, names: Names): string {
  const inline = (parts: readonly Inline[]) => parts.map(part => renderInline(part, names)).join('');
  return elements
    .map(each => {
      if (each.type === 'rich_text_quote') return inline(each.elements).replaceAll(/^/gm, '> ');
      if (each.type !== 'rich_text_list') return inline(each.elements);
      return each.elements
        .map((item, index) => `${each.style === 'ordered' ? `${index + 1}.` : '-'} ${inline(item.elements)}`)
        .join('\n');
    })
    .join('\n')
    .trimEnd();
}

function renderInline(part: Inline, names: Names): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'link':
      return link(part.url, part.text);
    case 'user':
      return names(part.user_id) ?? `@${part.user_id}`;
    case 'usergroup':
      return names(part.usergroup_id) ?? `@${part.usergroup_id}`;
    case 'channel':
      return names(part.channel_id) ?? `#${part.channel_id}`;
    case 'emoji':
      return `:${part.name}:`;
    case 'broadcast':
      return `@${part.range}`;
    case 'date':
      return part.fallback ?? new Date(part.timestamp * 1000).toISOString();
  }
}

const link = (url: string, label: string | undefined): string =>
  label === undefined || label === url || `mailto:${label}` === url
    ? url.replace('mailto:', '')
    : `${label} (${url})`;

/** `<...>` and then the emphasis: a mark at the edge of words. */
function readMrkdwn(text: string, names: Names): string {
  return text
    .replaceAll(/<([^>|]+)(?:\|([^>]*))?>/g, (_, target: string, label?: string) =>
      readLink(target, label, names),
    )
    .replaceAll(/(?<![\w`])([*_~])([^\s\u200b](?:[^\n]*?[^\s\u200b])?)\1(?![\w`])/g, '$2')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll('\u200b', '');
}

function readLink(target: string, label: string | undefined, names: Names): string {
  const id = /^(?:@|#|!subteam\^)(\w+)/.exec(target)?.[1];
  if (id !== undefined) return names(id) ?? label ?? `@${id}`;
  if (target.startsWith('!date^')) return label ?? target;
  if (target.startsWith('!')) return `@${target.slice(1)}`;
  return link(target, label);
}
