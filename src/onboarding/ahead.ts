import type { FactName } from './facts.ts';
import type { Readers } from './ports.ts';
import type { Run } from './run.ts';
import type { Step } from './step.ts';

/** What the steps of one run read before their turn, in the memory of the worker that has the run. */
export interface Lookout {
  /** Begins to read for those of these steps that may look by now; each looks once. */
  look(run: Run, steps: readonly Step[]): void;
  /** What the step saw, once; nothing when it did not look, could not, or did so too long ago. */
  seenBy(fact: FactName): Promise<unknown>;
}

export function createLookout(read: Readers): Lookout {
  const looks = new Map<FactName, { until: number; seen: Promise<unknown> }>();
  const none = { until: 0, seen: Promise.resolve(undefined) };

  return {
    look({ request, facts, effects }, steps) {
      // A request whose end nobody saw may land after the look, and then the look would deny it.
      if (Object.values(effects).some(({ result }) => result === undefined)) return;
      for (const { fact, ahead } of steps) {
        if (ahead === undefined || looks.has(fact) || facts[fact] !== undefined) continue;
        if (!ahead.needs.every(need => facts[need] !== undefined)) continue;
        // What goes wrong here goes wrong again when the step looks itself.
        const seen = ahead.look({ request, read }).catch(() => undefined);
        // By the clock on the wall, which goes on while a machine sleeps.
        looks.set(fact, { until: Date.now() + ahead.freshMs, seen });
      }
    },
    async seenBy(fact) {
      const { until, seen } = looks.get(fact) ?? none;
      looks.set(fact, none);
      return Date.now() < until ? await seen : undefined;
    },
  };
}
