import type { BotEnvironment } from './environment.ts';
import type { Fleet } from './onboarding/fleet-schema.ts';
import { createPlans } from './onboarding/plans.ts';
import type { House, Part } from './process.ts';
import { createSlackBot, type SlackBotOptions } from './slack/bot.ts';
import type { Connection } from './slack/transport.ts';

/** The part that faces Slack. `hurry` is for tests. */
export function createBotPart(
  env: BotEnvironment,
  fleet: Fleet,
  { log, store, mailboxes, records }: House,
  hurry: Pick<SlackBotOptions, 'settleMs' | 'pauseMs'> = {},
): Part {
  const bot = createSlackBot({
    botToken: env.SLACK_BOT_TOKEN,
    connection: connectionOf(env),
    apiUrl: env.SLACK_API_URL,
    fleet,
    records,
    plans: createPlans(store, mailboxes.nudges),
    store,
    limits: { updatesPerMinute: env.SLACK_UPDATES_PER_MINUTE, postsPerMinute: env.SLACK_POSTS_PER_MINUTE },
    log,
    ...hurry,
  });
  return {
    handlers: { render: run => bot.draw(run) },
    start: () => bot.start(),
    problems: () => bot.problems(),
    drain: () => bot.stop(),
    stop: async () => undefined,
  };
}

function connectionOf(env: BotEnvironment): Connection {
  if (env.SLACK_APP_TOKEN !== undefined) return { appToken: env.SLACK_APP_TOKEN };
  const signingSecrets = [env.SLACK_SIGNING_SECRET, env.SLACK_PREVIOUS_SIGNING_SECRET];
  return {
    signingSecrets: signingSecrets.filter(secret => secret !== undefined),
    host: env.HOLT_HTTP_HOST,
    port: env.SLACK_HTTP_PORT,
  };
}
