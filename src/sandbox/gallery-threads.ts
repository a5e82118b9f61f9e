import type { Rollout } from '../onboarding/request.ts';
import type { Line, Roll } from '../onboarding/roll.ts';
import type { Run } from '../onboarding/run.ts';
import { messages } from '../slack/messages.ts';
import {
  address,
  approver,
  at,
  clusterFacts,
  ended,
  factsOf,
  gateOf,
  request,
  requester,
  runOf,
  situations,
  stepped,
} from './examples.ts';

// Every message that a run or a rollout can show, in every state.

/** Something that a person may see in Slack. */
export interface Scene {
  /** When it is seen. */
  when: string;
  /** Its name: of a message within its run, of an answer, of a view. */
  what: string;
  text: string;
  blocks?: readonly unknown[];
  /** For workspaces that refuse the newer blocks, where that is something else. */
  plainBlocks?: readonly unknown[];
}

const vote = { by: approver, verdict: 'approve' as const, at };
const asked = situations['waits for an approval'] as Run;
const leftOut = [
  { name: 'Dina Sato', address: 'dina.sato@harbour.example', reason: 'disabled' as const },
  { name: 'Emil Novak', address: 'emil.novak@partner.example', reason: 'wrong-domain' as const },
];

/** What the plain situations leave out. */
const further: Readonly<Record<string, Run>> = {
  'waits for a second approval': runOf({
    ...asked,
    request: request({ approval: { ...asked.request.target.approval, required: 2 } }),
    facts: { ...asked.facts, invitees: { people: factsOf().invitees.people, leftOut } },
    gates: [gateOf({ votes: [{ ...vote, without: [address(1)] }], remindedAt: at })],
  }),
  'asks anew, for the list has changed': runOf({
    ...asked,
    gates: [gateOf({ state: 'void', votes: [vote], closedAt: at }), gateOf({ digest: 'e' }, 3)],
  }),
  'was tried again': runOf({
    ...asked,
    retries: [
      { by: requester, at, failed: [{ fact: 'credentials', text: 'Key Vault refused. Ask its owner.' }] },
    ],
  }),
  'was approved, without somebody': runOf({
    ...asked,
    gates: [gateOf({ state: 'approved', votes: [{ ...vote, without: [address(1)] }] })],
  }),
  'is done, but for one address': ended('done', {
    gates: [gateOf({ state: 'approved', votes: [vote] })],
    facts: {
      ...clusterFacts(),
      invites: {
        sent: factsOf().invites.sent.slice(1),
        failed: [{ address: address(0), reason: 'Otterize does not take this address.' }],
        dropped: ['carla.ruiz@harbour.example'],
      },
    },
  }),
};

const clusters = ['payments-eu', 'payments-us', 'payments-ap', 'search-eu', 'search-us', 'ledger'];
const members: Rollout['members'] = clusters.map((cluster, index) => ({
  cluster,
  run: `run-${index + 2}`,
  wave: index === 0 ? 1 : 2,
}));
const rollout: Rollout = {
  members,
  leftOut: [{ cluster: 'search-ap', why: 'you may not onboard it' }],
  policy: { canary: 1, wave: 20, stopAfter: 1, pullRequests: 'per-rollout' },
};
const { lists, of } = {
  lists: [{ people: factsOf(3).invitees.people, leftOut }],
  of: Object.fromEntries(clusters.map(cluster => [cluster, 0])),
};

const rolloutOf = (overrides: Partial<Run> = {}): Run =>
  runOf({ request: { ...request({ cluster: 'payments-*,search-*,ledger' }), rollout }, ...overrides });

const line = (state: Line['state'], more: Partial<Line> = {}): Line => ({
  run: 'run-2',
  state,
  looked: state !== 'looking',
  settled: ['done', 'asking', 'failed'].includes(state),
  connected: ['done', 'asking'].includes(state),
  ended: ['done', 'failed', 'cancelled'].includes(state),
  ...more,
});

const rollOf = (...lines: readonly Line[]): Roll =>
  Object.fromEntries(
    members.map(({ cluster, run }, index) => [cluster, { ...(lines[index] ?? line('queued')), run }]),
  );

const pull = {
  state: 'open' as const,
  number: 7,
  url: 'https://git.example/harbour/clusters/pull/7',
  changed: true,
  files: 14,
  clusters: 5,
  wave: 0,
};
const failed = line('failed', {
  text: 'Key Vault kv-search-us-prod refuses to be written to. Ask its owner.',
});
const looked = { preflight: { checked: ['GitHub'] }, looked: { lists, of } };

/** A rollout in every state that people see, with its clusters. */
export const rollouts: Readonly<Record<string, { run: Run; roll: Roll }>> = {
  'is looking at its clusters': { run: rolloutOf(), roll: rollOf(line('looking'), line('looking')) },
  'has its canary at work and asks': {
    run: rolloutOf({ facts: looked, status: 'waiting', gates: [gateOf({}, 3)], steps: { waves: stepped } }),
    roll: rollOf(line('running', { doing: 'credentials' })),
  },
  'is in its second wave': {
    run: rolloutOf({
      facts: looked,
      gates: [gateOf({ state: 'approved', votes: [vote] }, 3)],
      steps: { waves: stepped },
      updatedAt: at + 300_000,
    }),
    roll: rollOf(line('done'), line('running', { doing: 'organization' }), line('asking'), line('running')),
  },
  'is held after a failure': {
    run: rolloutOf({
      facts: looked,
      status: 'failed',
      due: null,
      steps: {
        waves: {
          ...stepped,
          error: {
            code: 'wave-held',
            about: '1',
            text: '1 of the first 1 clusters failed: payments-eu. The other 5 have not been begun. Retry tries the failed ones again; Continue goes on without them; Stop ends with what is ready.',
          },
        },
      },
    }),
    roll: rollOf(failed),
  },
  'is done': {
    run: rolloutOf({
      facts: {
        ...looked,
        approval: factsOf(3).approval,
        waves: { pulls: [{ ...pull, clusters: 6 }] },
        members: { done: 6, failed: [] },
      },
      gates: [gateOf({ state: 'approved', votes: [vote] }, 3)],
      status: 'done',
      due: null,
    }),
    roll: rollOf(...clusters.map(() => line('done'))),
  },
  'is over, with a cluster that failed': {
    run: rolloutOf({
      facts: { ...looked, approval: factsOf(3).approval, waves: { pulls: [pull] } },
      gates: [gateOf({ state: 'approved', votes: [vote] }, 3)],
      status: 'failed',
      due: null,
      steps: {
        members: {
          ...stepped,
          error: {
            code: 'members-failed',
            about: '1',
            text: '1 of 6 clusters failed: search-us. Everything else is there. Retry tries only these again.',
          },
        },
      },
    }),
    roll: rollOf(line('done'), line('done'), line('done'), line('done'), failed, line('done')),
  },
};

/** Whoever was invited first has a Slack account, the next has none. */
const accounts = { [address(0)]: approver, [address(1)]: null, [address(2)]: null };

const scenesOf = (when: string, run: Run, roll: Roll = {}): Scene[] =>
  messages(run, accounts, roll).map(({ role, text, blocks, plainBlocks }) => ({
    when,
    what: role,
    text,
    blocks,
    ...(plainBlocks === blocks ? {} : { plainBlocks }),
  }));

export const threadScenes = (): Scene[] => [
  ...Object.entries({ ...situations, ...further }).flatMap(([how, run]) =>
    scenesOf(`An onboarding that ${how}`, run),
  ),
  ...Object.entries(rollouts).flatMap(([how, { run, roll }]) => scenesOf(`A rollout that ${how}`, run, roll)),
];
