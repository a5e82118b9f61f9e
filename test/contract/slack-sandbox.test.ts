import { App, LogLevel, RespondError, SocketModeReceiver } from '@slack/bolt';
import { WebAPIRateLimitedError, WebAPIRequestError, WebClient } from '@slack/web-api';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type SlackStandIn, startSlack } from '../../src/sandbox/slack.ts';

const silent = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  setLevel: () => {},
  getLevel: () => LogLevel.ERROR,
  setName: () => {},
};

const clock = { ahead: 0 };
let slack: SlackStandIn;
let web: WebClient;
let app: App;

const newApp = (receiver?: SocketModeReceiver) =>
  new App({
    token: slack.botToken,
    clientOptions: { slackApiUrl: slack.apiUrl },
    logger: silent,
    deferInitialization: true,
    ...(receiver === undefined ? { appToken: slack.appToken, socketMode: true } : { receiver }),
  });

const button = (actionId: string, value: string) => ({
  type: 'actions' as const,
  elements: [
    {
      type: 'button' as const,
      action_id: actionId,
      value,
      text: { type: 'plain_text' as const, text: 'Approve' },
    },
  ],
});

const modal = (callbackId: string) => ({
  type: 'modal' as const,
  callback_id: callbackId,
  notify_on_close: true,
  title: { type: 'plain_text' as const, text: 'Deny' },
  submit: { type: 'plain_text' as const, text: 'Send' },
  blocks: [
    {
      type: 'input' as const,
      block_id: 'reason',
      label: { type: 'plain_text' as const, text: 'Reason' },
      element: { type: 'plain_text_input' as const, action_id: 'text' },
    },
  ],
});

const opened = (address: string) =>
  new Promise<boolean>(resolve => {
    const socket = new WebSocket(address);
    socket.once('open', () => {
      socket.close();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

beforeAll(async () => {
  slack = await startSlack({
    users: [
      { name: 'anna', realName: 'Anna Ahrens', email: 'anna@example.com' },
      { name: 'ben', email: 'ben@example.com' },
      { name: 'gone', email: 'gone@example.com', deleted: true },
    ],
    channels: [
      { name: 'platform' },
      { name: 'elsewhere', members: ['anna'] },
      { name: 'attic', archived: true },
      { name: 'vault', members: ['anna'], isPrivate: true },
    ],
    userGroups: [{ handle: 'approvers', users: ['anna', 'ben'] }],
    now: () => Date.now() + clock.ahead,
  });
  web = new WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: silent,
  });
  app = newApp();
  await app.init();
  await app.start();
});

afterAll(async () => {
  await app.stop();
  await slack.close();
});

beforeEach(() => {
  clock.ahead = 0;
  slack.reset();
});

const platform = () => slack.channel('platform').id;
const post = (extra: object = {}) =>
  web.chat.postMessage({ channel: platform(), text: 'Onboarding', ...extra });
const codeOf = async (call: Promise<unknown>) => {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { data: { error: string } }).data.error;
  }
};

describe('Socket Mode', () => {
  test('an app finds it with clientOptions.slackApiUrl alone, the socket included', async () => {
    const other = newApp();
    await other.init();
    await other.start();
    expect(slack.count('auth.test')).toBe(1);
    expect(slack.count('apps.connections.open')).toBe(1);
    expect(slack.connected()).toBe(2);
    await other.stop();
    await vi.waitFor(() => expect(slack.connected()).toBe(1), 30_000);
  });

  test('a receiver of ones own takes the address in installerOptions.clientOptions, and comes back when asked to', async () => {
    const alone = await startSlack({ users: [{ name: 'anna' }], channels: [{ name: 'platform' }] });
    const other = new App({
      token: alone.botToken,
      clientOptions: { slackApiUrl: alone.apiUrl },
      logger: silent,
      receiver: new SocketModeReceiver({
        appToken: alone.appToken,
        installerOptions: { clientOptions: { slackApiUrl: alone.apiUrl } },
        clientPingTimeout: 300,
        logger: silent,
      }),
    });
    other.command('/otterize', ({ ack }) => ack('here'));
    await other.start();

    alone.disconnect('refresh_requested');
    expect(await alone.command('anna', 'platform', '/otterize')).toMatchObject({
      acknowledged: false,
      error: 'dispatch_failed',
    });
    expect(alone.failures).toEqual([
      { user: alone.user('anna').id, what: '/otterize', error: 'dispatch_failed' },
    ]);

    await vi.waitFor(() => expect(alone.connected()).toBe(1), { timeout: 5000 });
    expect(await alone.command('anna', 'platform', '/otterize')).toMatchObject({ acknowledged: true });
    await other.stop();
    await alone.close();
  });

  test('a ticket opens one connection, and none is opened without', async () => {
    const { url } = (await new WebClient(slack.appToken, {
      slackApiUrl: slack.apiUrl,
    }).apps.connections.open()) as {
      url: string;
    };
    expect(await opened(url)).toBe(true);
    expect(await opened(url)).toBe(false);
    expect(await opened(slack.url.replace('http', 'ws'))).toBe(false);
    await vi.waitFor(() => expect(slack.connected()).toBe(1), 30_000);
  });

  test('an event that nobody acknowledges comes again with the same id', async () => {
    const alone = await startSlack({
      users: [{ name: 'anna' }],
      channels: [{ name: 'platform' }],
      settings: { ackMs: 50 },
    });
    const { url } = (await new WebClient(alone.appToken, {
      slackApiUrl: alone.apiUrl,
    }).apps.connections.open()) as {
      url: string;
    };
    const received: { type: string; retry_attempt?: number; payload: { event_id: string } }[] = [];
    const socket = new WebSocket(url);
    socket.on('message', data => received.push(JSON.parse((data as Buffer).toString())));
    await vi.waitFor(() => expect(received).toMatchObject([{ type: 'hello' }]), 30_000);

    await alone.say('anna', 'platform', '@holt status');
    await vi.waitFor(() => expect(received).toHaveLength(3), 30_000);
    expect(received[1]?.retry_attempt).toBeUndefined();
    expect(received[2]?.retry_attempt).toBe(1);
    expect(received[2]?.payload.event_id).toBe(received[1]?.payload.event_id);
    socket.close();
    await alone.close();
  });
});

describe('a slash command', () => {
  test('is answered by its acknowledgement, for the one who typed it', async () => {
    app.command('/echo', ({ ack, command }) => ack(`heard ${command.text}`));
    const outcome = await slack.command(
      'anna',
      'platform',
      '/echo',
      'onboard a & b for @ben ben@example.com',
    );

    const ben = slack.user('ben').id;
    const text = `heard onboard a &amp; b for <@${ben}|ben> <mailto:ben@example.com|ben@example.com>`;
    expect(outcome.ephemerals).toMatchObject([{ text, channel: platform() }]);
    expect(slack.ephemerals('ben')).toEqual([]);
    expect(slack.messages('platform')).toEqual([]);
  });

  test('is answered through its response_url five times and no more', async () => {
    const refused: unknown[] = [];
    app.command('/often', async ({ ack, respond }) => {
      await ack();
      await respond({ text: 'for all', response_type: 'in_channel' });
      for (let time = 2; time <= 5; time += 1) await respond(`answer ${time}`);
      await respond('answer 6').catch((error: unknown) => refused.push(error));
    });
    await slack.command('anna', 'platform', '/often');
    await vi.waitFor(() => expect(refused).toHaveLength(1), 30_000);

    expect(refused[0]).toBeInstanceOf(RespondError);
    expect(refused[0]).toMatchObject({ statusCode: 404 });
    expect(slack.messages('platform')).toMatchObject([{ text: 'for all' }]);
    expect(slack.ephemerals('anna').map(({ text }) => text)).toEqual([
      'answer 2',
      'answer 3',
      'answer 4',
      'answer 5',
    ]);
  });

  test('has a response_url for thirty minutes', async () => {
    app.command('/slow', ({ ack }) => ack());
    const { responseUrl = '' } = await slack.command('anna', 'platform', '/slow');
    const answer = { method: 'POST', body: JSON.stringify({ text: 'late' }) };
    clock.ahead = 29 * 60_000;
    expect((await fetch(responseUrl, answer)).status).toBe(200);
    clock.ahead = 31 * 60_000;
    expect((await fetch(responseUrl, answer)).status).toBe(404);
  });

  test('that is acknowledged too late failed for the person, and what the late answer says is lost', async () => {
    slack.settings.ackMs = 100;
    const late = Promise.withResolvers<void>();
    const acknowledged = Promise.withResolvers<void>();
    app.command('/late', async ({ ack }) => {
      await late.promise;
      await ack('too late');
      acknowledged.resolve();
    });
    const outcome = await slack.command('anna', 'platform', '/late');
    late.resolve();
    await acknowledged.promise;

    expect(outcome).toMatchObject({ acknowledged: false, error: 'operation_timeout' });
    expect(slack.failures).toMatchObject([{ what: '/late', error: 'operation_timeout' }]);
    expect(slack.ephemerals('anna')).toEqual([]);
  });

  test('with an acknowledgement that breaks Block Kit fails', async () => {
    app.command('/broken', ({ ack }) => ack({ blocks: [{ type: 'nonsense' }] }));
    expect(await slack.command('anna', 'platform', '/broken')).toMatchObject({ error: 'invalid_blocks' });
  });
});

describe('messages', () => {
  test('are posted, answered in their thread, updated and deleted', async () => {
    const { ts = '' } = await post({ blocks: [button('approve', '1')] });
    const reply = await post({ text: 'a detail', thread_ts: ts });
    expect(slack.thread('platform', ts).map(({ text }) => text)).toEqual(['Onboarding', 'a detail']);

    await web.chat.update({ channel: platform(), ts, text: 'Done', blocks: [{ type: 'divider' }] });
    expect(slack.thread('platform', ts)[0]).toMatchObject({ text: 'Done', blocks: [{ type: 'divider' }] });
    expect(slack.thread('platform', ts)[0]?.edited).toBeUndefined();

    await web.chat.update({ channel: platform(), ts, text: 'Plain' });
    expect(slack.thread('platform', ts)[0]?.blocks).toBeUndefined();
    expect(slack.thread('platform', ts)[0]?.edited).toBeDefined();

    const { permalink } = await web.chat.getPermalink({ channel: platform(), message_ts: reply.ts ?? '' });
    expect(permalink).toContain(`thread_ts=${ts}`);
    await web.chat.delete({ channel: platform(), ts: reply.ts ?? '' });
    expect(slack.thread('platform', ts)).toHaveLength(1);
    expect(slack.count('chat.update')).toBe(2);
  });

  test('are found again by their metadata, which updates keep until they replace it', async () => {
    const event_payload = { run: 'r1', revision: 3 };
    const { ts = '' } = await post({ metadata: { event_type: 'holt_run', event_payload } });
    await post({ text: 'noise', thread_ts: ts });
    await web.chat.update({ channel: platform(), ts, text: 'still the same' });

    const args = { channel: platform(), include_all_metadata: true };
    const history = await web.conversations.history(args);
    expect(history.messages).toMatchObject([
      { ts, reply_count: 1, metadata: { event_type: 'holt_run', event_payload } },
    ]);
    const replies = await web.conversations.replies({ ...args, ts });
    expect(replies.messages?.map(({ text }) => text)).toEqual(['still the same', 'noise']);

    const silentHistory = await web.conversations.history({ channel: platform() });
    expect(silentHistory.messages?.[0]?.metadata).toBeUndefined();
    slack.settings.scopes = slack.settings.scopes.filter(scope => scope !== 'metadata.message:read');
    expect((await web.conversations.history(args)).messages?.[0]?.metadata).toBeUndefined();
  });

  test('come in pages', async () => {
    for (let number = 1; number <= 5; number += 1) await post({ text: `number ${number}` });
    const first = await web.conversations.history({ channel: platform(), limit: 3 });
    expect(first.messages?.map(({ text }) => text)).toEqual(['number 5', 'number 4', 'number 3']);
    const cursor = first.response_metadata?.next_cursor ?? '';
    const second = await web.conversations.history({ channel: platform(), limit: 3, cursor });
    expect(second.messages?.map(({ text }) => text)).toEqual(['number 2', 'number 1']);
    expect(second.has_more).toBe(false);
  });

  test('whose answer is lost are there, and a client that retries by itself posts them twice', async () => {
    slack.faults.push({ operation: 'chat.postMessage', kind: 'lose', times: 1 });
    await expect(post()).rejects.toBeInstanceOf(WebAPIRequestError);
    expect(slack.messages('platform')).toHaveLength(1);

    slack.faults.push({ operation: 'chat.postMessage', kind: 'lose', times: 1 });
    const retrying = new WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 1, minTimeout: 1 },
      logger: silent,
    });
    await retrying.chat.postMessage({ channel: platform(), text: 'twice' });
    expect(slack.messages('platform').map(({ text }) => text)).toEqual(['Onboarding', 'twice', 'twice']);
  });

  test('go to people directly and to one person alone', async () => {
    const anna = slack.user('anna').id;
    const { channel } = await web.conversations.open({ users: anna });
    const { ts } = await web.chat.postMessage({ channel: anna, text: 'just you' });
    expect(slack.messages(channel?.id ?? '')).toMatchObject([{ ts, text: 'just you' }]);

    await web.chat.postEphemeral({ channel: platform(), user: anna, text: 'psst' });
    const [ephemeral] = slack.ephemerals('anna');
    expect(ephemeral).toMatchObject({ text: 'psst' });
    const update = web.chat.update({ channel: platform(), ts: ephemeral?.ts ?? '', text: 'louder' });
    expect(await codeOf(update)).toBe('message_not_found');
  });

  test('are refused with the codes of Slack', async () => {
    const channel = (name: string) => slack.channel(name).id;
    const { ts = '' } = await post();
    const said = await slack.say('anna', 'platform', 'hello');
    const cases: [Promise<unknown>, string][] = [
      [post({ channel: 'C0NOWHERE' }), 'channel_not_found'],
      [post({ channel: channel('vault') }), 'channel_not_found'],
      [post({ channel: channel('elsewhere') }), 'not_in_channel'],
      [post({ channel: channel('attic') }), 'is_archived'],
      [post({ text: '' }), 'no_text'],
      [post({ text: 'x'.repeat(40_001) }), 'msg_too_long'],
      [post({ thread_ts: '1.000001' }), 'thread_not_found'],
      [post({ blocks: [{ type: 'nonsense' }] }), 'invalid_blocks'],
      [
        post({
          blocks: Array.from({ length: 5 }, () => ({
            type: 'section',
            text: { type: 'mrkdwn', text: 'x'.repeat(2900) },
          })),
        }),
        'msg_blocks_too_long',
      ],
      [web.apiCall('chat.postMessage', { channel: platform(), blocks: '[{' }), 'invalid_blocks_format'],
      [
        post({ metadata: { event_type: 'x', event_payload: { a: { b: { c: 1 } } } } }),
        'invalid_metadata_schema',
      ],
      [web.chat.update({ channel: platform(), ts: '1.000001', text: 'x' }), 'message_not_found'],
      [web.chat.update({ channel: platform(), ts: said.ts, text: 'x' }), 'cant_update_message'],
      [web.chat.update({ channel: platform(), ts, text: 'x'.repeat(4001) }), 'msg_too_long'],
      [web.chat.delete({ channel: platform(), ts: said.ts }), 'cant_delete_message'],
      [web.conversations.replies({ channel: platform(), ts: '1.000001' }), 'thread_not_found'],
      [web.conversations.history({ channel: channel('elsewhere') }), 'not_in_channel'],
      [web.users.info({ user: 'U0NOBODY' }), 'user_not_found'],
      [web.users.lookupByEmail({ email: 'gone@example.com' }), 'users_not_found'],
      [web.apiCall('chat.update', { channel: platform(), text: 'x' }), 'invalid_arguments'],
      [web.apiCall('chat.shout'), 'unknown_method'],
    ];
    for (const [call, code] of cases) expect(await codeOf(call)).toBe(code);
  });

  test('with a plan are refused by an older workspace', async () => {
    const blocks = [{ type: 'plan', title: 'payments-eu' }];
    expect(await codeOf(post({ blocks }))).toBe('ok');
    slack.settings.refuseNewBlocks = true;
    expect(await codeOf(post({ blocks }))).toBe('invalid_blocks');
    slack.reset();
    expect(slack.messages('platform')).toEqual([]);
    expect(await codeOf(post({ blocks }))).toBe('ok');
  });

  test('cannot be changed any more once the channel is archived or the bot is out', async () => {
    const { ts = '' } = await post();
    slack.kick('platform');
    expect(await codeOf(post())).toBe('not_in_channel');
    slack.settings.scopes = [...slack.settings.scopes, 'chat:write.public'];
    expect(await codeOf(post())).toBe('ok');
    slack.invite('platform');
    slack.archive('platform');
    expect(await codeOf(web.chat.update({ channel: platform(), ts, text: 'x' }))).toBe('is_inactive');
  });

  test('that somebody deletes are gone, and a thread keeps its replies', async () => {
    const { ts = '' } = await post();
    await post({ thread_ts: ts, text: 'below' });
    slack.deleteMessage('platform', ts);
    expect(slack.thread('platform', ts)).toMatchObject([{ subtype: 'tombstone' }, { text: 'below' }]);
    expect(await codeOf(web.chat.update({ channel: platform(), ts, text: 'x' }))).toBe('message_not_found');
  });
});

describe('a click', () => {
  test('carries the value of the button, and the app updates the message', async () => {
    app.action('approve', async ({ ack, action, body, client }) => {
      await ack();
      if (body.type !== 'block_actions' || action.type !== 'button') return;
      const place = { channel: body.channel?.id ?? '', ts: body.message?.ts ?? '' };
      await client.chat.update({ ...place, text: `${body.user.username} approved ${action.value}` });
    });
    const { ts = '' } = await post({ blocks: [button('approve', 'run-1')] });
    const text = () => slack.thread('platform', ts)[0]?.text;

    expect(await slack.click('ben', { channel: platform(), ts }, 'approve')).toMatchObject({
      acknowledged: true,
    });
    await vi.waitFor(() => expect(text()).toBe('ben approved run-1'), 30_000);

    await expect(slack.click('ben', { channel: platform(), ts }, 'approve')).rejects.toThrow('no approve');
    await slack.forge('ben', { channel: platform(), ts }, { action_id: 'approve', value: 'run-2' });
    await vi.waitFor(() => expect(text()).toBe('ben approved run-2'), 30_000);
  });

  test('whose answer does not say where it goes replaces the message or not, as the workspace is set', async () => {
    app.action('vague', async ({ ack, respond }) => {
      await ack();
      await respond('answer');
    });
    const { ts = '' } = await post({ blocks: [button('vague', 'x')] });
    const place = { channel: platform(), ts };
    slack.settings.replaceByDefault = false;
    await slack.click('anna', place, 'vague');
    await vi.waitFor(() => expect(slack.ephemerals('anna')).toMatchObject([{ text: 'answer' }]), 30_000);
    expect(slack.thread('platform', ts)).toMatchObject([{ text: 'Onboarding' }]);
    slack.settings.replaceByDefault = true;
    await slack.click('anna', place, 'vague');
    await vi.waitFor(() => expect(slack.thread('platform', ts)).toMatchObject([{ text: 'answer' }]), 30_000);
  });

  test('answers in place of the message, also where only one person sees it', async () => {
    app.action('dismiss', async ({ ack, respond }) => {
      await ack();
      await respond({ text: 'dismissed', replace_original: true });
    });
    app.action('remove', async ({ ack, respond }) => {
      await ack();
      await respond({ delete_original: true });
    });
    const user = slack.user('anna').id;
    await web.chat.postEphemeral({
      channel: platform(),
      user,
      blocks: [button('dismiss', 'x'), button('remove', 'x')],
    });
    const place = { channel: platform(), ts: slack.ephemerals('anna')[0]?.ts ?? '' };
    await expect(slack.click('ben', place, 'dismiss')).rejects.toThrow('cannot see');
    await slack.click('anna', place, 'remove');
    await vi.waitFor(() => expect(slack.ephemerals('anna')).toEqual([]), 30_000);

    const { ts = '' } = await post({ blocks: [button('dismiss', 'x')] });
    await slack.click('anna', { channel: platform(), ts }, 'dismiss');
    await vi.waitFor(
      () => expect(slack.thread('platform', ts)).toMatchObject([{ text: 'dismissed' }]),
      30_000,
    );
  });
});

describe('modals', () => {
  test('open by a trigger, refuse what is missing, show the errors of the app and close', async () => {
    const closed: string[] = [];
    app.command('/deny', async ({ ack, client, command }) => {
      await ack();
      await client.views.open({ trigger_id: command.trigger_id, view: modal('deny') });
    });
    app.view('deny', async ({ ack, view }) => {
      const reason = view.state.values['reason']?.['text']?.value ?? '';
      if (reason.length < 5) return await ack({ response_action: 'errors', errors: { reason: 'Say more.' } });
      await ack();
    });
    app.view({ callback_id: 'deny', type: 'view_closed' }, async ({ ack, body }) => {
      await ack();
      closed.push(body.user.id);
    });

    await slack.command('anna', 'platform', '/deny');
    await vi.waitFor(() => expect(slack.views('anna')).toHaveLength(1), 30_000);
    const id = slack.views('anna')[0]?.id ?? '';
    expect((await slack.submitView('anna', id, {})).errors).toEqual({
      reason: 'Please complete this required field.',
    });
    expect(await slack.submitView('anna', id, { reason: 'no' })).toMatchObject({
      errors: { reason: 'Say more.' },
      open: [{ id }],
    });
    expect(await slack.submitView('anna', id, { reason: 'wrong vault' })).toEqual({
      acknowledged: true,
      open: [],
    });

    await slack.command('anna', 'platform', '/deny');
    await vi.waitFor(() => expect(slack.views('anna')).toHaveLength(1), 30_000);
    await slack.closeView('anna', slack.views('anna')[0]?.id ?? '');
    expect(closed).toEqual([slack.user('anna').id]);
    expect(slack.views('anna')).toEqual([]);
  });

  test('are replaced and stacked by what the acknowledgement says', async () => {
    app.command('/steps', ({ ack }) => ack());
    app.view('first', ({ ack }) => ack({ response_action: 'update', view: modal('second') }));
    app.view('second', ({ ack }) => ack({ response_action: 'push', view: modal('third') }));
    app.view('third', ({ ack }) => ack({ response_action: 'clear' }));
    const { triggerId } = await slack.command('anna', 'platform', '/steps');
    const { view } = await web.views.open({ trigger_id: triggerId, view: modal('first') });
    const id = view?.id ?? '';
    const values = { reason: 'x' };

    expect((await slack.submitView('anna', id, values)).open).toMatchObject([{ id, callback_id: 'second' }]);
    const { open } = await slack.submitView('anna', id, values);
    expect(open).toMatchObject([{ id }, { callback_id: 'third', previous_view_id: id, root_view_id: id }]);
    expect((await slack.submitView('anna', open[1]?.id ?? '', values)).open).toEqual([]);
  });

  test('stay open when the errors name no input of theirs, or the app is too late', async () => {
    app.command('/wrong', ({ ack }) => ack());
    app.view('wrong', ({ ack }) => ack({ response_action: 'errors', errors: { elsewhere: 'x' } }));
    const { triggerId } = await slack.command('anna', 'platform', '/wrong');
    const { view } = await web.views.open({ trigger_id: triggerId, view: modal('wrong') });
    const submit = () => slack.submitView('anna', view?.id ?? '', { reason: 'x' });
    expect(await submit()).toMatchObject({ error: 'invalid_errors', open: [{ id: view?.id }] });
    await web.views.update({ view_id: view?.id ?? '', view: modal('nobody-listens') });
    slack.settings.ackMs = 50;
    expect(await submit()).toMatchObject({ error: 'operation_timeout', open: [{ id: view?.id }] });
    expect(slack.failures).toMatchObject([{ what: 'wrong' }, { what: 'nobody-listens' }]);
  });

  test('need a trigger that is fresh and not used', async () => {
    app.command('/trigger', ({ ack }) => ack());
    const { triggerId: trigger_id } = await slack.command('anna', 'platform', '/trigger');
    const open = () => codeOf(web.views.open({ trigger_id, view: modal('deny') }));
    expect(await codeOf(web.views.open({ trigger_id: '1.2.3', view: modal('deny') }))).toBe(
      'invalid_trigger_id',
    );
    clock.ahead = 3100;
    expect(await open()).toBe('expired_trigger_id');
    clock.ahead = 2000;
    expect(await open()).toBe('ok');
    expect(await open()).toBe('exchanged_trigger_id');
  });

  test('are updated unless somebody was faster, and refused when they break the rules', async () => {
    app.command('/update', ({ ack }) => ack());
    const { triggerId } = await slack.command('anna', 'platform', '/update');
    const { view } = await web.views.open({ trigger_id: triggerId, view: modal('deny') });
    const place = { view_id: view?.id ?? '', hash: view?.hash ?? '' };
    expect(await codeOf(web.views.update({ ...place, view: modal('changed') }))).toBe('ok');
    expect(await codeOf(web.views.update({ ...place, view: modal('again') }))).toBe('hash_conflict');
    expect(await codeOf(web.views.update({ view_id: 'V0', view: modal('x') }))).toBe('not_found');
    const { submit: _, ...unsendable } = modal('x');
    expect(await codeOf(web.views.update({ view_id: place.view_id, view: unsendable }))).toBe(
      'invalid_arguments',
    );
  });
});

describe('events', () => {
  test('tell the app that it was mentioned in a thread, addressed directly, and looked at', async () => {
    const heard: unknown[] = [];
    app.event('app_mention', async ({ event }) => void heard.push([event.type, event.text, event.thread_ts]));
    app.message('hello', async ({ event }) => void heard.push([event.type, event.channel_type]));
    app.event('app_home_opened', async ({ event, client }) => {
      await client.views.publish({
        user_id: event.user,
        view: { type: 'home', blocks: [{ type: 'divider' }] },
      });
      heard.push(event.type);
    });
    const { ts = '' } = await post();
    await slack.say('anna', 'platform', 'nothing for the bot');
    await slack.say('anna', 'platform', '@holt status', ts);
    await slack.say('anna', 'holt', 'hello');
    await slack.openHome('anna');

    await vi.waitFor(() => expect(heard).toHaveLength(3), 30_000);
    expect(heard).toEqual([
      ['app_mention', `<@${slack.bot.user}> status`, ts],
      ['message', 'im'],
      'app_home_opened',
    ]);
    expect(slack.home('anna')?.blocks).toMatchObject([{ type: 'divider' }]);
  });

  test('need their scope', async () => {
    slack.settings.scopes = ['commands'];
    expect((await slack.say('anna', 'platform', '@holt status')).delivery).toBeUndefined();
    expect((await slack.say('anna', 'holt', 'hello')).delivery).toBeUndefined();
  });
});

describe('limits and rights', () => {
  test('the call that is one too many waits, and is free again when the minute is over', async () => {
    const { ts = '' } = await post();
    const update = () => web.chat.update({ channel: platform(), ts, text: 'next' });
    for (let call = 1; call <= 50; call += 1) await update();
    const refused = await update().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WebAPIRateLimitedError);
    const { retryAfter } = refused as WebAPIRateLimitedError;
    clock.ahead = retryAfter * 1000;
    await update();
    slack.settings.rateFactor = Number.POSITIVE_INFINITY;
    for (let call = 1; call <= 50; call += 1) await update();
  });

  test('posting is limited by channel', async () => {
    slack.settings.rateFactor = 1 / 60;
    await post();
    await expect(post()).rejects.toBeInstanceOf(WebAPIRateLimitedError);
    await post({ channel: slack.user('anna').id });
  });

  test('each method needs its scope', async () => {
    slack.settings.scopes = [];
    const anna = slack.user('anna').id;
    const cases: [Promise<unknown>, string][] = [
      [post(), 'chat:write'],
      [web.users.info({ user: anna }), 'users:read'],
      [web.users.lookupByEmail({ email: 'anna@example.com' }), 'users:read.email'],
      [web.usergroups.list(), 'usergroups:read'],
      [web.conversations.open({ users: anna }), 'im:write'],
      [web.conversations.info({ channel: platform() }), 'channels:read'],
      [web.conversations.history({ channel: platform() }), 'channels:history'],
    ];
    for (const [call, needed] of cases)
      await expect(call).rejects.toMatchObject({ data: { error: 'missing_scope', needed } });
    await web.auth.test();
  });

  test('addresses are shown with their own scope, groups with their people', async () => {
    const user = slack.user('anna').id;
    expect((await web.users.info({ user })).user?.profile?.email).toBe('anna@example.com');
    const [group] = (await web.usergroups.list()).usergroups ?? [];
    expect(group?.handle).toBe('approvers');
    const { users } = await web.usergroups.users.list({ usergroup: group?.id ?? '' });
    expect(users).toEqual([user, slack.user('ben').id]);
    slack.settings.scopes = ['users:read'];
    expect((await web.users.info({ user })).user?.profile?.email).toBeUndefined();
  });

  test('tokens are of two kinds', async () => {
    const as = (token: string) => new WebClient(token, { slackApiUrl: slack.apiUrl, logger: silent });
    expect(await codeOf(as('xoxb-wrong').auth.test())).toBe('invalid_auth');
    expect(await codeOf(as(slack.appToken).auth.test())).toBe('not_allowed_token_type');
    expect(await codeOf(as(slack.botToken).apps.connections.open())).toBe('not_allowed_token_type');
    expect(await codeOf(as('').auth.test())).toBe('not_authed');
  });
});
