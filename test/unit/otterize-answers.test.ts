import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ZodType, z } from 'zod';
import { ContractError, ServiceError } from '../../src/errors.ts';
import {
  Environment,
  Invite,
  integrationOf,
  Member,
  Organization,
  parseList,
  parseOne,
  RawIntegration,
} from '../../src/otterize/answers.ts';
import { checkAddress, checkName, idPattern, labelArguments } from '../../src/otterize/arguments.ts';
import { expiryProblems, versionProblems } from '../../src/otterize/checks.ts';
import { failureOf } from '../../src/otterize/failures.ts';
import { labelsOf, printf } from '../../src/sandbox/otterize-go.ts';

const raw = (clientSecret: unknown, clientId: unknown = 'cli_a1'): string =>
  JSON.stringify([{ id: 'int_a1', name: 'one', credentials: { clientId, clientSecret } }]);

const credentialsIn = (text: string) => integrationOf('x', parseOne('x', text, RawIntegration)).credentials;

describe('what the CLI prints', () => {
  const kinds: Record<string, ZodType<{ id: string }>> = {
    Organization,
    Environment,
    Invite,
    Member,
    RawIntegration,
  };
  const [id, name, email, status] = ['org_a1b2', 'payments-eu prod', 'anna@harbour.example', 'PENDING'];
  const credentials = { clientId: 'cli_a1', clientSecret: '0af9' };
  const whole = { id, name, email, status, created: 'x', credentials, defaultEnvironment: { id: 'env_a1' } };
  const printed = JSON.stringify([whole], null, 4);
  const mangled = fc
    .tuple(fc.nat(printed.length), fc.nat(printed.length), fc.string({ unit: 'binary', maxLength: 4 }))
    .map(([from, length, put]) => printed.slice(0, from) + put + printed.slice(from + length));
  const cutShort = fc.nat(printed.length - 1).map(length => printed.slice(0, length));
  /** Ids as they must never be: empty, of another form, or not even a text. */
  const wrongId = fc.oneof(
    fc.constantFrom(
      '',
      '-x',
      '--help',
      '../a',
      'org_',
      'ORG_A',
      'org_a\n',
      ' org_a',
      'org_%!s(MISSING)',
      null,
      0,
      {},
    ),
    fc.string(),
  );
  const wrongIds = fc
    .array(wrongId, { minLength: 1, maxLength: 3 })
    .map(ids => JSON.stringify(ids.map(wrong => ({ ...whole, id: wrong }))));
  const noticed = fc.string().map(notice => `${notice}\n${printed}`);
  const garbled = fc
    .string({ maxLength: 8 })
    .map(text => printf(JSON.stringify([{ ...whole, name: `${text}%${text}` }])));

  test.each(Object.entries(kinds))(
    'about each %s is taken as it is meant, or is an answer of unknown form, whatever it is',
    (_kind, kind) => {
      const outcomes = { taken: 0, refused: 0 };
      const output = fc.oneof(
        mangled,
        mangled,
        cutShort,
        wrongIds,
        noticed,
        garbled,
        fc.json(),
        fc.string({ unit: 'binary' }),
      );
      fc.assert(
        fc.property(output, text => {
          try {
            const found = parseList('list', text, kind);
            outcomes.taken += 1;
            // Never an id that is not there, word for word.
            return found.every(
              each => idPattern.test(each.id) && text.includes(JSON.stringify(each.id).slice(1, -1)),
            );
          } catch (error) {
            outcomes.refused += 1;
            return error instanceof ContractError;
          }
        }),
        { numRuns: 20_000, seed: 20_261_125 },
      );
      expect(outcomes.taken).toBeGreaterThan(100);
      expect(outcomes.refused).toBeGreaterThan(10_000);
    },
    60_000,
  );

  test('is taken or refused when it is ten megabytes', () => {
    const many = JSON.stringify(
      Array.from({ length: 100_000 }, (_, index) => ({ ...whole, id: `org_${index}` })),
    );
    expect(many.length).toBeGreaterThan(10_000_000);
    expect(parseList('list', many, Organization)).toHaveLength(100_000);
    for (const text of [
      many.slice(0, -1),
      `${many}x`,
      '['.repeat(10_000_000),
      `["${'x'.repeat(10_000_000)}"]`,
      '_'.repeat(10_000_000),
    ])
      expect(() => parseList('list', text, Organization)).toThrow(ContractError);
    const longId = JSON.stringify([{ ...whole, id: `${'org_'.repeat(1_000_000)}!` }]);
    expect(() => parseList('list', longId, Organization)).toThrow(ContractError);
  }, 60_000);

  test('that held a percent sign is refused wherever Printf left a trace of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const name = [before, after].map(text => text.replaceAll('%', '')).join('%');
        const printed = printf(JSON.stringify([{ id: 'org_a1', name }]));
        expect(() => parseList('list', printed, Organization)).toThrow(ContractError);
      }),
    );
  });

  test('keeps what is asked for, and nothing else', () => {
    const id = 'any_a1';
    const all = { id, name: 'n', email: 'e', status: 's', other: 'o' };
    const kept = (item: z.ZodType): unknown => parseList('x', JSON.stringify([all, all]), item)[1];
    expect(kept(Organization)).toEqual({ id, name: 'n' });
    expect(kept(Environment)).toEqual({ id, name: 'n' });
    expect(kept(Invite)).toEqual({ id, email: 'e', status: 's' });
    expect(kept(Member)).toEqual({ id, email: 'e' });
    const items: z.ZodType[] = [Organization, Environment, Invite, Member, RawIntegration];
    for (const item of items)
      expect(() => parseList('x', JSON.stringify([{ ...all, id: '' }]), item)).toThrow('0.id');
    expect(parseList('x', 'null', Organization)).toEqual([]);
  });

  const [component, integration] = [{ type: 'CONNECTED' }, { id: 'int_a1', name: 'one' }];
  test.each<[string, string]>([
    [' \n', 'nothing was printed'],
    ['[{"id":"org_a","name":"%!x(MISSING)"}]', 'a value holds a percent sign, which the CLI garbles'],
    ['table', 'not JSON'],
    ['{}', 'not a list'],
    [JSON.stringify([{ ...integration, defaultEnvironment: { id: 7 } }]), '0.defaultEnvironment.id'],
    [JSON.stringify([{ ...integration, credentials: {} }]), '0.credentials.clientId'],
    [JSON.stringify([{ ...integration, credentials: { clientId: 'a' } }]), '0.credentials.clientSecret'],
    ...['credentialsOperator', 'intentsOperator', 'networkMapper'].flatMap((name): [string, string][] => [
      [JSON.stringify([{ ...integration, components: { [name]: {} } }]), `0.components.${name}.status`],
      [
        JSON.stringify([{ ...integration, components: { [name]: { status: {} } } }]),
        `0.components.${name}.status.type`,
      ],
      [
        JSON.stringify([
          { ...integration, components: { [name]: { status: { ...component, lastSeen: 1 } } } },
        ]),
        `0.components.${name}.status.lastSeen`,
      ],
    ]),
  ])('%j is of unknown form, and the place is named', (text, where) => {
    expect(() => parseList('list', text, RawIntegration)).toThrow(
      new ContractError('Otterize', 'list', where).message,
    );
  });

  test('may leave out or null what an integration does not have yet', () => {
    const bare = { ...integration, environmentId: undefined, connected: false, credentials: undefined };
    const nulls = { defaultEnvironment: null, components: null, credentials: null };
    const empty = { components: { networkMapper: null } };
    for (const more of [{}, nulls, empty]) {
      const [parsed] = parseList('x', JSON.stringify([{ ...integration, ...more }]), RawIntegration);
      expect(parsed && integrationOf('x', parsed)).toEqual(bare);
    }
    const within = JSON.stringify([{ ...integration, defaultEnvironment: { id: 'env_a1' } }]);
    expect(integrationOf('x', parseOne('x', within, RawIntegration)).environmentId).toBe('env_a1');
  });

  test.each([
    ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
    ['2026-01-01T02:00:00.5+02:00', Date.UTC(2026, 0, 1) + 500],
    ['yesterday', undefined],
    [17, undefined],
    [undefined, undefined],
  ])('that an organization was made at %j is %j', (created, at) => {
    const text = JSON.stringify([{ id: 'org_a1', name: 'one', created }]);
    expect(parseOne('x', text, Organization).created).toBe(at);
  });

  test('about one thing must be one thing', () => {
    for (const text of ['[]', 'null', '[{"id":"org_a","name":""},{"id":"org_b","name":""}]']) {
      expect(() => parseOne('x', text, Organization)).toThrow('not exactly one item');
    }
  });

  test.each([
    ['NOT_INTEGRATED', undefined, false],
    ['NOT_INTEGRATED', '2026-01-01T00:00:00Z', true],
    ['CONNECTED', '2026-01-01T00:00:00Z', true],
    ['DISCONNECTED', undefined, true],
    ['CONNECTED', undefined, true],
  ])('of a component that is %s, last seen %s: connected is %s', (type, lastSeen, connected) => {
    const never = { status: { type: 'NOT_INTEGRATED' } };
    const components = { intentsOperator: never, networkMapper: { status: { type, lastSeen } } };
    const text = JSON.stringify([{ id: 'int_a1', name: 'one', components }]);
    expect(integrationOf('x', parseOne('x', text, RawIntegration)).connected).toBe(connected);
  });

  test.each(['', '********', 'xxxx', '•••', '*'])('hides a secret as %j', secret => {
    expect(credentialsIn(raw(secret))).toEqual({ clientId: 'cli_a1', clientSecret: undefined });
    expect(credentialsIn(raw('0af9', secret))).toBeUndefined();
  });

  test('shows no credentials', () => {
    expect(credentialsIn('[{"id":"int_a1","name":"one","credentials":null}]')).toBeUndefined();
  });

  test('shows a secret that is used as it is, or not at all', () => {
    expect(credentialsIn(raw('0af9_-Z'))?.clientSecret?.reveal()).toBe('0af9_-Z');
    expect(credentialsIn(raw('0af9_-Z'))?.clientId).toBe('cli_a1');
    for (const secret of ['ab cd', ' ab', 'ab****', '<hidden>', 'abc\n']) {
      expect(() => credentialsIn(raw(secret))).toThrow(/credentials\.clientSecret/);
    }
    expect(() => credentialsIn(raw('abc', 'cli a1'))).toThrow(/credentials\.clientId/);
    expect(() => credentialsIn(raw(42))).toThrow(ContractError);
  });
});

describe('what is asked of the CLI', () => {
  test('labels that pass come out of the flag as they went in', () => {
    const label = fc.tuple(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    const likely = fc.tuple(
      fc.stringMatching(/^[a-z][a-z.-]{0,5}$/),
      fc.stringMatching(/^[ ab,'"=ä-]{0,9}$/),
    );
    let passed = 0;
    fc.assert(
      fc.property(fc.oneof(label, likely), ([key, value]) => {
        let arguments_: string[];
        try {
          arguments_ = labelArguments('x', { [key]: value });
        } catch (error) {
          return error instanceof ServiceError && error.applied === 'no';
        }
        passed += 1;
        const written = arguments_.map(each => labelsOf(each.slice('--labels='.length)));
        expect(written).toEqual([[[key.trim(), value.trim()]]]);
        return true;
      }),
      { numRuns: 1000 },
    );
    expect(passed).toBeGreaterThan(10);
  });

  test.each(['a', 'aks.prod', '1abc', 'abc-', 'Zürich', 'a%b', '', 'ab\n', `a${'b'.repeat(63)}`])(
    'no name like %j',
    name => {
      expect(() => checkName('x', name)).toThrow(ServiceError);
    },
  );

  test.each(['ab', 'payments-eu prod', 'A_1', `a${'b'.repeat(62)}`])('a name like %j', name => {
    expect(checkName('x', name)).toBe(name);
  });

  test.each(['', 'a@b', 'a b@example.com', 'a%b@example.com', 'a@b@example.com', 'a@example.com\n'])(
    'no address like %j',
    address => {
      expect(() => checkAddress('x', address)).toThrow(ServiceError);
    },
  );
});

describe('what goes wrong', () => {
  test('the last status counts, since the words before it are the cloud’s', () => {
    const stderr = 'Error: (HTTP error 200) try later (HTTP error 409)\n';
    const error = failureOf('x', { exitCode: 1, signal: undefined, timedOut: false, stderr });
    expect(error).toMatchObject({ status: 409, retryable: true, applied: 'no' });
  });

  test.each([
    'Error: Get "https://x/api": dial tcp 127.0.0.1:1: connect: connection refused',
    'Error: Get "https://x/api": dial tcp: lookup x: no such host',
    'Error: Post "https://x/api": EOF',
    'Error: Post "https://x/api": read tcp 1->2: read: connection reset by peer',
    'Error: Post "https://x/api": net/http: TLS handshake timeout',
  ])('%s: the network is to blame, and another try may help', stderr => {
    const error = failureOf('x', { exitCode: 1, signal: undefined, timedOut: false, stderr });
    expect(error).toMatchObject({ status: undefined, retryable: true, applied: 'unknown' });
  });
});

describe('the versions and tokens that will do', () => {
  test.each(['1.0.8', '1.0.10', '1.1.0', '2.0.0', '2.0.3', '10.0.0'])('version %s', version => {
    expect(versionProblems(version)).toEqual([]);
  });

  test.each(['0.9.9', '1.0.7', '0.10.8', undefined])('not version %s', version => {
    expect(versionProblems(version)).toHaveLength(1);
  });

  test('a token without a readable end is taken as it is', () => {
    for (const token of [
      '',
      'opaque',
      'a.b.c',
      'e30.e30.x',
      `e30.${btoa('null')}.x`,
      `e30.${btoa('{"exp":"1"}')}.x`,
    ]) {
      expect(expiryProblems(token, 1e15)).toEqual([]);
    }
  });

  test('a token that ends within ten minutes, or has ended, is named with its end', () => {
    const token = `e30.${Buffer.from('{"exp":1800000000}').toString('base64url')}.x`;
    const end = 1_800_000_000_000;
    expect(expiryProblems(token, end - 600_001)).toEqual([]);
    expect(expiryProblems(token, end - 600_000)).toEqual([
      expect.stringContaining('expires at 2027-01-15T08:00'),
    ]);
    expect(expiryProblems(token, end)).toEqual([expect.stringContaining('expired at 2027-01-15T08:00')]);
  });
});
