import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HeldBack, UserError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { createLookout } from '../../src/onboarding/ahead.ts';
import { decide } from '../../src/onboarding/approvals.ts';
import { createEngine, type EngineOptions, jitteredBackoff } from '../../src/onboarding/engine.ts';
import { take } from '../../src/onboarding/leased.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import type { Claims } from '../../src/onboarding/ports.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import type { Request } from '../../src/onboarding/request.ts';
import {
  announce,
  type Changed,
  cancel,
  introduce,
  newRun,
  type Run,
  retry,
} from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { Secret } from '../../src/secret.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, request, thread } from '../support/builders.ts';
import { createWorld, failure, person, type World } from '../support/world.ts';

const silent = createLog('silent');
const anna = person('Anna Meyer');
const ben = person('Ben Okafor');

let folder: string;
let store: Store;
let clock: number;
let world: World;
let claims: Claims;
let records: Records;
let engine: ReturnType<typeof engineWith>;

/** The store's clock is the test's, so that nobody waits for a settle time or a deadline. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holt-engine-'));
  clock = 1_700_000_000_000;
  store = { ...openEmbeddedStore(join(folder, 'holt.sqlite')), now: async () => clock };
  claims = store.claims;
  world = createWorld();
  world.state.people = [anna, ben];
  records = createRecords(store, { tick: async () => undefined, render: async () => undefined });
  engine = engineWith({});
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function engineWith(overrides: Partial<EngineOptions>) {
  return createEngine({
    planOf,
    records,
    claims,
    read: world.read,
    write: world.write,
    log: silent,
    settleMs: 90_000,
    patienceMs: 180_000,
    maxAttempts: 3,
    backoff: () => 1_000,
    ...overrides,
  });
}

const inviting = (...people: string[]): Request => request({ invite: { people, groups: [] } });

async function started(asked: Request = request()): Promise<Run> {
  const { run } = await records.start(asked);
  return (await records.change(run.id, announce(thread))).run;
}

async function advanced(id: string): Promise<Run> {
  await engine.advance(id);
  const run = await records.get(id);
  if (run === undefined) throw new Error('the run is gone');
  return run;
}

const onboarded = async (asked?: Request): Promise<Run> => advanced((await started(asked)).id);

async function approve(run: Run, verdict: 'approve' | 'decline' = 'approve'): Promise<Run> {
  const digest = run.gates.at(-1)?.digest ?? '';
  const decided = await records.change(run.id, decide({ digest, by: approver, verdict, right: 'granted' }));
  expect(decided.applied).toBe(true);
  return advanced(run.id);
}

const invited = (): string[] => world.mutating().filter(call => call.startsWith('invite'));
const swapped =
  (change: Partial<Run['facts']>) =>
  (run: Run): Changed => ({ next: { ...run, facts: { ...run.facts, ...change } }, kind: 'tampered' });

/** An approval is void and another one is asked for, and after that exactly those are invited. */
async function askedAnew(asked: Run): Promise<void> {
  expect(asked.gates.map(({ state }) => state)).toEqual(['void', 'open']);
  expect(asked.gates[1]?.digest).not.toBe(asked.gates[0]?.digest);
  expect([asked.status, asked.facts.invites]).toEqual(['waiting', undefined]);
  expect((await records.history(asked.id)).filter(({ kind }) => kind === 'asked')).toHaveLength(2);
  const done = await approve(asked);
  const sent = done.facts.invites?.sent.map(({ address }) => address);
  expect(sent).toEqual(asked.gates[1]?.addresses);
}

/** The process is paused for a minute. */
const sleep = (): void => void vi.setSystemTime(Date.now() + 60_000);

const errorOf = (run: Run, fact: keyof Run['facts']) => run.steps[fact]?.error;

describe('an onboarding', () => {
  it('establishes every fact, with one of everything in the world', async () => {
    const run = await onboarded();
    expect(run.status).toBe('done');
    expect(run.facts.organization).toMatchObject({ name: 'payments-eu-prod', made: true });
    expect(world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
    expect(world.state.pulls).toHaveLength(1);
    expect(run.facts.pullRequest).toMatchObject({
      state: 'open',
      url: 'https://git.example/1',
      changed: true,
    });
    expect(run.facts.approval?.verdict).toBe('not-needed');
  });

  it('has the secret in the vault before the pull request and nowhere in the record', async () => {
    const run = await onboarded();
    const order = world.mutating();
    expect(order.indexOf('write otterize-cloud-client-secret')).toBeLessThan(
      order.indexOf('open pull request'),
    );
    const stored = world.state.secrets.get('kv-payments-eu-prod/otterize-cloud-client-secret');
    const value = typeof stored === 'object' ? stored.value.reveal() : '';
    expect(value).not.toBe('');
    expect(JSON.stringify([run, await store.history(run.id)])).not.toContain(value);
  });

  it('changes nothing the second time and says that all is there', async () => {
    await onboarded();
    world.state.files = { ...world.state.branches.get('holt/payments-eu-prod')?.files };
    Object.assign(world.state.pulls[0] ?? {}, { state: 'merged' });
    world.calls.length = 0;
    const again = await onboarded();
    expect(again.status).toBe('done');
    expect(world.mutating()).toEqual([]);
    expect(again.facts.pullRequest).toMatchObject({ state: 'merged', changed: false });
    expect(again.facts.organization?.made).toBe(false);
  });

  it('changes nothing the second time while the pull request is still open', async () => {
    await onboarded();
    world.calls.length = 0;
    const again = await onboarded();
    expect(again.facts.pullRequest).toMatchObject({ state: 'open', number: 1, changed: false });
    expect(world.mutating()).toEqual([]);
  });

  it('makes nothing while something it needs is missing, and names it', async () => {
    world.state.problems = ['Otterize is not reachable. Check OTTERIZE_API_ADDRESS.'];
    const run = await onboarded();
    expect(run.status).toBe('failed');
    expect(errorOf(run, 'preflight')?.text).toContain('Check OTTERIZE_API_ADDRESS');
    expect(world.mutating()).toEqual([]);
    world.state.problems = [];
    await records.change(run.id, retry(run.request.by.user));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('makes nothing while another repository lacks the chart, and asks for it', async () => {
    const { layout } = world.read;
    world.read.layout = { ...layout, elsewhere: () => ['chart/Chart.yaml'] };
    const { gitops } = request().target;
    const run = await onboarded(
      request({ gitops: { ...gitops, chartRepository: 'harbour/catalogue', chartBase: 'main' } }),
    );
    expect(errorOf(run, 'preflight')?.text).toMatch(/harbour\/catalogue has no chart\/Chart\.yaml on main/);
    expect(world.mutating()).toEqual([]);
    world.state.files['chart/Chart.yaml'] = 'name: otterize-kubernetes\n';
    await records.change(run.id, retry(run.request.by.user));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('makes nothing before its thread can be seen', async () => {
    const { run } = await records.start(request());
    const unseen = await advanced(run.id);
    expect([unseen.status, unseen.due]).toEqual(['waiting', clock + 30_000]);
    expect(world.mutating()).toEqual([]);
    await records.change(run.id, announce(thread));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('has an audit line before and after each change to the world', async () => {
    const run = await onboarded();
    const kinds = (await records.history(run.id)).filter(({ about }) => about === 'organization');
    expect(kinds.map(({ kind }) => kind)).toEqual(['began', 'intended', 'recorded', 'established']);
  });
});

describe('invites', () => {
  it('wait for the approval while the pull request does not', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect(run.status).toBe('waiting');
    expect(run.facts.pullRequest?.state).toBe('open');
    expect(invited()).toEqual([]);
    const done = await approve(run);
    expect(done.status).toBe('done');
    expect(done.facts.invites?.sent).toMatchObject([
      { address: 'anna.meyer@harbour.example', status: 'PENDING' },
    ]);
  });

  it('are not made after a refusal or an expiry', async () => {
    const declined = await approve(await onboarded(inviting('anna.meyer@harbour.example')), 'decline');
    expect([declined.status, declined.facts.approval?.verdict]).toEqual(['done', 'declined']);
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    clock += 86_400_000;
    const expired = await advanced(run.id);
    expect([expired.status, expired.facts.approval?.verdict]).toEqual(['done', 'expired']);
    expect(invited()).toEqual([]);
  });

  it('are asked for a second time before the request is over, once', async () => {
    const hour = 3_600_000;
    const approval = { ...request().target.approval, remindBeforeMs: hour };
    const run = await onboarded(request({ invite: { people: [anna.mail ?? ''], groups: [] }, approval }));
    const { deadline = 0 } = run.gates[0] ?? {};
    expect(run.due).toBe(deadline - hour);
    clock = deadline - hour;
    const reminded = await advanced(run.id);
    expect(reminded.gates[0]).toMatchObject({ state: 'open', remindedAt: clock });
    expect(reminded.due).toBe(deadline);
    clock += 1_000;
    await advanced(run.id);
    clock = deadline;
    const over = await advanced(run.id);
    expect(over.gates[0]?.state).toBe('expired');
    const kinds = (await records.history(run.id)).map(({ kind }) => kind);
    expect(kinds.filter(kind => kind === 'reminded')).toHaveLength(1);
  });

  it('go to those alone whom no approver left out, whatever becomes of the rest', async () => {
    const run = await onboarded(inviting(anna.mail ?? '', ben.mail ?? ''));
    const digest = run.gates.at(-1)?.digest ?? '';
    const vote = { digest, by: approver, verdict: 'approve' as const, right: 'granted' as const };
    await records.change(run.id, decide({ ...vote, without: [ben.mail ?? ''] }));
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(invited()).toEqual([`invite ${anna.mail}`]);
    expect(done.facts.approval).toMatchObject({ verdict: 'approved', without: [ben.mail] });
    expect(done.facts.invites).toMatchObject({ sent: [{ address: anna.mail }], dropped: [] });
  });

  describe('that were approved', () => {
    const group = request({ invite: { people: [], groups: ['g1'] } });
    /** Each thing that an approval covers, changed after it was given. */
    const changes: Readonly<Record<string, (run: Run) => unknown>> = {
      'the organization is another one': run =>
        records.change(run.id, swapped({ organization: { id: 'org_other', name: 'x', made: true } })),
      'the environment is another one': run =>
        records.change(run.id, swapped({ environment: { id: 'env_other', name: 'prod', made: true } })),
      'somebody joins the group': () => world.state.groups.set('g1', [anna, ben]),
      'somebody takes the place of another': () => world.state.groups.set('g1', [ben]),
      'somebody’s address becomes another': () =>
        world.state.groups.set('g1', [{ ...anna, mail: 'anna.brandt@harbour.example' }]),
      'somebody’s account was disabled and another one’s enabled': () =>
        world.state.groups.set('g1', [{ ...anna, enabled: false }, ben]),
    };
    async function askedAndApproved(): Promise<Run> {
      world.state.groups.set('g1', [anna]);
      const run = await onboarded(group);
      const digest = run.gates.at(-1)?.digest ?? '';
      const vote = decide({ digest, by: approver, verdict: 'approve', right: 'granted' });
      return (await records.change(run.id, vote)).run;
    }
    it.each(Object.entries(changes))(
      'are asked for anew when %s before a worker looks',
      async (_what, change) => {
        const run = await askedAndApproved();
        await change(run);
        const asked = await advanced(run.id);
        expect(invited()).toEqual([]);
        await askedAnew(asked);
      },
    );

    it.each(Object.entries(changes))(
      'are asked for anew when %s while they cannot be sent',
      async (_what, change) => {
        const run = await askedAndApproved();
        // The approval is a fact by now, and the worker was kept from the first invite.
        world.faults.set('list invites', { error: failure() });
        const kept = await advanced(run.id);
        expect([kept.facts.approval?.verdict, kept.facts.invites]).toEqual(['approved', undefined]);
        clock += 60_000;
        await change(run);
        const asked = await advanced(run.id);
        expect(invited()).toEqual([]);
        await askedAnew(asked);
      },
    );
  });

  it('drop who left the group since', async () => {
    world.state.groups.set('g1', [anna, ben]);
    const run = await onboarded(request({ invite: { people: [], groups: ['g1'] } }));
    world.state.groups.set('g1', [anna]);
    const done = await approve(run);
    expect(done.facts.invites?.sent.map(({ address }) => address)).toEqual(['anna.meyer@harbour.example']);
    expect(done.facts.invites?.dropped).toEqual(['ben.okafor@harbour.example']);
  });

  it('go to everybody else when one address is refused', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    world.faults.set('invite anna.meyer@harbour.example', {
      error: failure({ retryable: false, applied: 'no', status: 422, reason: 'the address is not accepted' }),
    });
    const done = await approve(run);
    expect(done.status).toBe('done');
    expect(done.facts.invites?.sent.map(({ address }) => address)).toEqual(['ben.okafor@harbour.example']);
    expect(done.facts.invites?.failed).toMatchObject([{ address: 'anna.meyer@harbour.example' }]);
  });

  it.each([
    ['what is wrong with no address', { status: 401, applied: 'no' }],
    ['an answer that leaves open whether it was made', { applied: 'unknown' }],
  ] as const)('stop at %s, and go on with Retry', async (_, overrides) => {
    const run = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    const error = failure({ ...overrides, retryable: false });
    world.faults.set('invite anna.meyer@harbour.example', { error, after: overrides.applied === 'unknown' });
    const failed = await approve(run);
    expect([failed.status, failed.facts.invites]).toEqual(['failed', undefined]);
    await records.change(run.id, retry(approver));
    await advanced(run.id);
    clock += 92_000;
    const done = await advanced(run.id);
    expect([done.status, done.facts.invites?.failed]).toEqual(['done', []]);
    expect([...world.state.invites.values()].flat()).toHaveLength(2);
  });

  it('skip who is invited or a member already, and ask nobody when nobody remains', async () => {
    const first = await approve(await onboarded(inviting('anna.meyer@harbour.example')));
    world.state.members.set(first.facts.organization?.id ?? '', ['ben.okafor@harbour.example']);
    const again = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    expect(again.facts.approval?.verdict).toBe('not-needed');
    expect(again.facts.invitees?.leftOut.map(({ reason }) => reason)).toEqual(['invited', 'member']);
  });

  it('wait for the address of a person whom the command named', async () => {
    const run = await onboarded({ ...request(), named: [{ user: 'U0ANNA' }] });
    expect([run.status, run.facts.invitees]).toEqual(['waiting', undefined]);
    await records.change(run.id, introduce({ U0ANNA: 'anna.meyer@harbour.example' }));
    const asked = await advanced(run.id);
    expect(asked.facts.invitees?.people).toMatchObject([{ name: 'Anna Meyer' }]);
  });
});

describe('an effect whose end nobody saw', () => {
  it('is looked for only once it cannot land any more, and is not made again', async () => {
    world.faults.set('create environment', { error: failure(), after: true });
    const run = await onboarded();
    expect(run.status).toBe('waiting');
    clock += 2_000;
    const waits = await advanced(run.id);
    expect(waits.facts.environment).toBeUndefined();
    expect(world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    const { error, retryAt } = waits.steps.environment ?? {};
    expect(error?.text).toMatch(/may still take effect/);
    expect(retryAt).toBe((waits.effects['environment']?.at ?? 0) + 90_000);
    clock += 90_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    expect(done.facts.environment?.made).toBe(true);
  });

  it('is made again without a wait when the service refused it', async () => {
    world.faults.set('create environment', { error: failure({ status: 429, applied: 'no' }) });
    const run = await onboarded();
    clock += 2_000;
    expect((await advanced(run.id)).status).toBe('done');
  });

  const sleepers: readonly [string, () => Partial<EngineOptions>][] = [
    [
      'since it wrote the intention',
      () => {
        const swap: Store['swap'] = async (entry, audit) => {
          const outcome = await store.swap(entry, audit);
          if (audit.includes('"intended"')) sleep();
          return outcome;
        };
        const hints = { tick: async () => undefined, render: async () => undefined };
        return { records: createRecords({ ...store, swap }, hints) };
      },
    ],
    [
      'between the intention and the call',
      () => {
        const claim: Claims['claim'] = async (...given) => {
          if (given[0] === 'organization-intents') sleep();
          return claims.claim(...given);
        };
        return { claims: { ...claims, claim } };
      },
    ],
  ];

  it.each(sleepers)(
    'is not begun by a process that slept %s, and is made once it is awake',
    async (_, sleepy) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const run = await started();
      engine = engineWith(sleepy());
      await engine.advance(run.id);
      expect(world.mutating()).toEqual([]);
      expect((await records.history(run.id)).map(({ kind }) => kind)).toContain('refused');
      engine = engineWith({});
      expect((await advanced(run.id)).status).toBe('done');
      expect(world.calls.filter(call => call === 'create organization')).toHaveLength(1);
    },
  );

  it('leaves one organization: the nameless one that appeared is taken', async () => {
    world.faults.set('create organization', { error: failure(), after: true });
    const run = await onboarded();
    clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(world.state.organizations).toHaveLength(2);
    expect(world.calls.filter(call => call === 'create organization')).toHaveLength(1);
  });

  it('asks a person when more nameless organizations appeared than runs miss one', async () => {
    world.faults.set('create organization', { error: failure(), after: true });
    const run = await onboarded();
    world.state.organizations.push({ id: 'org_stranger', name: 'Somebody’s' });
    clock += 100_000;
    const asked = await advanced(run.id);
    expect(errorOf(asked, 'organization')).toMatchObject({ code: 'organization-unexplained' });
    expect(errorOf(asked, 'organization')?.text).toContain('org_stranger');
  });

  it('does not take the organization that another run made', async () => {
    world.faults.set('create organization', { error: failure() });
    const run = await onboarded();
    const other = await onboarded(request({ cluster: 'billing-eu' }));
    expect(other.status).toBe('done');
    clock += 100_000;
    const done = await advanced(run.id);
    expect(done.facts.organization?.id).not.toBe(other.facts.organization?.id);
    expect(world.state.organizations.map(({ name }) => name)).toEqual([
      'Home',
      'billing-eu-prod',
      'payments-eu-prod',
    ]);
  });
});

const looks = (): string[] => world.calls.filter(call => /^list (environments|integrations)/.test(call));

/** The worker makes the organization and gets no further; whatever happens then, happens before the next one comes. */
async function cutOffAfterOrganization(): Promise<Run> {
  const run = await started();
  const cut = { ...world.write.otterize };
  cut.renameOrganization = (id, name) => {
    engine.drain();
    return world.write.otterize.renameOrganization(id, name);
  };
  engine = engineWith({ write: { ...world.write, otterize: cut } });
  const rested = await advanced(run.id);
  expect([rested.facts.organization?.made, rested.facts.environment]).toEqual([true, undefined]);
  engine = engineWith({});
  return rested;
}

describe('what a worker has made a moment ago', () => {
  it('has nothing in it to look for', async () => {
    await onboarded();
    expect(looks()).toEqual([]);
    expect(world.calls.filter(call => call === 'list organizations')).toHaveLength(1);
  });

  it('is looked into by the worker that comes after it', async () => {
    const run = await cutOffAfterOrganization();
    const id = run.facts.organization?.id ?? '';
    world.state.environments.set(id, [{ id: 'env_there', name: 'prod' }]);
    const done = await advanced(run.id);
    expect(done.facts.environment).toEqual({ id: 'env_there', name: 'prod', made: false });
    expect(world.calls).not.toContain('create environment');
    expect(looks()).toContain('list integrations');
  });

  it('is looked into when a request of its own may have landed in it', async () => {
    const lost = { ...world.write.otterize };
    lost.createEnvironment = async (...given) => {
      await world.write.otterize.createEnvironment(...given);
      clock += 100_000;
      throw failure();
    };
    engine = engineWith({ write: { ...world.write, otterize: lost }, backoff: () => 0 });
    expect((await onboarded()).status).toBe('done');
    expect(world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    expect(looks()).toContain('list environments');
  });
});

describe('what a step reads before its turn', () => {
  it('is read beside the steps before it, and once', async () => {
    await onboarded();
    const at = (call: string): number => world.calls.indexOf(call);
    expect(at('list organizations')).toBeLessThan(at('create organization'));
    expect(at('read files')).toBeLessThan(at('create environment'));
    expect(world.calls.filter(call => call === 'find pulls')).toHaveLength(1);
  });

  it('does not count when the steps before it took long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { vault } = world.read;
    const slow: typeof vault.check = async () => {
      world.state.organizations.push({ id: 'org_meanwhile', name: 'payments-eu-prod' });
      vi.setSystemTime(Date.now() + 10_000);
      return [];
    };
    engine = engineWith({ read: { ...world.read, vault: { ...vault, check: slow } } });
    const run = await onboarded();
    expect(run.facts.organization).toEqual({ id: 'org_meanwhile', name: 'payments-eu-prod', made: false });
    expect(world.calls).not.toContain('create organization');
  });

  it('is not read while the end of an earlier request is open', async () => {
    const run = await started();
    const open = { ...run, effects: { 'pull request': { at: clock, epoch: 1 } } };
    createLookout(world.read).look(open, planOf(open));
    expect(world.calls).toEqual([]);
    createLookout(world.read).look(run, planOf(run));
    expect(world.calls).toEqual(['list organizations']);
  });

  it('is read again by the step when it could not be read', async () => {
    world.faults.set('find pulls', { error: failure({ service: 'GitHub' }) });
    expect((await onboarded()).status).toBe('done');
    expect(world.calls.filter(call => call === 'find pulls')).toHaveLength(2);
  });
});

describe('a run that comes after one that failed', () => {
  const forGood = failure({ retryable: false });

  it('takes the organization that had not got its name yet', async () => {
    world.faults.set('rename organization', { error: forGood });
    const failed = await onboarded();
    expect(failed.status).toBe('failed');
    const next = await started();
    clock += 100_000;
    expect((await advanced(next.id)).status).toBe('done');
    await records.change(failed.id, retry(approver));
    expect((await advanced(failed.id)).status).toBe('done');
    expect(world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it.each(['create organization', 'create environment', 'create integration', 'open pull request'])(
    'does not repeat what may still land: %s',
    async call => {
      world.faults.set(call, { error: forGood, after: true });
      const failed = await onboarded();
      expect(failed.status).toBe('failed');
      const next = await started();
      expect((await advanced(next.id)).status).toBe('waiting');
      clock += 100_000;
      expect((await advanced(next.id)).status).toBe('done');
      expect(world.calls.filter(each => each === call)).toHaveLength(1);
    },
  );
});

describe('the organization', () => {
  it('does not get a name that another has got meanwhile', async () => {
    world.faults.set('rename organization', { error: failure() });
    const run = await onboarded();
    world.state.organizations.push({ id: 'org_other', name: 'payments-eu-prod' });
    clock += 100_000;
    const asked = await advanced(run.id);
    expect(errorOf(asked, 'organization')).toMatchObject({ code: 'organization-name-taken' });
    expect(errorOf(asked, 'organization')?.text).toContain('org_other');
  });

  it('is used as it is when its exact name is there', async () => {
    world.state.organizations.push({ id: 'org_there', name: 'payments-eu-prod' });
    const run = await onboarded();
    expect(run.facts.organization).toEqual({ id: 'org_there', name: 'payments-eu-prod', made: false });
    expect(world.calls).not.toContain('rename organization');
  });

  it('is not guessed when two have the name', async () => {
    world.state.organizations.push(
      { id: 'org_a', name: 'payments-eu-prod' },
      { id: 'org_b', name: 'payments-eu-prod' },
    );
    const run = await onboarded();
    expect(errorOf(run, 'organization')?.text).toContain('org_a, org_b');
  });

  it('is the one that a failed run left without its name, when the command is typed again and when the failed run is retried after all', async () => {
    world.faults.set('rename organization', { error: failure({ retryable: false, applied: 'no' }) });
    const failed = await onboarded();
    expect(failed.status).toBe('failed');
    world.faults.set('create environment', { error: failure({ retryable: false, applied: 'no' }) });
    expect((await onboarded()).status).toBe('failed');
    await records.change(failed.id, retry('U0REQUESTER'));
    expect((await advanced(failed.id)).status).toBe('done');
    expect(world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it('is the one whose making a failed run never saw the end of, when the command is typed again', async () => {
    world.faults.set('create organization', { error: failure({ retryable: false }), after: true });
    expect((await onboarded()).status).toBe('failed');
    const again = await onboarded();
    expect(again.status).toBe('waiting');
    clock += 100_000;
    expect((await advanced(again.id)).status).toBe('done');
    expect(world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it('is a new one when people have given the old one another name', async () => {
    await onboarded();
    const [, old] = world.state.organizations;
    if (old !== undefined) old.name = 'payments-eu-prod-retired';
    expect((await onboarded()).status).toBe('done');
    expect(world.state.organizations.map(({ name }) => name)).toEqual([
      'Home',
      'payments-eu-prod-retired',
      'payments-eu-prod',
    ]);
  });
});

const left = () => ({ id: 'org_left', name: 'brave otter 421', created: Date.now() - 60_000 });

describe('a new and empty organization that the records do not know', () => {
  it('is shown to a person before another one is made, and to nobody after Retry', async () => {
    world.state.organizations.push(left());
    const run = await onboarded();
    expect(errorOf(run, 'organization')).toMatchObject({ code: 'organization-unknown', about: 'org_left' });
    expect(errorOf(run, 'organization')?.text).toContain('org_left (brave otter 421)');
    expect(world.mutating()).toEqual([]);
    await records.change(run.id, retry(approver));
    expect((await advanced(run.id)).status).toBe('done');
    expect((await onboarded(request({ cluster: 'billing-eu' }))).status).toBe('done');
  });

  it('is gone on with once it has the name', async () => {
    world.state.organizations.push(left());
    const run = await onboarded();
    Object.assign(world.state.organizations.at(-1) ?? {}, { name: 'payments-eu-prod' });
    await records.change(run.id, retry(approver));
    expect((await advanced(run.id)).facts.organization).toMatchObject({ id: 'org_left', made: false });
  });

  it('holds nobody up when it is old, has environments, or is just being made by another run', async () => {
    world.state.organizations.push({ ...left(), created: Date.now() - 7_200_000 });
    world.state.organizations.push({ ...left(), id: 'org_used' });
    world.state.environments.set('org_used', [{ id: 'env_1', name: 'prod' }]);
    expect((await onboarded()).status).toBe('done');
    world.state.organizations.push({ ...left(), id: 'org_named', name: 'ordering-us-prod' });
    world.state.organizations.push({ ...left(), id: 'org_other' });
    await claims.claim('organization-intents', 'other-prod', 'other-prod');
    expect((await onboarded(request({ cluster: 'billing-eu' }))).status).toBe('done');
  });
});

describe('the credentials', () => {
  const name = 'kv-payments-eu-prod/otterize-cloud-client-secret';

  it('are not written over another cluster’s', async () => {
    const value = new Secret('theirs');
    world.state.secrets.set(name, {
      version: 'v0',
      value,
      tags: { 'managed-by': 'holt', cluster: 'billing-eu', stage: 'prod' },
    });
    const run = await onboarded();
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-ours' });
    expect(errorOf(run, 'credentials')?.text).toContain('billing-eu prod');
    expect(world.state.secrets.get(name)).toMatchObject({ version: 'v0' });
    expect(world.state.pulls).toEqual([]);
  });

  it('are recovered when the name is soft-deleted', async () => {
    world.state.secrets.set(name, 'deleted');
    const run = await onboarded();
    expect(world.calls).toContain('recover secret');
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-ours' });
  });

  it('come from a new integration when this run’s own was cut off before the vault had its secret', async () => {
    world.state.secretsShown = false;
    world.faults.set('write otterize-cloud-client-secret', { error: failure({ service: 'Key Vault' }) });
    const run = await onboarded();
    clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    const integrations = world.state.integrations.get(done.facts.organization?.id ?? '') ?? [];
    expect(integrations).toHaveLength(1);
    expect(done.facts.credentials?.integration).toBe(integrations[0]?.id);
    const stored = world.state.secrets.get(name);
    expect(typeof stored === 'object' && stored.value.reveal()).toBe(
      integrations[0]?.credentials.clientSecret?.reveal(),
    );
  });

  it('stay those of the integration whose secret the vault has, when only its id was cut off', async () => {
    world.state.secretsShown = false;
    world.faults.set('write otterize-cloud-client-id', { error: failure({ service: 'Key Vault' }) });
    const run = await onboarded();
    clock += 100_000;
    expect((await advanced(run.id)).status).toBe('done');
    expect(world.calls.filter(call => call === 'create integration')).toHaveLength(1);
    expect(world.calls).not.toContain('delete integration');
  });

  it('wait for a write that may still land before the vault is said not to have them', async () => {
    world.state.secretsShown = false;
    const fault = { error: failure({ service: 'Key Vault' }), after: true };
    world.faults.set('write otterize-cloud-client-secret', fault);
    const run = await onboarded();
    expect(run.status).toBe('waiting');
    expect(world.calls).not.toContain('delete integration');
    clock += 100_000;
    expect((await advanced(run.id)).status).toBe('done');
    expect(world.calls).not.toContain('delete integration');
  });

  it('stop with what to do when somebody else’s integration does not show its secret', async () => {
    const first = await onboarded();
    world.state.secretsShown = false;
    world.state.secrets.clear();
    const run = await onboarded();
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-readable' });
    expect(world.state.integrations.get(first.facts.organization?.id ?? '')).toHaveLength(1);
  });

  it('are taken from the vault when Otterize does not show them again', async () => {
    await onboarded();
    world.state.secretsShown = false;
    world.calls.length = 0;
    expect((await onboarded()).status).toBe('done');
    expect(world.mutating()).toEqual([]);
  });
});

describe('the pull request', () => {
  it('stays closed when a person closed it, until Retry says otherwise', async () => {
    await onboarded();
    Object.assign(world.state.pulls[0] ?? {}, { state: 'closed' });
    const run = await onboarded();
    expect(errorOf(run, 'pullRequest')).toMatchObject({ code: 'pull-request-closed', about: '#1' });
    await records.change(run.id, retry(run.request.by.user));
    const done = await advanced(run.id);
    expect(done.facts.pullRequest).toMatchObject({ number: 2, state: 'open' });
  });

  it('is not built on somebody else’s commits', async () => {
    world.state.branches.set('holt/payments-eu-prod', { commit: 'foreign', ours: false, files: {} });
    const run = await onboarded();
    expect(errorOf(run, 'pullRequest')).toMatchObject({ code: 'foreign-commits' });
    expect(world.calls).not.toContain('commit');
  });

  it('is not opened twice when the answer got lost', async () => {
    world.faults.set('open pull request', { error: failure({ service: 'GitHub' }), after: true });
    const run = await onboarded();
    clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(world.state.pulls).toHaveLength(1);
  });
});

describe('a run', () => {
  it('stops at the next effect when it is cancelled, and what was made stays', async () => {
    const run = await started();
    const slow = { ...world.write.otterize };
    slow.createOrganization = async () => {
      await records.change(run.id, cancel(approver));
      return world.write.otterize.createOrganization();
    };
    engine = engineWith({ write: { ...world.write, otterize: slow } });
    const cancelled = await advanced(run.id);
    expect([cancelled.status, cancelled.due]).toEqual(['cancelled', null]);
    expect(world.mutating()).toEqual(['create organization']);
  });

  it('can be cancelled while it waits for a person', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    await records.change(run.id, cancel(approver));
    const cancelled = await advanced(run.id);
    expect([cancelled.status, cancelled.gates[0]?.state]).toEqual(['cancelled', 'void']);
  });

  it('is left alone by a worker whose epoch is over', async () => {
    const run = await started();
    const stolen = { ...world.write.otterize };
    stolen.createOrganization = async () => {
      await records.change(run.id, take(180_000));
      return world.write.otterize.createOrganization();
    };
    engine = engineWith({ write: { ...world.write, otterize: stolen } });
    await engine.advance(run.id);
    expect(world.mutating()).toEqual(['create organization']);
    expect((await records.get(run.id))?.effects['organization']?.result).toBeUndefined();
  });

  it('is let go by a worker whose call never ends, and goes on with the next', async () => {
    const run = await started();
    const deaf = { ...world.read.otterize, listOrganizations: () => new Promise<never>(() => undefined) };
    engine = engineWith({ read: { ...world.read, otterize: deaf }, patienceMs: 100 });
    await engine.advance(run.id);
    expect((await records.get(run.id))?.facts.organization).toBeUndefined();
    engine = engineWith({});
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('is handed over at the next effect when the worker drains', async () => {
    const run = await started();
    engine.drain();
    const rested = await advanced(run.id);
    expect([rested.status, rested.due, rested.steps]).toEqual(['waiting', clock, {}]);
    expect(world.calls).toEqual([]);
  });

  it('gives up on a failure that does not pass, with Retry as the way on', async () => {
    const id = (await started()).id;
    for (const _ of [1, 2, 3]) {
      world.faults.set('create environment', { error: failure({ applied: 'no' }) });
      await engine.advance(id);
      clock += 2_000;
    }
    const failed = await records.get(id);
    expect([failed?.status, failed?.due]).toEqual(['failed', null]);
    await records.change(id, retry(approver));
    expect((await advanced(id)).status).toBe('done');
  });

  it('waits as long as the service asked for', async () => {
    world.faults.set('create environment', { error: failure({ retryAfter: 45_000, applied: 'no' }) });
    const run = await onboarded();
    expect(run.due).toBe(clock + 45_000);
  });

  it('rests for its turn as often as it must, says so, and takes back what it was about to do', async () => {
    const id = (await started()).id;
    const held = { service: 'Otterize', operation: 'create the environment', reason: 'not yet' } as const;
    for (const _ of [1, 2, 3, 4, 5]) {
      world.faults.set('create environment', { error: new HeldBack({ ...held, retryAfter: 45_000 }) });
      const run = await advanced(id);
      expect([run.status, run.due]).toEqual(['waiting', clock + 45_000]);
      expect(run.steps.environment?.error?.text).toBe('Otterize could not create the environment: not yet.');
      expect(run.effects['environment']).toBeUndefined();
      clock += 45_000;
    }
    world.faults.set('list environments', { error: failure() });
    await engine.advance(id);
    clock += 2_000;
    expect((await advanced(id)).status).toBe('done');
  });

  it('goes on when the write that established a fact was answered with an error and took effect', async () => {
    const { swap } = store;
    let lost = false;
    const losing: Store['swap'] = async (entry, line) => {
      const answer = await swap(entry, line);
      if (lost || !line.includes('"about":"environment"') || !line.includes('established')) return answer;
      lost = true;
      throw failure({ service: 'Redis' });
    };
    const nobody = { tick: async () => undefined, render: async () => undefined };
    records = createRecords({ ...store, swap: losing }, nobody);
    engine = engineWith({});
    const run = await onboarded();
    expect([lost, run.status, run.due]).toEqual([true, 'done', null]);
  });

  it('says that something broke when the code is at fault, without the error’s own text', async () => {
    world.faults.set('create environment', { error: new TypeError('secret-thing is undefined') });
    const run = await onboarded();
    expect(errorOf(run, 'environment')).toMatchObject({ code: 'bug' });
    expect(JSON.stringify(run)).not.toContain('secret-thing');
  });

  it('keeps others from the same names while it lives', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect(await records.start(inviting('anna.meyer@harbour.example'))).toMatchObject({
      started: false,
      run: { id: run.id },
    });
    await approve(run);
    expect((await records.start(request())).started).toBe(true);
  });

  it('names a user’s mistake in one sentence', async () => {
    const layout = {
      ...world.read.layout,
      edit: () => {
        throw new UserError(
          'values-file',
          'values.yaml has two documents. Keep one, then retry.',
          'values.yaml',
        );
      },
    };
    engine = engineWith({ read: { ...world.read, layout } });
    expect(errorOf(await onboarded(), 'pullRequest')).toMatchObject({
      code: 'values-file',
      about: 'values.yaml',
    });
  });
});

/** The store as it is, but for what is done about each write before it is made. */
function writing(before: (audit: string) => Promise<void> | void): void {
  const swap: Store['swap'] = async (entry, audit) => {
    await before(audit);
    return store.swap(entry, audit);
  };
  records = createRecords({ ...store, swap }, { tick: async () => undefined, render: async () => undefined });
}

describe('a worker', () => {
  it('begins nothing of a run that is being stopped', async () => {
    const run = await started();
    await records.change(run.id, cancel(approver));
    const stopped = await advanced(run.id);
    expect([stopped.status, stopped.steps]).toEqual(['cancelled', {}]);
    expect(world.calls).toEqual([]);
  });

  it('leaves alone what has ended, without a word', async () => {
    const { id, revision } = await onboarded();
    const lines: string[] = [];
    engine = engineWith({ log: createLog('debug', {}, { write: line => void lines.push(line) }) });
    expect((await advanced(id)).revision).toBe(revision);
    expect(lines).toEqual([]);
  });

  it('that drains in the midst of a change makes no other one', async () => {
    const run = await started();
    const draining = { ...world.write.otterize };
    draining.createOrganization = () => {
      engine.drain();
      return world.write.otterize.createOrganization();
    };
    engine = engineWith({ write: { ...world.write, otterize: draining } });
    const rested = await advanced(run.id);
    expect(world.mutating()).toEqual(['create organization']);
    expect(rested.effects['organization']?.result).toBeDefined();
    expect([rested.status, rested.due]).toEqual(['waiting', clock]);
  });

  it('gives up where the store fails, and says so to its caller', async () => {
    const run = await started();
    writing(audit => {
      if (/"(established|failed)"/.test(audit)) throw failure({ service: 'Redis' });
    });
    engine = engineWith({});
    await expect(engine.advance(run.id)).rejects.toMatchObject({ service: 'Redis' });
  });

  it('does not act on an intention of which no time is left', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    engine = engineWith({ freshMs: 0 });
    const run = await onboarded();
    expect([run.status, world.mutating(), run.effects]).toEqual(['waiting', [], {}]);
  });

  it('looks again at what came while it went to rest, and goes on with that', async () => {
    const asked = { ...request(), named: [{ user: 'U0ANNA' }] };
    const { id } = await started(asked);
    const news = createRecords(store, { tick: async () => undefined, render: async () => undefined });
    let told = false;
    writing(async audit => {
      if (told || !audit.includes('"rested"')) return;
      told = true;
      await news.change(id, introduce({ U0ANNA: 'anna.meyer@harbour.example' }));
    });
    const lines: string[] = [];
    engine = engineWith({ log: createLog('debug', {}, { write: line => void lines.push(line) }) });
    const run = await advanced(id);
    expect([told, run.status, run.gates.length]).toEqual([true, 'waiting', 1]);
    expect(lines.filter(line => line.includes('the run rests'))).toHaveLength(1);
  });

  it('tries no step before its time, whatever news there is', async () => {
    world.faults.set('create environment', { error: failure({ applied: 'no' }) });
    const { id } = await onboarded();
    const tried = (): number => world.calls.filter(call => call === 'create environment').length;
    expect(tried()).toBe(1);
    clock += 999;
    await advanced(id);
    expect(tried()).toBe(1);
    clock += 1;
    expect((await advanced(id)).status).toBe('done');
  });

  it('is due at the first of all that the run waits for', async () => {
    world.faults.set('create integration', { error: failure({ applied: 'no' }) });
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect([run.gates[0]?.state, run.due]).toEqual(['open', clock + 1_000]);
    const named = await onboarded({ ...request({ cluster: 'payments-us' }), named: [{ user: 'U0ANNA' }] });
    expect(named.due).toBe(clock + 60_000);
  });

  it('goes on the moment that an earlier request cannot land any more', async () => {
    world.faults.set('create environment', { error: failure({ applied: 'unknown' }) });
    const { id, effects } = await onboarded();
    const landed = (effects['environment']?.at ?? 0) + 90_000;
    clock = landed - 1;
    expect((await advanced(id)).due).toBe(landed);
    clock = landed;
    expect((await advanced(id)).status).toBe('done');
  });

  it('looks into what it made after an earlier request that got no answer', async () => {
    world.faults.set('create organization', { error: failure({ applied: 'unknown' }) });
    const { id } = await onboarded();
    clock += 100_000;
    world.calls.length = 0;
    expect((await advanced(id)).status).toBe('done');
    expect(looks()).toContain('list environments');
  });
});

describe('an integration that is gone', () => {
  it('is made anew once a person has seen that', async () => {
    world.faults.set('write otterize-cloud-client-secret', {
      error: failure({ applied: 'no', service: 'Key Vault' }),
    });
    const run = await onboarded();
    world.state.integrations.clear();
    clock += 2_000;
    const failed = await advanced(run.id);
    expect(errorOf(failed, 'credentials')).toMatchObject({ code: 'integration-gone' });
    await records.change(run.id, retry(approver));
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect([...world.state.integrations.values()].flat()).toHaveLength(1);
  });
});

describe('the log', () => {
  let lines: Record<string, unknown>[];
  const said = (msg: string) => lines.filter(line => line['msg'] === msg);

  /** An engine that logs into `lines`. */
  function listenedTo(overrides: Partial<EngineOptions> = {}): void {
    lines = [];
    const log = createLog('debug', {}, { write: line => void lines.push(JSON.parse(line)) });
    engine = engineWith({ log, ...overrides });
  }

  it('names each change as it is made, and how the run rests', async () => {
    listenedTo();
    const { id } = await onboarded();
    const made = said('made').map(({ level, run, effect }) => [level, run, effect]);
    expect(made).toContainEqual(['info', id, 'organization']);
    expect(made).toContainEqual(['info', id, 'environment']);
    expect(said('the run rests')).toMatchObject([{ level: 'info', run: id, status: 'done', due: null }]);
  });

  it('says what failed and when it is tried again, and then that it is not', async () => {
    listenedTo();
    const { id } = await started();
    const errors: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      world.faults.set('create environment', { error: failure({ applied: 'no' }) });
      errors.push(errorOf(await advanced(id), 'environment'));
      clock += 2_000;
    }
    const again = { level: 'warn', run: id, fact: 'environment' };
    expect(said('a step failed and will be tried again')).toMatchObject([
      { ...again, ...(errors[0] as object), attempts: 1, retryAt: clock - 5_000 },
      { ...again, ...(errors[1] as object), attempts: 2, retryAt: clock - 3_000 },
    ]);
    expect(said('a step failed')).toMatchObject([
      { level: 'error', run: id, fact: 'environment', ...(errors[2] as object), attempts: 3 },
    ]);
    for (const line of lines) expect(line).not.toHaveProperty('error');
  });

  it('has the error itself only where the code is at fault', async () => {
    listenedTo();
    world.faults.set('create environment', { error: new TypeError('x is undefined') });
    await onboarded();
    expect(said('a step failed')).toMatchObject([
      { fact: 'environment', code: 'bug', error: { type: 'TypeError', message: 'x is undefined' } },
    ]);
  });

  it('says what waits for its turn, and until when', async () => {
    listenedTo();
    const held = { service: 'Otterize', operation: 'create the environment', reason: 'not yet' } as const;
    world.faults.set('create environment', { error: new HeldBack({ ...held, retryAfter: 45_000 }) });
    await onboarded();
    expect(said('a step waits for its turn')).toMatchObject([
      {
        level: 'info',
        fact: 'environment',
        reason: expect.stringContaining('not yet'),
        until: clock + 45_000,
      },
    ]);
  });

  it('says when the run is another worker’s, and when a call does not end', async () => {
    const run = await started();
    const stolen = { ...world.write.otterize };
    stolen.createOrganization = async () => {
      await records.change(run.id, take(180_000));
      return world.write.otterize.createOrganization();
    };
    listenedTo({ write: { ...world.write, otterize: stolen } });
    await engine.advance(run.id);
    expect(said('another worker has the run now')).toMatchObject([{ level: 'info', run: run.id }]);

    const deaf = { ...world.read.otterize, listOrganizations: () => new Promise<never>(() => undefined) };
    listenedTo({ read: { ...world.read, otterize: deaf }, patienceMs: 100 });
    const other = await onboarded(request({ cluster: 'payments-us' }));
    expect(said('a call does not end; the run is left to whoever comes next')).toMatchObject([
      { level: 'error', run: other.id, steps: expect.arrayContaining(['organization']) },
    ]);
  });
});

const backoffs = (attempts: number) => Array.from({ length: 300 }, () => jitteredBackoff(attempts));

describe('the time before another try', () => {
  it('is between one second and five minutes, grows with the tries and is not the same for all', () => {
    for (const [attempts, most] of [
      [1, 5_000],
      [3, 17_000],
      [30, 301_000],
    ] as const) {
      const all = backoffs(attempts);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(1_000);
      expect(Math.min(...all)).toBeLessThan(1_000 + (most - 1_000) / 2);
      expect(Math.max(...all)).toBeLessThanOrEqual(most);
      expect(Math.max(...all)).toBeGreaterThan(1_000 + (most - 1_000) / 2);
    }
  });
});

describe('each plan', () => {
  const within = { rollout: 'rollout-1', pullRequest: true };
  const policy = { canary: 0, wave: 5, stopAfter: 1, pullRequests: 'per-rollout' as const };

  it.each([
    ['a cluster', {}],
    ['a cluster within a rollout', { within }],
    ['a rollout', { rollout: { members: [], leftOut: [], policy } }],
  ])('of %s establishes what a step needs before the step', (_, rest) => {
    const earlier = new Set<string>();
    for (const { fact, needs } of planOf(newRun('run-1', request({}, rest), 0))) {
      expect(needs.filter(need => !earlier.has(need))).toEqual([]);
      earlier.add(fact);
    }
  });
});
