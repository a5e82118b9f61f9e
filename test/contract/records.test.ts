import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ContractError } from '../../src/errors.ts';
import { createLog, type Log } from '../../src/log.ts';
import { decide } from '../../src/onboarding/approvals.ts';
import { createEngine, type Engine } from '../../src/onboarding/engine.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import {
  announce,
  type Change,
  cancel,
  isHeld,
  newRun,
  openGateOf,
  type Run,
  migrations as released,
  retry,
} from '../../src/onboarding/run.ts';
import type { Entry, Store } from '../../src/onboarding/store.ts';
import { type Migrations, Newer } from '../../src/onboarding/versions.ts';
import { Secret } from '../../src/secret.ts';
import { openMark, readMark } from '../../src/slack/mark.ts';
import { messages } from '../../src/slack/messages.ts';
import { approver, request, requester } from '../support/builders.ts';
import { type StoreBackend, storeBackends } from '../support/stores.ts';
import { createWorld, person, type World } from '../support/world.ts';

interface Fixture {
  run: Run;
  mark: object;
  /** Of a rollout: its clusters, and what they wrote into its roll. */
  members?: Run[];
  roll?: Record<string, string>;
}

/** The version in which this Holt writes runs. */
const version = newRun('run-1', request(), 0).schema;

const folder = 'test/fixtures/records';
const everything = readdirSync(folder).flatMap(version =>
  readdirSync(join(folder, version)).map(file => {
    const fixture = JSON.parse(readFileSync(join(folder, version, file), 'utf8')) as Fixture;
    return { name: `${version}, ${file.replace('.json', '')}`, ...fixture };
  }),
);
const fixtures = everything.filter(({ members }) => members === undefined);
const rollouts = everything.filter(({ run, members }) => members !== undefined && run.due !== null);

const nudges = { tick: async () => undefined, render: async () => undefined };

const worldOf = (...runs: Run[]): World => {
  const world = createWorld();
  for (const run of runs) furnish(world, run);
  return world;
};

/** What the run says that it made, and the people whom it is about, as far as the rest of it needs them. */
function furnish(world: World, { facts, effects, request: { target } }: Run): void {
  const credentials = { clientId: 'cli_1', clientSecret: new Secret('kept in the vault alone') };
  world.state.people = target.invite.people.map((asked, index) => {
    const { address, name, id } = facts.invitees?.people[index] ?? { address: asked, name: asked, id: asked };
    return person(name, { id, mail: address, proxyAddresses: [asked] });
  });
  world.read.directory.findPerson = async asked =>
    world.state.people.find(({ proxyAddresses }) => proxyAddresses.includes(asked));
  const { organization, environment } = facts;
  if (organization !== undefined) world.state.organizations.push(organization);
  if (organization === undefined || environment === undefined) return;
  world.state.environments.set(organization.id, [environment]);
  const made = effects['integration']?.result as { id: string } | undefined;
  if (made === undefined) return;
  const integration = { id: made.id, name: target.names.integration, environmentId: environment.id };
  world.state.integrations.set(organization.id, [{ ...integration, connected: false, credentials }]);
}

for (const backend of storeBackends) {
  describe.skipIf(backend.skip)(`records on ${backend.name}`, () => {
    let stores: StoreBackend;
    let store: Store;
    let records: Records;
    let engine: Engine;
    let world: World;
    const clock = { now: 0 };
    let complaints: string[];

    beforeAll(async () => {
      stores = await backend.start();
    });
    afterAll(() => stores.stop());
    afterEach(() => stores.clear());
    beforeEach(async () => {
      const [opened] = await stores.callers(1);
      store = { ...(opened as Store), now: async () => clock.now };
      clock.now = 1_800_000_000_000;
      complaints = [];
      live(released);
    });

    const complain = (_: object, message: string): void => void complaints.push(message);
    const log: Log = { ...createLog('silent'), warn: complain, error: complain, child: () => log };

    /** A Holt that knows these migrations too. */
    function live(migrations: Migrations, its: World = createWorld()): void {
      world = its;
      records = createRecords(store, nudges, migrations);
      engine = createEngine({
        planOf,
        records,
        claims: store.claims,
        read: world.read,
        write: world.write,
        log,
        settleMs: 90_000,
        patienceMs: 180_000,
        maxAttempts: 3,
        backoff: () => 1_000,
      });
    }

    async function put(
      run: { id: string; revision: number },
      due: number | null,
      { subject = run.id, within }: Partial<Entry> = {},
    ) {
      const document = JSON.stringify(run);
      const entry = { id: run.id, revision: run.revision, subject, due, document };
      await store.insert({ ...entry, ...(within && { within }) }, '{}');
    }

    async function read(id: string): Promise<Run> {
      const run = await records.get(id);
      if (run === undefined) throw new Error('the run is gone');
      return run;
    }

    /** Advances the run as time passes; the approver agrees to whatever is asked. */
    async function lived(id: string): Promise<Run> {
      for (let look = 0; look < 10; look += 1) {
        await engine.advance(id);
        const run = await read(id);
        if (run.due === null) return run;
        const gate = openGateOf(run);
        if (gate === undefined) clock.now = Math.max(clock.now, run.due);
        else {
          const given = {
            digest: gate.digest,
            by: approver,
            verdict: 'approve' as const,
            right: 'granted' as const,
          };
          await records.change(id, decide(given));
        }
      }
      throw new Error('the run does not end');
    }

    const revisionNext = { schema: version + 1, id: 'run-new', revision: 5, whatever: ['is', 'new'] };

    /** The run and its thread's mark are stored as they were, some time ago, and this is their world. */
    async function restored({ run, mark, members = [], roll = {} }: Fixture): Promise<Run> {
      await put(run, run.due);
      for (const member of members) {
        const { cluster } = member.request.target;
        await put(member, member.due, {
          within: { run: run.id, member: cluster, line: roll[cluster] ?? '' },
        });
      }
      await store.setMark(run.id, { version: 1, shows: run.revision, document: JSON.stringify(mark) });
      clock.now = run.updatedAt + 100_000;
      live(released, worldOf(run, ...members));
      return read(run.id);
    }

    it.each(everything)('of $name are read and can be shown', async fixture => {
      const run = await restored(fixture);
      expect((await readMark(store, run.id)).messages['root']?.channel).toBe(run.thread?.channel);
      expect(messages(run, {}, await records.roll(run.id)).map(({ role }) => role)).toContain('root');
    });

    it.each(everything.filter(({ run }) => run.due === null))(
      'of $name stay as they ended',
      async fixture => {
        const run = await restored(fixture);
        await engine.advance(run.id);
        expect(await read(run.id)).toEqual(run);
        expect(world.calls).toEqual([]);
      },
    );

    const unfinished = fixtures.filter(({ run }) => run.due !== null || run.status === 'failed');
    it.each(unfinished)('of $name are finished', async fixture => {
      const run = await restored(fixture);
      if (run.due === null) await records.change(run.id, retry(requester));
      const end = await lived(run.id);
      expect(end.status).toBe(run.cancel === undefined ? 'done' : 'cancelled');
      const { organization } = run.request.target.names;
      expect(world.state.organizations.filter(({ name }) => name === organization)).toHaveLength(1);
      expect(end.facts).toMatchObject(run.facts);
      for (const address of run.gates.at(-1)?.votes.flatMap(({ without = [] }) => without) ?? [])
        expect(world.calls).not.toContain(`invite ${address}`);
    });

    /** Advances whatever is due, as time passes; the approver agrees, and what holds the rollout is tried again. */
    async function livedRollout(id: string): Promise<Run> {
      for (let look = 0; look < 60; look += 1) {
        const rollout = await read(id);
        if (rollout.due === null) return rollout;
        const digest = openGateOf(rollout)?.digest;
        if (digest !== undefined)
          await records.change(id, decide({ digest, by: approver, verdict: 'approve', right: 'granted' }));
        if (isHeld(rollout)) await records.change(id, retry(requester));
        const [next = id] = await store.due(Number.MAX_SAFE_INTEGER);
        clock.now = Math.max(clock.now, (await read(next)).due ?? 0);
        await engine.advance(next);
      }
      throw new Error('the rollout does not end');
    }

    it.each(rollouts)('of $name are finished, with one of everything for each cluster', async fixture => {
      const { id } = await restored(fixture);
      const end = await livedRollout(id);
      expect([end.status, end.facts.members === undefined]).toEqual(['done', false]);
      const members = await records.all((end.request.rollout?.members ?? []).map(({ run }) => run));
      expect(members.map(({ status }) => status)).toEqual(['done', 'done']);
      const names = world.state.organizations.map(({ name }) => name);
      expect(names.toSorted()).toEqual(
        ['Home', ...members.map(({ request: { target } }) => target.names.organization)].toSorted(),
      );
      expect(world.calls.filter(call => call === 'open pull request')).toHaveLength(1);
    });

    it('in an older form are migrated, step by step, and written in the newest', async () => {
      const fresh = fixtures.find(({ name }) => name === 'v1, fresh')?.run as Run;
      const { schema: _, retries: __, gates: ___, ...oldest } = fresh;
      const migrations: Migrations = {
        ...released,
        0: document => ({ ...document, retries: [], gates: [] }),
      };
      await put({ ...oldest, id: 'run-old' }, 0);
      await expect(records.get('run-old')).rejects.toThrow(ContractError);
      live(migrations, worldOf(fresh));
      expect(await read('run-old')).toMatchObject({ schema: version, retries: [], gates: [] });
      expect((await lived('run-old')).status).toBe('done');
      expect(JSON.parse((await store.load('run-old')) ?? '')).toMatchObject({
        schema: version,
        status: 'done',
      });
    });

    it('that a newer Holt wrote are left as they are, and said to be', async () => {
      await put(revisionNext, 0, { subject: 'payments-eu-prod' });
      const before = await store.load('run-new');
      await expect(records.get('run-new')).rejects.toThrow(Newer);
      await expect(engine.advance('run-new')).rejects.toThrow(Newer);
      await expect(records.latest('payments-eu-prod')).rejects.toThrow(Newer);
      await expect(records.change('run-new', retry(requester))).rejects.toThrow(Newer);
      await expect(records.start(request())).rejects.toThrow('newer Holt');
      const { run } = await records.start(request({ cluster: 'payments-us' }));
      expect(await records.recent(5)).toMatchObject([{ id: run.id }, 'newer']);
      expect(await store.load('run-new')).toBe(before);
      expect(await store.due(clock.now)).toContain('run-new');
      expect(world.calls).toEqual([]);
    });

    it('that a newer Holt takes over in the middle are let go, with nothing made after that', async () => {
      const { run } = await records.start(request());
      await records.change(run.id, announce({ channel: 'C1', ts: '1.1', place: 'channel' }));
      const { load, swap } = store;
      const newer = () => world.calls.includes('create environment');
      // It has written, so nobody has the newest document but it.
      store.swap = async (...given) => (newer() ? 'stale' : swap(...given));
      store.load = async id => {
        const document = await load(id);
        return newer() ? document?.replace(`"schema":${version}`, `"schema":${version + 1}`) : document;
      };
      await expect(engine.advance(run.id)).rejects.toThrow(Newer);
      expect(world.mutating().at(-1)).toBe('create environment');
      Object.assign(store, { load, swap });
      const left = await read(run.id);
      expect(left.effects['environment']?.result).toBeUndefined();
      expect(complaints).toEqual([]);
      clock.now += 180_000;
      expect((await lived(run.id)).status).toBe('done');
      expect(world.mutating().filter(call => call === 'create environment')).toHaveLength(1);
    });

    it('are changed as the caller knows them only while nobody was faster', async () => {
      const { run: old } = await records.start(request());
      const by = old.request.by.user;
      const { run: cancelled } = await records.change(old.id, cancel(by), old);
      expect(cancelled.cancel).toMatchObject({ by });
      const seen: number[] = [];
      const look: Change = (run, now) => {
        seen.push(run.revision);
        return cancel(by)(run, now);
      };
      expect(await records.change(old.id, look, old)).toMatchObject({ applied: false, reason: 'cancelled' });
      expect(await records.change(old.id, look, cancelled)).toMatchObject({ run: cancelled, applied: false });
      expect(seen).toEqual([1, 2, 2, 2]);
      expect(await records.history(old.id)).toHaveLength(2);
    });

    it('in no form at all are an answer of unknown form, not a newer one', async () => {
      for (const [index, document] of [
        '[]',
        'null',
        '"run"',
        '{"schema":"two"}',
        '{"schema":1.5}',
      ].entries()) {
        const id = `run-${index}`;
        await store.insert({ id, revision: 1, subject: id, due: 0, document }, '{}');
        await expect(records.get(id)).rejects.toThrow(ContractError);
      }
    });

    it('of threads from before they told a version are read, and a newer one is left alone', async () => {
      const { run } = await records.start(request());
      const posted = { channel: 'C1', ts: '1.1', hash: '' };
      const first = { messages: { root: posted }, accounts: {}, plain: false };
      await store.setMark(run.id, { version: 1, shows: 1, document: JSON.stringify(first) });
      const mark = await openMark(store, run.id);
      await mark.write({ plain: true });
      const stored = await store.mark(run.id);
      expect(JSON.parse(stored?.document ?? '')).toEqual({ ...first, schema: 2, plain: true });
      await store.setMark(run.id, { version: 3, shows: 1, document: '{"schema":3}' });
      await expect(readMark(store, run.id)).rejects.toThrow(Newer);
      await expect(openMark(store, run.id)).rejects.toThrow(Newer);
    });
  });
}
