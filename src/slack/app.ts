import {
  type AllMiddlewareArgs,
  App,
  type BlockAction,
  type ButtonAction,
  type Context,
  type SlackCommandMiddlewareArgs,
  type SlackEventMiddlewareArgs,
  type ViewSubmitAction,
} from '@slack/bolt';
import type { Secret } from '../secret.ts';
import { type ClickOutcome, clickOf } from './click.ts';
import { press } from './clicks.ts';
import { loggerFor, timeoutMs } from './client.ts';
import { carryOut, type Outcome, typedOf, watchBeginning } from './commands.ts';
import { type Asking, answering, type Desk, inTime } from './desk.ts';
import { heardOf, withRunOfThread } from './heard.ts';
import { createHomes } from './homes.ts';
import { createPauses, type Pauses } from './pauses.ts';
import { planOf } from './planning.ts';
import { responseTo, type SubmissionOutcome, submissionOf, submit } from './submissions.ts';
import { askingOf, type Suggestion, suggestion } from './suggestions.ts';
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
  const pauses = createPauses();
  const atWork = new Set<Promise<void>>();
  /** What has begun is waited for at the end. */
  const track = (work: Promise<void>): Promise<void> => {
    atWork.add(work);
    return work.finally(() => atWork.delete(work));
  };
  const tracked =
    <Given>(listen: (given: Given) => Promise<void>) =>
    (given: Given): Promise<void> =>
      track(listen(given));
  const homes = createHomes(desk);
  /**
   * What comes after the answer: word of where a new run shows, and a look at the person's Home tab. The listener does not wait for
   * it: that would keep all that came with the request for ten seconds.
   */
  const follow = (outcome: Outcome, { user }: Asking, tell: Tell, aside = false): void => {
    const following = async (): Promise<void> => {
      await homes.refresh(user);
      await followUp(desk, outcome, { tell, aside, pauses });
      if (outcome.started !== undefined) await homes.refresh(user);
    };
    void track(following());
  };

  app.command(
    /.*/,
    tracked(async ({ command, context, ack, respond }: SlackCommandMiddlewareArgs & AllMiddlewareArgs) => {
      const typed = { ...typedOf(command), envelope: envelopeOf(context) };
      const outcome: Outcome | undefined = await answering(desk, typed, () => carryOut(desk, typed));
      if (outcome === undefined) return;
      const { answer } = outcome;
      await ack(answer === undefined ? undefined : { response_type: 'ephemeral', ...answer });
      follow(outcome, typed, tellingBack(desk, typed, respond));
    }),
  );

  /** What people write; Bolt has acknowledged it already, as every event. */
  const hear = tracked(async ({ body }: { body: unknown }) => {
    const typed = heardOf(body, desk.self);
    if (typed === undefined) return;
    const outcome: Outcome | undefined = await answering(desk, typed, async () =>
      carryOut(desk, await withRunOfThread(desk, typed)),
    );
    if (outcome === undefined) return;
    const tell = tellingThere(desk, typed);
    if (outcome.answer !== undefined) await tell(outcome.answer);
    follow(outcome, typed, tell, typed.place?.thread !== undefined);
  });
  app.event('app_mention', hear);
  app.event('message', hear);

  app.event(
    'app_home_opened',
    tracked(async ({ body, event }: SlackEventMiddlewareArgs<'app_home_opened'>) => {
      const { tab, user, channel } = event;
      const { team_id: team, event_id: envelope } = body;
      if (tab === 'home') await homes.opened({ entry: 'home', user, team, channel, envelope });
    }),
  );

  app.options<'block_suggestion'>(
    { type: 'block_suggestion' },
    tracked(async ({ body, ack }) => {
      const asking = askingOf(body);
      const outcome: Suggestion | undefined = await answering(desk, asking, async () =>
        suggestion(desk, asking, body),
      );
      await ack({ options: outcome?.options ?? [] });
    }),
  );

  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions' },
    tracked(async ({ action, body, context, ack, respond }) => {
      await ack();
      const click = { ...clickOf(action, body), envelope: envelopeOf(context) };
      const outcome: ClickOutcome | undefined = await answering(desk, click, () => press(desk, click));
      if (outcome === undefined) return;
      const tell = tellingBack(desk, click, respond);
      if (outcome.answer !== undefined) await tell(outcome.answer, outcome.replaces);
      follow(outcome, click, tell);
    }),
  );

  app.view<ViewSubmitAction>(
    /.*/,
    tracked(async ({ body, context, ack }) => {
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
      follow(outcome, submission, tell);
    }),
  );

  return {
    start: async () => void (await app.start()),
    problems: () => transport.problems(),
    async stop() {
      pauses.end();
      await app.stop();
      // What is at work may begin what comes after its answer.
      while (atWork.size > 0) await Promise.allSettled(atWork);
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
  pauses: Pauses;
}

/** Says what takes longer than Slack waits: a plan, or where the thread of a new run is when it is not where the person asked. */
async function followUp(
  desk: Desk,
  { started, planned }: Outcome,
  { tell, aside, pauses }: Follower,
): Promise<void> {
  try {
    if (planned !== undefined) await tell(await planOf(desk, planned, pauses));
    const answer = started && (await watchBeginning(desk, started, { pauses, aside }));
    if (answer !== undefined) await tell(answer);
  } catch (error) {
    if (!pauses.over)
      desk.log.warn({ run: started?.id, error }, 'the beginning of a run could not be watched');
  }
}
