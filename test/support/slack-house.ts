import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { parseFleet } from '../../src/config.ts';
import { compare } from '../../src/gitops/compare.ts';
import type { Log } from '../../src/log.ts';
import { createEngine } from '../../src/onboarding/engine.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import { answerPlan } from '../../src/onboarding/planning.ts';
import { createPlans, isPlan } from '../../src/onboarding/plans.ts';
import { createRecords } from '../../src/onboarding/records.ts';
import type { Run } from '../../src/onboarding/run.ts';
import { type SlackStandIn, startSlack } from '../../src/sandbox/slack.ts';
import type { Message, View } from '../../src/sandbox/slack-state.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import { Secret } from '../../src/secret.ts';
import { createSlackBot } from '../../src/slack/bot.ts';
import { requestPath } from '../../src/slack/http.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { createInProcessMailboxes } from '../../src/store/in-process.ts';
import { approver, requester, secondApprover } from './builders.ts';
import { slackUnlimited } from './limits.ts';
import { createWorld, person } from './world.ts';

/** Somebody whom a user group makes a requester and an approver, and somebody without any right. */
export const lead = 'U0LEAD';
export const other = 'U0OTHER';
export const stranger = 'U0STRANGER';

/** The Entra group whose members are invited. */
export const team = '6f1d2c3b-0000-4000-8000-000000000001';

const configuration = `
requesters: { users: [${requester}, ${stranger}], groups: [S0LEADS] }
approval: { approvers: { users: [${approver}, ${secondApprover}], groups: [S0LEADS] } }
names: { vault: "kv-{cluster}-{stage}" }
invite: { people: [anna.meyer@harbour.example], groups: [${team}] }
mailDomains: [harbour.example]
gitops: { repository: harbour/clusters }
stages:
  dev: { invite: { people: [], groups: [] } }
  prod:
  strict: { approval: { required: 2 }, announceEnd: true }
`;

const workspace = {
  users: [
    { id: requester, name: 'rosa', email: 'rosa@harbour.example' },
    { id: approver, name: 'noor', email: 'noor@harbour.example' },
    { id: secondApprover, name: 'sam', email: 'sam@harbour.example' },
    { id: lead, name: 'lea', email: 'lea@harbour.example' },
    { id: other, name: 'otto', email: 'otto@harbour.example' },
    { id: stranger, name: 'sten', isStranger: true },
    { id: 'U0ANNA', name: 'anna', email: 'anna.meyer@harbour.example' },
  ],
  channels: [
    { name: 'platform' },
    { name: 'elsewhere', members: ['rosa'] },
    { name: 'closed', members: ['rosa'], isPrivate: true },
    { name: 'attic', archived: true },
  ],
  userGroups: [{ id: 'S0LEADS', handle: 'leads', users: ['lea'] }],
  settings: { rateFactor: Number.POSITIVE_INFINITY },
};

interface Line {
  fields: object;
  message: string;
}

/** Where a bot that writes this log takes requests. */
function requestUrlIn(lines: readonly Line[]): string {
  const { fields } = lines.findLast(({ message }) => message === 'listening for Slack') ?? {};
  return `http://127.0.0.1:${(fields as { port: number }).port}${requestPath}`;
}

export type SlackHouse = Awaited<ReturnType<typeof openSlackHouse>>;

/** The real bot over Bolt in a workspace of the stand-in, and the real engine over a world of plain data. */
export async function openSlackHouse(
  clusters = '{ payments-eu: , payments-us: }',
  settings: Partial<SlackStandIn['settings']> = {},
  transport: 'socket' | 'http' = 'socket',
) {
  const folder = mkdtempSync(join(tmpdir(), 'holt-slack-'));
  const slack = await startSlack({ ...workspace, settings: { ...workspace.settings, ...settings } });
  const fleet = parseFleet(`${configuration}clusters: ${clusters}\n`, 'holt.yaml');
  const world = createWorld();
  world.state.groups.set(team, [person('Ben Okafor')]);
  world.state.people = ['Anna Meyer', 'Ben Okafor', 'Rosa', 'Otto'].map(name => person(name));

  const lines: Line[] = [];
  const note = (fields: object, message: string): void => void lines.push({ fields, message });
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note, child: () => log };

  const clock = { aheadMs: 0 };
  /** `asked` counts the calls that got no answer. */
  const silence = { store: false, memory: false, asked: 0 };
  /** How often it was looked up where messages stand. */
  const looks = { marks: 0 };
  const unless = <T>(silent: boolean, call: () => Promise<T>): Promise<T> => {
    if (!silent) return call();
    silence.asked += 1;
    return new Promise(() => undefined);
  };
  const embedded = openEmbeddedStore(join(folder, 'holt.sqlite'));
  const store: typeof embedded = {
    ...embedded,
    now: async () => (await embedded.now()) + clock.aheadMs,
    insert: (...given) => unless(silence.store, () => embedded.insert(...given)),
    admit: (...given) => unless(silence.memory, () => embedded.admit(...given)),
    latest: (...given) => unless(silence.store, () => embedded.latest(...given)),
    mark: (...given) => {
      looks.marks += 1;
      return embedded.mark(...given);
    },
  };
  const mailboxes = createInProcessMailboxes(log);
  const records = createRecords(store, mailboxes.nudges);
  const plans = createPlans(store, mailboxes.nudges);
  const common = { planOf, records, claims: store.claims, read: world.read, log, settleMs: 1_000 };
  const engine = createEngine({
    ...common,
    write: world.write,
    patienceMs: 180_000,
    maxAttempts: 3,
    backoff: () => 60_000,
  });
  const closing = new AbortController();
  const bot = createSlackBot({
    botToken: new Secret(slack.botToken),
    connection:
      transport === 'socket'
        ? { appToken: new Secret(slack.appToken) }
        : { signingSecrets: [new Secret(slack.signingSecret)], host: '127.0.0.1', port: 0 },
    apiUrl: slack.apiUrl,
    fleet,
    records,
    plans,
    store,
    limits: slackUnlimited,
    log,
    settleMs: 300,
    pauseMs: 300,
  });
  await bot.start();
  if (transport === 'http') slack.settings.requestUrls = [requestUrlIn(lines)];
  const consumer = await mailboxes.consume(
    {
      tick: id =>
        isPlan(id)
          ? answerPlan(id, plans, { ...common, compare, callMs: 20_000 }, closing.signal)
          : engine.advance(id),
      render: run => bot.draw(run),
      reconcile: async () => {
        for (const run of await store.due(await store.now())) await mailboxes.nudges.tick(run);
        for (const run of await store.behind()) await mailboxes.nudges.render(run);
      },
    },
    { ticks: 5, renderEveryMs: 1, reconcileEveryMs: 100 },
  );

  const platform = slack.channel('platform').id;

  const newest = async (): Promise<Run> => {
    const [run] = await records.recent(1);
    if (typeof run !== 'object') throw new Error('no run was started');
    return run;
  };
  /** The newest run once it is as the test waits for it. */
  const settled = (check: (run: Run) => boolean): Promise<Run> =>
    vi.waitFor(
      async () => {
        const run = await newest();
        if (!check(run)) throw new Error(`the run is ${run.status}: ${JSON.stringify(run.steps)}`);
        return run;
      },
      { timeout: 30_000, interval: 20 },
    );
  /** The newest message of the bot's that has this role, once it says this. */
  const message = (role: string, words: string | RegExp = '', channel = platform): Promise<Message> =>
    vi.waitFor(
      () => {
        const found = slack.messages(channel).findLast(each => roleOf(each) === role);
        expect(found === undefined ? '' : slack.renderText(found)).toMatch(words);
        return found as Message;
      },
      { timeout: 30_000, interval: 20 },
    );
  const heard = (answers: readonly Message[]): string =>
    answers.map(answer => slack.renderText(answer)).join('\n');

  return {
    slack,
    bot,
    world,
    records,
    lines,
    clock,
    silence,
    looks,
    platform,
    problems: bot.problems,
    newest,
    settled,
    message,
    /** Types a command and answers what the person alone was told with the acknowledgement. */
    async type(text: string, { user = requester, channel = 'platform', name = '/otterize' } = {}) {
      const { ephemerals } = await slack.command(user, channel, name, text);
      return heard(ephemerals);
    },
    /** Writes a message, and answers what Holt says to this person then. */
    async write(text: string, { user = requester, channel = 'platform', thread = '' } = {}): Promise<string> {
      const answers = () => [
        ...slack.ephemerals(user),
        ...slack.messages(slack.direct(user).id).filter(each => each.user === slack.bot.user),
      ];
      const before = answers().map(({ ts }) => ts);
      await slack.say(user, channel, text, thread === '' ? undefined : thread);
      return vi.waitFor(() => {
        const news = answers().filter(({ ts }) => !before.includes(ts));
        expect(news).not.toEqual([]);
        return heard(news);
      }, 30_000);
    },
    /** Presses a button, and answers what the person alone is told then. */
    async press(user: string, { channel, ts }: Message, action: string): Promise<string> {
      // An answer may take the place of the message that was clicked.
      const before = slack.ephemerals(user).map(({ ts: at, text }) => at + text);
      await slack.click(user, { channel, ts }, action);
      return vi.waitFor(() => {
        const answers = slack.ephemerals(user).filter(({ ts: at, text }) => !before.includes(at + text));
        expect(answers).not.toEqual([]);
        return heard(answers);
      }, 30_000);
    },
    /** Opens the modal of a button. */
    async open(user: string, { channel, ts }: Message, action: string): Promise<View> {
      const before = slack.views(user).at(-1)?.id;
      await slack.click(user, { channel, ts }, action);
      return vi.waitFor(() => {
        const view = slack.views(user).at(-1);
        expect(view?.id).not.toBe(before);
        return view as View;
      }, 10_000);
    },
    /** All that anybody can read in a channel. */
    said: (channel = platform): string =>
      slack
        .messages(channel)
        .map(each => slack.renderText(each))
        .join('\n'),
    roots: (channel = platform): Message[] => slack.messages(channel).filter(each => roleOf(each) === 'root'),
    /** What one person is told after the acknowledgement. */
    told: (user: string, words: RegExp): Promise<void> =>
      vi.waitFor(() => expect(heard(slack.ephemerals(user))).toMatch(words), { timeout: 10_000 }),
    /** Throws when a person saw Slack say that the app did not answer. */
    async close(): Promise<void> {
      await bot.stop();
      closing.abort();
      engine.drain();
      await consumer.close();
      await mailboxes.close();
      await embedded.close();
      await slack.close();
      rmSync(folder, { recursive: true });
      if (slack.failures.length > 0) throw new Error(`people saw ${JSON.stringify(slack.failures)}`);
    },
  };
}
