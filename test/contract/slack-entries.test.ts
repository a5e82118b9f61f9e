import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { usages } from '../../src/onboarding/command.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, requester } from '../support/builders.ts';
import { type Front, openFront } from '../support/front.ts';

// The same words, typed in every way that there is: the same comes of them.

type Verb = keyof typeof usages;

/** What is typed of each verb, about a cluster. A verb that is missing here does not compile. */
const said: Readonly<Record<Verb, (cluster: string) => string>> = {
  onboard: cluster => `onboard ${cluster} prod invite @otto, anna@harbour.example`,
  status: cluster => `status ${cluster} “prod”.`,
  plan: cluster => `plan ${cluster} prod invite @otto`,
  list: () => 'list',
  retry: cluster => `retry *${cluster}* prod`,
  cancel: cluster => `cancel ${cluster} prod`,
  whoami: () => 'WhoAmI',
  can: cluster => `can approve ${cluster} prod`,
  help: () => 'help',
};

const others = { nothing: () => '', nonsense: (cluster: string) => `onbord ${cluster} prod & <more>` };

const people = { requester, approver, other: 'U0OTHER', outsider: 'U0OUTSIDER' };
const ways = ['command', 'mention', 'mention in a thread', 'direct message'] as const;
type Way = (typeof ways)[number];

const clusters = Array.from({ length: 300 }, (_, index) => `c${String(index).padStart(3, '0')}`);
const configuration = `
requesters: { users: [${requester}, U0OUTSIDER] }
approval: { approvers: { users: [${approver}] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
mailDomains: [harbour.example]
stages: { prod: }
startsPerMinute: 1000
clusters: { ${clusters.map(cluster => `${cluster}: `).join(', ')} }
`;

let folder: string;
let front: Front;
let thread: string;
let serial = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holt-entries-'));
  front = await openFront({
    configuration,
    workspace: {
      users: [
        { id: requester, name: 'rosa' },
        { id: approver, name: 'noor' },
        { id: people.other, name: 'otto' },
        { id: people.outsider, name: 'olaf', isStranger: true },
      ],
      channels: [{ name: 'platform' }],
    },
    stores: [openEmbeddedStore(join(folder, 'holt.sqlite'))],
  });
  ({ ts: thread } = await front.slack.say(requester, 'platform', 'Good morning'));
});
afterAll(async () => {
  await front.close();
  rmSync(folder, { recursive: true });
});

/** Types it, and answers what the person was told. */
async function typed(way: Way, user: string, text: string, begun: () => Promise<boolean>): Promise<string> {
  const { slack } = front;
  const direct = slack.direct(user);
  const told = () => [
    ...slack.ephemerals(user),
    ...slack.messages(direct.id).filter(each => each.user === slack.bot.user),
  ];
  const before = told().map(({ ts }) => ts);
  const news = () => told().filter(({ ts }) => !before.includes(ts));
  const type = {
    command: () => slack.command(user, 'platform', '/otterize', text),
    mention: () => slack.say(user, 'platform', `@holt ${text}`),
    'mention in a thread': () => slack.say(user, 'platform', `@holt ${text}`, thread),
    'direct message': () => slack.say(user, 'holt', text),
  };
  await type[way]();
  await vi.waitUntil(async () => news().length > 0 || (await begun()), { timeout: 10_000, interval: 2 });
  const [answer] = news();
  if (answer === undefined) return '';
  expect(answer.thread_ts).toBe(way === 'mention in a thread' ? thread : undefined);
  return slack.renderText(answer);
}

/** All that came of it, with the cluster's own name taken out. */
async function outcomeOf(way: Way, user: string, verb: Verb | keyof typeof others) {
  const { slack, records, lines } = front;
  const cluster = clusters[serial++] ?? '';
  const name = `${cluster}-prod`;
  const seed = { cluster, channel: slack.channel('platform').id, by: requester };
  if (verb === 'cancel') await front.asked(seed);
  if (verb === 'retry') await front.failed(seed);
  const before = await records.latest(name);
  lines.length = 0;
  const text = { ...said, ...others }[verb](cluster);
  const answer = await typed(way, user, text, async () => {
    const run = await records.latest(name);
    return run !== undefined && run.id !== before?.id;
  });
  const run = await records.latest(name);
  if (run !== undefined)
    await records.change(run.id, now => ({
      next: { ...now, thread: { channel: seed.channel, ts: '1.1', place: 'channel' }, due: null },
      kind: 'over',
    }));
  // In a thread they hear where the message of the new run is.
  if (way === 'mention in a thread' && run !== undefined && before === undefined)
    await vi.waitUntil(
      () => slack.ephemerals(user).some(heard => heard.text.includes(`${cluster} prod has begun`)),
      10_000,
    );
  const refused = lines.filter(({ message }) => message === 'refused');
  const masked = answer.replaceAll(cluster, '<cluster>').replaceAll(/p\d{16}|\d\d:\d\d/g, '…');
  return {
    answer: verb === 'list' ? answer.length > 100 : masked,
    refused: refused.map(({ fields: { entry, reason, by } }) => ({ entry, reason, by })),
    run: run && {
      started: before === undefined,
      named: run.request.named,
      by: run.request.by.user === user,
      cancelled: run.cancel?.by,
      retried: run.retries.map(({ by }) => by),
    },
  };
}

describe('the same words, typed in every way', () => {
  const verbs = [...Object.keys(said), ...Object.keys(others)] as (Verb | keyof typeof others)[];
  it.each(verbs)('come to the same: %s', async verb => {
    for (const [who, user] of Object.entries(people)) {
      const [first, ...rest] = ways;
      const expected = await outcomeOf(first, user, verb);
      for (const way of rest)
        expect([way, who, await outcomeOf(way, user, verb)]).toEqual([way, who, expected]);
      const acts = ['onboard', 'plan', 'retry', 'cancel'].includes(verb);
      expect(expected.refused.length > 0).toBe(
        user === people.outsider ||
          (acts && user === people.other) ||
          (verb === 'onboard' && user === approver),
      );
    }
  });
});
