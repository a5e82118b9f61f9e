import { App, type BlockAction, type ButtonAction, type RespondFn, SocketModeReceiver } from '@slack/bolt';
import type { Secret } from '../secret.ts';
import type { Answer } from './answers.ts';
import { type ClickOutcome, clickOf, press } from './clicks.ts';
import { loggerFor } from './client.ts';
import { carryOut, type Outcome, typedOf, watchBeginning } from './commands.ts';
import { answering, type Desk } from './desk.ts';

export interface AppOptions {
  botToken: Secret;
  appToken: Secret;
  apiUrl?: string | undefined;
  /** Who the bot is; known already, so that Bolt need not ask. */
  identity: { botId: string; user: string };
}

export interface Listening {
  start(): Promise<void>;
  /** Receives nothing more, and returns when what was received has been answered. */
  stop(): Promise<void>;
  connected(): boolean;
}

/** Asking for a socket goes on for as long as it takes; the SDK would give up for good, or wait for many minutes. */
const retryConfig = { forever: true, retries: 100, factor: 1.3, minTimeout: 500, maxTimeout: 30_000 };

/** The app in Socket Mode: one listener for commands, one for buttons, each of which answers whatever comes. */
export function createApp({ botToken, appToken, apiUrl, identity }: AppOptions, desk: Desk): Listening {
  const address = apiUrl === undefined ? {} : { slackApiUrl: apiUrl };
  const logger = loggerFor(desk.log);
  const receiver = new SocketModeReceiver({
    appToken: appToken.reveal(),
    logger,
    installerOptions: { clientOptions: { ...address, retryConfig } },
  });
  const app = new App({
    receiver,
    logger,
    token: botToken.reveal(),
    botId: identity.botId,
    botUserId: identity.user,
    tokenVerificationEnabled: false,
    clientOptions: { ...address, retryConfig: { retries: 0 } },
  });
  const closing = new AbortController();
  const atWork = new Set<Promise<void>>();
  const tracked = (work: Promise<void>): Promise<void> => {
    atWork.add(work);
    return work.finally(() => atWork.delete(work));
  };

  app.command(/.*/, ({ command, ack, respond }) =>
    tracked(
      (async () => {
        const typed = typedOf(command);
        const outcome: Outcome = await answering(desk, typed, () => carryOut(desk, typed));
        await ack(
          outcome.answer === undefined ? undefined : { response_type: 'ephemeral', ...outcome.answer },
        );
        await followUp(desk, outcome, { ...typed, respond, closing: closing.signal });
      })(),
    ),
  );

  app.action<BlockAction<ButtonAction>>({ type: 'block_actions' }, ({ action, body, ack, respond }) =>
    tracked(
      (async () => {
        await ack();
        const click = clickOf(action, body);
        const outcome: ClickOutcome = await answering(desk, click, () => press(desk, click));
        const to = { ...click, respond, closing: closing.signal };
        if (outcome.answer !== undefined) await say(desk, to, outcome.answer, outcome.replaces === true);
        await followUp(desk, outcome, to);
      })(),
    ),
  );

  const socket = { connected: false };
  receiver.client.on('connected', () => Object.assign(socket, { connected: true }));
  for (const event of ['close', 'reconnecting', 'disconnected']) {
    receiver.client.on(event, () => Object.assign(socket, { connected: false }));
  }
  return {
    start: async () => void (await app.start()),
    connected: () => socket.connected,
    async stop() {
      closing.abort();
      await app.stop();
      await Promise.allSettled(atWork);
    },
  };
}

interface Listener {
  user: string;
  channel: string;
  respond: RespondFn;
  closing: AbortSignal;
}

/** Says where the thread of a new run is, when it is not where the person asked. */
async function followUp(desk: Desk, { started }: Outcome, to: Listener): Promise<void> {
  if (started === undefined) return;
  try {
    const answer = await watchBeginning(desk, started, to.closing);
    if (answer !== undefined) await say(desk, to, answer, false);
  } catch (error) {
    if (!to.closing.aborted)
      desk.log.warn({ run: started.id, error }, 'the beginning of a run could not be watched');
  }
}

/** Tells one person; where the address that came with the click is used up, as a message of its own. */
async function say(
  desk: Desk,
  { user, channel, respond }: Listener,
  answer: Answer,
  replaces: boolean,
): Promise<void> {
  try {
    await respond({ response_type: 'ephemeral', replace_original: replaces, ...answer });
  } catch {
    try {
      await desk.client.chat.postEphemeral({ channel, user, ...answer });
    } catch {
      desk.log.warn({ by: user }, 'an answer could not be given');
    }
  }
}
