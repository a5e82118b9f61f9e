import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createLog } from '../../src/log.ts';
import { decide } from '../../src/onboarding/approvals.ts';
import { createEngine, type Engine, type EngineOptions } from '../../src/onboarding/engine.ts';
import { planOf } from '../../src/onboarding/plan.ts';
import { createRecords, type Records } from '../../src/onboarding/records.ts';
import type { Request } from '../../src/onboarding/request.ts';
import { announce, type Run } from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, request, thread } from './builders.ts';
import { createWorld, person, type World } from './world.ts';

/** An engine over a world of plain data and an embedded store, made anew for each test. */
export interface EngineHouse {
  /** The store's clock: nobody waits for a settle time or a deadline. */
  clock: number;
  store: Store;
  world: World;
  records: Records;
  engine: Engine;
  /** The runs that were nudged and that nobody has advanced since. */
  ticks: string[];
}

export const anna = person('Anna Meyer');
export const ben = person('Ben Okafor');

export const engineHouse = {} as EngineHouse;
const house = engineHouse;

/** The records of the house over another store than its own. */
export const recordsOver = (store: Store): Records =>
  createRecords(store, {
    tick: async run => void house.ticks.push(run),
    render: async () => undefined,
  });

let folder: string;

export function openEngineHouse(): void {
  folder = mkdtempSync(join(tmpdir(), 'holt-engine-'));
  house.clock = 1_700_000_000_000;
  house.store = { ...openEmbeddedStore(join(folder, 'holt.sqlite')), now: async () => house.clock };
  house.world = createWorld();
  house.world.state.people = [anna, ben];
  house.ticks = [];
  house.records = recordsOver(house.store);
  house.engine = engineWith();
}

export async function closeEngineHouse(): Promise<void> {
  await house.store.close();
  rmSync(folder, { recursive: true });
}

/** Gives each test of the file a house of its own. */
export function useEngineHouse(): void {
  beforeEach(openEngineHouse);
  afterEach(closeEngineHouse);
}

/** Another engine over what is in the house now. */
export const engineWith = (overrides: Partial<EngineOptions> = {}): Engine =>
  createEngine({
    planOf,
    records: house.records,
    claims: house.store.claims,
    read: house.world.read,
    write: house.world.write,
    log: createLog('silent'),
    settleMs: 90_000,
    patienceMs: 180_000,
    maxAttempts: 3,
    backoff: () => 1_000,
    ...overrides,
  });

/** A run whose thread can be seen. */
export async function started(asked: Request = request()): Promise<Run> {
  const { run } = await house.records.start(asked);
  return (await house.records.change(run.id, announce(thread))).run;
}

export async function found(id: string): Promise<Run> {
  const run = await house.records.get(id);
  if (run === undefined) throw new Error('the run is gone');
  return run;
}

export async function advanced(id: string): Promise<Run> {
  await house.engine.advance(id);
  return found(id);
}

export const onboarded = async (asked?: Request): Promise<Run> => advanced((await started(asked)).id);

/** Decides the request for approval that is open, and advances the run. */
export async function decided(run: Run, verdict: 'approve' | 'decline' = 'approve'): Promise<Run> {
  const digest = run.gates.at(-1)?.digest ?? '';
  const { applied } = await house.records.change(
    run.id,
    decide({ digest, by: approver, verdict, right: 'granted' }),
  );
  if (!applied) throw new Error(`nothing was there to ${verdict}`);
  return advanced(run.id);
}

export const inviting = (...people: string[]): Request => request({ invite: { people, groups: [] } });
export const errorOf = (run: Run, fact: keyof Run['facts']) => run.steps[fact]?.error;
