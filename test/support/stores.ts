import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../src/log.ts';
import type { Entry, Mark, Store } from '../../src/onboarding/store.ts';
import { connectForCommands } from '../../src/store/connection.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { redisAvailable, startRedis } from './redis.ts';

const log = createLog('silent');
export const entry = (overrides: Partial<Entry> = {}): Entry => ({
  id: 'run-1',
  revision: 1,
  subject: 'harbour-payments',
  due: 1000,
  document: '{}',
  ...overrides,
});
export const mark = (overrides: Partial<Mark> = {}): Mark => ({
  version: 1,
  shows: 1,
  document: '{}',
  ...overrides,
});

/** Where stores come from. */
export interface StoreBackend {
  /** Forgets everything. */
  clear(): Promise<void>;
  /** Independent ways to the same documents. */
  callers(count: number): Promise<Store[]>;
  stop(): Promise<void>;
}

async function embeddedBackend(): Promise<StoreBackend> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-store-'));
  let serial = 0;
  let store: Store | undefined;
  const clear = async (): Promise<void> => {
    await store?.close();
    store = undefined;
  };
  return {
    clear,
    callers: async count => {
      store ??= openEmbeddedStore(join(folder, `${++serial}.db`));
      return Array.from({ length: count }, () => store as Store);
    },
    stop: async () => {
      await clear();
      await rm(folder, { recursive: true });
    },
  };
}

async function redisBackend(): Promise<StoreBackend> {
  const redis = await startRedis();
  let stores: Store[] = [];
  return {
    clear: async () => {
      await Promise.all(stores.map(store => store.close()));
      stores = [];
      await redis.flush();
    },
    callers: async count => {
      const connections = await Promise.all(
        Array.from({ length: count }, () => connectForCommands(redis.url, log)),
      );
      const opened = connections.map(connection => createRedisStore(connection, { allowVolatile: true }));
      stores.push(...opened);
      return opened;
    },
    stop: () => redis.stop(),
  };
}

/** Both kinds of store, for a suite that runs on each of them. */
export const storeBackends = [
  { name: 'embedded', start: embeddedBackend, skip: false },
  { name: 'Redis', start: redisBackend, skip: !redisAvailable },
];

type StoreAction =
  | { kind: 'insert'; id: string; due: number | null }
  | { kind: 'swap'; id: string; due: number | null; ahead: number }
  | { kind: 'mark'; id: string; ahead: number; shows: number };

interface Numbers {
  revision: number;
  version: number;
  shows: number;
}

/** What the port promises for runs of one subject, as plain as it can be said. */
export function createStoreModel() {
  const runs = new Map<string, { revision: number; due: number | null; version: number; shows: number }>();
  const idsWhere = (holds: (run: { revision: number; due: number | null; shows: number }) => boolean) =>
    [...runs].filter(([, run]) => holds(run)).map(([id]) => id);
  const holder = (): string | undefined => idsWhere(run => run.due !== null)[0];

  /** Answers what the store should answer, and the numbers that the action comes down to. */
  function act(action: StoreAction): { answer: string | boolean; at: Numbers } {
    const run = runs.get(action.id);
    const ahead = 'ahead' in action ? action.ahead : 1;
    const { revision, version } = run ?? { revision: 0, version: 0 };
    // No thread shows a revision that is not there yet.
    const shows = 'shows' in action ? Math.min(action.shows, revision) : 0;
    const at = { revision: revision + ahead, version: version + ahead, shows };
    if (action.kind === 'insert') {
      const held = run === undefined ? holder() : action.id;
      if (held === undefined) runs.set(action.id, { revision: 1, due: action.due, version: 0, shows: 0 });
      return { answer: held ?? action.id, at };
    }
    if (action.kind === 'mark') {
      if (run === undefined || ahead !== 1) return { answer: false, at };
      Object.assign(run, { version: at.version, shows });
      return { answer: true, at };
    }
    if (run === undefined || ahead !== 1) return { answer: 'stale', at };
    if (action.due !== null && (holder() ?? action.id) !== action.id) return { answer: 'held', at };
    Object.assign(run, { revision: at.revision, due: action.due });
    return { answer: 'swapped', at };
  }

  return {
    act,
    lists: () => ({
      due: idsWhere(run => run.due !== null && run.due <= 15),
      behind: idsWhere(run => run.shows !== run.revision).toSorted(),
      recent: [...runs.keys()].toReversed(),
      latest: [...runs.keys()].at(-1),
    }),
  };
}
