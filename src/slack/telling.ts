import type { RespondFn } from '@slack/bolt';
import type { Typed } from './commands.ts';
import type { Asking, Desk } from './desk.ts';
import type { Answer } from './words/answers.ts';

/** Tells a person something, where they asked and nobody else reads it; `replaces`: in place of the message that they pressed in. Never throws. */
export type Tell = (answer: Answer, replaces?: boolean) => Promise<void>;

type From = Pick<Desk, 'client' | 'log'>;

/** In answer to a command or a press; where the address that came with it is used up, as a message of its own. */
export const tellingBack =
  (desk: From, { user, channel }: Asking, respond: RespondFn): Tell =>
  async (answer, replaces = false) => {
    try {
      const how = replaces ? {} : { response_type: 'ephemeral' as const };
      await respond({ ...how, replace_original: replaces, ...answer });
    } catch {
      await posting(desk, user, () => desk.client.chat.postEphemeral({ channel, user, ...answer }));
    }
  };

/** In answer to a message, or to what has no address to answer to: an ordinary message in the direct messages with the bot, elsewhere one that they alone see. */
export const tellingThere =
  (desk: From, { user, channel, place }: Asking & Pick<Typed, 'place'>): Tell =>
  async answer => {
    const thread = place?.thread === undefined ? {} : { thread_ts: place.thread };
    const there = { channel, ...thread, ...answer };
    await posting(desk, user, () =>
      place?.direct === true
        ? desk.client.chat.postMessage({ ...there, unfurl_links: false, unfurl_media: false })
        : desk.client.chat.postEphemeral({ ...there, user }),
    );
  };

async function posting({ log }: From, by: string, post: () => Promise<unknown>): Promise<void> {
  try {
    await post();
  } catch {
    log.warn({ by }, 'an answer could not be given');
  }
}
