import type { Log } from '../log.ts';
import { SlowDown } from '../onboarding/store.ts';

/**
 * Calls a handler and never throws: what the handler throws is logged, since a nudge is only a hint and the reconciler sees
 * to the run again. Answers for how many milliseconds the handler asked to be left alone.
 */
export async function handle(
  log: Log,
  what: { mailbox: string; run?: string },
  act: () => Promise<void>,
): Promise<number> {
  try {
    await act();
  } catch (error) {
    if (error instanceof SlowDown) return error.ms;
    log.error({ ...what, error }, 'A handler failed');
  }
  return 0;
}

/** How many threads one process may redraw at the same time. */
export const rendersAtOnce = 4;
