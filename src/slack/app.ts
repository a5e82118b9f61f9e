import { App, type BlockAction, type ButtonAction, type Context, type ViewSubmitAction } from '@slack/bolt';
import type { Secret } from '../secret.ts';
import { type ClickOutcome, clickOf } from './click.ts';
import { press } from './clicks.ts';
import { loggerFor, timeoutMs } from './client.ts';
import { carryOut, type Outcome, typedOf, watchBeginning } from './commands.ts';
import { answering, type Desk, inTime } from './desk.ts';
import { heardOf, withRunOfThread } from './heard.ts';
import { responseTo, type SubmissionOutcome, submissionOf, submit } from './submissions.ts';
import { type Tell, tellingBack, tellingThere } from './telling.ts';
import { type Connection, createTransport } from './transport.ts';

export interface AppOptions {
  botToken: Secret;
  connection: Connection;
  apiUrl?: string | undefined;
  /** The bot's own; known already, so that Bolt need not ask. */
  botId: string;
}

export interface Listening {
  start(): Promise<void>;
  /** Receives nothing more, and returns when what was received has been answered. */
  stop(): Promise<void>;
  /** What keeps Slack from reaching the bot; empty when nothing does. */
  problems(): string[];
}

/** The app: a listener for each way in, each of which answers whatever people send. */
export function createApp({ botToken, connection, apiUrl, botId }: AppOptions, desk: Desk): Listening {
  const transport = createTransport(connection, apiUrl, desk);
  const app = new App({
    receiver: transport.receiver,
    logger: loggerFor(desk.log),
    token: botToken.reveal(),
    botId,
    botUserId: desk.self,
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
  const follow = (outcome: Outcome, tell: Tell, aside = false): Promise<void> =>
    followUp(desk, outcome, { tell, aside, closing: closing.signal });

  app.command(/.*/, ({ command, context, ack, respond }) =>
    tracked(
      (async () => {
        const typed = { ...typedOf(command), envelope: envelopeOf(context) };
        const outcome: Outcome | undefined = await answering(desk, typed, () => carryOut(desk, typed));
        if (outcome === undefined) return;
        await ack(
          outcome.answer === undefined ? undefined : { response_type: 'ephemeral', ...outcome.answer },
        );
        await follow(outcome, tellingBack(desk, typed, respond));
      })(),
    ),
  );

  /** What people write; Bolt has acknowledged it already. */
  const hear = ({ body }: { body: unknown }): Promise<void> =>
    tracked(
      (async () => {
        const typed = heardOf(body, desk.self);
        if (typed === undefined) return;
        const outcome: Outcome | undefined = await answering(desk, typed, async () =>
          carryOut(desk, await withRunOfThread(desk, typed)),
        );
        if (outcome === undefined) return;
        const tell = tellingThere(desk, typed);
        if (outcome.answer !== undefined) await tell(outcome.answer);
        await follow(outcome, tell, typed.place?.thread !== undefined);
      })(),
    );
  app.event('app_mention', hear);
  app.event('message', hear);

  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions' },
    ({ action, body, context, ack, respond }) =>
      tracked(
        (async () => {
          await ack();
          const click = { ...clickOf(action, body), envelope: envelopeOf(context) };
          const outcome: ClickOutcome | undefined = await answering(desk, click, () => press(desk, click));
          if (outcome === undefined) return;
          const tell = tellingBack(desk, click, respond);
          if (outcome.answer !== undefined) await tell(outcome.answer, outcome.replaces);
          await follow(outcome, tell);
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
        const tell = tellingThere(desk, { ...submission, channel: at });
        if (answer !== undefined) await tell(answer);
        await follow(outcome, tell);
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

interface Follower {
  tell: Tell;
  /** Whether they asked in a thread, where the message of the new run does not show. */
  aside: boolean;
  closing: AbortSignal;
}

/** Says where the thread of a new run is, when it is not where the person asked. */
async function followUp(desk: Desk, { started }: Outcome, { tell, aside, closing }: Follower): Promise<void> {
  if (started === undefined) return;
  try {
    const answer = await watchBeginning(desk, started, { closing, aside });
    if (answer !== undefined) await tell(answer);
  } catch (error) {
    if (!closing.aborted)
      desk.log.warn({ run: started.id, error }, 'the beginning of a run could not be watched');
  }
}
