import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadFleet } from '../../src/config.ts';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import { type Page, startPage } from '../../src/sandbox/page.ts';
import { createTroubles } from '../../src/sandbox/page-faults.ts';
import { startRelay } from '../../src/sandbox/relay.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

/** The page on stand-ins, with nobody behind them: what a browser may and may not do. */
describe('the page', () => {
  let sandbox: Sandbox;
  let page: Page;
  let token: string;
  const holt = { state: () => 'running' as const, kill: () => {} };

  beforeAll(async () => {
    const fleet = await loadFleet('src/sandbox/holt.yaml');
    const target = resolveTarget(fleet, 'payments-eu', 'prod');
    sandbox = await startSandbox({ fleet, targets: [target] });
    const troubles = createTroubles(sandbox, holt, undefined);
    page = await startPage({ sandbox, holt: holt.state, troubles, example: target });
    token = /name="token" value="(\w+)"/.exec(await seen())?.[1] ?? '';
  });
  afterAll(async () => {
    await page.close();
    await sandbox.close();
  });

  const seen = async (query = ''): Promise<string> => await (await fetch(`${page.url}/${query}`)).text();

  const send = (fields: Record<string, string>, headers: Record<string, string> = { origin: page.url }) =>
    fetch(`${page.url}/act`, {
      method: 'POST',
      body: new URLSearchParams({ token, as: 'rosa', in: 'platform', ...fields }),
      headers: { accept: 'application/json', ...headers },
      redirect: 'manual',
    });
  const tell = async (text: string) =>
    ((await (await send({ ...typing, text })).json()) as { problem: string }).problem;
  const press = (name: string) => send({ act: JSON.stringify({ act: 'fault', name }) });
  const search = (sent: string) => fetch(`${page.url}/search?as=rosa&view=V0&block=cluster&token=${sent}`);
  const typing = { act: JSON.stringify({ act: 'type' }), text: 'from elsewhere' };
  const said = () => sandbox.slack.messages('platform').map(({ text }) => text);

  it('says what was typed, and works without a script', async () => {
    const answer = await send(
      { ...typing, text: 'Good <morning>' },
      { origin: page.url, accept: 'text/html' },
    );
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?as=rosa&in=platform']);
    expect(await seen()).toContain('Good &lt;morning&gt;');
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['another site', {}, { origin: 'https://evil.example' }],
    ['a page on another port', {}, { origin: 'http://127.0.0.1:1' }],
    ['nobody knows where', {}, {}],
    ['whoever does not have the page’s token', { token: 'guessed' }, { origin: 'PAGE' }],
  ])('takes nothing from %s', async (_who, fields, headers) => {
    const origin = headers['origin']?.replace('PAGE', page.url);
    const answer = await send({ ...typing, ...fields }, origin === undefined ? {} : { origin });
    expect(answer.status).toBe(403);
    expect(said()).not.toContain('from elsewhere');
  });

  it('answers to no other name, so that no site can have it under its own', async () => {
    const socket = connect(Number(new URL(page.url).port), '127.0.0.1');
    socket.end('GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(String(data)).toMatch(/^HTTP\/1\.1 421 /);
    expect(String(data)).not.toContain(token);
  });

  it('lets nothing run or load that is not its own', async () => {
    const policy = (await fetch(page.url)).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  });

  it('answers a nonsensical act with a sentence', async () => {
    const press = { act: 'press', channel: 'C0', ts: '1.2', block: 'b', action: 'approve' };
    for (const act of [
      press,
      { act: 'merge', repository: 'no/where', number: 1 },
      { act: 'close', view: 'V0' },
    ]) {
      const answer = (await (await send({ act: JSON.stringify(act) })).json()) as { problem: string };
      expect(answer.problem).toMatch(/^That is not possible: /);
    }
    expect((await send({ act: '{"act":"own the place"}' })).status).toBe(400);
    expect((await send({ act: 'no JSON' })).status).toBe(400);
  });

  it('says so when nobody is behind Slack to take a command, and knows one command only', async () => {
    expect(await tell('/otterize help')).toMatch(/Holt is not connected/);
    expect(await tell('/deploy now')).toMatch(/\/deploy is not a command here/);
  });

  it('takes no command in a thread, and says what to write instead', async () => {
    const { ts } = await sandbox.slack.say('rosa', 'platform', 'a thread');
    const reply = { act: JSON.stringify({ act: 'reply', thread: ts }) };
    expect(await (await send({ ...reply, text: '/otterize status' })).json()).toEqual({
      problem: expect.stringContaining('@holt status'),
    });
    await send({ ...reply, text: 'a reply' });
    expect(sandbox.slack.thread('platform', ts).map(({ text }) => text)).toEqual(['a thread', 'a reply']);
  });

  it('searches for nobody who does not have its token', async () => {
    expect((await search('guessed')).status).toBe(403);
    expect(await (await search(token)).json()).toEqual([]);
  });

  it('shows what is for one person to that person alone', async () => {
    const { slack } = sandbox;
    const noor = slack.user('noor').id;
    const place = { channel: slack.channel('platform').id, user: slack.bot.user, text: 'for Noor’s eyes' };
    await fetch(`${slack.apiUrl}chat.postEphemeral`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...place, user: noor }),
    });
    expect(await seen('?as=noor&in=platform')).toMatch(
      /Only visible to you, Noor Haddad[\s\S]*for Noor’s eyes/,
    );
    for (const other of ['rosa', 'emil', 'anna']) expect(await seen(`?as=${other}`)).not.toContain('eyes');
  });

  it('masks every secret’s value', async () => {
    sandbox.vault.put('kv-payments-eu-prod', 'otterize-cloud-client-secret', 'hunter2hunter2');
    const { clientSecret } = sandbox.otterize.seedIntegration(sandbox.otterize.startOrganization, {
      environmentId: 'env_1',
      name: 'seeded',
    }).credentials;
    const page = await seen();
    expect(page).toContain('otterize-cloud-client-secret');
    expect(page).toContain('seeded');
    for (const secret of ['hunter2hunter2', clientSecret, sandbox.slack.botToken, sandbox.otterize.token])
      expect(page).not.toContain(secret);
  });

  it('shows what comes without being asked for it again', async () => {
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const { body } = await fetch(`${page.url}/live`, { signal: controller.signal });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const until = async (words: string) => {
      while (!heard.includes(words)) heard += (await reader?.read())?.value ?? '';
    };
    await until('Conversations');
    await send({ ...typing, text: 'news' });
    await until('>news<');
    sandbox.otterize.seedOrganization('made-elsewhere');
    await until('made-elsewhere');
    expect(heard).toContain('>news<');
  });

  it('turns Key Vault’s rights off and on, and asks GitHub for one refusal', async () => {
    const { vault, github } = sandbox;
    const { rights } = vault.vault('kv-payments-eu-prod');
    await press('vault');
    expect(rights).toMatchObject({ get: false, set: false });
    expect(await seen()).toContain('aria-pressed="true">Key Vault');
    await press('vault');
    expect(rights).toMatchObject({ get: true, set: true });
    await press('github');
    expect(github.faults).toMatchObject([{ status: 403, times: 1 }]);
    await press('github');
    expect(github.faults).toEqual([]);
  });
});

describe('the relay before Redis', () => {
  it('passes on, is gone, and passes on again', async () => {
    const echo = createServer(socket => void socket.pipe(socket).on('error', () => {})).listen(
      0,
      '127.0.0.1',
    );
    await once(echo, 'listening');
    const { port } = echo.address() as { port: number };
    const relay = await startRelay(`redis://:word@127.0.0.1:${port}/3`);
    onTestFinished(async () => {
      await relay.close();
      echo.close();
    });
    const { port: own, password, pathname } = new URL(relay.url);
    expect([password, pathname]).toEqual(['word', '/3']);
    const client = async () => {
      const socket = connect(Number(own), '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    };
    const first = await client();
    first.write('hello');
    expect(String((await once(first, 'data'))[0])).toBe('hello');
    relay.cut();
    await once(first, 'close');
    await once(await client(), 'close');
    relay.mend();
    const last = await client();
    last.write('again');
    expect(String((await once(last, 'data'))[0])).toBe('again');
  });
});
