import { once } from 'node:events';
import { request as open } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { signed } from '../../src/sandbox/slack-requests.ts';
import { approver, requester } from '../support/builders.ts';
import { openSlackHouse, type SlackHouse } from '../support/slack-house.ts';

let house: SlackHouse;
let url: string;

beforeAll(async () => {
  house = await openSlackHouse(undefined, {}, 'http');
  [url = ''] = house.slack.settings.requestUrls;
});
afterAll(async () => await house.close());

const form = 'application/x-www-form-urlencoded';
const json = { 'content-type': 'application/json; charset=utf-8' };
const now = (): number => Math.floor(Date.now() / 1000);

/** A command as Slack would send it; each has a trigger of its own, as there. */
let serial = 0;
const typed = (text: string, more: Record<string, string> = {}): string =>
  new URLSearchParams({
    team_id: house.slack.team.id,
    user_id: requester,
    channel_id: house.platform,
    command: '/otterize',
    text,
    trigger_id: String(++serial),
    ...more,
  }).toString();

type Headers = Record<string, string | string[]>;

/** One request; its status and what it was answered. Every header is sent as often as it has values. */
const send = (body: string | Buffer, headers: Headers, { method = 'POST', to = url } = {}) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = open(to, { method, headers: { 'content-type': form, ...headers } }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject).end(body);
  });

const sign = (body: string, seconds = now(), secret = house.slack.signingSecret) =>
  signed(secret, body, seconds);

const refusals = () =>
  house.lines.filter(({ message }) => message === 'refused: a request to the port for Slack');

describe('the port for Slack', () => {
  beforeEach(() => void (house.lines.length = 0));

  const onboard = 'onboard payments-eu dev';
  it.each<[string, () => Promise<{ status: number; text: string }>, RegExp]>([
    ['without a signature', () => send(typed(onboard), {}), /no signature/],
    [
      'without a timestamp',
      () => {
        const body = typed(onboard);
        return send(body, { 'x-slack-signature': sign(body)['x-slack-signature'] ?? '' });
      },
      /no timestamp/,
    ],
    [
      'with another secret’s signature',
      () => {
        const body = typed(onboard);
        return send(body, sign(body, now(), 'f'.repeat(32)));
      },
      /does not fit/,
    ],
    [
      'whose body is another by one byte',
      () => {
        const body = typed(onboard);
        return send(body.replace('payments-eu', 'payments-us'), sign(body));
      },
      /does not fit/,
    ],
    [
      'of five minutes and a second ago',
      () => {
        const body = typed(onboard);
        return send(body, sign(body, now() - 301));
      },
      /-301 s away|-302 s away/,
    ],
    [
      'of a time to come',
      () => {
        const body = typed(onboard);
        // A second passes now and then between making it and looking at it.
        return send(body, sign(body, now() + 310));
      },
      /3[01]\d s away/,
    ],
    [
      'whose timestamp is no number',
      () => {
        const body = typed(onboard);
        return send(body, sign(body, Number.NaN));
      },
      /no timestamp that is a number/,
    ],
    [
      'with a version of the signature that is not known',
      () => {
        const body = typed(onboard);
        const headers = sign(body);
        return send(body, {
          ...headers,
          'x-slack-signature': `v1${headers['x-slack-signature']?.slice(2)}`,
        });
      },
      /no signature/,
    ],
    [
      'with a second signature beside the right one',
      () => {
        const body = typed(onboard);
        const headers = sign(body);
        const signature = headers['x-slack-signature'] ?? '';
        return send(body, { ...headers, 'x-slack-signature': [signature, signature] });
      },
      /not exactly one/,
    ],
    [
      'that says it only checks the connection',
      () => send(typed(onboard, { ssl_check: '1' }), {}),
      /no signature/,
    ],
  ])('refuses a request %s, and keeps the reason to itself', async (_what, ask, reason) => {
    expect(await ask()).toEqual({ status: 401, text: '' });
    expect(refusals()).toEqual([
      { fields: { reason: expect.stringMatching(reason), error: undefined }, message: expect.any(String) },
    ]);
    expect(JSON.stringify(house.lines)).not.toContain('payments');
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('keeps a connection for longer than load balancers do', async () => {
    const body = typed('help');
    const headers = { ...sign(body), 'content-type': form, connection: 'keep-alive' };
    const [response] = await once(open(url, { method: 'POST', headers }).end(body), 'response');
    response.resume();
    expect([response.statusCode, response.headers['keep-alive']]).toEqual([200, 'timeout=75']);
  });

  it('does nothing for a check of the connection that Slack signed, whatever stands beside it', async () => {
    const body = typed(onboard, { ssl_check: '1' });
    expect(await send(body, sign(body))).toEqual({ status: 200, text: '' });
    expect(await house.records.recent(1)).toEqual([]);
  });

  it.each<[string, () => Promise<{ status: number; text: string }>, number]>([
    [
      'a path of its own only',
      () => {
        const body = typed('help');
        return send(body, sign(body), { to: `${url}/events` });
      },
      404,
    ],
    ['posts only', () => send('', {}, { method: 'GET' }), 404],
    ['256 KiB only', () => send('a'.repeat(256 * 1024 + 1), {}), 413],
    [
      'forms and JSON only',
      () => send('{"at":1}', { ...sign('{"at":1}'), 'content-type': 'text/plain' }),
      400,
    ],
    ['JSON only where it says so', () => send('{', { ...sign('{'), ...json }), 400],
    ['objects only in JSON', () => send('7', { ...sign('7'), ...json }), 400],
    ['events that it has a listener for', () => send('{}', { ...sign('{}'), ...json }), 404],
    ['JSON only in a payload', () => send('payload={', sign('payload={')), 400],
    ['objects only in a payload', () => send('payload=7', sign('payload=7')), 400],
    ['what it has a listener for', () => send('payload={}', sign('payload={}')), 404],
  ])('takes %s', async (_what, ask, status) => {
    expect(await ask()).toEqual({ status, text: '' });
  });

  it('shows whoever it belongs to that it reads what it is sent, and nobody else', async () => {
    const stolen = '{"type":"url_verification","challenge":"of somebody else"}';
    expect(await send(stolen, json)).toEqual({ status: 401, text: '' });
    const own = '{"type":"url_verification","challenge":"3eZbrw1aB"}';
    const { status, text } = await send(own, { ...sign(own), ...json });
    expect([status, JSON.parse(text)]).toEqual([200, { challenge: '3eZbrw1aB' }]);
  });

  it('takes one of a hundred copies of a request, sent at the same time', async () => {
    const body = typed('status');
    const headers = sign(body);
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(body, headers)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(99);
    expect(refusals()).toHaveLength(99);
  });

  it('is answered with what a person reads', async () => {
    const body = typed('help');
    const { status, text } = await send(body, sign(body));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('onboard'),
    });
  });

  it('says so within Slack’s three seconds when the records do not answer', async () => {
    const body = typed('status');
    house.silence.memory = true;
    expect(await send(body, sign(body))).toEqual({ status: 503, text: '' });
    house.silence.memory = false;
    expect(refusals()).toEqual([
      expect.objectContaining({
        fields: { reason: expect.stringMatching(/cannot tell/), error: expect.any(Error) },
      }),
    ]);
  });
});

describe('a bot that stops', () => {
  it('takes nothing new, and answers first what it has received', async () => {
    const own = await openSlackHouse(undefined, {}, 'http');
    const [to = ''] = own.slack.settings.requestUrls;
    own.silence.store = true;
    const asked = own.type('status payments-eu dev');
    await vi.waitFor(() => expect(own.silence.asked).toBe(1), 30_000);
    const stopped = own.bot.stop();
    expect(own.bot.problems()).toEqual(['Nothing listens for Slack’s requests.']);
    await expect(send('', {}, { to })).rejects.toThrow('ECONNREFUSED');
    expect(await asked).toMatch(/did not answer in time/);
    await stopped;
    await own.close();
  });
});

describe('a workspace over HTTP', () => {
  it('is served as over a socket: a command, an approval, the end', async () => {
    await house.type('onboard payments-eu prod');
    const message = await house.message('approval-1', /payments-eu prod/);
    expect(await house.press(approver, message, 'approve')).toMatch(/counts|approved/i);
    expect((await house.settled(({ status }) => status === 'done')).facts.approval).toBeDefined();
  });

  it('is heard as over a socket: a mention, a direct message', async () => {
    expect(await house.write('@holt status payments-us prod')).toMatch(
      /payments-us prod was never onboarded/,
    );
    expect(await house.write('list', { channel: 'holt' })).toMatch(/payments-eu, payments-us/);
  });
});
