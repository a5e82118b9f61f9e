import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { execa } from 'execa';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ContractError, ServiceError } from '../../src/errors.ts';
import { createOtterize, type OtterizeOptions } from '../../src/otterize/otterize.ts';
import { type OtterizeCloud, startOtterizeCloud } from '../../src/sandbox/otterize.ts';
import { Secret } from '../../src/secret.ts';

const cli = fileURLToPath(new URL('../../src/sandbox/otterize-cli.ts', import.meta.url));
const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);

let cloud: OtterizeCloud;
let folder: string;
let scripts = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'otterize-test-'));
  cloud = await startOtterizeCloud();
});
beforeEach(() => cloud.reset());
afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true });
});

const connect = (options: Partial<OtterizeOptions> = {}) =>
  createOtterize({
    program: [process.execPath, cli],
    apiAddress: cloud.apiAddress,
    token: async () => new Secret(cloud.token),
    startOrganization: cloud.startOrganization,
    path,
    concurrency: 4,
    ...options,
  });

/** An adapter whose program is this shell script. */
function connectTo(script: string, options: Partial<OtterizeOptions> = {}) {
  scripts += 1;
  const file = join(folder, `program-${scripts}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return connect({ program: [file], ...options });
}

async function failureOf(promise: Promise<unknown>): Promise<ServiceError> {
  const error: unknown = await promise.then(
    value => expect.fail(`it succeeded with ${inspect(value)}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ServiceError);
  return error as ServiceError;
}

/** Everything of an error that could end up somewhere. */
const allOf = (error: Error) =>
  [error.message, error.stack, inspect(error), JSON.stringify(error)].join('\n');

/** What the program prints of an integration with this secret. */
const integration = (clientSecret: string) =>
  JSON.stringify([{ id: 'int_a1', name: 'one', credentials: { clientId: 'cli_a1', clientSecret } }]);

/** A JWT, as far as anybody looks at it here. */
const tokenThatEnds = (inMs: number) => {
  const claims = Buffer.from(JSON.stringify({ exp: Math.floor((Date.now() + inMs) / 1000) }));
  return `e30.${claims.toString('base64url')}.sig`;
};

describe('what is in Otterize', () => {
  test('all kinds of things are created and found again', async () => {
    const otterize = connect();
    const made = await otterize.createOrganization();
    const organization = await otterize.renameOrganization(made.id, 'payments-eu prod');
    expect(organization).toEqual({ id: made.id, name: 'payments-eu prod', created: expect.any(Number) });

    const labels = { cluster: 'payments-eu', owner: "Team A, B & <C>'s" };
    const environment = await otterize.createEnvironment(made.id, { name: 'prod', labels });
    const invite = await otterize.createInvite(made.id, "Zoë.O'Hara+x@example.com");
    const target = { environmentId: environment.id, name: 'payments-eu' };
    const integration = await otterize.createIntegration(made.id, target);
    cloud.seedMember(made.id, 'ada@example.com');

    expect(integration).toMatchObject({ ...target, connected: false });
    expect(integration.credentials?.clientSecret?.reveal()).toMatch(/^[0-9a-f]{64}$/);
    const stored = cloud.state.environments[0]?.labels;
    expect(Object.fromEntries(stored?.map(({ key, value }) => [key, value]) ?? [])).toEqual(labels);

    const [organizations, environments, invites, members, integrations] = await Promise.all([
      otterize.listOrganizations(),
      otterize.listEnvironments(made.id),
      otterize.listInvites(made.id),
      otterize.listMembers(made.id),
      otterize.listIntegrations(made.id),
    ]);
    expect(organizations).toContainEqual(organization);
    expect(environments).toEqual([environment]);
    expect(invites).toEqual([{ id: invite.id, email: "Zoë.O'Hara+x@example.com", status: 'PENDING' }]);
    expect(members).toEqual(['operator@example.com', 'ada@example.com']);
    expect(integrations).toEqual([integration]);
    expect(integrations[0]?.credentials?.clientSecret?.reveal()).toBe(
      cloud.state.integrations[0]?.credentials.clientSecret,
    );
    expect(await otterize.listEnvironments(cloud.startOrganization)).toEqual([]);

    await otterize.deleteIntegration(made.id, integration.id);
    expect(cloud.state.integrations).toEqual([]);
    expect(cloud.calls.map(({ operation }) => operation)).not.toContain('telemetry');
  });

  test('an integration counts as connected once a component has reported', async () => {
    const target = { environmentId: cloud.seedEnvironment(cloud.startOrganization, 'prod').id, name: 'one' };
    const { id } = cloud.seedIntegration(cloud.startOrganization, target);
    cloud.markConnected(id);
    const mapper = cloud.state.integrations[0]?.components?.networkMapper;
    expect(await connect().listIntegrations(cloud.startOrganization)).toMatchObject([
      { id, connected: true },
    ]);
    cloud.state.integrations[0]!.components!.intentsOperator.status = { type: 'NOT_INTEGRATED' };
    cloud.state.integrations[0]!.components!.credentialsOperator.status = { type: 'NOT_INTEGRATED' };
    mapper!.status.type = 'DISCONNECTED';
    expect(await connect().listIntegrations(cloud.startOrganization)).toMatchObject([
      { id, connected: true },
    ]);
  });

  test('a masked secret is absent, and only Kubernetes integrations are listed', async () => {
    cloud.state.secretReadableAgain = 'masked';
    const organization = cloud.startOrganization;
    const { id: environmentId } = cloud.seedEnvironment(organization, 'prod');
    const otterize = connect();
    const made = await otterize.createIntegration(organization, { environmentId, name: 'one' });
    cloud.state.integrations.push({ ...cloud.state.integrations[0]!, id: 'int_other', type: 'GENERIC' });
    expect(made.credentials).toBeDefined();
    const masked = { clientId: made.credentials?.clientId, clientSecret: undefined };
    expect(await otterize.listIntegrations(organization)).toEqual([{ ...made, credentials: masked }]);
  });

  test('a name with a percent sign is seen to be garbled, not taken for another name', async () => {
    cloud.seedEnvironment(cloud.startOrganization, '100% prod');
    const error = await failureOf(connect().listEnvironments(cloud.startOrganization));
    expect(error).toBeInstanceOf(ContractError);
  });

  test('a new organization may be listed late, and works at once all the same', async () => {
    cloud.state.listLagMs = 60_000;
    const otterize = connect();
    const { id } = await otterize.createOrganization();
    const [listed, members] = await Promise.all([otterize.listOrganizations(), otterize.listMembers(id)]);
    expect(listed.map(each => each.id)).toEqual([cloud.startOrganization]);
    expect(members).toEqual(['operator@example.com']);
  });

  test('the list of organizations must hold the one that was asked from', async () => {
    const refused = await failureOf(connectTo('echo null').listOrganizations());
    expect(refused).toBeInstanceOf(ContractError);
    expect(await connectTo('echo null').listEnvironments(cloud.startOrganization)).toEqual([]);
  });
});

describe('what the cloud answers', () => {
  test.each([
    [400, false, 'no'],
    [401, false, 'no'],
    [403, false, 'no'],
    [404, false, 'no'],
    [408, true, 'unknown'],
    [409, true, 'no'],
    [422, false, 'no'],
    [429, true, 'no'],
    [500, true, 'unknown'],
    [503, true, 'unknown'],
  ] as const)('status %i', async (status, retryable, applied) => {
    const body = { errors: [{ message: 'hunter2 (HTTP error 200)' }] };
    cloud.faults.push({ operation: 'createInvite', kind: 'answer', status, body });
    const error = await failureOf(connect().createInvite(cloud.startOrganization, 'a@example.com'));
    expect(error).toMatchObject({ status, retryable, applied, operation: 'create the invite' });
    expect(allOf(error)).not.toMatch(/hunter2|otterize-cli|example\.com|tok-/);
  });

  test('a token that is not accepted can be renewed without a restart', async () => {
    let token = 'old';
    const otterize = connect({ token: async () => new Secret(token) });
    const error = await failureOf(otterize.listOrganizations());
    expect(error).toMatchObject({ status: 401, retryable: false });
    expect(error.advice).toMatch(/new token.*nothing has to be restarted/);
    token = cloud.token;
    expect(await otterize.listOrganizations()).toHaveLength(1);
  });

  test('a foreign organization, a name that is taken and a name that is refused', async () => {
    const otterize = connect();
    const environment = { name: 'prod', labels: {} };
    cloud.seedEnvironment(cloud.startOrganization, 'prod');
    expect(await failureOf(otterize.listInvites('org_foreign'))).toMatchObject({ status: 403 });
    const taken = await failureOf(otterize.createEnvironment(cloud.startOrganization, environment));
    expect(taken).toMatchObject({ status: 409, applied: 'no' });
    cloud.state.duplicateNames = 'allowed';
    await otterize.createEnvironment(cloud.startOrganization, environment);
    expect(cloud.state.environments).toHaveLength(2);
  });

  test('no answer leaves open whether a request was carried out', async () => {
    cloud.faults.push({ operation: 'createEnvironment', kind: 'lose', times: 1 });
    cloud.faults.push({ operation: 'createInvite', kind: 'drop', times: 1 });
    const environment = { name: 'prod', labels: {} };
    const otterize = connect();
    const lost = await failureOf(otterize.createEnvironment(cloud.startOrganization, environment));
    const dropped = await failureOf(otterize.createInvite(cloud.startOrganization, 'a@example.com'));
    for (const error of [lost, dropped]) {
      expect(error).toMatchObject({ retryable: true, applied: 'unknown', status: undefined });
    }
    expect([cloud.state.environments.length, cloud.state.invites.length]).toEqual([1, 0]);
  });

  test('a cloud that cannot be reached is worth another try', async () => {
    const gone = await startOtterizeCloud();
    await gone.close();
    const error = await failureOf(connect({ apiAddress: gone.apiAddress }).listOrganizations());
    expect(error).toMatchObject({
      retryable: true,
      message: expect.stringContaining('could not be reached'),
    });
  });

  test('a success that is not 200 is no success', async () => {
    cloud.faults.push({ operation: 'createOrganization', kind: 'answer', status: 202 });
    const error = await failureOf(connect().createOrganization());
    expect(error).toBeInstanceOf(ContractError);
    expect(error.message).toContain('0.id');
  });
});

describe('what the program does', () => {
  const organization = 'org_a1';
  const secret = 'canary0canary0canary0';
  const create = (otterize: ReturnType<typeof connect>) =>
    otterize.createIntegration(organization, { environmentId: 'env_a1', name: 'one' });

  test.each([
    ['nothing printed', 'exit 0'],
    ['garbage', `echo 'ID  NAME ${secret}'`],
    ['a truncated answer', `printf '%s' '${integration(secret).slice(0, -5)}'`],
    ['an empty id', `echo '[{"id":"","name":"","credentials":{"clientId":"","clientSecret":"${secret}"}}]'`],
    ['an empty list', 'echo "[]"'],
    [
      'two items',
      `echo '${JSON.stringify([...JSON.parse(integration(secret)), ...JSON.parse(integration(secret))])}'`,
    ],
    ['a value that held a percent sign', `echo '${integration(`${secret}%!c(MISSING)`)}'`],
    ['a secret of other characters', `echo '${integration(`${secret}&`)}'`],
    ['a masked secret', `echo '${integration('********')}'`],
    ['an empty secret', `echo '${integration('')}'`],
    ['ten megabytes', `head -c 10000000 /dev/zero | tr '\\0' ' '`],
  ])('%s is an answer of unknown form', async (_, script) => {
    const error = await failureOf(create(connectTo(script)));
    expect(error).toBeInstanceOf(ContractError);
    expect(error).toMatchObject({ retryable: false, applied: 'unknown' });
    expect(allOf(error)).not.toContain(secret);
  });

  test.each([
    ['an exit code without a word', 'exit 1', { retryable: false, applied: 'unknown' }],
    ['a crash', 'echo "panic: x" >&2; exit 2', { retryable: false, applied: 'unknown' }],
    ['being killed', 'kill -9 $$', { retryable: true, applied: 'unknown' }],
    ['a hang', 'exec sleep 60', { retryable: true, applied: 'unknown' }],
    [
      'a hang with a child that keeps the pipes open',
      'sleep 60 & sleep 60',
      { retryable: true, applied: 'unknown' },
    ],
    [
      'a secret printed before the failure',
      `echo ${secret}; echo ${secret} >&2; exit 1`,
      { applied: 'unknown' },
    ],
    ['no token', 'echo "no API credentials were provided." >&2; exit 1', { applied: 'no' }],
    ['an expired token', 'echo "your Otterize session token is expired." >&2; exit 1', { status: 401 }],
    [
      'an untrusted certificate',
      'echo "Error: Get: x509: unknown authority" >&2; exit 1',
      { retryable: false },
    ],
    ['its own time limit', 'echo "Error: Post: context deadline exceeded" >&2; exit 1', { retryable: true }],
  ])('%s is told in words of ours', async (_, script, expected) => {
    const error = await failureOf(create(connectTo(script, { timeoutMs: 500 })));
    expect(error).not.toBeInstanceOf(ContractError);
    expect(error).toMatchObject({ service: 'Otterize', operation: 'create the integration', ...expected });
    expect(allOf(error)).not.toContain(secret);
    expect(allOf(error)).not.toContain(folder);
  });

  test('a change that would have to wait long for its turn is not begun', async () => {
    const log = join(folder, 'begun');
    const script = `echo begun >> '${log}'; exec sleep 1`;
    const otterize = connectTo(script, { concurrency: 1, queueMs: 10, timeoutMs: 200 });
    const [, second] = await Promise.all([
      failureOf(otterize.createOrganization()),
      failureOf(otterize.createOrganization()),
    ]);
    expect(second).toMatchObject({ retryable: true, applied: 'no' });
    expect(readFileSync(log, 'utf8')).toBe('begun\n');
  });

  test('a program that is missing or may not be run has changed nothing', async () => {
    const file = join(folder, 'not-executable');
    writeFileSync(file, '');
    for (const program of [join(folder, 'missing'), file]) {
      const error = await failureOf(create(connect({ program: [program] })));
      expect(error).toMatchObject({ retryable: false, applied: 'no' });
      expect(error.advice).toContain('Install the Otterize CLI');
      expect(allOf(error)).not.toContain(folder);
    }
  });

  test('a notice on standard error does not disturb', async () => {
    const otterize = connectTo(`echo 'Caution: another revision {[' >&2; echo '${integration(secret)}'`);
    expect((await create(otterize)).credentials?.clientSecret?.reveal()).toBe(secret);
  });

  test('a deletion that nobody confirms is not believed', async () => {
    expect(await failureOf(connectTo('exit 0').deleteIntegration(organization, 'int_a1'))).toBeInstanceOf(
      ContractError,
    );
    await connectTo('echo "Deleted integration int_a1" >&2').deleteIntegration(organization, 'int_a1');
  });

  test('a rename that hits another organization is not believed', async () => {
    const otterize = connectTo(`echo '[{"id":"org_b2","name":"x1"}]'`);
    expect(await failureOf(otterize.renameOrganization(organization, 'x1'))).toBeInstanceOf(ContractError);
  });

  test('no more processes run at a time than allowed', async () => {
    const journal = join(folder, 'journal');
    const script = `echo + >> ${journal}; sleep 0.1; echo - >> ${journal}; echo '[]'`;
    const otterize = connectTo(script, { concurrency: 2 });
    await Promise.all(Array.from({ length: 6 }, () => otterize.listInvites(organization)));
    const lines = readFileSync(journal, 'utf8').trim().split('\n');
    const running = lines.map((_, index) => {
      const before = lines.slice(0, index + 1);
      return before.filter(line => line === '+').length - before.filter(line => line === '-').length;
    });
    expect(Math.max(...running)).toBe(2);
  });

  test('what the pull request needs goes before the invites, whoever asked first', async () => {
    const journal = join(folder, 'order');
    const script = `echo "$1 $2" >> ${journal}; echo '[]'`;
    const otterize = connectTo(script, { concurrency: 1 });
    const invite = (address: string) => failureOf(otterize.createInvite(organization, address));
    await Promise.all([
      invite('anna@harbour.example'),
      invite('ben@harbour.example'),
      otterize.listMembers(organization),
      failureOf(otterize.createOrganization()),
      otterize.listIntegrations(organization),
    ]);
    expect(readFileSync(journal, 'utf8').trim().split('\n')).toEqual([
      'invites create',
      'organizations create',
      'integrations list',
      'invites create',
      'users list',
    ]);
  });
});

describe('what the program is given', () => {
  const dump = `
    import { readdirSync, writeFileSync } from 'node:fs';
    const home = readdirSync(process.env.HOME);
    const seen = { env: process.env, args: process.argv.slice(2), home };
    writeFileSync(import.meta.dirname + '/seen.json', JSON.stringify(seen));
    console.log('[]');
  `;

  test('an environment of its own, an empty home, and no secret among its arguments', async () => {
    writeFileSync(join(folder, 'dump.mjs'), dump);
    process.env['OTTERIZE_NAME'] = 'stray';
    const otterize = connect({
      program: [process.execPath, join(folder, 'dump.mjs')],
      apiAddress: 'https://otterize.example/api/',
      token: async () => new Secret('the-token\n'),
      extraEnv: { SSL_CERT_FILE: '/ca.pem' },
    });
    await otterize.listIntegrations('org_a1');
    delete process.env['OTTERIZE_NAME'];
    const seen = JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8'));
    expect(seen.env).toEqual({
      PATH: path,
      HOME: expect.any(String),
      OTTERIZE_API_ADDRESS: 'https://otterize.example/api',
      OTTERIZE_TOKEN: 'the-token',
      OTTERIZE_TELEMETRY_ENABLED: 'false',
      BUGSNAG_DISABLE_PANIC_HANDLER: '1',
      SSL_CERT_FILE: '/ca.pem',
    });
    expect(seen.args).toEqual([
      'integrations',
      'list',
      '--type=KUBERNETES',
      '--format=json',
      '--org-id=org_a1',
    ]);
    expect(seen.home).toEqual([]);
    expect(existsSync(seen.env.HOME)).toBe(false);
  });

  test('whatever is asked for is refused, or arrives as exactly one argument', async () => {
    const args = join(folder, 'args');
    const otterize = connectTo(
      `printf '%s\\0' "$@" > ${args}; echo '[{"id":"x_1","name":"x1","email":"","status":""}]'`,
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9 _-]{1,20}$/),
      fc.constantFrom('--help', '-h', '$(id)', 'a\nb', 'a\0b', '', '100%', 'a,b=c', ' x ', '--name=y'),
    );
    const address = fc.oneof(text, fc.emailAddress(), fc.constant('--help@example.com'));
    const passed = { calls: 0 };

    async function check(call: Promise<unknown>, words: string[], value: string): Promise<void> {
      const error: unknown = await call.then(
        () => undefined,
        (error: unknown) => error,
      );
      const refused = error instanceof ServiceError && error.applied === 'no' && !error.retryable;
      if (error === undefined) passed.calls += 1;
      const all = [...words, value, '--format=json', '--org-id=org_a1', ''];
      const arrived = refused ? all : readFileSync(args, 'utf8').split('\0');
      expect(arrived).toEqual(all);
    }

    await fc.assert(
      fc.asyncProperty(text, text, address, async (name, value, email) => {
        const environment = { name: 'prod', labels: { [name]: value } };
        const label = `--labels=${name.trim()}=${value.trim()}`;
        await check(
          otterize.createEnvironment('org_a1', environment),
          ['environments', 'create', '--name=prod'],
          label,
        );
        await check(
          otterize.createEnvironment('org_a1', { name, labels: {} }),
          ['environments', 'create'],
          `--name=${name}`,
        );
        await check(otterize.createInvite('org_a1', email), ['invites', 'create'], `--email=${email}`);
      }),
      { numRuns: 60 },
    );
    expect(passed.calls).toBeGreaterThan(10);
  });

  test('an id that is none never reaches the program', async () => {
    const otterize = connect({ program: [join(folder, 'missing')] });
    const refused = { applied: 'no', message: expect.stringContaining('is not an id') };
    for (const id of ['', '--help', 'org_a b', 'ORG_', 'org_a\n', 'a']) {
      expect(await failureOf(otterize.listInvites(id))).toMatchObject(refused);
      expect(await failureOf(otterize.deleteIntegration('org_a1', id))).toMatchObject(refused);
    }
  });
});

describe('the check', () => {
  test('finds nothing when all is well', async () => {
    expect(await connect().check()).toEqual([]);
    const token = cloud.seedToken(tokenThatEnds(3_600_000));
    expect(await connect({ token: async () => new Secret(token) }).check()).toEqual([]);
  });

  test('says when the token is about to expire', async () => {
    const token = cloud.seedToken(tokenThatEnds(300_000));
    const problems = await connect({ token: async () => new Secret(token) }).check();
    expect(problems).toEqual([expect.stringMatching(/^The Otterize token expires at 20.*otterize login/)]);
    expect(problems.join()).not.toContain(token);
  });

  test('says when the token has expired, and that it is refused', async () => {
    const token = tokenThatEnds(-1000);
    expect(await connect({ token: async () => new Secret(token) }).check()).toEqual([
      expect.stringContaining('The Otterize token expired at'),
      expect.stringContaining('the token is not accepted'),
    ]);
  });

  test('says that the token is refused or cannot be read; an outage says nothing and may pass', async () => {
    const refused = connect({ token: async () => new Secret('wrong') }).check();
    const unreadable = connect({ token: () => Promise.reject(new Error('/secret/path')) }).check();
    const unreachable = connect({ apiAddress: 'http://127.0.0.1:9' });
    expect(await refused).toEqual([expect.stringContaining('the token is not accepted')]);
    expect(await unreadable).toEqual([expect.stringContaining('the token could not be read')]);
    expect((await unreadable).join()).not.toContain('/secret/path');
    const outage = await failureOf(unreachable.check());
    expect(outage).toMatchObject({ retryable: true });
    expect(outage.message).toContain('the cloud could not be reached');
  });

  test('says that the program is missing, too old or not the right one', async () => {
    expect(await connect({ program: [join(folder, 'missing')] }).check()).toEqual([
      expect.stringContaining('Install the Otterize CLI'),
    ]);
    expect(await connectTo('echo "Version: v1.0.7"').check()).toEqual([
      'The otterize program is version 1.0.7. Install version 1.0.8 or newer.',
    ]);
    expect(await connectTo('echo "otter 9"').check()).toEqual([
      expect.stringContaining('does not tell its version'),
    ]);
  });
});

const organization = () => ({ OTTERIZE_ORG_ID: cloud.startOrganization });

const run = async (args: string[], env: Record<string, string> = organization(), home = folder) =>
  await execa(process.execPath, [cli, ...args], {
    env: {
      PATH: path,
      HOME: home,
      OTTERIZE_API_ADDRESS: cloud.apiAddress,
      OTTERIZE_TOKEN: cloud.token,
      OTTERIZE_TELEMETRY_ENABLED: 'false',
      ...env,
    },
    extendEnv: false,
    reject: false,
  });

/** The stand-in program by itself: what the real one was seen to do, seen by nobody who wants it to be so. */
describe('the stand-in of the program', () => {
  test.each([
    ['a verb that does not exist prints help and succeeds', ['org', 'delete', 'org_a1'], 0, /^Usage:/, /^$/],
    [
      'a noun that does not exist',
      ['frob', 'list'],
      1,
      /^$/,
      /^Error: unknown command "frob" for "otterize"/,
    ],
    ['a flag that does not exist', ['env', 'list', '--nope=1'], 1, /^$/, /^Error: unknown flag: --nope$/],
    [
      'a required flag left out',
      ['invites', 'create'],
      1,
      /^$/,
      /^Error: required flag\(s\) "email" not set$/,
    ],
    ['an argument left out', ['env', 'get'], 1, /^$/, /^Error: accepts 1 arg\(s\), received 0$/],
    [
      'a label without a value',
      ['env', 'create', '-n', 'ab', '-l', 'x'],
      1,
      /^$/,
      /"x" for "-l, --labels" flag: x must/,
    ],
    ['an object that is not there', ['env', 'get', 'env_a1'], 1, /^$/, /^Error: .* \(HTTP error 404\)$/],
    [
      'an address that is none',
      ['invites', 'create', '--email', 'x'],
      1,
      /^$/,
      /types\.Email: email: failed to pass/,
    ],
    ['the version', ['version'], 0, /^Version: v2\.0\.3$/, /^$/],
  ])('%s', async (_, args, exitCode, stdout, stderr) => {
    expect(await run(args)).toMatchObject({
      exitCode,
      stdout: expect.stringMatching(stdout),
      stderr: expect.stringMatching(stderr),
    });
  });

  test('it needs an organization before anything else, and a token', async () => {
    const homeless = await run(['org', 'create'], { OTTERIZE_ORG_ID: '', OTTERIZE_TOKEN: '' });
    expect(homeless).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no organization exists'),
    });
    const anonymous = await run(['org', 'list'], { ...organization(), OTTERIZE_TOKEN: '' });
    expect(anonymous).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no API credentials') });
    const expired = { ...organization(), OTTERIZE_TOKEN_EXPIRY: '2020-01-01T00:00:00Z' };
    expect((await run(['org', 'list'], expired)).stderr).toContain('session token is expired');
  });

  test('a stray variable changes a command, and a credentials file outranks the environment', async () => {
    const start = cloud.startOrganization;
    await run(['org', 'update', start], { ...organization(), OTTERIZE_NAME: 'Stray' });
    expect(cloud.state.organizations[0]?.name).toBe('Stray');
    const home = mkdtempSync(join(folder, 'home-'));
    mkdirSync(join(home, '.otterize'));
    const credentials = join(home, '.otterize', 'credentials');
    writeFileSync(credentials, JSON.stringify({ user_token: 'other', organization_id: start }));
    expect(await run(['org', 'list'], {}, home)).toMatchObject({
      stderr: expect.stringContaining('error 401'),
    });
    writeFileSync(credentials, '{');
    expect(await run(['org', 'list'], {}, home)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test("an integration's client id and secret work within its organization, wrong ones end in silence", async () => {
    const { id: environmentId } = cloud.seedEnvironment(cloud.startOrganization, 'prod');
    const { credentials } = cloud.seedIntegration(cloud.startOrganization, { environmentId, name: 'one' });
    const right = { ...organization(), OTTERIZE_CLIENT_ID: credentials.clientId };
    const args = ['env', 'list', '--format', 'json'];
    const listed = await run(args, { ...right, OTTERIZE_CLIENT_SECRET: credentials.clientSecret });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id: environmentId }]);
    const silent = await run(args, { ...right, OTTERIZE_CLIENT_SECRET: 'wrong' });
    expect(silent).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('labels are replaced one by one, and listing by name asks for another name', async () => {
    const { id } = cloud.seedEnvironment(cloud.startOrganization, 'prod', [{ key: 'a', value: '1' }]);
    const added = await run([
      'env',
      'update',
      'add-label',
      id,
      '--key',
      'a',
      '--value',
      '2',
      '--format',
      'json',
    ]);
    expect(added.stderr).toBe('Environment updated');
    expect(JSON.parse(added.stdout)).toMatchObject([{ labels: [{ key: 'a', value: '2' }] }]);
    expect((await run(['env', 'list', '--name', 'prod', '--format', 'json'])).stdout).toBe('[]');
  });
});
