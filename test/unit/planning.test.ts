import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { compare } from '../../src/gitops/compare.ts';
import { createLog } from '../../src/log.ts';
import { decide } from '../../src/onboarding/approvals.ts';
import { createEngine } from '../../src/onboarding/engine.ts';
import { unknownClientId } from '../../src/onboarding/imagined.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import { answerPlan, planOnboarding } from '../../src/onboarding/planning.ts';
import { createPlans, type Finding, isPlan, type Plan } from '../../src/onboarding/plans.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import type { Request } from '../../src/onboarding/request.ts';
import { announce, openGateOf, type Run } from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { Secret } from '../../src/secret.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, request, target, thread } from '../support/builders.ts';
import { createWorld, failure, person, type World } from '../support/world.ts';

const log = createLog('silent');
const team = 'group-1';
const settleMs = 90_000;

let folder: string;
let store: Store;
let clock: number;
let world: World;
let records: Records;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holt-planning-'));
  clock = 1_700_000_000_000;
  store = { ...openEmbeddedStore(join(folder, 'holt.sqlite')), now: async () => clock };
  open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** A fresh world. */
function open(): void {
  world = createWorld();
  world.state.people = [person('Anna Meyer'), person('Ben Okafor')];
  world.state.groups.set(team, [person('Carla Ruiz'), person('Gus Guest', { guest: true })]);
  records = createRecords(store, { tick: async () => undefined, render: async () => undefined });
}

const asked = (literal = false): Request =>
  request({
    invite: { people: ['anna.meyer@harbour.example'], groups: [team] },
    gitops: { ...target().gitops, credentials: literal ? 'literal' : 'secretRef' },
  });

const options = (callMs = 60_000) => ({
  planOf,
  records,
  claims: store.claims,
  read: world.read,
  compare,
  settleMs,
  callMs,
  log,
});

/** A plan; throws when anything at all was changed by it. */
async function planned(wanted = asked(), callMs?: number): Promise<Omit<Plan, 'schema'>> {
  const before = { world: stateOf(), claims: await allClaims(), runs: await records.recent(100) };
  world.calls.length = 0;
  const plan = await planOnboarding(wanted, options(callMs));
  expect(world.mutating()).toEqual([]);
  expect({ world: stateOf(), claims: await allClaims(), runs: await records.recent(100) }).toEqual(before);
  return plan;
}

/** All that is there; a list that nobody put anything into is none. */
function stateOf(): object {
  const { secrets, environments, invites, members, integrations, ...rest } = world.state;
  const lists = [environments, invites, members, integrations].map(map =>
    JSON.stringify([...map].filter(([, list]) => list.length > 0)),
  );
  return structuredClone({ ...rest, lists, secrets: JSON.stringify([...secrets]) });
}
const allClaims = (): Promise<object[]> =>
  Promise.all(
    ['organizations', 'organizations-named', 'organization-intents'].map(pool => store.claims.holders(pool)),
  );

const engine = () =>
  createEngine({
    planOf,
    records,
    claims: store.claims,
    read: world.read,
    write: world.write,
    log,
    settleMs,
    patienceMs: 180_000,
    maxAttempts: 1,
    backoff: () => 1_000,
  });

/** Onboards as far as it goes; whatever is asked is approved. Answers what changed outside. */
async function onboarded(wanted = asked()): Promise<{ run: Run; changes: string[] }> {
  world.calls.length = 0;
  const { run } = await records.start(wanted);
  await records.change(run.id, announce(thread));
  await engine().advance(run.id);
  const gate = openGateOf((await records.get(run.id)) ?? run);
  if (gate !== undefined) {
    const decision = { digest: gate.digest, by: approver, verdict: 'approve', right: 'granted' } as const;
    await records.change(run.id, decide(decision));
    await engine().advance(run.id);
  }
  return { run: (await records.get(run.id)) ?? run, changes: world.mutating() };
}

/** The calls that a plan announces, by the names that the world gives them. */
function announced({ findings, people }: Omit<Plan, 'schema'>): string[] {
  const calls: Record<string, (name: string) => string> = {
    organization: () => 'create organization',
    'organization-name': () => 'rename organization',
    environment: () => 'create environment',
    integration: () => 'create integration',
    'dead-integration': () => 'delete integration',
    secret: name => `write ${name}`,
    'deleted-secret': () => 'recover secret',
    commit: () => 'commit',
    'pull-request': () => 'open pull request',
    'pull-request-text': () => 'update pull request',
  };
  return [
    ...findings.flatMap(({ thing, kind }) =>
      thing !== undefined && kind === 'missing' ? [calls[thing.kind]?.(thing.name) ?? thing.kind] : [],
    ),
    ...(people?.people ?? []).map(({ address }) => `invite ${address}`),
  ];
}

const briefly = (findings: readonly Finding[], ...kinds: Finding['kind'][]): string[] =>
  findings
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ fact, thing, text }) =>
      [thing === undefined ? fact : `${thing.kind} ${thing.name}`, text].filter(Boolean).join(': '),
    );

const vaultKey = (name: string): string => `kv-payments-eu-prod/${name}`;
const foreign = { version: 'v', value: new Secret('theirs'), tags: { cluster: 'other' } };
const refusing = () =>
  failure({ service: 'Otterize', reason: 'it refused', retryable: false, applied: 'no', status: 403 });

const allThings = [
  'organization payments-eu-prod',
  'organization-name payments-eu-prod',
  'environment prod',
  'integration payments-eu-prod',
  'secret otterize-cloud-client-secret',
  'secret otterize-cloud-client-id',
  'commit holt/payments-eu-prod',
  'pull-request Onboard payments-eu (prod) to Otterize',
];

describe('a plan', () => {
  it('of a fresh world says that all would be made, who would be asked about, and what would be committed', async () => {
    const { findings, people, files, running, pullRequest } = await planned(asked(true));
    expect(briefly(findings, 'missing')).toEqual(allThings);
    expect(briefly(findings, 'there', 'conflict', 'unread', 'unsure')).toEqual([]);
    expect(people?.people.map(({ address }) => address)).toEqual([
      'anna.meyer@harbour.example',
      'carla.ruiz@harbour.example',
    ]);
    expect(people?.leftOut).toEqual([
      { name: 'Gus Guest', address: 'gus.guest@harbour.example', reason: 'guest' },
    ]);
    expect(files).toEqual([
      {
        path: 'cluster/payments-eu/prod/security/otterize/values.yaml',
        isNew: true,
        lines: ['+cluster: payments-eu', `+clientId: ${unknownClientId}`],
        more: 0,
      },
    ]);
    expect(running).toBe(false);
    expect(pullRequest).toMatchObject({ url: '', state: 'open' });
  });

  it('of a finished world finds it all, and nobody to ask about', async () => {
    await onboarded();
    const { findings, people, files, pullRequest } = await planned();
    expect(briefly(findings, 'there')).toEqual(
      allThings.filter(thing => !thing.startsWith('organization-name')),
    );
    expect(findings.every(({ kind }) => kind === 'there')).toBe(true);
    expect(people?.people).toEqual([]);
    expect(people?.leftOut.map(({ reason }) => reason)).toEqual(['invited', 'invited', 'guest']);
    expect(files).toEqual([]);
    expect(pullRequest).toMatchObject({ number: 1, url: 'https://git.example/1', state: 'open' });
  });

  it('of a world whose pull request is merged has no pull request', async () => {
    await onboarded();
    Object.assign(world.state.files, world.state.branches.get('holt/payments-eu-prod')?.files);
    Object.assign(world.state.pulls[0] ?? {}, { state: 'merged' });
    const { findings, pullRequest } = await planned();
    expect(findings.filter(({ fact }) => fact === 'pullRequest')).toEqual([]);
    expect(pullRequest).toMatchObject({ state: 'merged', number: 1 });
  });

  it('says of what was begun and got no answer that it may still come, for as long as it may', async () => {
    world.faults.set('create environment', { error: failure(), after: false });
    const { run } = await records.start(asked());
    await records.change(run.id, announce(thread));
    await engine().advance(run.id);
    const { findings } = await planned();
    expect(briefly(findings, 'unsure')[0]).toMatch(/^environment prod: An earlier request got no answer/);
    clock += settleMs;
    expect(briefly((await planned()).findings, 'unsure')).toEqual([]);
  });

  it('changes no line of others, and shows none of their values', async () => {
    const path = target().gitops.valuesPath;
    world.state.files[path] = 'password: hunter2\nclientId: old\nlist:\n  - secret\n';
    const { files } = await planned(asked(true));
    expect(files).toMatchObject([{ path, isNew: false }]);
    expect(files[0]?.lines).toContain(`+clientId: ${unknownClientId}`);
    expect(files[0]?.lines).toContain('-password: …');
    expect(JSON.stringify(files)).not.toMatch(/hunter2|secret|old/);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'a secret of somebody else’s',
      () => world.state.secrets.set(vaultKey('otterize-cloud-client-secret'), foreign),
      /^secret otterize-cloud-client-secret: kv-payments-eu-prod has a secret .* belongs to other/,
    ],
    [
      'two organizations of the name',
      () =>
        world.state.organizations.push(
          { id: 'a', name: 'payments-eu-prod' },
          { id: 'b', name: 'payments-eu-prod' },
        ),
      /^organization payments-eu-prod: Otterize has 2 organizations/,
    ],
    [
      'a group without members',
      () => world.state.groups.set(team, []),
      /^invitees: The Entra group group-1 has no members/,
    ],
    [
      'commits of somebody else’s',
      () => world.state.branches.set('holt/payments-eu-prod', { commit: 'x', ours: false, files: {} }),
      /^pullRequest: The branch has commits that are not Holt’s/,
    ],
    [
      'a closed pull request',
      () =>
        world.state.pulls.push({
          number: 4,
          url: 'https://git.example/4',
          state: 'closed',
          title: 't',
          body: 'b',
          branch: 'holt/payments-eu-prod',
        }),
      /^pullRequest: Somebody closed the pull request #4/,
    ],
    [
      'what the preparation finds',
      () => world.state.problems.push('The token is about to expire.'),
      /^preflight: The token is about to expire\.$/,
    ],
  ])('names %s as in the way, and goes on with the rest', async (_what, arrange, conflict) => {
    arrange();
    const { findings } = await planned();
    expect(briefly(findings, 'conflict')).toEqual([expect.stringMatching(conflict)]);
    expect(new Set(findings.map(({ fact }) => fact)).size).toBeGreaterThanOrEqual(3);
    const { run, changes } = await onboarded();
    expect(run.status).toBe('failed');
    expect(new Set(announced(await planned())).size).toBeLessThanOrEqual(12 - changes.length);
  });

  it.each<[string, string, string[]]>([
    ['list organizations', 'organization payments-eu-prod', ['invitees', 'credentials', 'pullRequest']],
    ['expand group', 'invitees', ['organization', 'environment', 'credentials', 'pullRequest']],
    ['read secret', 'credentials', ['organization', 'environment', 'invitees', 'pullRequest']],
    ['find pulls', 'pullRequest', ['organization', 'environment', 'invitees', 'credentials']],
  ])('that cannot %s says so, and tells of the others', async (call, what, others) => {
    for (const error of [refusing(), failure()]) {
      open();
      world.faults.get = name => (name === call ? { error } : undefined);
      const { findings, people } = await planned();
      const unread = briefly(findings, 'unread');
      expect(unread[0]).toMatch(new RegExp(`^${what}: Otterize could not do it`));
      expect(unread).toHaveLength(1);
      const told = new Set([...findings.map(({ fact }) => fact), ...(people ? ['invitees'] : [])]);
      expect(others.filter(fact => !told.has(fact as 'invitees'))).toEqual([]);
      expect(briefly(findings, 'conflict')).toEqual([]);
    }
  });

  it('gives up a call that does not end, and tells of the others', async () => {
    world.read.otterize.listOrganizations = () => new Promise(() => undefined);
    const { findings, files, people } = await planned(asked(), 50);
    expect(briefly(findings, 'unread')).toEqual([
      'organization payments-eu-prod: Otterize could not be read: it did not answer in time.',
    ]);
    // Nothing is claimed of what depends on it.
    expect(briefly(findings, 'missing', 'there')).toEqual([]);
    expect(people?.people).toHaveLength(2);
    expect(files).toHaveLength(1);
  });

  it('of a secret that is deleted does not guess what it holds', async () => {
    world.state.secrets.set(vaultKey('otterize-cloud-client-secret'), 'deleted');
    const { findings } = await planned();
    expect(briefly(findings, 'missing')).toContain('deleted-secret otterize-cloud-client-secret');
    expect(briefly(findings, 'unsure')[0]).toMatch(
      /^secret otterize-cloud-client-secret: what it holds can be read once it is recovered/,
    );
  });

  it('holds no secret', async () => {
    await onboarded();
    world.state.secrets.clear();
    const text = JSON.stringify(await planned(asked(true)));
    expect(text).not.toMatch(/secret-\d|\[secret\]/);
  });

  it('announces exactly what an onboarding then does, wherever one before it was cut off', async () => {
    const steps = [
      'create organization',
      'rename organization',
      'create environment',
      'create integration',
      'write otterize-cloud-client-secret',
      'write otterize-cloud-client-id',
      'commit',
      'open pull request',
      'invite carla.ruiz@harbour.example',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          cut: fc.constantFrom(undefined, ...steps),
          after: fc.boolean(),
          answered: fc.boolean(),
          before: fc.boolean(),
          merged: fc.boolean(),
          lost: fc.subarray(['client-secret', 'client-id', 'branch', 'invites']),
          stale: fc.boolean(),
          joined: fc.boolean(),
          literal: fc.boolean(),
          shown: fc.boolean(),
        }),
        async ({ cut, after, answered, before, merged, lost, stale, joined, literal, shown }) => {
          await store.close();
          rmSync(folder, { recursive: true });
          folder = mkdtempSync(join(tmpdir(), 'holt-planning-'));
          store = { ...openEmbeddedStore(join(folder, 'holt.sqlite')), now: async () => clock };
          open();
          if (cut !== undefined) {
            const error = answered && !after ? refusing() : failure({ retryable: false });
            world.faults.set(cut, { error, after });
          }
          if (before) await onboarded(asked(literal));
          world.faults.clear();
          clock += settleMs;
          if (merged)
            Object.assign(world.state.files, world.state.branches.get('holt/payments-eu-prod')?.files);
          if (lost.includes('client-secret'))
            world.state.secrets.delete(vaultKey('otterize-cloud-client-secret'));
          if (lost.includes('client-id')) world.state.secrets.delete(vaultKey('otterize-cloud-client-id'));
          if (lost.includes('branch')) {
            world.state.branches.clear();
            world.state.pulls.length = 0;
          }
          if (lost.includes('invites')) world.state.invites.clear();
          if (stale) for (const pull of world.state.pulls) pull.body = 'something else';
          if (joined) world.state.groups.get(team)?.push(person('Dan Joined'));
          world.state.secretsShown = shown;

          const plan = await planned(asked(literal));
          const { run, changes } = await onboarded(asked(literal));
          const conflicts = briefly(plan.findings, 'conflict');
          expect(briefly(plan.findings, 'unread', 'unsure')).toEqual([]);
          expect(conflicts.length > 0).toBe(run.status === 'failed');
          const promised = announced(plan).toSorted();
          // What is in the way is found before or after some of the changes, which were announced all the same.
          const expected =
            conflicts.length === 0 ? promised : changes.filter(each => promised.includes(each));
          expect(changes.toSorted()).toEqual(expected.toSorted());
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('a plan that somebody asked for', () => {
  const ticks: string[] = [];
  const plans = () => createPlans(store, { tick: async id => void ticks.push(id) });
  beforeEach(() => void (ticks.length = 0));

  it('is answered once a worker has read, and no run', async () => {
    const id = await plans().ask(asked());
    expect(ticks).toEqual([id]);
    expect([isPlan(id), isPlan('run-1')]).toEqual([true, false]);
    expect(await plans().answered(id)).toBeUndefined();
    await answerPlan(id, plans(), options(), new AbortController().signal);
    expect(await plans().answered(id)).toEqual({ schema: 1, ...(await planned()) });
    expect([
      await records.recent(10),
      await store.due(Number.MAX_SAFE_INTEGER),
      await store.behind(),
    ]).toEqual([[], [], []]);
    expect(await records.latest(asked().target.names.organization)).toBeUndefined();
  });

  it('neither holds its names nor is held by a run', async () => {
    const id = await plans().ask(asked());
    expect((await records.start(asked())).started).toBe(true);
    const other = await plans().ask(asked());
    for (const each of [id, other]) await answerPlan(each, plans(), options(), new AbortController().signal);
    expect(await plans().answered(other)).toMatchObject({ running: true });
  });

  it('is not read when it is forgotten, or asked for by another version', async () => {
    await answerPlan('plan-forgotten', plans(), options(), new AbortController().signal);
    await store.notes.write('plan-newer', JSON.stringify({ schema: 2, request: asked() }));
    await answerPlan('plan-newer', plans(), options(), new AbortController().signal);
    expect(world.calls).toEqual([]);
    await store.notes.write('plan-other-answer', JSON.stringify({ schema: 2 }));
    await expect(plans().answered('plan-other')).rejects.toThrow(/another version made the plan/);
  });

  it.each<[string, (closing: AbortController) => void, string]>([
    [
      'the worker ends',
      closing => closing.abort(),
      'Holt is being restarted. Type the command again in a moment.',
    ],
    [
      'the records cannot be read',
      () => {
        records.latest = () => Promise.reject(new UserError('newer', 'A newer Holt wrote it.'));
      },
      'A newer Holt wrote it.',
    ],
  ])('is answered when %s', async (_why, happen, text) => {
    const closing = new AbortController();
    world.read.otterize.listOrganizations = () => new Promise(() => undefined);
    const id = await plans().ask(asked());
    const answer = answerPlan(id, plans(), options(), closing.signal);
    happen(closing);
    await answer;
    expect(await plans().answered(id)).toMatchObject({
      findings: [{ fact: 'preflight', kind: 'conflict', text }],
    });
  });
});
