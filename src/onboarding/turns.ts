import { HeldBack, type Service } from '../errors.ts';

/** How many of something may begin within any stretch of time. */
export interface Rate {
  most: number;
  withinMs: number;
}

/** What an outside service allows of one thing, under the name that all processes count it by. */
export interface Allowance {
  key: string;
  rates: readonly Rate[];
}

/** How much of an allowance a call uses. */
type Use = readonly [allowance: Allowance, cost: number];

/** Places that all processes share. Part of the store; one contract suite holds both implementations (test/contract/turns.test.ts). */
export interface Turns {
  /**
   * Takes `cost` places at the earliest moment that all rates have room for them, behind everybody who was given one, and
   * answers in how many milliseconds that is. When it is more than `patienceMs`, nothing is taken, and the answer says when
   * to ask again: everybody who hears that hears a later time, so that they do not all come at once.
   */
  take(allowance: Allowance, cost: number, patienceMs: number): Promise<number>;
  /** Gives nobody a place under this key before so many milliseconds have passed; a longer pause stays. */
  pause(key: string, ms: number): Promise<void>;
  /** For how many milliseconds a pause still lasts; 0 when there is none. */
  pausedFor(key: string): Promise<number>;
}

/** Keeps the calls of all processes to one service within what it allows. */
export interface Limiter {
  /** Returns when the call may be sent. Throws a HeldBack when that would take longer than a short while, or cannot be told. */
  turn(operation: string, ...uses: readonly Use[]): Promise<void>;
  /** The service asked for silence: this holds for everybody. Never throws. */
  pause(allowance: Allowance, ms: number): Promise<void>;
}

/**
 * How late a call may leave. Whoever wakes later takes another turn, and a place counts so much longer than the service says: so
 * calls that leave late and calls that leave at once are never too many together.
 */
const latenessMs = 1_000;

/** No service asks for more, and a wrong answer must not silence Holt for ever. */
const longestPauseMs = 3_600_000;

/** How long a call that cannot be counted is left alone. */
const uncountedMs = 5_000;

/** `patienceMs`: for how long a call may wait for its turn. */
export function createLimiter(service: Service, turns: Turns, patienceMs = 10_000): Limiter {
  const held = (operation: string, retryAfter: number): HeldBack =>
    new HeldBack({
      service,
      operation,
      reason: 'Holt keeps within what the service allows, and this call’s turn is yet to come',
      retryAfter,
    });

  const counted = async <T>(operation: string, ask: Promise<T>): Promise<T> => {
    try {
      return await ask;
    } catch {
      throw new HeldBack({
        service,
        operation,
        reason: 'Holt could not count its calls, and does not make them uncounted',
        retryAfter: uncountedMs,
      });
    }
  };

  /** Whether the call may leave now; a place that was not left in time, or that a pause came before, is lost. */
  const waited = async (operation: string, [allowance, cost]: Use, until: number): Promise<boolean> => {
    const since = Date.now();
    const patience = Math.max(0, until - since);
    const wait = await counted(operation, turns.take(stretched(allowance), cost, patience));
    if (wait > patience) throw held(operation, wait);
    if (wait > 0) {
      await new Promise(resolve => setTimeout(resolve, wait));
      if ((await counted(operation, turns.pausedFor(allowance.key))) > 0) return false;
    }
    return Date.now() <= since + wait + latenessMs;
  };

  return {
    async turn(operation, ...uses) {
      // By the clock on the wall, which goes on while a machine sleeps.
      const until = Date.now() + patienceMs;
      for (const use of uses) {
        while (!(await waited(operation, use, until))) {
          if (Date.now() > until) throw held(operation, latenessMs);
        }
      }
      if (Date.now() > until + latenessMs) throw held(operation, latenessMs);
    },
    async pause({ key }, ms) {
      await turns.pause(key, Math.min(ms, longestPauseMs)).catch(() => undefined);
    },
  };
}

const stretched = ({ key, rates }: Allowance): Allowance => ({
  key,
  rates: rates.map(({ most, withinMs }) => ({ most, withinMs: withinMs + latenessMs })),
});
