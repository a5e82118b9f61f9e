import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { approver, requester } from '../support/builders.ts';
import { openSlackHouse, other, type SlackHouse } from '../support/slack-house.ts';
import { failure } from '../support/world.ts';

let house: SlackHouse;

beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(async () => await house.close());

const waiting = () => house.settled(run => run.status === 'waiting' && run.gates.length > 0);
const refusals = () => house.lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields);

/** The root message of the newest run, once the run knows where it stands. */
const threadOfNewest = async (): Promise<string> =>
  (await house.settled(({ thread }) => thread !== undefined)).thread?.ts ?? '';

describe('a mention in the thread of a run', () => {
  it('that names no cluster means this run, whatever run is the newest of its cluster', async () => {
    await house.type('onboard payments-eu dev');
    await house.settled(({ status }) => status === 'done');
    const old = await threadOfNewest();
    const [first] = await house.records.recent(1);
    await house.type('onboard payments-eu dev invite @otto');
    await vi.waitFor(async () => expect((await house.newest()).id).not.toBe((first as { id: string }).id));
    await waiting();
    const thread = await threadOfNewest();

    expect(await house.write('@holt status', { thread: old })).toMatch(/payments-eu dev: done/);
    expect(await house.write('@holt *Status*', { thread })).toMatch(
      /payments-eu dev: waiting for an approval/,
    );
    expect(await house.write('@holt cancel', { thread: old })).toMatch(/No onboarding .* is running/);
    expect((await house.newest()).cancel).toBeUndefined();
    expect(await house.write('@holt cancel', { user: other, thread })).toMatch(/Only whoever asked/);
    expect((await house.newest()).cancel).toBeUndefined();
    expect(await house.write('cancel, please', { channel: 'holt' })).toMatch(/Which stage of|Type/);
    expect(await house.write('@holt cancel', { thread })).toMatch(/stops before the next change/);
    expect((await house.newest()).cancel?.by).toBe(requester);
    expect(house.slack.ephemerals(requester).every(({ thread_ts }) => thread_ts !== undefined)).toBe(true);
    expect(refusals()).toEqual([expect.objectContaining({ entry: 'cancel', by: other, reason: 'unlisted' })]);
  });

  it('tries again what failed', async () => {
    house.world.faults.set('create environment', { error: failure({ retryable: false, applied: 'no' }) });
    await house.type('onboard payments-eu dev');
    await house.settled(({ status }) => status === 'failed');
    house.world.faults.clear();
    expect(await house.write('@holt retry', { thread: await threadOfNewest() })).toMatch(/Trying again/);
    await house.settled(({ status }) => status === 'done');
  });

  it('can name another one, and begins its run in the channel', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    const thread = await threadOfNewest();
    expect(await house.write('@holt status payments-us prod', { thread })).toMatch(/was never onboarded/);
    expect(await house.write('@holt onboard payments-us dev', { thread })).toMatch(
      /payments-us dev has begun; its message is in the channel.*Its thread/,
    );
    expect(house.roots().map(({ thread_ts }) => thread_ts)).toEqual([undefined, undefined]);
  });
});

describe('a verb alone', () => {
  it('means nothing outside of the thread of a run', async () => {
    const { ts } = await house.slack.say(requester, 'platform', 'Good morning');
    for (const thread of ['', ts])
      expect(await house.write('@holt retry', { thread })).toMatch(/Which cluster and stage/);
    expect(await house.write('@holt status', { thread: ts })).toMatch(/Nothing was onboarded yet/);
  });

  it('means nothing below a message that only says that it shows a run', async () => {
    await house.type('onboard payments-eu prod');
    const run = await waiting();
    const post = async (by: object, role: string): Promise<string> => {
      const answer = await fetch(`${house.slack.apiUrl}chat.postMessage`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.slack.botToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          channel: house.platform,
          text: 'Onboarding',
          metadata: { event_type: 'holt_run', event_payload: { run: run.id, role } },
          ...by,
        }),
      });
      return ((await answer.json()) as { ts: string }).ts;
    };
    const copy = await post({}, 'root');
    const reply = await post({}, 'approval-1');
    const foreign = await post({}, 'root');
    Object.assign(house.slack.messages(house.platform).find(({ ts }) => ts === foreign) ?? {}, {
      user: other,
    });
    for (const thread of [copy, reply, foreign])
      expect(await house.write('@holt cancel', { thread })).toMatch(/Which cluster and stage/);
    expect((await house.newest()).cancel).toBeUndefined();
  });
});

describe('what nobody said to Holt', () => {
  it.each<[string, () => object]>([
    ['a bot', () => ({ bot_id: 'B0OTHER' })],
    ['Holt itself', () => ({ user: house.slack.bot.user })],
    ['an edit', () => ({ edited: { user: requester, ts: '1.1' } })],
    ['an edit of a message', () => ({ type: 'message', channel_type: 'im', subtype: 'message_changed' })],
    ['somebody who joins', () => ({ type: 'message', channel_type: 'im', subtype: 'channel_join' })],
    ['a message that is not for it', () => ({ type: 'message', channel_type: 'channel' })],
    ['nobody', () => ({ user: undefined })],
    ['something without text', () => ({ text: undefined })],
  ])('is not answered, and nothing comes of it: %s', async (_what, change) => {
    const { slack } = house;
    const event = {
      type: 'app_mention',
      channel: house.platform,
      user: requester,
      text: `<@${slack.bot.user}> onboard payments-eu dev`,
      ts: '1.1',
      event_ts: '1.1',
      ...change(),
    };
    await slack.tell(event);
    // Whatever came of it would have come before the answer to what is said next.
    await house.write('@holt list');
    expect(slack.ephemerals(requester)).toHaveLength(1);
    expect(await house.records.recent(1)).toEqual([]);
  });
});

describe('an event that Slack sends twice', () => {
  it.each(['socket', 'http'] as const)('acts once, and is answered once: over %s', async transport => {
    await house.close();
    house = await openSlackHouse(undefined, { copies: transport === 'socket' ? 2 : 1 }, transport);
    const event = {
      type: 'app_mention',
      channel: house.platform,
      user: requester,
      text: `<@${house.slack.bot.user}> list`,
      ts: '1.1',
      event_ts: '1.1',
    };
    const id = 'Ev0ONE';
    // Signed anew, so that the guard takes it for another request.
    await Promise.all([house.slack.tell(event, id), house.slack.tell({ ...event, client_msg_id: 'x' }, id)]);
    const sent = transport === 'socket' ? 4 : 2;
    await vi.waitFor(() => expect(refusals()).toHaveLength(sent - 1), 30_000);
    expect(refusals()[0]).toMatchObject({ reason: 'repeated', envelope: id });
    await vi.waitFor(() => expect(house.slack.ephemerals(requester)).toHaveLength(1), 30_000);
  });
});

const asked = async () => {
  expect(await house.write('onboard brand-new dev', { channel: 'holt' })).toMatch(
    /not listed.*brand-new-dev/s,
  );
  const question = house.slack.messages(house.slack.direct(requester).id).at(-1);
  if (question === undefined) throw new Error('nothing was asked');
  return question;
};
const after = (question: { channel: string; ts: string }) =>
  vi.waitFor(() => {
    const now = house.slack.messages(question.channel).find(({ ts }) => ts === question.ts);
    expect(now?.blocks).toBeUndefined();
    return now?.text;
  }, 30_000);

describe('a direct message', () => {
  beforeEach(async () => {
    await house.close();
    house = await openSlackHouse('any');
  });

  it('is answered as in a conversation, and its Start starts what it shows', async () => {
    const question = await asked();
    await house.slack.click(requester, question, 'start');
    expect(await after(question)).toBe('Started.');
    const run = await house.settled(({ status }) => status === 'done');
    expect(run.request.channel).toBe(question.channel);
    expect(house.slack.ephemerals(requester)).toEqual([]);
  });

  it('has a Discard', async () => {
    const question = await asked();
    await house.slack.click(requester, question, 'discard');
    expect(await after(question)).toMatch(/Nothing was started/);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it.each(['start', 'discard'])('has no %s that holds where others read it', async action => {
    const { blocks = [] } = await asked();
    const message = await house.slack.say(requester, 'platform', 'Look at this');
    const value = /"value":"((?:[^"\\]|\\.)*)"/.exec(JSON.stringify(blocks))?.[1] ?? '';
    await house.slack.forge(requester, message, { action_id: action, value: JSON.parse(`"${value}"`) });
    await house.told(requester, /does not belong to a message of mine/);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('that was answered long ago starts nothing that it did not show', async () => {
    const question = await asked();
    const value = JSON.stringify({ text: 'onboard brand-new dev', shown: 'of another day' });
    await house.slack.forge(requester, question, { action_id: 'start', value });
    await vi.waitFor(() => {
      const now = house.slack.messages(question.channel).find(({ ts }) => ts === question.ts);
      expect(now?.text).toMatch(/has changed since you were asked/);
    }, 30_000);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('of an approver tells of their own rights', async () => {
    expect(await house.write('whoami', { user: approver, channel: 'holt' })).toMatch(
      /You may approve at dev: every cluster/,
    );
  });
});
