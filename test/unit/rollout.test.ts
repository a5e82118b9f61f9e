import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decide } from '../../src/onboarding/approvals.ts';
import type { RolloutPolicy } from '../../src/onboarding/request.ts';
import { announce, cancel, openGateOf, type Run, retry } from '../../src/onboarding/run.ts';
import { newcomers } from '../../src/slack/messages.ts';
import { approver, requester, target, thread } from '../support/builders.ts';
import {
  anna,
  ben,
  closeEngineHouse,
  engineWith,
  found,
  engineHouse as house,
  openEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

const group = '6f1d2c3b-0000-4000-8000-000000000001';
const clusters = ['alpha', 'bravo', 'charlie', 'delta', 'echo'];

function open(): void {
  openEngineHouse();
  house.world.state.groups.set(group, [anna]);
}

beforeEach(open);
afterEach(closeEngineHouse);

/** Advances whatever has news, then whatever is due within an hour, until nothing happens any more. */
async function settled(id: string): Promise<Run> {
  for (let round = 0; round < 200; round += 1) {
    const next = house.ticks.shift() ?? (await house.store.due(house.clock + 3_600_000))[0];
    if (next === undefined) break;
    const due = (await house.records.get(next))?.due;
    if (house.ticks.length === 0 && due != null && due > house.clock + 120_000 && round > 100) break;
    if (due != null && due > house.clock && house.ticks.length === 0)
      house.clock = Math.min(due, house.clock + 3_600_000);
    await house.engine.advance(next);
  }
  return found(id);
}

/** Advances whatever has news, and nothing else. */
async function told(id: string): Promise<Run> {
  for (let next = house.ticks.shift(); next !== undefined; next = house.ticks.shift())
    await house.engine.advance(next);
  return found(id);
}

const usual: RolloutPolicy = { canary: 1, wave: 2, stopAfter: 1, pullRequests: 'per-rollout' };

async function begun(
  policy: Partial<RolloutPolicy> = {},
  groups: string[] = [],
  its: readonly string[] = clusters,
): Promise<Run> {
  const invite = { people: [], groups };
  const whole = target({ cluster: 'all clusters', invite });
  const { run: rollout } = await house.records.startRollout({
    target: { ...whole, names: { ...whole.names, organization: 'rollout: all clusters prod' } },
    named: [],
    by: { user: requester, team: 'T0HARBOUR' },
    channel: 'C0PLATFORM',
    clusters: its.map((cluster, index) => ({
      target: target({ cluster, invite }),
      wave: index === 0 ? 1 : 1 + Math.ceil(index / 2),
    })),
    leftOut: [],
    policy: { ...usual, ...policy },
  });
  if (rollout === undefined) throw new Error('no rollout');
  return rollout;
}

const announced = async ({ id }: Run): Promise<Run> => (await house.records.change(id, announce(thread))).run;
const decided = async ({ id, gates }: Run, verdict: 'approve' | 'decline' = 'approve') =>
  house.records.change(
    id,
    decide({ digest: gates.at(-1)?.digest ?? '', by: approver, verdict, right: 'granted' }),
  );
const organizations = (): string[] =>
  house.world.state.organizations.map(({ name }) => name).filter(name => name !== 'Home');
const named = clusters.map(cluster => `${cluster}-prod`);

describe('a rollout', () => {
  it('looks at every cluster and makes nothing before its message stands', async () => {
    const rollout = await begun();
    const looked = await told(rollout.id);
    expect(looked.facts.looked?.of).toEqual(Object.fromEntries(clusters.map(cluster => [cluster, 0])));
    expect(house.world.mutating()).toEqual([]);
    const roll = await house.records.roll(rollout.id);
    expect(Object.values(roll).map(({ state }) => state)).toEqual(clusters.map(() => 'queued'));
  });

  it('onboards wave after wave and ends with one pull request of one commit', async () => {
    const done = await told((await announced(await begun())).id);
    expect([done.status, done.due]).toEqual(['done', null]);
    expect(organizations().toSorted()).toEqual(named);
    // The first alone; the next begin when it has its credentials.
    const made = house.world.mutating().filter(call => /organization|write/.test(call));
    expect(made.slice(0, 4)).toEqual([
      'create organization',
      'rename organization',
      'write otterize-cloud-client-secret',
      'write otterize-cloud-client-id',
    ]);
    expect(house.world.calls.filter(call => call === 'commit')).toHaveLength(1);
    expect(house.world.state.pulls).toHaveLength(1);
    expect(done.facts.waves?.pulls).toMatchObject([{ number: 1, clusters: 5, files: 5 }]);
    expect(house.world.state.pulls[0]?.body).toContain('| echo | echo-prod | prod | kv-echo-prod |');
    expect(done.facts.members).toEqual({ done: 5, failed: [] });
  });

  it('changes nothing the second time', async () => {
    await told((await announced(await begun())).id);
    house.world.calls.length = 0;
    const again = await told((await announced(await begun())).id);
    expect(again.status).toBe('done');
    expect(house.world.mutating()).toEqual([]);
  });

  it('is the one that is running when it is asked for again, and leaves out what runs alone', async () => {
    const alone = await house.records.start({ ...(await begunRequest('alpha')) });
    const rollout = await begun();
    expect(rollout.request.rollout?.leftOut).toEqual([
      { cluster: 'alpha', why: 'it is being onboarded already' },
    ]);
    expect(rollout.request.rollout?.members.map(({ cluster }) => cluster)).toEqual(clusters.slice(1));
    expect((await begun()).id).toBe(rollout.id);
    expect((await found(alone.run.id)).due).not.toBeNull();
  });

  it('opens a pull request for each wave, or for each cluster, where the policy says so', async () => {
    const waves = await told((await announced(await begun({ pullRequests: 'per-wave' }))).id);
    expect(waves.facts.waves?.pulls.map(({ wave, clusters: count }) => [wave, count])).toEqual([
      [1, 1],
      [2, 2],
      [3, 2],
    ]);
    expect(new Set(house.world.state.pulls.map(({ branch }) => branch)).size).toBe(3);
  });

  it('leaves each cluster its own pull request where the policy says so', async () => {
    const each = await told((await announced(await begun({ pullRequests: 'per-cluster' }))).id);
    expect([each.status, each.facts.waves?.pulls]).toEqual(['done', []]);
    expect(house.world.state.pulls).toHaveLength(5);
  });
});

const begunRequest = async (cluster: string) => ({
  target: target({ cluster }),
  named: [],
  by: { user: requester, team: 'T0HARBOUR' },
  channel: 'C0PLATFORM',
});

describe('the approval of a rollout', () => {
  it('is one for all clusters, and what is not about people does not wait for it', async () => {
    const asked = await told((await announced(await begun({}, [group]))).id);
    expect(asked.gates).toHaveLength(1);
    expect(asked.gates[0]?.addresses).toEqual([anna.mail]);
    expect(house.world.state.pulls).toHaveLength(1);
    expect([...house.world.state.invites.values()].flat()).toEqual([]);
    await decided(asked);
    const done = await told(asked.id);
    expect([done.status, done.due]).toEqual(['done', null]);
    const invites = house.world.state.organizations
      .filter(({ name }) => name !== 'Home')
      .map(({ id }) => house.world.state.invites.get(id)?.map(({ email }) => email));
    expect(invites).toEqual(clusters.map(() => [anna.mail]));
  });

  it('invites to no cluster whom an approver left out', async () => {
    house.world.state.groups.set(group, [anna, ben]);
    const asked = await told((await announced(await begun({}, [group]))).id);
    const vote = { by: approver, verdict: 'approve' as const, right: 'granted' as const };
    const digest = asked.gates[0]?.digest ?? '';
    await house.records.change(asked.id, decide({ ...vote, digest, without: [ben.mail ?? ''] }));
    const done = await told(asked.id);
    expect(done.status).toBe('done');
    expect([...house.world.state.invites.values()].flat().map(({ email }) => email)).toEqual(
      clusters.map(() => anna.mail),
    );
    expect(newcomers(done)).toEqual([anna.mail]);
  });

  it('invites nobody when it is declined', async () => {
    const asked = await told((await announced(await begun({}, [group]))).id);
    await decided(asked, 'decline');
    const done = await told(asked.id);
    expect([done.status, done.facts.approval?.verdict]).toEqual(['done', 'declined']);
    expect([...house.world.state.invites.values()].flat()).toEqual([]);
  });

  it('is void when somebody joined the group: all is asked anew and nothing was sent before', async () => {
    const asked = await told((await announced(await begun({}, [group]))).id);
    house.world.state.groups.set(group, [anna, ben]);
    await decided(asked);
    const anew = await told(asked.id);
    expect(anew.gates.map(({ state }) => state)).toEqual(['void', 'open']);
    expect(anew.gates[1]?.addresses).toEqual([anna.mail, ben.mail]);
    expect([...house.world.state.invites.values()].flat()).toEqual([]);
    await decided(anew);
    const done = await told(asked.id);
    expect(done.status).toBe('done');
    expect([...house.world.state.invites.values()].flat()).toHaveLength(10);
  });
});

describe('a rollout in which clusters fail', () => {
  const refused = failure({ service: 'Key Vault', retryable: false, applied: 'no' });

  async function heldAtCanary(policy: Partial<RolloutPolicy> = {}): Promise<Run> {
    house.world.faults.set('write otterize-cloud-client-secret', { error: refused });
    return told((await announced(await begun(policy))).id);
  }

  it('begins nothing more after as many failures as the policy says', async () => {
    const held = await heldAtCanary();
    expect(held.steps.waves?.error).toMatchObject({ code: 'wave-held' });
    expect(held.due).not.toBeNull();
    expect(organizations()).toEqual(['alpha-prod']);
    expect(house.world.state.pulls).toEqual([]);
  });

  it('tries the failed ones again on Retry, and only those', async () => {
    const held = await heldAtCanary();
    await house.records.change(held.id, retry(requester));
    const done = await told(held.id);
    expect(done.status).toBe('done');
    expect(organizations().toSorted()).toEqual(named);
    expect(done.facts.waves?.pulls).toMatchObject([{ clusters: 5 }]);
  });

  it('goes on without them, names them, and takes them in when they are tried again', async () => {
    const held = await heldAtCanary();
    await house.records.change(held.id, retry(requester, 'go-on'));
    const failed = await told(held.id);
    expect([failed.status, failed.steps.members?.error?.code]).toEqual(['failed', 'members-failed']);
    expect(failed.facts.waves?.pulls).toMatchObject([{ clusters: 4 }]);
    expect(house.world.state.pulls[0]?.body).toContain('because they failed: `alpha`');
    await house.records.change(held.id, retry(requester));
    const done = await told(held.id);
    expect(done.status).toBe('done');
    expect(house.world.state.pulls).toHaveLength(1);
    expect(house.world.state.pulls[0]?.body).not.toContain('because they failed');
    expect(house.world.state.pulls[0]?.body).toContain('| alpha |');
  });

  it('stops with what is ready', async () => {
    const held = await heldAtCanary({ canary: 1, stopAfter: 1 });
    await house.records.change(held.id, retry(requester, 'stop'));
    const done = await told(held.id);
    expect([done.status, done.facts.members]).toEqual(['done', { done: 0, failed: ['alpha'] }]);
    expect(organizations()).toEqual(['alpha-prod']);
    const roll = await house.records.roll(held.id);
    expect(roll['echo']?.state).toBe('cancelled');
  });

  it('cancels its clusters when it is cancelled', async () => {
    const asked = await told((await announced(await begun({}, [group]))).id);
    await house.records.change(asked.id, cancel(requester));
    const cancelled = await told(asked.id);
    expect(cancelled.status).toBe('cancelled');
    const roll = await house.records.roll(asked.id);
    expect(Object.values(roll).every(({ ended }) => ended)).toBe(true);
  });

  it('ends its clusters when it never began', async () => {
    const rollout = await begun();
    house.world.state.problems.push('no token');
    house.ticks.length = 0;
    await house.engine.advance(rollout.id);
    expect((await found(rollout.id)).status).toBe('failed');
    await settled(rollout.id);
    const roll = await house.records.roll(rollout.id);
    expect(Object.values(roll).map(({ state }) => state)).toEqual(clusters.map(() => 'failed'));
    expect(house.world.mutating()).toEqual([]);
  });
});

const summary = ({ status }: Run) => ({
  status,
  organizations: organizations().toSorted(),
  environments: [...house.world.state.environments.values()].map(all => all.length),
  integrations: [...house.world.state.integrations.values()].map(all => all.length),
  invites: [...house.world.state.invites.values()].map(all => all.length),
  secrets: [...house.world.state.secrets.keys()].toSorted(),
  pulls: house.world.state.pulls.map(({ title, state }) => [title, state]),
});

describe('a rollout whose worker dies', () => {
  type Call = () => unknown;

  /** The same world, but every call of it passes here first. */
  const through = <Ports extends object>(ports: Ports, pass: (call: Call) => unknown): Ports =>
    Object.fromEntries(
      Object.entries(ports).map(([port, methods]) => [
        port,
        Object.fromEntries(
          Object.entries(methods as Record<string, unknown>).map(([name, method]) => [
            name,
            typeof method !== 'function' || port === 'layout'
              ? method
              : (...given: unknown[]) => pass(() => method(...given)),
          ]),
        ),
      ]),
    ) as Ports;

  /** What comes of a rollout whose worker dies at its nth call, before or after that took effect, and is followed by another. */
  async function outcome(nth: number, when: 'before' | 'after') {
    await closeEngineHouse();
    open();
    const death = Promise.withResolvers<'dead'>();
    const state = { calls: 0, dead: false };
    const pass = async (call: Call): Promise<unknown> => {
      state.calls += 1;
      if (state.dead || state.calls === nth) {
        if (!state.dead && when === 'after') await call();
        state.dead = true;
        death.resolve('dead');
        return new Promise(() => undefined);
      }
      return call();
    };
    const mortal = engineWith({
      read: through(house.world.read, pass),
      write: through(house.world.write, pass),
    });
    const { id } = await announced(await begun({ canary: 1, wave: 2 }, [group], clusters.slice(0, 3)));
    for (let now = await found(id); now.due !== null; now = await found(id)) {
      if (openGateOf(now) !== undefined) await decided(now);
      const next = house.ticks.shift() ?? (await house.store.due(Number.MAX_SAFE_INTEGER))[0] ?? id;
      if (house.ticks.length === 0)
        house.clock = Math.max(house.clock, (await found(next)).due ?? house.clock);
      await Promise.race([(state.dead ? house.engine : mortal).advance(next), death.promise]);
      if (state.dead) await house.engine.advance(next);
    }
    return { ...state, world: summary(await found(id)) };
  }

  it('ends the same, wherever that was', async () => {
    const whole = await outcome(0, 'before');
    expect(whole.world).toMatchObject({ status: 'done', invites: [1, 1, 1] });
    expect(whole.calls).toBeGreaterThan(50);
    for (let nth = 1; nth <= whole.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const { dead, world: its } = await outcome(nth, when);
        expect({ nth, when, dead, ...its }).toEqual({ nth, when, dead: true, ...whole.world });
      }
    }
  }, 300_000);
});
