import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type SlackStandIn, startSlack } from '../../src/sandbox/slack.ts';
import { Secret } from '../../src/secret.ts';
import { createClient } from '../../src/slack/client.ts';
import { pacedClient } from '../../src/slack/pace.ts';
import { turns } from '../support/limits.ts';

/** A tenth of what Slack takes. */
const limits = { updatesPerMinute: 5, postsPerMinute: 60 };

let slack: SlackStandIn;
type Client = ReturnType<typeof createClient>;
let one: Client;
let other: Client;
let interactive: Client;
beforeAll(async () => {
  slack = await startSlack({
    users: [{ name: 'anna' }],
    channels: [{ name: 'platform' }, { name: 'other' }],
    settings: { rateFactor: 0.1 },
  });
});
beforeEach(() => {
  slack.reset();
  const options = {
    botToken: new Secret(slack.botToken),
    apiUrl: slack.apiUrl,
    log: createLog('silent'),
  };
  const shared = turns();
  one = pacedClient(createClient(options), shared, limits);
  other = pacedClient(createClient(options), shared, limits);
  interactive = createClient(options);
});
afterAll(() => slack.close());

const post = (bot: Client, channel = 'platform') =>
  bot.chat.postMessage({ channel: slack.channel(channel).id, text: 'hello' });
const either = (index: number): Client => (index % 2 === 0 ? one : other);
const heldBack = { name: 'HeldBack', service: 'Slack', applied: 'no', retryAfter: expect.any(Number) };

test('two bots together edit no more than the workspace has, however many messages change', async () => {
  const message = await post(one);
  const place = { channel: message.channel ?? '', ts: message.ts ?? '' };
  const edits = Array.from({ length: 12 }, (_, index) =>
    either(index).chat.update({ ...place, text: `version ${index}` }),
  );
  const ends = await Promise.allSettled(edits);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  const refused = ends.flatMap(end => (end.status === 'rejected' ? [end.reason as unknown] : []));
  expect(refused).toMatchObject(Array.from({ length: 7 }, () => heldBack));
  expect(slack.count('chat.update')).toBe(5);
  expect(slack.meter.breaches).toEqual([]);
});

test('posting is counted for each channel', async () => {
  slack.settings.rateFactor = 1;
  await Promise.all(Array.from({ length: 5 }, (_, index) => post(either(index))));
  await expect(post(one)).rejects.toMatchObject(heldBack);
  await post(other, 'other');
  expect(slack.count('chat.postMessage')).toBe(6);
});

test('a pause that Slack asks one bot for holds for the other, for this method alone, and for no answer to a person', async () => {
  slack.faults.push({
    operation: 'users.info',
    kind: 'answer',
    status: 429,
    headers: { 'Retry-After': '600' },
    body: { ok: false, error: 'ratelimited' },
    times: 1,
  });
  const user = slack.user('anna').id;
  await expect(one.users.info({ user })).rejects.toMatchObject({ retryAfter: 600 });
  await expect(other.users.info({ user })).rejects.toMatchObject(heldBack);
  expect(slack.count('users.info')).toBe(1);
  await post(other);
  expect((await interactive.users.info({ user })).ok).toBe(true);
});
