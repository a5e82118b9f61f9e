import { digestOf } from '../onboarding/approvals.ts';
import type { Facts } from '../onboarding/facts.ts';
import type { Request, Target } from '../onboarding/request.ts';
import { type Gate, newRun, Run } from '../onboarding/run.ts';

// Runs as they look on the way, for those who want to see them without having them happen.

export const requester = 'U0REQUESTER';
export const approver = 'U0APPROVER';
export const secondApprover = 'U0SECOND';

/** Where the root message of a run stands. */
export const thread = {
  channel: 'C0PLATFORM',
  ts: '1.1',
  permalink: 'https://slack.example/1',
  place: 'channel' as const,
};

/** A target as configuration would render it. */
export function target(overrides: Partial<Target> = {}): Target {
  const cluster = overrides.cluster ?? 'payments-eu';
  const stage = overrides.stage ?? 'prod';
  return {
    cluster,
    stage,
    names: {
      organization: `${cluster}-${stage}`,
      environment: stage,
      integration: `${cluster}-${stage}`,
      vault: `kv-${cluster}-${stage}`,
      clientIdSecret: 'otterize-cloud-client-id',
      clientSecretSecret: 'otterize-cloud-client-secret',
    },
    labels: { cluster, env: stage },
    invite: { people: [], groups: [] },
    mailDomains: ['harbour.example'],
    requesters: { users: [requester], groups: [] },
    approval: {
      required: 1,
      approvers: { users: [approver, secondApprover], groups: [] },
      selfApproval: false,
      expiresMs: 86_400_000,
    },
    gitops: {
      repository: 'harbour/clusters',
      base: 'main',
      branch: `holt/${cluster}-${stage}`,
      layout: 'umbrella-chart',
      credentials: 'secretRef',
      chartPath: 'security/otterize',
      valuesPath: `cluster/${cluster}/${stage}/security/otterize/values.yaml`,
      externalSecretPath: `cluster/${cluster}/${stage}/security/otterize/external-secret.yaml`,
      chartVersion: '5.0.87',
      namespace: 'otterize-system',
      operatorMode: 'defaultShadow',
      externalSecret: {
        apiVersion: 'external-secrets.io/v1',
        storeKind: 'ClusterSecretStore',
        storeName: 'azure-kv-secret-store',
        refreshInterval: '1h',
        secretName: 'otterize-cloud-credentials-secret-key',
      },
    },
    ...overrides,
  };
}

export const request = (overrides: Partial<Target> = {}, rest: Partial<Request> = {}): Request => ({
  target: target(overrides),
  named: [],
  by: { user: requester, team: 'T0HARBOUR' },
  channel: 'C0PLATFORM',
  ...rest,
});

export const at = 1_700_000_000_000;

const people = ['Anna Meyer', 'Ben Okafor', 'Carla Ruiz', 'Dina Sato', 'Emil Novak'];

/** A different name for each number. */
const personName = (index: number): string => people[index] ?? `Person ${index}`;

export const address = (index: number): string =>
  `${personName(index).toLowerCase().replace(' ', '.')}@harbour.example`;

/** All facts of an onboarding that made everything and invited so many. */
export function factsOf(count = 2): Facts {
  const addresses = Array.from({ length: count }, (_, index) => address(index));
  return {
    preflight: { checked: ['Otterize', 'GitHub'] },
    organization: { id: 'org_1', name: 'payments-eu-prod', made: true },
    environment: { id: 'env_1', name: 'prod', made: true },
    invitees: {
      people: addresses.map((each, index) => ({ address: each, name: personName(index), id: `${index}` })),
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
  runOf({ status, due: null, facts: clusterFacts(), ...overrides });

/** Without those that only rollouts have. */
export function clusterFacts() {
  const { turn: _, looked: __, waves: ___, members: ____, ...facts } = factsOf();
  return facts;
}

const { preflight, organization, environment, invitees } = factsOf();
export const stepped = { startedAt: at, attempts: 1 };
const asked: Partial<Run> = {
  facts: { preflight, organization, environment, invitees },
  steps: { approval: stepped, credentials: stepped },
  gates: [gateOf()],
};
const approved = gateOf({ state: 'approved', votes: [{ by: approver, verdict: 'approve', at }] });
const declined = gateOf({
  state: 'declined',
  votes: [{ by: approver, verdict: 'decline', at, reason: 'Only one of them is on the team' }],
});

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
  'is being cancelled': runOf({ ...asked, cancel: { by: requester, at } }),
  'was cancelled': ended('cancelled', { facts: { preflight, organization }, cancel: { by: requester, at } }),
  'was declined': ended('done', {
    gates: [declined],
    facts: {
      ...clusterFacts(),
      approval: { verdict: 'declined', digest: 'd', addresses: [], by: [approver] },
      invites: { sent: [], failed: [], dropped: [] },
    },
  }),
  'was not answered': ended('done', {
    gates: [gateOf({ state: 'expired', closedAt: at })],
    facts: {
      ...clusterFacts(),
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
