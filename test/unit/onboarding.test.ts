import { describe, expect, it } from 'vitest';
import { HeldBack, UserError } from '../../src/errors.ts';
import { take } from '../../src/onboarding/leased.ts';
import { announce, cancel, retry } from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { approver, request, thread } from '../support/builders.ts';
import {
  advanced,
  decided,
  engineWith,
  errorOf,
  engineHouse as house,
  inviting,
  onboarded,
  recordsOver,
  started,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

describe('an onboarding', () => {
  it('establishes every fact, with one of everything in the world', async () => {
    const run = await onboarded();
    expect(run.status).toBe('done');
    expect(run.facts.organization).toMatchObject({ name: 'payments-eu-prod', made: true });
    expect(house.world.state.organizations.map(({ name }) => name)).toEqual(['Home', 'payments-eu-prod']);
    expect(house.world.state.pulls).toHaveLength(1);
    expect(run.facts.pullRequest).toMatchObject({
      state: 'open',
      url: 'https://git.example/1',
      changed: true,
    });
    expect(run.facts.approval?.verdict).toBe('not-needed');
  });

  it('has the secret in the vault before the pull request and nowhere in the record', async () => {
    const run = await onboarded();
    const order = house.world.mutating();
    expect(order.indexOf('write otterize-cloud-client-secret')).toBeLessThan(
      order.indexOf('open pull request'),
    );
    const stored = house.world.state.secrets.get('kv-payments-eu-prod/otterize-cloud-client-secret');
    const value = typeof stored === 'object' ? stored.value.reveal() : '';
    expect(value).not.toBe('');
    expect(JSON.stringify([run, await house.store.history(run.id)])).not.toContain(value);
  });

  it('changes nothing the second time and says that all is there', async () => {
    await onboarded();
    house.world.state.files = { ...house.world.state.branches.get('holt/payments-eu-prod')?.files };
    Object.assign(house.world.state.pulls[0] ?? {}, { state: 'merged' });
    house.world.calls.length = 0;
    const again = await onboarded();
    expect(again.status).toBe('done');
    expect(house.world.mutating()).toEqual([]);
    expect(again.facts.pullRequest).toMatchObject({ state: 'merged', changed: false });
    expect(again.facts.organization?.made).toBe(false);
  });

  it('changes nothing the second time while the pull request is still open', async () => {
    await onboarded();
    house.world.calls.length = 0;
    const again = await onboarded();
    expect(again.facts.pullRequest).toMatchObject({ state: 'open', number: 1, changed: false });
    expect(house.world.mutating()).toEqual([]);
  });

  it('makes nothing while something it needs is missing, and names it', async () => {
    house.world.state.problems = ['Otterize is not reachable. Check OTTERIZE_API_ADDRESS.'];
    const run = await onboarded();
    expect(run.status).toBe('failed');
    expect(errorOf(run, 'preflight')?.text).toContain('Check OTTERIZE_API_ADDRESS');
    expect(house.world.mutating()).toEqual([]);
    house.world.state.problems = [];
    await house.records.change(run.id, retry(run.request.by.user));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('makes nothing while another repository lacks the chart, and asks for it', async () => {
    const { layout } = house.world.read;
    house.world.read.layout = { ...layout, elsewhere: () => ['chart/Chart.yaml'] };
    const { gitops } = request().target;
    const run = await onboarded(
      request({ gitops: { ...gitops, chartRepository: 'harbour/catalogue', chartBase: 'main' } }),
    );
    expect(errorOf(run, 'preflight')?.text).toMatch(/harbour\/catalogue has no chart\/Chart\.yaml on main/);
    expect(house.world.mutating()).toEqual([]);
    house.world.state.files['chart/Chart.yaml'] = 'name: otterize-kubernetes\n';
    await house.records.change(run.id, retry(run.request.by.user));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('makes nothing before its thread can be seen', async () => {
    const { run } = await house.records.start(request());
    const unseen = await advanced(run.id);
    expect([unseen.status, unseen.due]).toEqual(['waiting', house.clock + 30_000]);
    expect(house.world.mutating()).toEqual([]);
    await house.records.change(run.id, announce(thread));
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('has an audit line before and after each change to the world', async () => {
    const run = await onboarded();
    const kinds = (await house.records.history(run.id)).filter(({ about }) => about === 'organization');
    expect(kinds.map(({ kind }) => kind)).toEqual(['began', 'intended', 'recorded', 'established']);
  });
});

describe('a run', () => {
  it('stops at the next effect when it is cancelled, and what was made stays', async () => {
    const run = await started();
    const slow = { ...house.world.write.otterize };
    slow.createOrganization = async () => {
      await house.records.change(run.id, cancel(approver));
      return house.world.write.otterize.createOrganization();
    };
    house.engine = engineWith({ write: { ...house.world.write, otterize: slow } });
    const cancelled = await advanced(run.id);
    expect([cancelled.status, cancelled.due]).toEqual(['cancelled', null]);
    expect(house.world.mutating()).toEqual(['create organization']);
  });

  it('can be cancelled while it waits for a person', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    await house.records.change(run.id, cancel(approver));
    const cancelled = await advanced(run.id);
    expect([cancelled.status, cancelled.gates[0]?.state]).toEqual(['cancelled', 'void']);
  });

  it('is left alone by a worker whose epoch is over', async () => {
    const run = await started();
    const stolen = { ...house.world.write.otterize };
    stolen.createOrganization = async () => {
      await house.records.change(run.id, take(180_000));
      return house.world.write.otterize.createOrganization();
    };
    house.engine = engineWith({ write: { ...house.world.write, otterize: stolen } });
    await house.engine.advance(run.id);
    expect(house.world.mutating()).toEqual(['create organization']);
    expect((await house.records.get(run.id))?.effects['organization']?.result).toBeUndefined();
  });

  it('is let go by a worker whose call never ends, and goes on with the next', async () => {
    const run = await started();
    const deaf = {
      ...house.world.read.otterize,
      listOrganizations: () => new Promise<never>(() => undefined),
    };
    house.engine = engineWith({ read: { ...house.world.read, otterize: deaf }, patienceMs: 100 });
    await house.engine.advance(run.id);
    expect((await house.records.get(run.id))?.facts.organization).toBeUndefined();
    house.engine = engineWith();
    expect((await advanced(run.id)).status).toBe('done');
  });

  it('is handed over at the next effect when the worker drains', async () => {
    const run = await started();
    house.engine.drain();
    const rested = await advanced(run.id);
    expect([rested.status, rested.due, rested.steps]).toEqual(['waiting', house.clock, {}]);
    expect(house.world.calls).toEqual([]);
  });

  it('gives up on a failure that does not pass, with Retry as the way on', async () => {
    const id = (await started()).id;
    for (const _ of [1, 2, 3]) {
      house.world.faults.set('create environment', { error: failure({ applied: 'no' }) });
      await house.engine.advance(id);
      house.clock += 2_000;
    }
    const failed = await house.records.get(id);
    expect([failed?.status, failed?.due]).toEqual(['failed', null]);
    await house.records.change(id, retry(approver));
    expect((await advanced(id)).status).toBe('done');
  });

  it('waits as long as the service asked for', async () => {
    house.world.faults.set('create environment', { error: failure({ retryAfter: 45_000, applied: 'no' }) });
    const run = await onboarded();
    expect(run.due).toBe(house.clock + 45_000);
  });

  it('rests for its turn as often as it must, says so, and takes back what it was about to do', async () => {
    const id = (await started()).id;
    const held = { service: 'Otterize', operation: 'create the environment', reason: 'not yet' } as const;
    for (const _ of [1, 2, 3, 4, 5]) {
      house.world.faults.set('create environment', { error: new HeldBack({ ...held, retryAfter: 45_000 }) });
      const run = await advanced(id);
      expect([run.status, run.due]).toEqual(['waiting', house.clock + 45_000]);
      expect(run.steps.environment?.error?.text).toBe('Otterize could not create the environment: not yet.');
      expect(run.effects['environment']).toBeUndefined();
      house.clock += 45_000;
    }
    house.world.faults.set('list environments', { error: failure() });
    await house.engine.advance(id);
    house.clock += 2_000;
    expect((await advanced(id)).status).toBe('done');
  });

  it('goes on when the write that established a fact was answered with an error and took effect', async () => {
    const { swap } = house.store;
    let lost = false;
    const losing: Store['swap'] = async (entry, line) => {
      const answer = await swap(entry, line);
      if (lost || !line.includes('"about":"environment"') || !line.includes('established')) return answer;
      lost = true;
      throw failure({ service: 'Redis' });
    };
    house.records = recordsOver({ ...house.store, swap: losing });
    house.engine = engineWith();
    const run = await onboarded();
    expect([lost, run.status, run.due]).toEqual([true, 'done', null]);
  });

  it('says that something broke when the code is at fault, without the error’s own text', async () => {
    house.world.faults.set('create environment', { error: new TypeError('secret-thing is undefined') });
    const run = await onboarded();
    expect(errorOf(run, 'environment')).toMatchObject({ code: 'bug' });
    expect(JSON.stringify(run)).not.toContain('secret-thing');
  });

  it('keeps others from the same names while it lives', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect(await house.records.start(inviting('anna.meyer@harbour.example'))).toMatchObject({
      started: false,
      run: { id: run.id },
    });
    await decided(run);
    expect((await house.records.start(request())).started).toBe(true);
  });

  it('names a user’s mistake in one sentence', async () => {
    const layout = {
      ...house.world.read.layout,
      edit: () => {
        throw new UserError(
          'values-file',
          'values.yaml has two documents. Keep one, then retry.',
          'values.yaml',
        );
      },
    };
    house.engine = engineWith({ read: { ...house.world.read, layout } });
    expect(errorOf(await onboarded(), 'pullRequest')).toMatchObject({
      code: 'values-file',
      about: 'values.yaml',
    });
  });
});
