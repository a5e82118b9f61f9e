import type { Log } from './log.ts';
import type { Problem } from './onboarding/ports.ts';
import type { Handlers, Store } from './onboarding/store.ts';
import { Newer } from './onboarding/versions.ts';

type Mailbox = keyof Pick<Handlers, 'tick' | 'render'>;

export interface Parking {
  /** Lets the handler leave alone what a newer Holt wrote. Said once for each run, however often it comes by. */
  guard(mailbox: Mailbox, handler: (run: string) => Promise<void>): (run: string) => Promise<void>;
  /** Those of the runs that this process may still do something for. */
  open(mailbox: Mailbox, runs: readonly string[]): string[];
  /** Says how many runs wait for a newer Holt; empty when none does. */
  problems(): Promise<Problem[]>;
}

/** What a newer Holt wrote never becomes older: whoever met it once need not look again. */
export function createParking(store: Pick<Store, 'due' | 'behind'>, log: Log): Parking {
  const parked: Readonly<Record<Mailbox, Set<string>>> = { tick: new Set(), render: new Set() };

  const park = (mailbox: Mailbox, run: string): void => {
    if (!parked.tick.has(run) && !parked.render.has(run))
      log.warn({ run }, 'left alone: a newer Holt wrote this run');
    parked[mailbox].add(run);
  };

  return {
    guard: (mailbox, handler) => async run => {
      if (parked[mailbox].has(run)) return;
      try {
        await handler(run);
      } catch (error) {
        if (!(error instanceof Newer)) throw error;
        park(mailbox, run);
      }
    },
    open: (mailbox, runs) => runs.filter(run => !parked[mailbox].has(run)),
    async problems() {
      if (parked.tick.size + parked.render.size === 0) return [];
      const [live, behind] = await Promise.all([store.due(Number.MAX_SAFE_INTEGER), store.behind()]);
      const waiting = new Set([
        ...live.filter(run => parked.tick.has(run)),
        ...behind.filter(run => parked.render.has(run)),
      ]);
      if (waiting.size === 0) return [];
      return [`${waiting.size} of the runs were written by a newer Holt and wait for it: finish the update.`];
    },
  };
}
