import { parseFleet } from '../../src/config.ts';
import type { Log } from '../../src/log.ts';
import { digestOf } from '../../src/onboarding/approvals.ts';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import { createPlans } from '../../src/onboarding/plans.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import type { Run } from '../../src/onboarding/run.ts';
import { rolloutName } from '../../src/onboarding/selection.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { type SlackStandIn, startSlack } from '../../src/sandbox/slack.ts';
import type { WorkspaceOptions } from '../../src/sandbox/slack-state.ts';
import { Secret } from '../../src/secret.ts';
import { createSlackBot, type SlackBot } from '../../src/slack/bot.ts';
import { readMark } from '../../src/slack/mark.ts';
import { slackUnlimited } from './limits.ts';
import { factsOf, gateOf } from './runs.ts';

export interface FrontOptions {
  /** The text of holt.yaml. */
  configuration: string;
  workspace: Omit<WorkspaceOptions, 'settings'>;
  /** One for each bot. */
  stores: readonly Store[];
  /** What is arranged before the bots start. */
  before?: (slack: SlackStandIn) => void;
}

interface Button {
  channel: string;
  ts: string;
}

/** Real bots in one workspace of the stand-in, each on a store of its own; nobody works on the runs. */
export interface Front {
  slack: SlackStandIn;
  records: Records;
  /** What each bot logged. */
  lines: { bot: number; fields: Record<string, unknown>; message: string }[];
  /** Runs that somebody wanted to be looked at. */
  ticks: string[];
  /** A run that waits for a decision, with its request in the channel. */
  asked(seed: Seed): Promise<{ run: Run; button: Button }>;
  /** A run that failed, with its Retry in the channel. */
  failed(seed: Seed): Promise<{ run: Run; button: Button }>;
  /** A rollout of these clusters that waits for a decision after a failure, with its buttons and its root message. */
  held(seed: Seed & { clusters: readonly string[] }): Promise<{ run: Run; button: Button; root: Button }>;
  close(): Promise<void>;
}

interface Seed {
  cluster: string;
  stage?: string;
  channel: string;
  by: string;
}

export async function openFront({ configuration, workspace, stores, before }: FrontOptions): Promise<Front> {
  const fleet = parseFleet(configuration, 'holt.yaml');
  const slack = await startSlack({
    ...workspace,
    settings: { rateFactor: Number.POSITIVE_INFINITY, ackMs: 60_000 },
  });
  before?.(slack);
  const lines: Front['lines'] = [];
  const ticks: string[] = [];
  const logOf = (bot: number): Log => {
    const note = (fields: object, message: string): void =>
      void lines.push({ bot, fields: { ...fields }, message });
    const log: Log = { debug: () => undefined, info: note, warn: note, error: note, child: () => log };
    return log;
  };
  const nudges = { tick: async (run: string) => void ticks.push(run), render: async () => undefined };
  const desks = stores.map((store, bot) => {
    const records = createRecords(store, nudges);
    const slackBot = createSlackBot({
      botToken: new Secret(slack.botToken),
      connection: { appToken: new Secret(slack.appToken) },
      apiUrl: slack.apiUrl,
      fleet,
      records,
      plans: createPlans(store, nudges),
      store,
      limits: slackUnlimited,
      log: logOf(bot),
    });
    return { store, records, bot: slackBot };
  });
  for (const { bot } of desks) await bot.start();
  const [first] = desks;
  if (first === undefined) throw new Error('there is no bot');
  const { records, store, bot } = first;

  const seeded = async (
    seed: Seed,
    role: string,
    change: Partial<Run>,
  ): Promise<{ run: Run; button: Button }> => {
    const { run } = await records.start({
      target: resolveTarget(fleet, seed.cluster, seed.stage ?? 'prod'),
      named: [],
      by: { user: seed.by, team: slack.team.id },
      channel: seed.channel,
    });
    await records.change(run.id, now => ({ next: { ...now, ...change }, kind: 'seeded' }));
    return drawn(bot, run.id, role);
  };
  async function drawn(by: SlackBot, id: string, role: string): Promise<{ run: Run; button: Button }> {
    await by.draw(id);
    const [run, mark] = await Promise.all([records.get(id), readMark(store, id)]);
    const button = mark.messages[role];
    if (run === undefined || button === undefined) throw new Error(`no ${role} was drawn`);
    return { run, button };
  }

  return {
    slack,
    records,
    lines,
    ticks,
    async asked(seed) {
      const { preflight, organization, environment, invitees } = factsOf();
      const covered = invitees.people.map(({ address }) => address);
      const digest = digestOf({
        organization: organization.id,
        environment: environment.id,
        addresses: covered,
      });
      const openedAt = await records.now();
      const gate = gateOf({ digest, openedAt, deadline: openedAt + 86_400_000 });
      const facts = { preflight, organization, environment, invitees };
      return seeded(seed, 'approval-1', {
        facts,
        gates: [gate],
        status: 'waiting',
        due: gate.deadline,
        epoch: 1,
      });
    },
    failed(seed) {
      const error = { code: 'x', text: 'It refused. Ask its owner.' };
      const steps = { organization: { startedAt: 0, endedAt: 1, attempts: 1, error } };
      const { preflight } = factsOf();
      const thread = { channel: seed.channel, ts: '1.1', place: 'channel' as const };
      return seeded(seed, 'failure-1', { facts: { preflight }, steps, status: 'failed', due: null, thread });
    },
    async held({ clusters, cluster, stage = 'prod', channel, by: user }) {
      const targets = clusters.map(each => resolveTarget(fleet, each, stage));
      const [first] = targets;
      if (first === undefined) throw new Error('a rollout has clusters');
      const names = { ...first.names, organization: rolloutName(cluster, stage) };
      const { run } = await records.startRollout({
        target: { ...first, cluster, names },
        named: [],
        by: { user, team: slack.team.id },
        channel,
        clusters: targets.map((target, index) => ({ target, wave: index + 1 })),
        leftOut: [],
        policy: { canary: 1, wave: 1, stopAfter: 1, pullRequests: 'per-rollout' },
      });
      if (run === undefined) throw new Error('the clusters are held');
      const error = { code: 'wave-held', text: '1 of the first 1 clusters failed.', about: '1' };
      const steps = { waves: { startedAt: 0, endedAt: 1, attempts: 1, error } };
      const { preflight, looked } = factsOf();
      const thread = { channel, ts: '1.1', place: 'channel' as const };
      const change = { facts: { preflight, looked }, steps, status: 'failed' as const, due: null, thread };
      await records.change(run.id, now => ({ next: { ...now, ...change }, kind: 'seeded' }));
      const { run: seededRun, button } = await drawn(bot, run.id, 'failure-1');
      const { messages } = await readMark(store, run.id);
      return { run: seededRun, button, root: messages['root'] ?? button };
    },
    async close() {
      for (const each of desks) await each.bot.stop();
      await slack.close();
      await Promise.all(stores.map(each => each.close()));
      if (slack.failures.length > 0) throw new Error(`people saw ${JSON.stringify(slack.failures)}`);
    },
  };
}
