import { describe, expect, it } from 'vitest';
import { retry } from '../../src/onboarding/run.ts';
import { approver, request } from '../support/builders.ts';
import {
  advanced,
  errorOf,
  engineHouse as house,
  onboarded,
  started,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

describe('a run that comes after one that failed', () => {
  const forGood = failure({ retryable: false });

  it('takes the organization that had not got its name yet', async () => {
    house.world.faults.set('rename organization', { error: forGood });
    const failed = await onboarded();
    expect(failed.status).toBe('failed');
    const next = await started();
    house.clock += 100_000;
    expect((await advanced(next.id)).status).toBe('done');
    await house.records.change(failed.id, retry(approver));
    expect((await advanced(failed.id)).status).toBe('done');
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it.each(['create organization', 'create environment', 'create integration', 'open pull request'])(
    'does not repeat what may still land: %s',
    async call => {
      house.world.faults.set(call, { error: forGood, after: true });
      const failed = await onboarded();
      expect(failed.status).toBe('failed');
      const next = await started();
      expect((await advanced(next.id)).status).toBe('waiting');
      house.clock += 100_000;
      expect((await advanced(next.id)).status).toBe('done');
      expect(house.world.calls.filter(each => each === call)).toHaveLength(1);
    },
  );
});

describe('the organization', () => {
  it('does not get a name that another has got meanwhile', async () => {
    house.world.faults.set('rename organization', { error: failure() });
    const run = await onboarded();
    house.world.state.organizations.push({ id: 'org_other', name: 'payments-eu-prod' });
    house.clock += 100_000;
    const asked = await advanced(run.id);
    expect(errorOf(asked, 'organization')).toMatchObject({ code: 'organization-name-taken' });
    expect(errorOf(asked, 'organization')?.text).toContain('org_other');
  });

  it('is used as it is when its exact name is there', async () => {
    house.world.state.organizations.push({ id: 'org_there', name: 'payments-eu-prod' });
    const run = await onboarded();
    expect(run.facts.organization).toEqual({ id: 'org_there', name: 'payments-eu-prod', made: false });
    expect(house.world.calls).not.toContain('rename organization');
  });

  it('is not guessed when two have the name', async () => {
    house.world.state.organizations.push(
      { id: 'org_a', name: 'payments-eu-prod' },
      { id: 'org_b', name: 'payments-eu-prod' },
    );
    const run = await onboarded();
    expect(errorOf(run, 'organization')?.text).toContain('org_a, org_b');
  });

  it('is the one that a failed run left without its name, when the command is typed again and when the failed run is retried after all', async () => {
    house.world.faults.set('rename organization', { error: failure({ retryable: false, applied: 'no' }) });
    const failed = await onboarded();
    expect(failed.status).toBe('failed');
    house.world.faults.set('create environment', { error: failure({ retryable: false, applied: 'no' }) });
    expect((await onboarded()).status).toBe('failed');
    await house.records.change(failed.id, retry('U0REQUESTER'));
    expect((await advanced(failed.id)).status).toBe('done');
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it('is the one whose making a failed run never saw the end of, when the command is typed again', async () => {
    house.world.faults.set('create organization', { error: failure({ retryable: false }), after: true });
    expect((await onboarded()).status).toBe('failed');
    const again = await onboarded();
    expect(again.status).toBe('waiting');
    house.clock += 100_000;
    expect((await advanced(again.id)).status).toBe('done');
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
  });

  it('is a new one when people have given the old one another name', async () => {
    await onboarded();
    const [, old] = house.world.state.organizations;
    if (old !== undefined) old.name = 'payments-eu-prod-retired';
    expect((await onboarded()).status).toBe('done');
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual([
      'Home',
      'payments-eu-prod-retired',
      'payments-eu-prod',
    ]);
  });
});

const left = () => ({ id: 'org_left', name: 'brave otter 421', created: Date.now() - 60_000 });

describe('a new and empty organization that the records do not know', () => {
  it('is shown to a person before another one is made, and to nobody after Retry', async () => {
    house.world.state.organizations.push(left());
    const run = await onboarded();
    expect(errorOf(run, 'organization')).toMatchObject({ code: 'organization-unknown', about: 'org_left' });
    expect(errorOf(run, 'organization')?.text).toContain('org_left (brave otter 421)');
    expect(house.world.mutating()).toEqual([]);
    await house.records.change(run.id, retry(approver));
    expect((await advanced(run.id)).status).toBe('done');
    expect((await onboarded(request({ cluster: 'billing-eu' }))).status).toBe('done');
  });

  it('is gone on with once it has the name', async () => {
    house.world.state.organizations.push(left());
    const run = await onboarded();
    Object.assign(house.world.state.organizations.at(-1) ?? {}, { name: 'payments-eu-prod' });
    await house.records.change(run.id, retry(approver));
    expect((await advanced(run.id)).facts.organization).toMatchObject({ id: 'org_left', made: false });
  });

  it('holds nobody up when it is old, has environments, or is just being made by another run', async () => {
    house.world.state.organizations.push({ ...left(), created: Date.now() - 7_200_000 });
    house.world.state.organizations.push({ ...left(), id: 'org_used' });
    house.world.state.environments.set('org_used', [{ id: 'env_1', name: 'prod' }]);
    expect((await onboarded()).status).toBe('done');
    house.world.state.organizations.push({ ...left(), id: 'org_named', name: 'ordering-us-prod' });
    house.world.state.organizations.push({ ...left(), id: 'org_other' });
    await house.store.claims.claim('organization-intents', 'other-prod', 'other-prod');
    expect((await onboarded(request({ cluster: 'billing-eu' }))).status).toBe('done');
  });
});
