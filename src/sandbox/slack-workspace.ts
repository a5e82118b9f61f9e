import { randomId } from './kit.ts';
import type {
  Channel,
  ChannelSeed,
  Message,
  State,
  User,
  Workspace,
  WorkspaceOptions,
} from './slack-state.ts';

/** Every scope that a method or an event asks for. chat:write.public is not among them: with it, there is no not_in_channel. */
const ALL_SCOPES =
  `commands chat:write app_mentions:read metadata.message:read users:read users:read.email usergroups:read
  im:write im:read im:history mpim:read mpim:history channels:read channels:history groups:read groups:history`.split(
    /\s+/,
  );

/** Ids as Slack writes them: a letter that tells the kind, then capitals and digits. */
export const slackId = (kind: string): string => kind + randomId(10).toUpperCase();

export function createWorkspace(options: WorkspaceOptions = {}): Workspace {
  const now = options.now ?? Date.now;
  const bot = { id: slackId('B'), user: slackId('U'), name: options.botName ?? 'holt' };
  const seed = seedOf(options, bot);
  let last = 0;
  const workspace: Workspace = {
    team: { id: slackId('T'), domain: 'sandbox' },
    app: { id: slackId('A') },
    bot,
    now,
    stamp() {
      last = Math.max(last + 1, Math.floor(now() * 1000));
      return `${Math.floor(last / 1e6)}.${String(last % 1e6).padStart(6, '0')}`;
    },
    ...fresh(seed),
    reset: () => void Object.assign(workspace, fresh(seed)),
  };
  return workspace;
}

type Seed = ReturnType<typeof seedOf>;

function seedOf(
  { users = [], channels = [], userGroups = [], settings }: WorkspaceOptions,
  bot: Workspace['bot'],
) {
  const people: User[] = [...users, { id: bot.user, name: bot.name, isBot: true }].map(user => ({
    id: user.id ?? slackId('U'),
    name: user.name,
    realName: user.realName ?? user.name,
    email: user.email,
    isBot: user.isBot ?? false,
    isRestricted: user.isRestricted ?? false,
    isUltraRestricted: user.isUltraRestricted ?? false,
    isStranger: user.isStranger ?? false,
    deleted: user.deleted ?? false,
  }));
  const idOf = (ref: string) => pick(people, ref).id;
  return {
    settings: {
      scopes: ALL_SCOPES,
      rateFactor: 1,
      refuseNewBlocks: false,
      replaceByDefault: true,
      ackMs: 3000,
      requestUrls: [],
      copies: 1,
      ...settings,
    },
    people,
    channels: channels.map(each => ({
      id: each.id ?? slackId('C'),
      name: each.name,
      kind: kindOf(each),
      shared: each.isShared ?? false,
      members: each.members?.map(idOf) ?? people.map(({ id }) => id),
      archived: each.archived ?? false,
    })),
    groups: userGroups.map(each => ({
      id: each.id ?? slackId('S'),
      handle: each.handle,
      users: each.users.map(idOf),
    })),
  };
}

const kindOf = ({ isPrivate, isGroupDirect }: ChannelSeed): Channel['kind'] =>
  isGroupDirect === true ? 'mpim' : isPrivate === true ? 'private' : 'public';

function fresh({ settings, people, channels, groups }: Seed): State {
  return {
    settings: { ...settings },
    users: new Map(people.map(each => [each.id, { ...each }])),
    channels: new Map(channels.map(each => [each.id, { ...each, members: new Set(each.members) }])),
    groups: new Map(groups.map(each => [each.id, { ...each, users: [...each.users] }])),
    messages: [],
    ephemerals: [],
    modals: new Map(),
    homes: new Map(),
    triggers: new Map(),
    responses: new Map(),
    failures: [],
  };
}

/** The one with this id or name; throws when there is none, for whoever asks is a test or a demo. */
export function pick<T extends { id: string; name: string }>(all: Iterable<T>, ref: string): T {
  for (const each of all) if (each.id === ref || each.name === ref.replace(/^[@#]/, '')) return each;
  throw new Error(`the workspace has no ${ref}`);
}

/** The direct messages between the bot and a user. */
export function directMessages(workspace: Workspace, user: string): Channel {
  for (const each of workspace.channels.values())
    if (each.kind === 'im' && each.members.has(user)) return each;
  const channel: Channel = {
    id: slackId('D'),
    name: 'directmessage',
    kind: 'im',
    shared: false,
    members: new Set([user, workspace.bot.user]),
    archived: false,
  };
  workspace.channels.set(channel.id, channel);
  return channel;
}

export const findMessage = (workspace: Workspace, channel: string, ts: string): Message | undefined =>
  workspace.messages.find(each => each.channel === channel && each.ts === ts);

/** The replies below a message, oldest first. */
export const repliesTo = (workspace: Workspace, { channel, ts }: Message): Message[] =>
  workspace.messages.filter(each => each.channel === channel && each.thread_ts === ts && each.ts !== ts);

/** A message as the Web API and the payloads show it. */
export function onTheWire(workspace: Workspace, message: Message, withMetadata = false) {
  const { channel: _, metadata, ...rest } = message;
  const replies = repliesTo(workspace, message);
  const thread =
    replies.length === 0
      ? {}
      : { thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)?.ts };
  const author =
    message.user === workspace.bot.user ? { bot_id: workspace.bot.id, app_id: workspace.app.id } : {};
  return {
    type: 'message',
    ...rest,
    team: workspace.team.id,
    ...author,
    ...thread,
    ...(withMetadata && metadata !== undefined ? { metadata } : {}),
  };
}

/** Takes a message away. The start of a thread that has replies leaves a mark behind [K]. */
export function removeMessage(workspace: Workspace, message: Message): void {
  if (repliesTo(workspace, message).length > 0) {
    delete message.blocks;
    delete message.metadata;
    Object.assign(message, { subtype: 'tombstone', text: 'This message was deleted.' });
  } else {
    workspace.messages.splice(workspace.messages.indexOf(message), 1);
  }
}
