import type { Workspace } from './slack-state.ts';

/** An address, a link, a mention of a person or a channel; addresses first, for they contain an `@`. */
const SPECIAL =
  /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(https?:\/\/[^\s<>]+)|(?<![\w@])@([\w.-]+)|(?<![\w#])#([\w-]+)/g;

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * What somebody typed as Slack hands it to an app [D, reference slack A5: should_escape]. Commands name the mentioned
 * (`<@U123|name>`), messages only point at them (`<@U123>`).
 */
export function escapeTyped(workspace: Workspace, typed: string, where: 'command' | 'message'): string {
  const label = (name: string) => (where === 'command' ? `|${name}` : '');
  let rest = 0;
  let escaped = '';
  for (const match of typed.matchAll(SPECIAL)) {
    const [whole, address, link, person, channel] = match;
    escaped += html(typed.slice(rest, match.index));
    rest = match.index + whole.length;
    if (address !== undefined) escaped += `<mailto:${address}|${address}>`;
    else if (link !== undefined) escaped += `<${html(link)}>`;
    else if (person !== undefined) escaped += mention(workspace, person, label);
    else escaped += channelLink(workspace, channel ?? '', label);
  }
  return escaped + html(typed.slice(rest));
}

function mention(workspace: Workspace, typed: string, label: (name: string) => string): string {
  // A full stop or dash behind the name ends the sentence and is none of the name's.
  for (let name = typed; name !== ''; name = name.slice(0, -1)) {
    const after = html(typed.slice(name.length));
    for (const user of workspace.users.values())
      if (user.name === name && !user.deleted) return `<@${user.id}${label(name)}>${after}`;
    for (const group of workspace.groups.values())
      if (group.handle === name) return `<!subteam^${group.id}${label(`@${name}`)}>${after}`;
    if (/\w$/.test(name)) break;
  }
  return html(`@${typed}`);
}

function channelLink(workspace: Workspace, name: string, label: (name: string) => string): string {
  for (const channel of workspace.channels.values())
    if (channel.name === name && channel.kind !== 'im') return `<#${channel.id}${label(name)}>`;
  return `#${name}`;
}
