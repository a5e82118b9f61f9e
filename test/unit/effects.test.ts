import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLookout } from '../../src/onboarding/ahead.ts';
import { type EngineOptions } from '../../src/onboarding/engine.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import type { Claims } from '../../src/onboarding/ports.ts';
import { type Run } from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { request } from '../support/builders.ts';
import {
  advanced,
  engineWith,
  errorOf,
  engineHouse as house,
  onboarded,
  recordsOver,
  started,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

/** The process is paused for a minute. */
const sleep = (): void => void vi.setSystemTime(Date.now() + 60_000);

/** Where the process sleeps. */
const sleepers: readonly [string, () => Partial<EngineOptions>][] = [
  ['since it wrote the intention', () => ({ records: recordsOver({ ...house.store, swap: swapAndSleep }) })],
  ['between the intention and the call', () => ({ claims: { ...house.store.claims, claim: sleepAndClaim } })],
];
const swapAndSleep: Store['swap'] = async (entry, audit) => {
  const outcome = await house.store.swap(entry, audit);
  if (audit.includes('"intended"')) sleep();
  return outcome;
};
const sleepAndClaim: Claims['claim'] = async (...given) => {
  if (given[0] === 'organization-intents') sleep();
  return house.store.claims.claim(...given);
};

describe('an effect whose end nobody saw', () => {
  it('is looked for only once it cannot land any more, and is not made again', async () => {
    house.world.faults.set('create environment', { error: failure(), after: true });
    const run = await onboarded();
    expect(run.status).toBe('waiting');
    house.clock += 2_000;
    const waits = await advanced(run.id);
    expect(waits.facts.environment).toBeUndefined();
    expect(house.world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    const { error, retryAt } = waits.steps.environment ?? {};
    expect(error?.text).toMatch(/may still take effect/);
    expect(retryAt).toBe((waits.effects['environment']?.at ?? 0) + 90_000);
    house.clock += 90_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(house.world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    expect(done.facts.environment?.made).toBe(true);
  });

  it('is made again without a wait when the service refused it', async () => {
    house.world.faults.set('create environment', { error: failure({ status: 429, applied: 'no' }) });
    const run = await onboarded();
    house.clock += 2_000;
    expect((await advanced(run.id)).status).toBe('done');
  });

  it.each(sleepers)(
    'is not begun by a process that slept %s, and is made once it is awake',
    async (_, sleepy) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const run = await started();
      house.engine = engineWith(sleepy());
      await house.engine.advance(run.id);
      expect(house.world.mutating()).toEqual([]);
      expect((await house.records.history(run.id)).map(({ kind }) => kind)).toContain('refused');
      house.engine = engineWith();
      expect((await advanced(run.id)).status).toBe('done');
      expect(house.world.calls.filter(call => call === 'create organization')).toHaveLength(1);
    },
  );

  it('leaves one organization: the nameless one that appeared is taken', async () => {
    house.world.faults.set('create organization', { error: failure(), after: true });
    const run = await onboarded();
    house.clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(house.world.state.organizations).toHaveLength(2);
    expect(house.world.calls.filter(call => call === 'create organization')).toHaveLength(1);
  });

  it('asks a person when more nameless organizations appeared than runs miss one', async () => {
    house.world.faults.set('create organization', { error: failure(), after: true });
    const run = await onboarded();
    house.world.state.organizations.push({ id: 'org_stranger', name: 'Somebody’s' });
    house.clock += 100_000;
    const asked = await advanced(run.id);
    expect(errorOf(asked, 'organization')).toMatchObject({ code: 'organization-unexplained' });
    expect(errorOf(asked, 'organization')?.text).toContain('org_stranger');
  });

  it('does not take the organization that another run made', async () => {
    house.world.faults.set('create organization', { error: failure() });
    const run = await onboarded();
    const other = await onboarded(request({ cluster: 'billing-eu' }));
    expect(other.status).toBe('done');
    house.clock += 100_000;
    const done = await advanced(run.id);
    expect(done.facts.organization?.id).not.toBe(other.facts.organization?.id);
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual([
      'Home',
      'billing-eu-prod',
      'payments-eu-prod',
    ]);
  });
});

const looks = (): string[] =>
  house.world.calls.filter(call => /^list (environments|integrations)/.test(call));

/** The worker makes the organization and gets no further; whatever happens then, happens before the next one comes. */
async function cutOffAfterOrganization(): Promise<Run> {
  const run = await started();
  const cut = { ...house.world.write.otterize };
  cut.renameOrganization = (id, name) => {
    house.engine.drain();
    return house.world.write.otterize.renameOrganization(id, name);
  };
  house.engine = engineWith({ write: { ...house.world.write, otterize: cut } });
  const rested = await advanced(run.id);
  expect([rested.facts.organization?.made, rested.facts.environment]).toEqual([true, undefined]);
  house.engine = engineWith();
  return rested;
}

describe('what a worker has made a moment ago', () => {
  it('has nothing in it to look for', async () => {
    await onboarded();
    expect(looks()).toEqual([]);
    expect(house.world.calls.filter(call => call === 'list organizations')).toHaveLength(1);
  });

  it('is looked into by the worker that comes after it', async () => {
    const run = await cutOffAfterOrganization();
    const id = run.facts.organization?.id ?? '';
    house.world.state.environments.set(id, [{ id: 'env_there', name: 'prod' }]);
    const done = await advanced(run.id);
    expect(done.facts.environment).toEqual({ id: 'env_there', name: 'prod', made: false });
    expect(house.world.calls).not.toContain('create environment');
    expect(looks()).toContain('list integrations');
  });

  it('is looked into when a request of its own may have landed in it', async () => {
    const lost = { ...house.world.write.otterize };
    lost.createEnvironment = async (...given) => {
      await house.world.write.otterize.createEnvironment(...given);
      house.clock += 100_000;
      throw failure();
    };
    house.engine = engineWith({ write: { ...house.world.write, otterize: lost }, backoff: () => 0 });
    expect((await onboarded()).status).toBe('done');
    expect(house.world.calls.filter(call => call === 'create environment')).toHaveLength(1);
    expect(looks()).toContain('list environments');
  });
});

const called = (call: string): number => house.world.calls.indexOf(call);

/** Meanwhile somebody makes the organization. */
async function checkSlowly(): Promise<string[]> {
  house.world.state.organizations.push({ id: 'org_meanwhile', name: 'payments-eu-prod' });
  vi.setSystemTime(Date.now() + 10_000);
  return [];
}

describe('what a step reads before its turn', () => {
  it('is read beside the steps before it, and once', async () => {
    await onboarded();
    expect(called('list organizations')).toBeLessThan(called('create organization'));
    expect(called('read files')).toBeLessThan(called('create environment'));
    expect(house.world.calls.filter(call => call === 'find pulls')).toHaveLength(1);
  });

  it('does not count when the steps before it took long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { vault } = house.world.read;
    house.engine = engineWith({ read: { ...house.world.read, vault: { ...vault, check: checkSlowly } } });
    const run = await onboarded();
    expect(run.facts.organization).toEqual({ id: 'org_meanwhile', name: 'payments-eu-prod', made: false });
    expect(house.world.calls).not.toContain('create organization');
  });

  it('is not read while the end of an earlier request is open', async () => {
    const run = await started();
    const open = { ...run, effects: { 'pull request': { at: house.clock, epoch: 1 } } };
    createLookout(house.world.read).look(open, planOf(open));
    expect(house.world.calls).toEqual([]);
    createLookout(house.world.read).look(run, planOf(run));
    expect(house.world.calls).toEqual(['list organizations']);
  });

  it('is read again by the step when it could not be read', async () => {
    house.world.faults.set('find pulls', { error: failure({ service: 'GitHub' }) });
    expect((await onboarded()).status).toBe('done');
    expect(house.world.calls.filter(call => call === 'find pulls')).toHaveLength(2);
  });
});
