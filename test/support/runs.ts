import * as fc from 'fast-check';
import { digestOf } from '../../src/onboarding/approvals.ts';
import { type FactName, type Facts, factNames, LeftOutReason } from '../../src/onboarding/facts.ts';
import { type Gate, newRun, Run } from '../../src/onboarding/run.ts';
import { approver, request, requester } from './builders.ts';

export const at = 1_700_000_000_000;

export const address = (index: number): string => `person-${index}@harbour.example`;

/** All facts of an onboarding that made everything and invited so many. */
export function factsOf(count = 2): Facts {
  const addresses = Array.from({ length: count }, (_, index) => address(index));
  return {
    preflight: { checked: ['Otterize', 'GitHub'] },
    organization: { id: 'org_1', name: 'payments-eu-prod', made: true },
    environment: { id: 'env_1', name: 'prod', made: true },
    invitees: {
      people: addresses.map((each, index) => ({ address: each, name: `Person ${index}`, id: `${index}` })),
      leftOut: [],
    },
    approval: { verdict: 'approved', digest: 'd', addresses, by: [approver] },
    invites: {
      sent: addresses.map(each => ({ address: each, id: each, status: 'PENDING' })),
      failed: [],
      dropped: [],
    },
    credentials: { integration: 'int_1', clientId: 'cli_1', vault: 'kv', secrets: [], written: true },
    pullRequest: {
      state: 'open',
      number: 7,
      url: 'https://git.example/harbour/clusters/pull/7',
      changed: true,
      files: ['a.yaml'],
    },
    turn: {},
    looked: { lists: [], of: {} },
    waves: { pulls: [] },
    members: { done: 1, failed: [] },
  };
}

export function gateOf(overrides: Partial<Gate> = {}, count = 2): Gate {
  const addresses = Array.from({ length: count }, (_, index) => address(index));
  const digest = digestOf({ organization: 'org_1', environment: 'env_1', addresses });
  return {
    digest,
    addresses,
    openedAt: at,
    deadline: at + 86_400_000,
    votes: [],
    state: 'open',
    ...overrides,
  };
}

/** A run as it would be stored; throws when no run could look so. */
export const runOf = (overrides: Partial<Run> = {}): Run =>
  Run.parse({ ...newRun('run-1', request(), at), due: at, ...overrides });

export const ended = (status: Run['status'], overrides: Partial<Run> = {}): Run =>
  runOf({ status, due: null, facts: factsOf(), ...overrides });

const { preflight, organization, environment, invitees } = factsOf();
const asked: Partial<Run> = { facts: { preflight, organization, environment, invitees }, gates: [gateOf()] };
const approved = gateOf({ state: 'approved', votes: [{ by: approver, verdict: 'approve', at }] });
const declined = gateOf({
  state: 'declined',
  votes: [{ by: approver, verdict: 'decline', at, reason: 'Not these people.' }],
});
const stepped = { startedAt: at, attempts: 1 };

/** A run in every situation that people see. */
export const situations: Readonly<Record<string, Run>> = {
  'has just begun': runOf(),
  'is at work': runOf({ facts: { preflight }, steps: { organization: stepped } }),
  'waits for an approval': runOf({ ...asked, status: 'waiting' }),
  'waits to try again': runOf({
    facts: { preflight },
    steps: { organization: { ...stepped, retryAt: at + 1000, error: { code: 'x', text: 'It is away.' } } },
  }),
  'has failed': ended('failed', {
    facts: { preflight },
    steps: { organization: { ...stepped, error: { code: 'x', text: 'It refused. Ask its owner.' } } },
  }),
  'has failed in one place and goes on in another': runOf({
    ...asked,
    steps: { credentials: { ...stepped, error: { code: 'x', text: 'It refused.' } } },
  }),
  'was approved by one of two, without somebody': runOf({
    ...asked,
    status: 'waiting',
    request: request({ approval: { ...request().target.approval, required: 2 } }),
    gates: [gateOf({ votes: [{ by: approver, verdict: 'approve', at, without: [address(1)] }] })],
  }),
  'is being cancelled': runOf({ ...asked, cancel: { by: requester, at } }),
  'was cancelled': ended('cancelled', { facts: { preflight, organization }, cancel: { by: requester, at } }),
  'was declined': ended('done', {
    gates: [declined],
    facts: {
      ...factsOf(),
      approval: { verdict: 'declined', digest: 'd', addresses: [], by: [approver] },
      invites: { sent: [], failed: [], dropped: [] },
    },
  }),
  'was not answered': ended('done', {
    gates: [gateOf({ state: 'expired', closedAt: at })],
    facts: {
      ...factsOf(),
      approval: { verdict: 'expired', digest: 'd', addresses: [], by: [] },
      invites: { sent: [], failed: [], dropped: [] },
    },
  }),
  'is done': ended('done', { gates: [approved] }),
  'found everything in place': ended('done', {
    facts: {
      preflight,
      organization: { ...factsOf().organization, made: false },
      environment: { ...factsOf().environment, made: false },
      invitees: { people: [], leftOut: [] },
      approval: { verdict: 'not-needed', digest: 'd', addresses: [], by: [] },
      invites: { sent: [], failed: [], dropped: [] },
      credentials: { ...factsOf().credentials, written: false },
      pullRequest: { ...factsOf().pullRequest, changed: false },
    },
  }),
};

/** What people and services call things, at its worst. */
export const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    '<!channel>',
    '<!here|here>',
    '<@U0VICTIM>',
    '<!subteam^S0ALL>',
    '<https://evil.example|the pull request>',
    'mailto:<script>&lt;!channel&gt;',
    '*bold* _it_ ~no~ `code` ```\nblock```',
    '\u202Egnp.exe\u0000\u0007',
    '👩‍👩‍👧‍👦'.repeat(2000),
    '&'.repeat(5000),
    '|><'.repeat(3000),
    'line\nline\r\n> quote',
  ),
);

/** Some of what people do with a request of that state; an approver leaves somebody out, a refusal says why. */
function votesOf(state: Gate['state'], reason: string, people: number): Gate['votes'] {
  if (state === 'expired') return [];
  if (state === 'declined') return [{ by: approver, verdict: 'decline', at, reason }];
  return people < 2 ? [] : [{ by: approver, verdict: 'approve', at, without: [address(1)] }];
}

/** Any run at all, with hostile names in every place that something foreign can fill. */
export const anyRun: fc.Arbitrary<Run> = fc
  .record({
    text: fc.array(hostile, { minLength: 13, maxLength: 13 }),
    people: fc.integer({ min: 0, max: 200 }),
    left: fc.integer({ min: 0, max: 100 }),
    keep: fc.subarray<FactName>(factNames),
    failing: fc.subarray<FactName>(factNames),
    state: fc.constantFrom<Gate['state'][]>('open', 'approved', 'declined', 'expired', 'void'),
    status: fc.constantFrom<Run['status'][]>('running', 'waiting', 'failed', 'cancelled', 'done'),
    live: fc.boolean(),
    retrying: fc.boolean(),
  })
  .map(({ text, people, left, keep, failing, state, status, live, retrying }) => {
    const say = (index: number): string => text[index % text.length] ?? '';
    const all = factsOf(people);
    const facts: Facts = {
      ...all,
      organization: { ...all.organization, name: say(0) },
      environment: { ...all.environment, name: say(1) },
      invitees: {
        people: all.invitees.people.map((each, index) => ({ ...each, name: say(index) })),
        leftOut: Array.from({ length: left }, (_, index) => ({
          name: say(index),
          reason: LeftOutReason.options[index % LeftOutReason.options.length] ?? 'guest',
        })),
      },
      invites: { ...all.invites, failed: [{ address: say(2), reason: say(3) }], dropped: [say(4)] },
      credentials: { ...all.credentials, vault: say(5) },
      pullRequest: { ...all.pullRequest, url: say(6), files: [say(7)] },
    };
    const error = { code: 'x', text: say(8) };
    return runOf({
      status,
      due: live ? at : null,
      facts: Object.fromEntries(keep.map(name => [name, facts[name]])),
      steps: Object.fromEntries(
        failing.map(name => [name, { ...stepped, error, ...(retrying ? { retryAt: at } : {}) }]),
      ),
      gates: [gateOf({ state, votes: votesOf(state, say(12), people) }, people)],
      retries: [{ by: requester, at, failed: [{ fact: 'environment', text: say(9) }] }],
      request: request({ cluster: say(10), stage: say(11) }),
    });
  });
