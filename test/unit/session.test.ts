import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ServiceError, UserError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { Fenced, take } from '../../src/onboarding/leased.ts';
import type { Writers } from '../../src/onboarding/ports.ts';
import type { Records } from '../../src/onboarding/records.ts';
import { cancel, type Run, retry } from '../../src/onboarding/run.ts';
import { Interrupted, openSession, type Session, type SessionOptions } from '../../src/onboarding/session.ts';
import type { EffectDefinition, Intent } from '../../src/onboarding/step.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { approver, request, requester, target } from '../support/builders.ts';
import { engineHouse as house, recordsOver, started, useEngineHouse } from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

const settleMs = 90_000;

/** A worker takes the run. */
async function taken(
  { id }: Pick<Run, 'id'>,
  overrides: Partial<SessionOptions> = {},
  draining = () => false,
  log = createLog('silent'),
): Promise<Session> {
  const { run } = await house.records.change(id, take(180_000));
  const options = {
    records: house.records,
    claims: house.store.claims,
    read: house.world.read,
    write: house.world.write,
    settleMs,
  };
  return openSession({ ...options, patienceMs: 180_000, ...overrides }, run, draining, log);
}

const atWork = async (overrides?: Partial<SessionOptions>, draining?: () => boolean): Promise<Session> =>
  taken(await started(), overrides, draining);

interface Looking {
  effect: EffectDefinition<string>;
  /** What each look was told, in their order. */
  looks: Intent['open'][];
}

/** An organization, looked for by nothing and made at once. */
function organization(definition: Partial<EffectDefinition<string>> = {}): Looking {
  const looks: Intent['open'][] = [];
  const effect: EffectDefinition<string> = {
    find: async (_read, { open }) => void looks.push(open),
    create: async ({ otterize }) => (await otterize.createOrganization()).id,
    ...definition,
  };
  return { effect, looks };
}

/** Its request gets no answer. */
const unanswered = (definition: Partial<EffectDefinition<string>> = {}): EffectDefinition<string> =>
  organization({ ...definition, create: () => Promise.reject(failure({ applied: 'unknown' })) }).effect;

const environment = (looks: string[]): EffectDefinition<string> => ({
  inside: 'organization',
  find: async () => void looks.push('environment'),
  create: async ({ otterize }) =>
    (await otterize.createEnvironment('org_1', { name: 'production', labels: {} })).id,
});

const made = (): number => house.world.mutating().length;
const kinds = async (run: Run): Promise<string[]> =>
  (await house.records.history(run.id)).map(({ kind }) => kind);
const interruption = (until: number, why?: string) => ({
  name: 'Interrupted',
  message: 'the effect may not be made now',
  until,
  why,
});

/** The wall's clock stands still, unless the test moves it. */
function stillness(): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
}
const pause = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

describe('an effect', () => {
  it('is written down before it is made and after, and made once', async () => {
    const lines: string[] = [];
    const log = createLog('debug', {}, { write: line => void lines.push(line) });
    const session = await taken(await started(), {}, undefined, log);
    const { effect } = session.context();
    const { effect: definition, looks } = organization();
    const result = await effect('organization', definition);
    expect(house.world.state.organizations.map(({ id }) => id)).toEqual(['org_home', result]);
    expect(session.run.effects['organization']).toEqual({ at: house.clock, epoch: 1, result });
    expect((await kinds(session.run)).slice(-2)).toEqual(['intended', 'recorded']);
    expect(await effect('organization', definition)).toBe(result);
    expect([made(), looks]).toEqual([1, [undefined]]);
    expect(lines.map(line => JSON.parse(line))).toMatchObject([{ effect: 'organization', msg: 'made' }]);
  });

  it('is not made when it is there, which is written down', async () => {
    const session = await atWork();
    const { effect } = organization({ find: async () => 'org_home' });
    expect(await session.context().effect('organization', effect)).toBe('org_home');
    expect([made(), session.run.effects['organization']?.result]).toEqual([0, 'org_home']);
    expect(await kinds(session.run)).not.toContain('intended');
  });

  it('keeps what a later look will want to know of it', async () => {
    const session = await atWork();
    const effect = unanswered({
      async find(_read, { remember }) {
        remember(['org_home']);
        return undefined;
      },
    });
    await expect(session.context().effect('organization', effect)).rejects.toThrow(ServiceError);
    const open = { at: house.clock, epoch: 1, memo: ['org_home'] };
    expect(session.run.effects['organization']).toEqual(open);
    house.clock += settleMs;
    const next = await taken(session.run);
    const { effect: again, looks } = organization();
    await next.context().effect('organization', again);
    expect(looks).toEqual([open]);
  });

  it('whose end nobody saw waits until it cannot land any more, and says why', async () => {
    const session = await atWork();
    await expect(session.context().effect('organization', unanswered())).rejects.toThrow(ServiceError);
    const landed = house.clock + settleMs;
    const next = await taken(session.run);
    const { effect: again, looks } = organization();
    house.clock = landed - 1;
    await expect(next.context().effect('organization', again)).rejects.toMatchObject(
      interruption(landed, 'An earlier request got no answer and may still take effect.'),
    );
    expect([looks, made()]).toEqual([[], 0]);
    house.clock = landed;
    await next.context().effect('organization', again);
    expect([looks.length, made()]).toEqual([1, 1]);
  });

  it.each([
    ['the service refused it', () => failure({ applied: 'no' })],
    ['a person asked for what cannot be', () => new UserError('no-vault', 'No such vault.')],
  ])('did not happen when %s, and is tried again without a wait', async (_, error) => {
    const session = await atWork();
    const { effect } = organization({ create: () => Promise.reject(error()) });
    await expect(session.context().effect('organization', effect)).rejects.toThrow(error().message);
    expect(session.run.effects).toEqual({});
    await session.context().effect('organization', organization().effect);
    expect(made()).toBe(1);
  });

  it('may have happened when anything else went wrong', async () => {
    const session = await atWork();
    const { effect } = organization({ create: () => Promise.reject(new TypeError('x is undefined')) });
    await expect(session.context().effect('organization', effect)).rejects.toThrow(TypeError);
    expect(session.run.effects['organization']).toEqual({ at: house.clock, epoch: 1 });
  });
});

describe('what is inside of something', () => {
  it('is not looked for when this worker has just made that', async () => {
    const { effect } = (await atWork()).context();
    const looks: string[] = [];
    await effect('organization', organization().effect);
    await effect('environment', environment(looks));
    expect([looks, made()]).toEqual([[], 2]);
  });

  it.each([
    ['found that', { find: async () => 'org_home' }],
    ['made something else', undefined],
  ])('is looked for when this worker has %s', async (_, found) => {
    const { effect } = (await atWork()).context();
    const looks: string[] = [];
    await effect(found === undefined ? 'other' : 'organization', organization(found).effect);
    await effect('environment', environment(looks));
    expect(looks).toEqual(['environment']);
  });

  it('is looked for when an earlier request for either may have landed', async () => {
    for (const key of ['organization', 'environment']) {
      const looks: string[] = [];
      const session = await taken(await started(request({ cluster: `payments-${key}` })));
      await expect(session.context().effect(key, unanswered())).rejects.toThrow(ServiceError);
      house.clock += settleMs;
      const { effect } = (await taken(session.run)).context();
      await effect('organization', organization().effect);
      await effect('environment', environment(looks));
      expect(looks).toEqual(['environment']);
    }
  });

  it('is looked for where it is in nothing that a run makes', async () => {
    const { effect } = (await atWork()).context();
    await effect('organization', organization().effect);
    const { effect: next, looks } = organization();
    await effect('another', next);
    expect(looks).toHaveLength(1);
  });
});

describe('nothing is made', () => {
  it('by a worker that drains, not even written down', async () => {
    const state = { draining: false };
    const session = await atWork({}, () => state.draining);
    expect(session.stopping()).toBe(false);
    state.draining = true;
    expect(session.stopping()).toBe(true);
    const { effect } = organization();
    await expect(session.context().effect('organization', effect)).rejects.toMatchObject(
      interruption(house.clock),
    );
    expect([made(), session.run.effects]).toEqual([0, {}]);
  });

  it('of a run that a person cancelled, whether or not this worker has heard of it', async () => {
    const session = await atWork();
    await house.records.change(session.run.id, cancel(approver));
    const { effect } = organization();
    await expect(session.context().effect('organization', effect)).rejects.toMatchObject(
      interruption(house.clock),
    );
    expect([made(), session.run.effects]).toEqual([0, {}]);
  });

  it('of a run that nobody can see, which is looked at again in half a minute', async () => {
    const { run } = await house.records.start(request());
    const session = await taken(run);
    const { effect } = organization();
    await expect(session.context().effect('organization', effect)).rejects.toMatchObject(
      interruption(house.clock + 30_000),
    );
    expect(made()).toBe(0);
  });

  it('of a run that another worker has taken', async () => {
    const session = await atWork();
    await taken(session.run);
    await expect(session.context().effect('organization', organization().effect)).rejects.toThrow(Fenced);
    expect(made()).toBe(0);
  });
});

/** A worker whose process sleeps for so long between the intention and the first request. */
async function sleeping(ms: number, freshMs?: number): Promise<Session> {
  stillness();
  const swap: Store['swap'] = async (entry, audit) => {
    if (audit.includes('"intended"')) pause(ms);
    return house.store.swap(entry, audit);
  };
  house.records = recordsOver({ ...house.store, swap });
  return atWork(freshMs === undefined ? {} : { freshMs });
}

async function slowly({ otterize }: Writers): Promise<string> {
  const { id } = await otterize.createOrganization();
  pause(60_000);
  await otterize.renameOrganization(id, 'payments-eu-prod');
  return id;
}

describe('an intention', () => {
  it('is acted on for five seconds', async () => {
    const session = await sleeping(4_999);
    await session.context().effect('organization', organization().effect);
    expect(made()).toBe(1);
  });

  it('is taken back when it is older, for nothing was asked for', async () => {
    const session = await sleeping(5_000);
    const { effect } = organization();
    await expect(session.context().effect('organization', effect)).rejects.toMatchObject(
      interruption(house.clock),
    );
    expect([made(), session.run.effects]).toEqual([0, {}]);
    expect((await kinds(session.run)).at(-1)).toBe('refused');
  });

  it('is for as long as the worker was told', async () => {
    const session = await sleeping(200, 200);
    await expect(session.context().effect('organization', organization().effect)).rejects.toThrow(
      Interrupted,
    );
  });

  it('that was acted on in time is carried to its end', async () => {
    stillness();
    const session = await atWork();
    await session.context().effect('organization', organization({ create: slowly }).effect);
    expect(made()).toBe(2);
  });
});

describe('what a worker knows of its run', () => {
  it('is the newest, in whatever order the answers come', async () => {
    const late = Promise.withResolvers<void>();
    const held: Records['change'] = async (id, change, newest) => {
      const result = await house.records.change(id, change, newest);
      if (result.run.revision === 4) await late.promise;
      return result;
    };
    const session = await atWork({ records: { ...house.records, change: held } });
    expect(session.run.revision).toBe(3);
    const noted = (kind: string) =>
      session.change(run => ({ next: { ...run, acknowledged: [...run.acknowledged, kind] }, kind }));
    const first = noted('first');
    await vi.waitFor(async () => expect((await house.records.get(session.run.id))?.revision).toBe(4));
    await noted('second');
    expect(session.run.revision).toBe(5);
    late.resolve();
    await first;
    expect(session.run.acknowledged).toEqual(['first', 'second']);
  });

  it('has what others have changed, once it looks', async () => {
    const session = await atWork();
    await house.records.change(session.run.id, cancel(approver));
    expect(session.stopping()).toBe(false);
    await session.refresh();
    expect(session.stopping()).toBe(true);
  });

  it('is not lost with the record', async () => {
    const session = await atWork({ records: { ...house.records, get: async () => undefined } });
    const { run } = session;
    await session.refresh();
    expect(session.run).toBe(run);
  });

  it('tells a step what was made and what people have seen', async () => {
    const session = await atWork();
    await expect(session.context().effect('lost', unanswered())).rejects.toThrow(ServiceError);
    await session.context().effect('organization', organization().effect);
    const recorded = ['lost', 'organization', 'environment'].map(session.context().recorded);
    expect(recorded).toEqual([false, true, false]);

    const error = { code: 'integration-gone', text: 'It is gone.', about: 'int_1' };
    await session.change(run => ({
      next: { ...run, steps: { credentials: { startedAt: house.clock, attempts: 1, error } } },
      kind: 'failed',
    }));
    await session.change(retry(approver));
    const { acknowledged, retries, now } = { ...session.context(), now: session.now };
    expect(acknowledged('integration-gone', 'int_1')).toBe(true);
    expect(acknowledged('integration-gone', 'int_2')).toBe(false);
    expect(retries).toMatchObject([{ by: approver, failed: [{ fact: 'credentials' }] }]);
    expect(await now()).toBe(house.clock);
  });

  it('has the question that people are asked', async () => {
    const session = await atWork();
    const covered = { digest: 'sha256:1', addresses: ['anna.meyer@harbour.example'] };
    const gate = await session.context().ask(covered);
    expect(gate).toMatchObject({ ...covered, state: 'open', openedAt: house.clock });
    house.clock += 1_000;
    expect(await session.context().ask(covered)).toEqual(gate);
    const other = await session.context().ask({ ...covered, digest: 'sha256:2' });
    expect(session.run.gates).toEqual([{ ...gate, state: 'void', closedAt: house.clock }, other]);
  });
});

const membersOf = ({ request: { rollout: its } }: Run): string[] => its?.members.map(({ run }) => run) ?? [];

describe('a rollout and its clusters', () => {
  const clusters = ['alpha', 'bravo'];

  async function rollout(): Promise<Run> {
    const whole = target({ cluster: 'all clusters' });
    const { run } = await house.records.startRollout({
      target: { ...whole, names: { ...whole.names, organization: 'rollout: all clusters prod' } },
      named: [],
      by: { user: requester, team: 'T0HARBOUR' },
      channel: 'C0PLATFORM',
      clusters: clusters.map(cluster => ({ target: target({ cluster }), wave: 1 })),
      leftOut: [],
      policy: { canary: 0, wave: 5, stopAfter: 1, pullRequests: 'per-rollout' },
    });
    if (run === undefined) throw new Error('the rollout did not start');
    return run;
  }

  it('know of each other', async () => {
    const whole = await rollout();
    const { kin } = (await taken(whole)).context();
    const ids = membersOf(whole);
    expect(await kin.rollout()).toBeUndefined();
    expect((await kin.all(ids)).map(({ id }) => id)).toEqual(ids);
    expect(await kin.roll()).toEqual(await house.records.roll(whole.id));
    const [alpha = ''] = ids;
    const { kin: its } = (await taken({ id: alpha })).context();
    expect((await its.rollout())?.id).toBe(whole.id);
    await its.change(whole.id, cancel(approver));
    expect((await house.records.get(whole.id))?.cancel).toEqual({ by: approver, at: house.clock });
  });

  it('are called off together by whoever cancelled the rollout, and not before', async () => {
    const whole = await rollout();
    const session = await taken(whole);
    const cancelled = async () => (await house.records.all(membersOf(whole))).map(run => run.cancel?.by);
    await session.callOff();
    expect(await cancelled()).toEqual([undefined, undefined]);
    await session.change(cancel(approver));
    await session.callOff();
    expect(await cancelled()).toEqual([approver, approver]);
  });

  it('are one where a cluster is alone', async () => {
    const session = await atWork();
    await session.change(cancel(approver));
    await session.callOff();
    expect(await kinds(session.run)).toEqual(['requested', 'announced', 'taken', 'cancelling']);
  });
});
