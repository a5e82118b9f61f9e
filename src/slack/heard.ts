import { z } from 'zod';
import { leavesOutTarget, parseCommand } from '../onboarding/command.ts';
import type { Run } from '../onboarding/run.ts';
import { SlackRefusal } from './client.ts';
import type { Typed } from './commands.ts';
import { type Desk, inTime } from './desk.ts';
import { runClaimedBy } from './posting.ts';

/** What Slack delivers of a message; loosely, for it has much more. Nothing else than text that a person has written anew fits. */
const Written = z.object({
  type: z.enum(['app_mention', 'message']),
  channel: z.string(),
  channel_type: z.string().optional(),
  user: z.string(),
  text: z.string(),
  thread_ts: z.string().optional(),
  /** The workspaces of whoever wrote it: in a shared channel, another one than ours. */
  team: z.string().optional(),
  user_team: z.string().optional(),
  /** Of joins, edits, files and whatever else is no plain message. */
  subtype: z.undefined().optional(),
  bot_id: z.undefined().optional(),
  edited: z.undefined().optional(),
});

const Delivered = z.object({ event_id: z.string(), team_id: z.string(), event: Written });

/**
 * What a person wrote to Holt: with a mention of it, or into the direct messages with it. Undefined for all else that Slack tells of:
 * what bots and Holt itself write, edits, joins. `self` is the bot's user id.
 */
export function heardOf(body: unknown, self: string): Typed | undefined {
  const { data } = Delivered.safeParse(body);
  if (data === undefined) return undefined;
  const { event, event_id, team_id } = data;
  const direct = event.type === 'message';
  if (event.user === self || (direct && event.channel_type !== 'im')) return undefined;
  const text = event.text.replaceAll(new RegExp(`<@${self}(?:\\|[^>]*)?>`, 'g'), ' ');
  return {
    entry: parseCommand(text).verb,
    user: event.user,
    team: event.user_team ?? event.team ?? team_id,
    channel: event.channel,
    envelope: event_id,
    text,
    place: { direct, thread: event.thread_ts },
  };
}

/** What was typed, with the run in whose thread it was typed if it names none. Throws what `calling` throws. */
export async function withRunOfThread(desk: Desk, typed: Typed): Promise<Typed> {
  const thread = typed.place?.thread;
  if (thread === undefined || !leavesOutTarget(typed.text)) return typed;
  const about = await runOfThread(desk, typed.channel, thread);
  if (about === undefined) return typed;
  const { cluster, stage } = about.request.target;
  const text = `${typed.text} ${cluster} ${stage}`;
  return { ...typed, entry: parseCommand(text).verb, text, about };
}

/** The run whose thread this is. What the message says of itself counts only if the run's record says the same. */
async function runOfThread(desk: Desk, channel: string, ts: string): Promise<Run | undefined> {
  try {
    const id = await runClaimedBy(desk.client, { channel, ts });
    const run = id === undefined ? undefined : await inTime(desk.records.get(id));
    return run?.thread?.channel === channel && run.thread.ts === ts ? run : undefined;
  } catch (error) {
    if (error instanceof SlackRefusal) return undefined;
    throw error;
  }
}
