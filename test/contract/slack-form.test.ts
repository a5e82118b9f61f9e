import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { View } from '../../src/sandbox/slack-state.ts';
import { approver, requester } from '../support/builders.ts';
import { openSlackHouse, other, type SlackHouse } from '../support/slack-house.ts';

let house: SlackHouse;

beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(async () => await house.close());

const top = (user = requester): View | undefined => house.slack.views(user).at(-1);
const opened = (user = requester): Promise<View> =>
  vi.waitFor(() => {
    const view = top(user);
    expect(view).toBeDefined();
    return view as View;
  }, 30_000);
const textOf = ({ blocks }: View): string => house.slack.renderText({ text: '', blocks });
const refusals = () => house.lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields);
const submit = async (values: Record<string, string | string[]>, user = requester) =>
  house.slack.submitView(user, (await opened(user)).id, values);

/** Opens the form by the command, in this channel. */
async function openForm(channel = 'platform', user = requester): Promise<View> {
  expect(await house.type('onboard', { user, channel })).toBe('');
  return opened(user);
}

/** Opens the form from the Home tab. */
async function openFromHome(): Promise<View> {
  const { slack } = house;
  await slack.openHome(requester);
  const home = await vi.waitFor(() => {
    const view = slack.home(requester);
    expect(view).toBeDefined();
    return view as View;
  }, 30_000);
  await slack.click(requester, { view: home.id }, 'new');
  return opened();
}

describe('the form', () => {
  it('leads over a preview to a run, as the same words typed', async () => {
    await openForm();
    const { open } = await submit({ cluster: 'payments-eu', stage: 'dev', people: [other] });
    expect(open).toHaveLength(2);
    expect(textOf(await opened())).toMatch(/Organization: \*?payments-eu-dev.*Start the onboarding/s);
    expect(await house.records.recent(1)).toEqual([]);
    await submit({});
    expect(house.slack.views(requester)).toEqual([]);
    const run = await house.settled(({ gates }) => gates.length > 0);
    expect(run.request).toMatchObject({
      by: { user: requester },
      channel: house.platform,
      named: [{ user: other }],
      target: { cluster: 'payments-eu', stage: 'dev' },
    });
    expect(house.roots()).toHaveLength(1);
  });

  it('offers what the asker may onboard, and finds it by a part of its name', async () => {
    const { id } = await openForm();
    const { slack } = house;
    expect(await slack.suggest(requester, id, 'cluster', '')).toEqual(['payments-eu', 'payments-us']);
    expect(await slack.suggest(requester, id, 'cluster', 'US')).toEqual(['payments-us']);
    expect(await slack.suggest(requester, id, 'cluster', 'nothing')).toEqual([]);
    expect(await slack.suggest(requester, id, 'stage', '')).toEqual(['dev', 'prod', 'strict']);
    expect(await slack.suggest(requester, id, 'stage', 'r')).toEqual(['prod', 'strict']);
  });

  it('says at its field what is wrong there, and loses nothing', async () => {
    await openForm();
    expect((await submit({ cluster: 'payment-eu', stage: 'dev' })).errors).toEqual({
      cluster: expect.stringContaining('Did you mean payments-eu?'),
    });
    expect((await submit({ cluster: 'payments-eu', stage: 'prd' })).errors).toEqual({
      stage: expect.stringContaining('Did you mean prod?'),
    });
    expect(house.slack.views(requester)).toHaveLength(1);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('is told where it runs already', async () => {
    await house.type('onboard payments-eu prod');
    await house.settled(({ gates }) => gates.length > 0);
    await openForm();
    await submit({ cluster: 'payments-eu', stage: 'prod' });
    expect(textOf(await opened())).toMatch(/running already.*Its thread/);
  });

  it('keeps what was chosen for whoever closes it, until it has begun', async () => {
    const { slack } = house;
    const chosen = { cluster: 'payments-eu', stage: 'dev', people: [other] };
    const { id } = await openForm();
    await slack.choose(requester, id, 'cluster', { cluster: 'payments-eu' });
    await slack.choose(requester, id, 'people', chosen);
    await vi.waitFor(async () => {
      await slack.closeView(requester, (await openForm()).id);
      const again = await openForm();
      expect(JSON.stringify(again.blocks)).toMatch(
        /"initial_option".*payments-eu.*"initial_users":\["U0OTHER"\]/s,
      );
    }, 30_000);
    await openForm('platform', approver).catch(() => undefined);
    await submit({});
    await submit({});
    await house.settled(({ gates }) => gates.length > 0);
    await vi.waitFor(async () => {
      expect(JSON.stringify((await openForm()).blocks)).not.toContain('initial_');
      await slack.closeView(requester, (await opened()).id);
    }, 30_000);
  });

  it('forgets after a while', async () => {
    const { slack } = house;
    const { id } = await openForm();
    await slack.choose(requester, id, 'cluster', { cluster: 'payments-eu' });
    await vi.waitFor(
      async () => expect(JSON.stringify((await openForm()).blocks)).toContain('initial_'),
      30_000,
    );
    vi.setSystemTime(Date.now() + 16 * 60_000);
    onTestFinished(() => void vi.useRealTimers());
    expect(JSON.stringify((await openForm()).blocks)).not.toContain('initial_');
  });

  it('asks for a channel where it was opened in none, and its run shows there', async () => {
    await openFromHome();
    const mine = house.slack.direct(requester).id;
    expect((await submit({ cluster: 'payments-us', stage: 'dev' })).errors).toEqual({
      channel: expect.stringContaining('required'),
    });
    expect((await submit({ cluster: 'payments-us', stage: 'dev', channel: mine })).errors).toEqual({
      channel: expect.stringContaining('no direct messages'),
    });
    await submit({ cluster: 'payments-us', stage: 'dev', channel: house.platform });
    await submit({});
    await house.settled(({ status }) => status === 'done');
    expect(house.roots()).toHaveLength(1);
    // The Home tab that is still open shows it.
    await vi.waitFor(() => {
      const home = house.slack.home(requester);
      expect(home && textOf(home)).toMatch(/Yours\n.*payments-us dev/);
    }, 30_000);
  });

  it.each([
    ['a mention', 'platform', '@holt onboard'],
    ['a direct message', 'holt', 'onboard'],
  ])('is opened by a button where Slack gives nothing to open it with: %s', async (_way, channel, text) => {
    expect(await house.write(text, { channel })).toMatch(/in a form/);
    const { slack } = house;
    const offer = [...slack.ephemerals(requester), ...slack.messages(slack.direct(requester).id)].at(-1);
    if (offer === undefined) throw new Error('nothing was offered');
    await slack.click(requester, offer, 'new');
    await opened();
  });

  it.each([
    ['the command', () => house.type('onboard', { user: other })],
    ['a mention', () => house.write('@holt onboard', { user: other })],
    ['a direct message', () => house.write('onboard', { user: other, channel: 'holt' })],
  ])('is not opened for somebody who may onboard nothing: by %s', async (_way, ask) => {
    expect(await ask()).toMatch(/You may onboard nothing here/);
    expect(house.slack.count('views.open')).toBe(0);
    expect(refusals()).toEqual([expect.objectContaining({ entry: 'choose', by: other, reason: 'unlisted' })]);
  });

  it('is checked again when it is submitted, and when it is started', async () => {
    const state = {
      values: {
        cluster: { chosen: { type: 'external_select', selected_option: { value: 'payments-eu' } } },
        stage: { chosen: { type: 'external_select', selected_option: { value: 'dev' } } },
      },
    };
    const forge = (view: object) => house.slack.forgeSubmission(other, { state, ...view });
    const claim = { channel: house.platform };
    expect(
      await forge({ callback_id: 'onboard-form', private_metadata: JSON.stringify(claim) }),
    ).toMatchObject({
      response_action: 'errors',
      errors: { cluster: expect.stringMatching(/not among those/) },
    });
    for (const start of [
      { text: 'onboard payments-eu dev', ...claim },
      { text: 'onboard payments-eu dev', shown: 'guessed', ...claim },
      { text: 'cancel payments-eu dev', ...claim },
      { text: 'onboard payments-eu dev', channel: 'U0OTHER' },
    ])
      await forge({ callback_id: 'onboard-start', private_metadata: JSON.stringify(start) });
    for (const private_metadata of ['', 'null', '{}', '{"channel":7}'])
      await forge({ callback_id: 'onboard-start', private_metadata });
    expect(refusals()).toHaveLength(9);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('starts nothing that was not shown', async () => {
    const start = { text: 'onboard payments-eu dev', shown: 'guessed', channel: house.platform };
    const answer = await house.slack.forgeSubmission(requester, {
      callback_id: 'onboard-start',
      private_metadata: JSON.stringify(start),
    });
    expect(JSON.stringify(answer)).toMatch(/has changed since you were asked/);
    expect(await house.records.recent(1)).toEqual([]);
  });
});
