import { createHash } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { SlowDown } from '../onboarding/store.ts';
import type { Blocks } from './blocks.ts';
import { calling, SlackRefusal } from './client.ts';
import type { Mark, Posted, Posting } from './mark.ts';
import type { Message } from './messages.ts';

/** Our messages carry this, so that one can be found whose posting nobody saw confirmed. Everybody in the workspace may read it. */
const eventType = 'holt_run';

interface Place {
  channel: string;
  thread?: string;
}

export interface PosterOptions {
  client: WebClient;
  /** The bot's user id: metadata can be written by anybody. */
  self: string;
  now: () => Promise<number>;
  /** How long a request without an answer may still land, milliseconds. */
  settleMs: number;
}

/** Writes the messages of one run, each once. */
export interface Poster {
  /** Finds out what became of a posting whose end nobody saw. Throws a ServiceError while that cannot be told. */
  settle(): Promise<void>;
  /** Whether an edit whose end nobody saw may still land: then all must be drawn again. */
  inDoubt(): boolean;
  /** Makes the message show this content: edits the one that stands, else posts it to the place. */
  put(message: Message, place: () => Promise<Place>): Promise<void>;
}

export function createPoster(
  { client, self, now, settleMs }: PosterOptions,
  run: string,
  mark: Mark,
): Poster {
  const adopt = (role: string, posted: Posted): Promise<void> =>
    mark.write({
      messages: { ...mark.document.messages, [role]: posted },
      posting: undefined,
      editing: undefined,
    });

  async function post({ role, broadcast }: Message, content: Content, place: Place): Promise<void> {
    const posting: Posting = { role, ...place, at: await now() };
    await mark.write({ posting });
    try {
      const { channel = place.channel, ts = '' } = await calling(
        'post a message',
        client.chat.postMessage({
          channel: place.channel,
          ...inThread(place.thread, broadcast),
          ...content,
          metadata: { event_type: eventType, event_payload: { run, role } },
          unfurl_links: false,
          unfurl_media: false,
        }),
      );
      await adopt(role, { channel, ts, hash: hashOf(content) });
    } catch (error) {
      if (isDeclined(error)) await mark.write({ posting: undefined });
      if (!isLost(error)) throw error;
      const ts = await find(client, { self, run, posting });
      if (ts === undefined) throw error;
      await adopt(role, { channel: place.channel, ts, hash: hashOf(content) });
    }
  }

  /** False when the message is gone. */
  async function edit({ channel, ts }: Posted, content: Content): Promise<boolean> {
    try {
      await calling('edit a message', client.chat.update({ channel, ts, ...content }));
      return true;
    } catch (error) {
      if (error instanceof SlackRefusal && error.code === 'message_not_found') return false;
      if (isDeclined(error)) await mark.write({ editing: undefined });
      throw error;
    }
  }

  async function show(message: Message, place: () => Promise<Place>): Promise<void> {
    const { role } = message;
    const content = contentOf(message, mark.document.plain);
    const hash = hashOf(content);
    const there = mark.document.messages[role];
    if (there?.hash === hash) return;
    if (there !== undefined) {
      await mark.write({ editing: { role, at: await now() } });
      if (await edit(there, content)) return adopt(role, { ...there, hash });
      await mark.write({ editing: undefined });
    }
    await post(message, content, await place());
  }

  /** What somebody left in the midst of an edit counts as unknown until their request cannot land any more. */
  async function settleEdits(): Promise<void> {
    const { editing, doubt, messages } = mark.document;
    if (editing !== undefined) {
      const roles = [...new Set([...(doubt?.roles ?? []), editing.role])];
      const until = Math.max(doubt?.until ?? 0, editing.at + settleMs);
      return mark.write({ editing: undefined, doubt: { roles, until } });
    }
    if (doubt === undefined || (await now()) < doubt.until) return;
    const unknown = doubt.roles.flatMap(role => {
      const posted = messages[role];
      return posted === undefined ? [] : [[role, { ...posted, hash: '' }] as const];
    });
    await mark.write({ doubt: undefined, messages: { ...messages, ...Object.fromEntries(unknown) } });
  }

  return {
    inDoubt: () => mark.document.doubt !== undefined,
    async settle() {
      await settleEdits();
      const { posting } = mark.document;
      if (posting === undefined) return;
      const ts = await find(client, { self, run, posting });
      if (ts !== undefined) return adopt(posting.role, { channel: posting.channel, ts, hash: '' });
      if ((await now()) < posting.at + settleMs) throw stillUnclear();
      await mark.write({ posting: undefined });
    },
    async put(message, place) {
      try {
        await show(message, place);
      } catch (error) {
        const refused = error instanceof SlackRefusal && error.code === 'invalid_blocks';
        if (!refused || mark.document.plain) throw error;
        await mark.write({ plain: true });
        await show(message, place);
      }
    },
  };
}

const inThread = (thread: string | undefined, broadcast: true | undefined) =>
  thread === undefined
    ? {}
    : broadcast === true
      ? { thread_ts: thread, reply_broadcast: true as const }
      : { thread_ts: thread };

interface Content {
  text: string;
  blocks: Blocks;
}

const contentOf = ({ text, blocks, plainBlocks }: Message, plain: boolean): Content => ({
  text,
  blocks: plain ? plainBlocks : blocks,
});

const hashOf = (content: Content): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);

/** Slack did nothing, for sure. */
const isDeclined = (error: unknown): boolean =>
  error instanceof SlowDown || (error instanceof ServiceError && error.applied === 'no');

/** Whether the call may have taken effect although nobody saw its answer. */
const isLost = (error: unknown): boolean => error instanceof ServiceError && error.applied === 'unknown';

const stillUnclear = (): ServiceError =>
  new ServiceError({
    service: 'Slack',
    operation: 'post a message',
    reason: 'the answer was lost and the message may still appear',
    retryable: true,
    applied: 'unknown',
  });

const Found = z.object({
  ts: z.string(),
  user: z.string().optional(),
  metadata: z
    .object({
      event_type: z.string().optional(),
      event_payload: z.object({ run: z.unknown(), role: z.unknown() }).partial().optional(),
    })
    .optional(),
});

/** Clocks of Slack and of the store may differ by this much. */
const skewMs = 300_000;

/** The timestamp of our message, where it was being posted; a place that cannot be read (any more) has none. */
async function find(
  client: WebClient,
  { self, run, posting }: { self: string; run: string; posting: Posting },
): Promise<string | undefined> {
  const { channel, thread, role, at } = posting;
  const range = { channel, oldest: String((at - skewMs) / 1000), limit: 200, include_all_metadata: true };
  let cursor: string | undefined;
  try {
    do {
      const page = { ...range, ...(cursor === undefined ? {} : { cursor }) };
      const answer = await calling(
        'look for a message',
        thread === undefined
          ? client.conversations.history(page)
          : client.conversations.replies({ ...page, ts: thread }),
      );
      const found = z.array(Found).parse(answer.messages ?? []);
      const ours = found.find(({ user, metadata }) => {
        const { run: ofRun, role: ofRole } = metadata?.event_payload ?? {};
        return user === self && metadata?.event_type === eventType && ofRun === run && ofRole === role;
      });
      if (ours !== undefined) return ours.ts;
      cursor = answer.response_metadata?.next_cursor;
    } while (cursor !== undefined && cursor !== '');
  } catch (error) {
    if (!(error instanceof SlackRefusal) || !closed.has(error.code)) throw error;
  }
  return undefined;
}

/** The run that a message says it is the root of. Anybody's app can say so: it counts only if the run's record says the same. */
export async function runClaimedBy(
  client: WebClient,
  { channel, ts }: { channel: string; ts: string },
): Promise<string | undefined> {
  const one = { channel, ts, limit: 1, inclusive: true, include_all_metadata: true };
  const answer = await calling('look for a message', client.conversations.replies(one));
  const [root] = z.array(Found).parse(answer.messages ?? []);
  const run = root?.metadata?.event_payload?.run;
  return typeof run === 'string' ? run : undefined;
}

const closed = new Set(['not_in_channel', 'channel_not_found', 'thread_not_found']);
