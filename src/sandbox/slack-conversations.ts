import { z } from 'zod';
import { PER_MINUTE } from './slack-limits.ts';
import { type Context, flag, method, Refusal } from './slack-method.ts';
import { visible } from './slack-posting.ts';
import type { Channel, Message } from './slack-state.ts';
import { directMessages, findMessage, onTheWire, repliesTo } from './slack-workspace.ts';

/** The scopes are by kind of channel: channels:read, groups:read, im:read, and the same with history [DOC]. */
const SCOPE = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' };

/** A channel whose messages the bot may read. */
function readable(context: Context, id: string): Channel {
  const channel = visible(context, id);
  context.need(`${SCOPE[channel.kind]}:history`);
  if (!channel.members.has(context.workspace.bot.user)) throw new Refusal('not_in_channel');
  return channel;
}

const range = {
  channel: z.string(),
  cursor: z.string().default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  oldest: z.string().default('0'),
  latest: z.string().optional(),
  inclusive: flag,
  include_all_metadata: flag,
};
type Range = z.output<z.ZodObject<typeof range>>;

/** The messages within the bounds, cut into pages. `pinned` is on every page and counts for none: the start of a thread. */
function page(context: Context, all: Message[], args: Range, pinned: Message[] = []) {
  const metadata = args.include_all_metadata && context.granted('metadata.message:read');
  const within = all.filter(
    ({ ts }) =>
      (Number(ts) > Number(args.oldest) || (args.inclusive && ts === args.oldest)) &&
      (args.latest === undefined ||
        Number(ts) < Number(args.latest) ||
        (args.inclusive && ts === args.latest)),
  );
  const from = args.cursor === '' ? 0 : within.findIndex(({ ts }) => ts === decode(args.cursor));
  if (from === -1) throw new Refusal('invalid_cursor');
  const next = within[from + args.limit];
  return {
    messages: [...pinned, ...within.slice(from, from + args.limit)].map(each =>
      onTheWire(context.workspace, each, metadata),
    ),
    has_more: next !== undefined,
    ...(next === undefined ? {} : { response_metadata: { next_cursor: encode(next.ts) } }),
  };
}

const encode = (ts: string): string => Buffer.from(`next_ts:${ts}`).toString('base64');
const decode = (cursor: string): string => Buffer.from(cursor, 'base64').toString().replace('next_ts:', '');

export const conversations = {
  'conversations.open': method({
    perMinute: PER_MINUTE.tier3,
    scope: 'im:write',
    mutating: true,
    args: z.object({ users: z.string().default(''), return_im: flag }),
    run({ users, return_im }, { workspace }) {
      if (users === '') throw new Refusal('users_list_not_supplied');
      const user = workspace.users.get(users);
      if (user === undefined) throw new Refusal('user_not_found');
      if (user.isBot) throw new Refusal('cannot_dm_bot');
      if (user.deleted) throw new Refusal('user_disabled');
      const { id } = directMessages(workspace, users);
      return { channel: return_im ? { id, is_im: true, user: users } : { id } };
    },
  }),

  'conversations.info': method({
    perMinute: PER_MINUTE.tier3,
    args: z.object({ channel: z.string() }),
    run(args, context) {
      const { id, name, kind, members, archived, shared } = visible(context, args.channel);
      context.need(`${SCOPE[kind]}:read`);
      if (kind === 'im')
        return { channel: { id, is_im: true, user: [...members][0], is_archived: archived } };
      return {
        channel: {
          id,
          name,
          is_channel: kind === 'public',
          is_group: kind === 'private',
          is_im: false,
          is_mpim: kind === 'mpim',
          is_private: kind !== 'public',
          is_ext_shared: shared,
          is_archived: archived,
          is_member: members.has(context.workspace.bot.user),
          context_team_id: context.workspace.team.id,
        },
      };
    },
  }),

  'conversations.history': method({
    perMinute: PER_MINUTE.tier3,
    args: z.object(range),
    run(args, context) {
      const { id } = readable(context, args.channel);
      const top = context.workspace.messages.filter(
        each =>
          each.channel === id &&
          (each.thread_ts === undefined || each.thread_ts === each.ts || each.subtype === 'thread_broadcast'),
      );
      return page(context, top.toReversed(), args);
    },
  }),

  'conversations.replies': method({
    perMinute: PER_MINUTE.tier3,
    args: z.object({ ...range, ts: z.string() }),
    run(args, context) {
      const { id } = readable(context, args.channel);
      const found = findMessage(context.workspace, id, args.ts);
      if (found === undefined) throw new Refusal('thread_not_found');
      // The documentation asks for the parent's ts; with a reply's, that one message alone comes back [K].
      const isReply = found.thread_ts !== undefined && found.thread_ts !== found.ts;
      return page(context, isReply ? [] : repliesTo(context.workspace, found), args, [found]);
    },
  }),
};
