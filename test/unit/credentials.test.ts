import { describe, expect, it } from 'vitest';
import { retry } from '../../src/onboarding/run.ts';
import { Secret } from '../../src/secret.ts';
import { approver } from '../support/builders.ts';
import {
  advanced,
  errorOf,
  engineHouse as house,
  onboarded,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

describe('the credentials', () => {
  const name = 'kv-payments-eu-prod/otterize-cloud-client-secret';

  it('are not written over another cluster’s', async () => {
    const value = new Secret('theirs');
    house.world.state.secrets.set(name, {
      version: 'v0',
      value,
      tags: { 'managed-by': 'holt', cluster: 'billing-eu', stage: 'prod' },
    });
    const run = await onboarded();
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-ours' });
    expect(errorOf(run, 'credentials')?.text).toContain('billing-eu prod');
    expect(house.world.state.secrets.get(name)).toMatchObject({ version: 'v0' });
    expect(house.world.state.pulls).toEqual([]);
  });

  it('are recovered when the name is soft-deleted', async () => {
    house.world.state.secrets.set(name, 'deleted');
    const run = await onboarded();
    expect(house.world.calls).toContain('recover secret');
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-ours' });
  });

  it('come from a new integration when this run’s own was cut off before the vault had its secret', async () => {
    house.world.state.secretsShown = false;
    house.world.faults.set('write otterize-cloud-client-secret', {
      error: failure({ service: 'Key Vault' }),
    });
    const run = await onboarded();
    house.clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    const integrations = house.world.state.integrations.get(done.facts.organization?.id ?? '') ?? [];
    expect(integrations).toHaveLength(1);
    expect(done.facts.credentials?.integration).toBe(integrations[0]?.id);
    const stored = house.world.state.secrets.get(name);
    expect(typeof stored === 'object' && stored.value.reveal()).toBe(
      integrations[0]?.credentials.clientSecret?.reveal(),
    );
  });

  it('stay those of the integration whose secret the vault has, when only its id was cut off', async () => {
    house.world.state.secretsShown = false;
    house.world.faults.set('write otterize-cloud-client-id', { error: failure({ service: 'Key Vault' }) });
    const run = await onboarded();
    house.clock += 100_000;
    expect((await advanced(run.id)).status).toBe('done');
    expect(house.world.calls.filter(call => call === 'create integration')).toHaveLength(1);
    expect(house.world.calls).not.toContain('delete integration');
  });

  it('wait for a write that may still land before the vault is said not to have them', async () => {
    house.world.state.secretsShown = false;
    const fault = { error: failure({ service: 'Key Vault' }), after: true };
    house.world.faults.set('write otterize-cloud-client-secret', fault);
    const run = await onboarded();
    expect(run.status).toBe('waiting');
    expect(house.world.calls).not.toContain('delete integration');
    house.clock += 100_000;
    expect((await advanced(run.id)).status).toBe('done');
    expect(house.world.calls).not.toContain('delete integration');
  });

  it('stop with what to do when somebody else’s integration does not show its secret', async () => {
    const first = await onboarded();
    house.world.state.secretsShown = false;
    house.world.state.secrets.clear();
    const run = await onboarded();
    expect(errorOf(run, 'credentials')).toMatchObject({ code: 'secret-not-readable' });
    expect(house.world.state.integrations.get(first.facts.organization?.id ?? '')).toHaveLength(1);
  });

  it('are taken from the vault when Otterize does not show them again', async () => {
    await onboarded();
    house.world.state.secretsShown = false;
    house.world.calls.length = 0;
    expect((await onboarded()).status).toBe('done');
    expect(house.world.mutating()).toEqual([]);
  });
});

describe('an integration that is gone', () => {
  it('is made anew once a person has seen that', async () => {
    house.world.faults.set('write otterize-cloud-client-secret', {
      error: failure({ applied: 'no', service: 'Key Vault' }),
    });
    const run = await onboarded();
    house.world.state.integrations.clear();
    house.clock += 2_000;
    const failed = await advanced(run.id);
    expect(errorOf(failed, 'credentials')).toMatchObject({ code: 'integration-gone' });
    await house.records.change(run.id, retry(approver));
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect([...house.world.state.integrations.values()].flat()).toHaveLength(1);
  });
});

describe('the pull request', () => {
  it('stays closed when a person closed it, until Retry says otherwise', async () => {
    await onboarded();
    Object.assign(house.world.state.pulls[0] ?? {}, { state: 'closed' });
    const run = await onboarded();
    expect(errorOf(run, 'pullRequest')).toMatchObject({ code: 'pull-request-closed', about: '#1' });
    await house.records.change(run.id, retry(run.request.by.user));
    const done = await advanced(run.id);
    expect(done.facts.pullRequest).toMatchObject({ number: 2, state: 'open' });
  });

  it('is not built on somebody else’s commits', async () => {
    house.world.state.branches.set('holt/payments-eu-prod', { commit: 'foreign', ours: false, files: {} });
    const run = await onboarded();
    expect(errorOf(run, 'pullRequest')).toMatchObject({ code: 'foreign-commits' });
    expect(house.world.calls).not.toContain('commit');
  });

  it('is not opened twice when the answer got lost', async () => {
    house.world.faults.set('open pull request', { error: failure({ service: 'GitHub' }), after: true });
    const run = await onboarded();
    house.clock += 100_000;
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(house.world.state.pulls).toHaveLength(1);
  });
});
