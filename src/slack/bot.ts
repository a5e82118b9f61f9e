import { ContractError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createCatalogue } from '../onboarding/catalogue.ts';
import { everybodyIn } from '../onboarding/fleet.ts';
import type { Fleet } from '../onboarding/fleet-schema.ts';
import type { Plans } from '../onboarding/plans.ts';
import type { Records } from '../onboarding/records.ts';
import type { Store } from '../onboarding/store.ts';
import type { Secret } from '../secret.ts';
import { createAccountBook } from './accounts.ts';
import { createApp, type Listening } from './app.ts';
import { createClient } from './client.ts';
import type { Desk } from './desk.ts';
import { createMemberships } from './memberships.ts';
import { pacedClient, type SlackLimits } from './pace.ts';
import { createSignIn } from './sign-in.ts';
import { createStandings, type Standings } from './standings.ts';
import { createThreads, type Threads } from './thread.ts';
import type { Connection } from './transport.ts';

export interface SlackBotOptions {
  /** `xoxb-…` */
  botToken: Secret;
  connection: Connection;
  /** Slack's own Web API when left out. */
  apiUrl?: string | undefined;
  fleet: Fleet;
  records: Records;
  plans: Plans;
  store: Desk['store'] & Pick<Store, 'turns'>;
  /** What all bots together ask of Slack when nobody waits for the answer. */
  limits: SlackLimits;
  log: Log;
  /** How long a message whose posting was not confirmed may still appear, in milliseconds. */
  settleMs?: number;
  /** How long what Slack refused to show is left alone, in milliseconds. */
  pauseMs?: number;
}

export interface SlackBot {
  /** Signs in, reads the user groups and connects. Throws a ServiceError when Slack refuses the tokens. */
  start(): Promise<void>;
  /** Receives nothing more and returns when what was received has been answered. Threads can still be drawn. */
  stop(): Promise<void>;
  /** What keeps it from being asked; empty when ready. */
  problems(): string[];
  /** Makes the run's thread show the run. Throws a SlowDown when Slack asks for a pause. */
  draw(run: string): Promise<void>;
}

/** The process's face in Slack. */
export function createSlackBot(options: SlackBotOptions): SlackBot {
  const { fleet, records, store, limits, log, settleMs = 15_000, pauseMs = 60_000 } = options;
  // One client each: a person who waits is never queued behind the drawing of threads, and waits for no turn.
  const background = pacedClient(createClient(options), store.turns, limits);
  const interactive = createClient(options);
  const { users, groups } = everybodyIn(fleet);
  const signIn = createSignIn(interactive);
  const catalogue = createCatalogue(fleet, store, log);
  const memberships = createMemberships({ client: background, groups, log });
  let standings: Standings | undefined;
  let threads: Threads | undefined;
  let app: Listening | undefined;

  return {
    async start() {
      const { user_id: user, team_id: team, bot_id: botId } = await signIn.begin();
      if (user === undefined || team === undefined || botId === undefined) {
        throw new ContractError('Slack', 'sign in', 'user_id, team_id or bot_id');
      }
      threads = createThreads({
        client: background,
        identity: { user, team },
        records,
        store,
        log,
        settleMs,
        pauseMs,
      });
      standings = createStandings({
        accounts: createAccountBook(background, team),
        listed: () => [...users, ...groups.flatMap(group => [...memberships.of(group)])],
        log,
      });
      const people = { members: memberships.of, standing: standings.of };
      const busy = new Map<string, number>();
      await catalogue.load();
      const desk: Desk = {
        get fleet() {
          return catalogue.fleet();
        },
        records,
        plans: options.plans,
        store,
        people,
        team,
        client: interactive,
        log,
        busy,
      };
      app = createApp({ ...options, identity: { botId, user } }, desk);
      await memberships.load();
      await standings.load();
      await app.start();
    },
    async stop() {
      catalogue.close();
      memberships.close();
      standings?.close();
      await app?.stop();
    },
    problems: () => [
      ...(app?.problems() ?? ['The bot has not signed in to Slack yet.']),
      ...signIn.problems(),
      ...(memberships.known() ? [] : ['The members of the Slack user groups are not known yet.']),
    ],
    async draw(run) {
      await threads?.draw(run);
    },
  };
}
