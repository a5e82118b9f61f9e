import { setTimeout as sleep } from 'node:timers/promises';
import { explain, HeldBack } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Standing } from '../onboarding/policy.ts';
import { SlowDown } from '../onboarding/store.ts';
import type { AccountBook } from './accounts.ts';

export interface StandingsOptions {
  accounts: Pick<AccountBook, 'isColleague'>;
  /** The people whom the configuration gives a right, as it is known now. */
  listed(): Iterable<string>;
  log: Log;
}

export interface Standings {
  /** As last read. Who was never read is `unknown`, and read next. */
  of(user: string): Standing;
  /** Reads as many as Slack allows at once, then everybody in turn in the background. */
  load(): Promise<void>;
  close(): void;
}

/** How old a standing may become while there are few people; of many, each waits for its turn. */
const refreshMs = 300_000;
/** Slack allows a hundred of these calls a minute, and threads need some of them. */
const gapMs = 1_000;
const mostAtOnce = 40;
const againMs = 5_000;
const never = -refreshMs;

/** Who is a colleague. Nobody waits for Slack: what is known is answered, the rest is looked up meanwhile. */
export function createStandings({ accounts, listed, log }: StandingsOptions): Standings {
  const known = new Map<string, { standing: Standing; at: number }>();
  const wanted = new Set<string>();
  const closing = new AbortController();
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false, signal: closing.signal });
  /** Whoever is still unknown is due at once, behind those who are overdue. */
  function readAt(user: string): number {
    const { standing, at } = known.get(user) ?? { standing: 'unknown', at: never };
    return standing === 'unknown' ? at - refreshMs : at;
  }
  const everybody = (): string[] => [...new Set([...listed(), ...known.keys()])];

  /** Answers after how many milliseconds to go on. The last good answer is kept. */
  async function read(user: string): Promise<number> {
    const before = known.get(user)?.standing ?? 'unknown';
    known.set(user, { standing: before, at: performance.now() });
    try {
      const standing = (await accounts.isColleague(user)) ? 'colleague' : 'outsider';
      known.set(user, { standing, at: performance.now() });
      return gapMs;
    } catch (error) {
      if (error instanceof SlowDown) return error.ms;
      if (error instanceof HeldBack) return error.retryAfter;
      log.error({ user, reason: explain(error).text }, 'a person could not be looked up');
      return againMs;
    }
  }

  /** Whoever waits for it, else the one that was read longest ago, if that is too long. */
  function next(): string | undefined {
    const [first] = wanted;
    if (first !== undefined) return first;
    const [oldest] = everybody().toSorted((a, b) => readAt(a) - readAt(b));
    return oldest !== undefined && performance.now() - readAt(oldest) > refreshMs ? oldest : undefined;
  }

  async function refresh(): Promise<void> {
    for (let pause = gapMs; ; ) {
      await wait(pause);
      const user = next();
      if (user !== undefined) wanted.delete(user);
      pause = user === undefined ? gapMs : await read(user);
    }
  }

  return {
    of(user) {
      const standing = known.get(user)?.standing ?? 'unknown';
      if (standing === 'unknown') wanted.add(user);
      return standing;
    },
    async load() {
      await Promise.all(everybody().slice(0, mostAtOnce).map(read));
      // It ends only when it is aborted.
      refresh().catch(() => undefined);
    },
    close: () => closing.abort(),
  };
}
