import {
  App,
  type BlockAction,
  type ButtonAction,
  type Context,
  type RespondFn,
  type ViewSubmitAction,
} from '@slack/bolt';
import type { Secret } from '../secret.ts';
import type { Answer } from './answers.ts';
import { type ClickOutcome, clickOf } from './click.ts';
import { press } from './clicks.ts';
import { loggerFor, timeoutMs } from './client.ts';
import { carryOut, type Outcome, typedOf, watchBeginning } from './commands.ts';
import { answering, type Desk, inTime } from './desk.ts';
import { planOf } from './planning.ts';
import { responseTo, type SubmissionOutcome, submissionOf, submit } from './submissions.ts';
import { type Connection, createTransport } from './transport.ts';

export interface AppOptions {
  botToken: Secret;
  connection: Connection;
  apiUrl?: string | undefined;
  /** Who the bot is; known already, so that Bolt need not ask. */
  identity: { botId: string; user: string };
}

export interface Listening {
  start(): Promise<void>;
  /** Receives nothing more, and returns when what was received has been answered. */
  stop(): Promise<void>;
  /** What keeps Slack from reaching the bot; empty when nothing does. */
  problems(): string[];
}

/** The app: one listener for commands, one for buttons, one for modals, each of which answers whatever comes. */
export function createApp({ botToken, connection, apiUrl, identity }: AppOptions, desk: Desk): Listening {
  const transport = createTransport(connection, apiUrl, desk);
  const app = new App({
    receiver: transport.receiver,
    logger: loggerFor(desk.log),
    token: botToken.reveal(),
    botId: identity.botId,
    botUserId: identity.user,
    tokenVerificationEnabled: false,
    clientOptions: {
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
      retryConfig: { retries: 0 },
      fetch: bounded,
    },
  });
  const closing = new AbortController();
  const atWork = new Set<Promise<void>>();
  const tracked = (work: Promise<void>): Promise<void> => {
    atWork.add(work);
    return work.finally(() => atWork.delete(work));
  };

  app.command(/.*/, ({ command, context, ack, respond }) =>
    tracked(
      (async () => {
        const typed = { ...typedOf(command), envelope: envelopeOf(context) };
        const outcome: Outcome | undefined = await answering(desk, typed, () => carryOut(desk, typed));
        if (outcome === undefined) return;
        await ack(
          outcome.answer === undefined ? undefined : { response_type: 'ephemeral', ...outcome.answer },
        );
        await followUp(desk, outcome, { ...typed, respond, closing: closing.signal });
      })(),
    ),
  );

  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions' },
    ({ action, body, context, ack, respond }) =>
      tracked(
        (async () => {
          await ack();
          const click = { ...clickOf(action, body), envelope: envelopeOf(context) };
          const outcome: ClickOutcome | undefined = await answering(desk, click, () => press(desk, click));
          if (outcome === undefined) return;
          const to = { ...click, respond, closing: closing.signal };
          if (outcome.answer !== undefined) await say(desk, to, outcome.answer, outcome.replaces === true);
          await followUp(desk, outcome, to);
        })(),
      ),
  );

  app.view<ViewSubmitAction>(/.*/, ({ body, context, ack }) =>
    tracked(
      (async () => {
        const submission = { ...submissionOf(body), envelope: envelopeOf(context) };
        const outcome: SubmissionOutcome | undefined = await answering(desk, submission, () =>
          inTime(submit(desk, submission)),
        );
        if (outcome === undefined) return;
        await ack(responseTo(outcome, submission));
        const { answer, at } = outcome;
        if (at === undefined) return;
        const to = { ...submission, channel: at, closing: closing.signal };
        if (answer !== undefined) await say(desk, to, answer, false);
        await followUp(desk, outcome, to);
      })(),
    ),
  );

  return {
    start: async () => void (await app.start()),
    problems: () => transport.problems(),
    async stop() {
      closing.abort();
      await app.stop();
      await Promise.allSettled(atWork);
    },
  };
}

/** Answers to what people did go through this, and Bolt would wait for Slack to take them for ever. */
const bounded: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: init?.signal ?? AbortSignal.timeout(timeoutMs) });

const envelopeOf = (context: Context): string | undefined => context['envelope'] as string | undefined;

interface Listener {
  user: string;
  channel: string;
  /** What was done in a modal has no address to answer to. */
  respond?: RespondFn;
  closing: AbortSignal;
}

/** Says what takes longer than Slack waits: a plan, or where the thread of a new run is when it is not where the person asked. */
async function followUp(desk: Desk, { started, planned }: Outcome, to: Listener): Promise<void> {
  try {
    const { closing } = to;
    if (planned !== undefined) await say(desk, to, await planOf(desk, planned, closing), false);
    const answer = started && (await watchBeginning(desk, started, closing));
    if (answer !== undefined) await say(desk, to, answer, false);
  } catch (error) {
    if (!to.closing.aborted)
      desk.log.warn({ run: started?.id, error }, 'the beginning of a run could not be watched');
  }
}

/** Tells one person; where there is no address for it that came with the click, or it is used up, as a message of its own. */
async function say(
  desk: Desk,
  { user, channel, respond }: Listener,
  answer: Answer,
  replaces: boolean,
): Promise<void> {
  const post = (): Promise<unknown> => desk.client.chat.postEphemeral({ channel, user, ...answer });
  try {
    if (respond === undefined) await post();
    else await respond({ response_type: 'ephemeral', replace_original: replaces, ...answer }).catch(post);
  } catch {
    desk.log.warn({ by: user }, 'an answer could not be given');
  }
}
