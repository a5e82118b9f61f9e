import { z } from 'zod';
import { PER_MINUTE } from './slack-limits.ts';
import { flag, method, Refusal } from './slack-method.ts';
import {
  checkThread,
  content,
  existing,
  MOST_UPDATED_TEXT,
  metadata,
  own,
  readContent,
  readMetadata,
  readUpdatedMetadata,
  writable,
} from './slack-posting.ts';
import type { Message } from './slack-state.ts';
import { onTheWire, removeMessage } from './slack-workspace.ts';

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
      metadata,
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
    args: z.object({ ...place, ...content, metadata }),
    run(args, context) {
      const { workspace } = context;
      const message = own(context, args.channel, args.ts, 'cant_update_message');
      const next = readContent(workspace, args, MOST_UPDATED_TEXT);
      const change = readUpdatedMetadata(args.metadata);
      // Text without blocks removes the blocks, and only then the message is marked as edited [D, reference slack A5].
      delete message.blocks;
      if (change === 'none') delete message.metadata;
      Object.assign(message, next, change === 'none' ? {} : change);
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
