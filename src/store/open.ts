import { ConfigError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Mailboxes, Store } from '../onboarding/store.ts';
import { createBullMailboxes, type Locks } from './bullmq.ts';
import { connectForCommands, connectForWork } from './connection.ts';
import { openEmbeddedStore } from './embedded.ts';
import { createInProcessMailboxes } from './in-process.ts';
import { createRedisStore, dangersOf } from './redis.ts';

export interface StoreOptions {
  /** `redis:` or `rediss:`, with the password in it. Without it the store is embedded. */
  redisUrl?: string | undefined;
  /** Where the embedded store lives. */
  file: string;
  /** Accepts a Redis that does not write to disk. */
  allowVolatile?: boolean;
  /** On Redis: how soon the work of a killed process is taken up. */
  locks?: Locks;
  log: Log;
}

export interface Opened {
  kind: 'redis' | 'embedded';
  store: Store;
  mailboxes: Mailboxes;
  /** Waits for the work of all consumers to end. */
  close(): Promise<void>;
}

/**
 * The store and its nudges: on Redis where a URL is given, else in one file and this process. A Redis that cannot be reached
 * is tried until it can, and `store.check` says so meanwhile; there is no falling back. Throws a ConfigError when the file
 * cannot be used, and when Redis answers and may lose what it is given.
 */
export async function openStore({
  redisUrl,
  file,
  allowVolatile = false,
  locks,
  log,
}: StoreOptions): Promise<Opened> {
  if (redisUrl === undefined)
    return opened('embedded', openEmbeddedStore(file), createInProcessMailboxes(log));
  const [documents, commands] = await Promise.all([
    connectForCommands(redisUrl, log),
    connectForCommands(redisUrl, log),
  ]);
  const dangers = (await dangersOf(documents, allowVolatile)) ?? [];
  if (dangers.length > 0) {
    documents.disconnect();
    commands.disconnect();
    throw new ConfigError(dangers);
  }
  const forWork = () => connectForWork(redisUrl, log);
  const store = createRedisStore(documents, { allowVolatile });
  return opened('redis', store, createBullMailboxes({ commands, forWork }, log, locks));
}

const opened = (kind: Opened['kind'], store: Store, mailboxes: Mailboxes): Opened => ({
  kind,
  store,
  mailboxes,
  close: async () => {
    await mailboxes.close();
    await store.close();
  },
});
