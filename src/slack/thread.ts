import type { WebClient } from '@slack/web-api';
import { HeldBack, ServiceError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Records } from '../onboarding/records.ts';
import type { Roll } from '../onboarding/roll.ts';
import { announce, giveUpUnseen, introduce, isLive, type Run } from '../onboarding/run.ts';
import { SlowDown } from '../onboarding/store.ts';
import { type AccountBook, createAccountBook } from './accounts.ts';
import { calling, SlackRefusal } from './client.ts';
import { type Mark, type MarkStore, Overtaken, openMark } from './mark.ts';
import { type Message, messages, newcomers } from './messages.ts';
import { createPoster, type Poster } from './posting.ts';
import { unseen } from './words/answers.ts';

export interface ThreadOptions {
  client: WebClient;
  /** The bot's user id and the workspace. */
  identity: { user: string; team: string };
  records: Records;
  store: MarkStore;
  log: Log;
  /** How long a request to Slack without an answer may still land, milliseconds. */
  settleMs: number;
  /** How long what Slack refused is left alone unless the run changes, milliseconds. */
  pauseMs: number;
}

export interface Threads {
  /**
   * Makes Slack show the run as it stands. What Slack refuses or does not answer is left for later: the run stays behind
   * in the store. Throws a SlowDown when Slack asked for a pause.
   */
  draw(run: string): Promise<void>;
}

interface Drawing {
  run: Run;
  roll: Roll;
  mark: Mark;
  poster: Poster;
  accounts: AccountBook;
}

/** For how long after its end a run's thread is tried again: a channel may be opened again, the bot invited again. */
const lingerMs = 3_600_000;

export function createThreads(options: ThreadOptions): Threads {
  const { client, identity, records, store, settleMs, pauseMs } = options;
  const accounts = createAccountBook(client, identity.team);

  async function draw(id: string, log: Log): Promise<void> {
    const run = await records.get(id);
    if (run === undefined) return;
    if (run.request.within !== undefined) return draw(run.request.within.rollout, log);
    const roll = run.request.rollout === undefined ? {} : await records.roll(id);
    const mark = await openMark(store, id);
    const { pause } = mark.document;
    if (pause?.revision === run.revision && (await records.now()) < pause.until) return;

    const poster = createPoster({ client, self: identity.user, now: records.now, settleMs }, id, mark);
    const drawing: Drawing = { run, roll, mark, poster, accounts };
    await poster.settle();
    const refused = await drawAll(drawing, options, log);
    const now = await records.now();
    // Left behind, so that the reconciler brings it back.
    if (poster.inDoubt()) return;
    const over = !isLive(run) && now > run.updatedAt + lingerMs;
    if (!refused || over) return mark.shows(run.revision);
    await mark.write({ pause: { revision: run.revision, until: now + pauseMs } });
  }

  return {
    async draw(id) {
      const log = options.log.child({ run: id });
      try {
        await draw(id, log);
      } catch (error) {
        if (error instanceof Overtaken) return doubt(store, id);
        if (!(error instanceof ServiceError) || error.service !== 'Slack') throw error;
        const level = error instanceof HeldBack ? 'debug' : 'warn';
        log[level]({ reason: error.message }, 'the thread could not be drawn and will be again');
      }
    },
  };
}

/** Two drew the same thread at the same time, and the older state may stand: all of it is drawn again. */
async function doubt(store: MarkStore, run: string): Promise<void> {
  const mark = await openMark(store, run);
  const messages = Object.entries(mark.document.messages).map(([role, posted]) => [
    role,
    { ...posted, hash: '' },
  ]);
  try {
    await mark.write({ messages: Object.fromEntries(messages) });
    await mark.shows(0);
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
  }
}

/** Draws the root, then looks people up, then draws the rest. Answers whether Slack refused any of it. */
async function drawAll(drawing: Drawing, options: ThreadOptions, log: Log): Promise<boolean> {
  const { run, mark } = drawing;
  if (run.thread === undefined && !isLive(run) && run.steps.preflight?.error?.code === 'unseen') return false;
  const root = await drawRoot(drawing, options, log);
  if (root === 'unseen') return false;

  const state = { refused: root === 'refused' };
  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      // Without its root the thread must be begun again, and soon.
      if (!(error instanceof SlackRefusal) || error.code === 'thread_not_found') throw error;
      log.warn({ what, code: error.code }, 'Slack refuses');
      state.refused = true;
    }
  };
  if (isLive(run)) await attempt('people named', () => introduceNamed(drawing, options));
  await attempt('people invited', () => welcomeInvited(drawing, log));
  for (const message of messages(run, mark.document.accounts, drawing.roll).filter(
    ({ to }) => to === 'thread',
  ))
    await attempt(message.role, () => reply(drawing, message));
  return state.refused;
}

async function reply({ mark, poster }: Drawing, message: Message): Promise<void> {
  const { channel = '', ts = '' } = mark.document.messages['root'] ?? {};
  try {
    await poster.put(message, async () => ({ channel, thread: ts }));
  } catch (error) {
    if (error instanceof SlackRefusal && error.code === 'thread_not_found') {
      const { root: _, ...others } = mark.document.messages;
      await mark.write({ messages: others });
    }
    throw error;
  }
}

/** The root message stands, and the run knows where. `unseen`: it can stand nowhere, and the run has ended for it. */
async function drawRoot(
  drawing: Drawing,
  options: ThreadOptions,
  log: Log,
): Promise<'drawn' | 'refused' | 'unseen'> {
  const { run, roll, mark, poster } = drawing;
  const [root] = messages(run, {}, roll);
  if (root === undefined) return 'refused';
  if (run.thread !== undefined && mark.document.messages['root'] === undefined) {
    const { channel, ts } = run.thread;
    await mark.write({ messages: { ...mark.document.messages, root: { channel, ts, hash: '' } } });
  }
  const known = mark.document.messages['root']?.channel;
  const channel = known ?? run.request.channel;
  try {
    await poster.put(root, async () => ({ channel }));
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    log.warn({ channel, code: error.code }, 'Slack refuses the root message');
    if (known !== undefined) return 'refused';
    if (!(await drawRootDirectly(drawing, root, log))) {
      await options.records.change(run.id, giveUpUnseen(unseen));
      return 'unseen';
    }
  }
  if (run.thread === undefined) await announceRoot(drawing, options);
  return 'drawn';
}

/** In a direct message to whoever asked, because the bot may not post where they did. */
async function drawRootDirectly(
  { run, poster, accounts }: Drawing,
  root: Message,
  log: Log,
): Promise<boolean> {
  try {
    const channel = await directTo(accounts, run.request.by.user);
    await poster.put(root, async () => ({ channel }));
    return true;
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    log.warn({ code: error.code }, 'Slack refuses a direct message to the requester');
    return false;
  }
}

async function announceRoot({ run, mark }: Drawing, { client, records }: ThreadOptions): Promise<void> {
  const { channel = '', ts = '' } = mark.document.messages['root'] ?? {};
  const place = channel === run.request.channel ? 'channel' : 'direct';
  const permalink = await permalinkTo(client, channel, ts);
  const link = permalink === undefined ? {} : { permalink };
  await records.change(run.id, announce({ channel, ts, ...link, place }));
}

/** A run can do without the link. */
async function permalinkTo(client: WebClient, channel: string, ts: string): Promise<string | undefined> {
  try {
    const answer = await calling('link a message', client.chat.getPermalink({ channel, message_ts: ts }));
    return answer.permalink;
  } catch (error) {
    if (error instanceof ServiceError || error instanceof SlowDown) return undefined;
    throw error;
  }
}

/** Tells the run the addresses of the people whom the command named. */
async function introduceNamed({ run, accounts }: Drawing, { records }: ThreadOptions): Promise<void> {
  const unknown = run.request.named.flatMap(({ user, address }) =>
    user !== undefined && address === undefined ? [user] : [],
  );
  if (unknown.length === 0) return;
  const addresses: Record<string, string | null> = {};
  for (const user of unknown) addresses[user] = await accounts.addressOf(user);
  await records.change(run.id, introduce(addresses));
}

/** A direct message to each of the invited who has an account here; whoever cannot be written to counts as having none. */
async function welcomeInvited({ run, mark, poster, accounts }: Drawing, log: Log): Promise<void> {
  const learn = (address: string, user: string | null): Promise<void> =>
    mark.write({ accounts: { ...mark.document.accounts, [address]: user } });

  for (const address of newcomers(run)) {
    if (mark.document.accounts[address] === undefined) await learn(address, await accounts.userOf(address));
  }
  for (const message of messages(run, mark.document.accounts)) {
    const address = typeof message.to === 'object' ? message.to.address : '';
    const user = mark.document.accounts[address];
    if (typeof user !== 'string') continue;
    try {
      await poster.put(message, async () => ({ channel: await directTo(accounts, user) }));
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      log.warn({ code: error.code }, 'Slack refuses a direct message');
      await learn(address, null);
    }
  }
}

async function directTo(accounts: AccountBook, user: string): Promise<string> {
  const channel = await accounts.directTo(user);
  if (channel === null) throw new SlackRefusal('open a direct message', 'user_not_found');
  return channel;
}
