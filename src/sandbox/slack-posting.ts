import { z } from 'zod';
import { checkBlocks, readableLength } from './slack-blocks.ts';
import { codePoints } from './slack-elements.ts';
import { type Context, malformed, Refusal, structure } from './slack-method.ts';
import type { Channel, Message, Workspace } from './slack-state.ts';
import { directMessages, findMessage } from './slack-workspace.ts';

const MOST_TEXT = 40_000;
/** chat.update takes less than chat.postMessage [K]. */
export const MOST_UPDATED_TEXT = 4000;
/** [D, reference slack A2: bolt-js#2509] */
const MOST_IN_BLOCKS = 13_200;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const flat = z.record(z.string(), scalar);
/** Nested at most one level, with scalar leaves [T]. */
const Metadata = z.strictObject({
  event_type: z.string().min(1).max(255),
  event_payload: z.record(z.string(), z.union([scalar, flat, z.array(z.union([scalar, flat]))])),
});

/** The arguments that make up a message. */
export const content = {
  text: z.string().optional(),
  blocks: structure('invalid_blocks_format').optional(),
};
export const metadata = structure('invalid_metadata_format').optional();

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

/** Metadata that keeps to the form, or the refusal. */
export function readMetadata(given: unknown): Pick<Message, 'metadata'> {
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
export function writable(context: Context, id: string): Channel {
  const { workspace } = context;
  const user = workspace.users.get(id);
  if (user !== undefined && !user.deleted) return directMessages(workspace, id);
  const channel = visible(context, id);
  if (channel.archived) throw new Refusal('is_archived');
  if (!channel.members.has(workspace.bot.user) && !context.granted('chat:write.public'))
    throw new Refusal('not_in_channel');
  return channel;
}

/** A message that the bot may know of. */
export function existing(context: Context, channelId: string, ts: string): Message {
  const channel = visible(context, channelId);
  const message = findMessage(context.workspace, channel.id, ts);
  if (message === undefined || message.subtype === 'tombstone') throw new Refusal('message_not_found');
  return message;
}

/** A message of the bot's own in a channel where it may still write; `refusal` when somebody else wrote it. */
export function own(context: Context, channelId: string, ts: string, refusal: string): Message {
  const { workspace } = context;
  const channel = visible(context, channelId);
  if (channel.archived) throw new Refusal('is_inactive');
  if (!channel.members.has(workspace.bot.user)) throw new Refusal('not_in_channel');
  const message = existing(context, channelId, ts);
  if (message.user !== workspace.bot.user) throw new Refusal(refusal);
  return message;
}

/** Throws unless a reply can go there: the start of a thread, or a message that may become one. */
export function checkThread(workspace: Workspace, channel: string, thread: string | undefined): void {
  if (thread === undefined) return;
  const parent = findMessage(workspace, channel, thread);
  // A reply's own ts is to be avoided, says the documentation; refusing it shows the mistake.
  if (parent === undefined || (parent.thread_ts ?? parent.ts) !== parent.ts)
    throw new Refusal('thread_not_found');
}

/** Left out, the metadata stays; an empty object removes it [DOC of chat.update]. */
export function readUpdatedMetadata(given: unknown): Pick<Message, 'metadata'> | 'none' {
  const empty = typeof given === 'object' && given !== null && Object.keys(given).length === 0;
  return empty ? 'none' : readMetadata(given);
}
