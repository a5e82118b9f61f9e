import { z } from 'zod';
import { checkBlocks, readableLength } from './slack-blocks.ts';
import { codePoints } from './slack-elements.ts';
import { PER_MINUTE } from './slack-limits.ts';
import { type Context, flag, malformed, method, Refusal, structure } from './slack-method.ts';
import type { Channel, Message, Workspace } from './slack-state.ts';
import { directMessages, findMessage, onTheWire, repliesTo } from './slack-workspace.ts';

const MOST_TEXT = 40_000;
/** chat.update takes less than chat.postMessage [K]. */
const MOST_UPDATED_TEXT = 4000;
/** [D, reference slack A2: bolt-js#2509] */
const MOST_IN_BLOCKS = 13_200;

export const metadataArg = structure('invalid_metadata_format');
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const flat = z.record(z.string(), scalar);
/** Nested at most one level, with scalar leaves [T]. */
const Metadata = z.strictObject({
  event_type: z.string().min(1).max(255),
  event_payload: z.record(z.string(), z.union([scalar, flat, z.array(z.union([scalar, flat]))])),
});

const content = {
  text: z.string().optional(),
  blocks: structure('invalid_blocks_format').optional(),
};
type Content = Pick<Message, 'text' | 'blocks'>;

/** A message's text and blocks, or the refusal that Slack would answer. */
export function readContent(
  { settings }: Workspace,
  { text = '', blocks: given }: { text?: string | undefined; blocks?: unknown },
  mostText = MOST_TEXT,
): Content {
  const { value: blocks = [], problems } = checkBlocks(given ?? [], {
    surface: 'message',
    refuseNewBlocks: settings.refuseNewBlocks,
  });
  if (problems !== undefined) throw malformed('invalid_blocks', problems);
  if (text === '' && blocks.length === 0) throw new Refusal('no_text');
  if (codePoints(text) > mostText) throw new Refusal('msg_too_long');
  if (readableLength(blocks) > MOST_IN_BLOCKS) throw new Refusal('msg_blocks_too_long');
  return blocks.length === 0 ? { text } : { text, blocks };
}

function readMetadata(given: unknown): Pick<Message, 'metadata'> {
  if (given === undefined) return {};
  const { success, data } = Metadata.safeParse(given);
  if (!success) throw new Refusal('invalid_metadata_schema');
  return { metadata: data };
}

/** The channel with this id, if the bot may know that it exists. */
export function visible({ workspace }: Context, id: string): Channel {
  const channel = workspace.channels.get(id);
  if (channel === undefined) throw new Refusal('channel_not_found');
  if (channel.kind !== 'public' && !channel.members.has(workspace.bot.user))
    throw new Refusal('channel_not_found');
  return channel;
}

/** The channel that is meant, if the bot may post there. A user's id means the direct messages with them. */
function writable(context: Context, id: string): Channel {
  const { workspace } = context;
  const user = workspace.users.get(id);
  if (user !== undefined && !user.deleted) return directMessages(workspace, id);
  const channel = visible(context, id);
  if (channel.archived) throw new Refusal('is_archived');
  if (!channel.members.has(workspace.bot.user) && !context.granted('chat:write.public'))
    throw new Refusal('not_in_channel');
  return channel;
}

function existing(context: Context, channelId: string, ts: string): Message {
  const channel = visible(context, channelId);
  const message = findMessage(context.workspace, channel.id, ts);
  if (message === undefined || message.subtype === 'tombstone') throw new Refusal('message_not_found');
  return message;
}

/** A message of the bot's own in a channel where it may still write; `refusal` when somebody else wrote it. */
function own(context: Context, channelId: string, ts: string, refusal: string): Message {
  const { workspace } = context;
  const channel = visible(context, channelId);
  if (channel.archived) throw new Refusal('is_inactive');
  if (!channel.members.has(workspace.bot.user)) throw new Refusal('not_in_channel');
  const message = existing(context, channelId, ts);
  if (message.user !== workspace.bot.user) throw new Refusal(refusal);
  return message;
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

function checkThread(workspace: Workspace, channel: string, thread: string | undefined): void {
  if (thread === undefined) return;
  const parent = findMessage(workspace, channel, thread);
  // A reply's own ts is to be avoided, says the documentation; refusing it shows the mistake.
  if (parent === undefined || (parent.thread_ts ?? parent.ts) !== parent.ts)
    throw new Refusal('thread_not_found');
}

const place = { channel: z.string(), ts: z.string() };
const scope = 'chat:write';

export const chat = {
  'chat.postMessage': method({
    scope,
    perMinute: PER_MINUTE.post,
    limitedBy: 'channel',
    mutating: true,
    args: z.object({
      channel: z.string(),
      ...content,
      thread_ts: z.string().optional(),
      reply_broadcast: flag,
      metadata: metadataArg.optional(),
    }),
    run(args, context) {
      const { workspace } = context;
      const channel = writable(context, args.channel);
      checkThread(workspace, channel.id, args.thread_ts);
      const message: Message = {
        channel: channel.id,
        ts: workspace.stamp(),
        user: workspace.bot.user,
        ...readContent(workspace, args),
        ...readMetadata(args.metadata),
        ...(args.thread_ts === undefined ? {} : { thread_ts: args.thread_ts }),
        ...(args.thread_ts !== undefined && args.reply_broadcast ? { subtype: 'thread_broadcast' } : {}),
      };
      workspace.messages.push(message);
      return { channel: channel.id, ts: message.ts, message: onTheWire(workspace, message) };
    },
  }),

  'chat.update': method({
    scope,
    perMinute: PER_MINUTE.tier3,
    mutating: true,
    args: z.object({ ...place, ...content, metadata: metadataArg.optional() }),
    run(args, context) {
      const { workspace } = context;
      const message = own(context, args.channel, args.ts, 'cant_update_message');
      const next = readContent(workspace, args, MOST_UPDATED_TEXT);
      const metadata = readUpdatedMetadata(args.metadata);
      // Text without blocks removes the blocks, and only then the message is marked as edited [D, reference slack A5].
      delete message.blocks;
      if (metadata === 'none') delete message.metadata;
      Object.assign(message, next, metadata === 'none' ? {} : metadata);
      if (next.blocks === undefined) message.edited = { user: message.user, ts: workspace.stamp() };
      return {
        channel: message.channel,
        ts: message.ts,
        text: message.text,
        message: onTheWire(workspace, message),
      };
    },
  }),

  'chat.delete': method({
    scope,
    perMinute: PER_MINUTE.tier3,
    mutating: true,
    args: z.object(place),
    run({ channel, ts }, context) {
      removeMessage(context.workspace, own(context, channel, ts, 'cant_delete_message'));
      return { channel, ts };
    },
  }),

  'chat.postEphemeral': method({
    scope,
    perMinute: PER_MINUTE.tier4,
    mutating: true,
    args: z.object({ channel: z.string(), user: z.string(), ...content, thread_ts: z.string().optional() }),
    run(args, context) {
      const { workspace } = context;
      const channel = writable(context, args.channel);
      if (!channel.members.has(args.user)) throw new Refusal('user_not_in_channel');
      const ts = workspace.stamp();
      workspace.ephemerals.push({
        channel: channel.id,
        ts,
        user: workspace.bot.user,
        to: args.user,
        ...readContent(workspace, args),
        ...(args.thread_ts === undefined ? {} : { thread_ts: args.thread_ts }),
      });
      return { message_ts: ts };
    },
  }),

  'chat.getPermalink': method({
    perMinute: PER_MINUTE.generous,
    args: z.object({ channel: z.string(), message_ts: z.string() }),
    run(args, context) {
      const { channel, ts, thread_ts } = existing(context, args.channel, args.message_ts);
      const thread = thread_ts === undefined ? '' : `?thread_ts=${thread_ts}&cid=${channel}`;
      const { domain } = context.workspace.team;
      return {
        channel,
        permalink: `https://${domain}.slack.com/archives/${channel}/p${ts.replace('.', '')}${thread}`,
      };
    },
  }),
};

/** Left out, the metadata stays; an empty object removes it [DOC of chat.update]. */
function readUpdatedMetadata(given: unknown): Pick<Message, 'metadata'> | 'none' {
  const empty = typeof given === 'object' && given !== null && Object.keys(given).length === 0;
  return empty ? 'none' : readMetadata(given);
}
