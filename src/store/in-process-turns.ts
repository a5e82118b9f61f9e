import type { Turns } from '../onboarding/turns.ts';

interface Count {
  /** The moments for which places were given, in order; the last ones that matter to a rate. */
  given: number[];
  pausedUntil: number;
  /** The last moment that somebody was told to come back at. */
  told: number;
}

/** Places within this process; the same rules as in Redis. `now` is in milliseconds and never goes back. */
export function createTurns(now: () => number): Turns {
  const counts = new Map<string, Count>();
  const countOf = (key: string): Count => {
    const count = counts.get(key) ?? { given: [], pausedUntil: 0, told: 0 };
    counts.set(key, count);
    return count;
  };

  return {
    async take({ key, rates }, cost, patienceMs) {
      const count = countOf(key);
      const { given, pausedUntil } = count;
      const began = now();
      let at = Math.max(began, given.at(-1) ?? 0, pausedUntil);
      let apart = Math.min(...rates.map(({ most, withinMs }) => (withinMs * cost) / most));
      for (const { most, withinMs } of rates) {
        const inTheWay = given.at(Math.min(cost, most) - most - 1);
        if (inTheWay === undefined || inTheWay + withinMs < at) continue;
        at = inTheWay + withinMs;
        apart = (withinMs * cost) / most;
      }
      if (at - began > patienceMs) {
        const longest = Math.max(...rates.map(({ withinMs }) => withinMs));
        const again = Math.min(Math.max(at, count.told), at + longest);
        count.told = again + apart;
        return again - began;
      }
      const kept = Math.max(...rates.map(({ most }) => most));
      for (let taken = 0; taken < Math.min(cost, kept); taken += 1) given.push(at);
      given.splice(0, given.length - kept);
      return at - began;
    },
    async pause(key, ms) {
      const count = countOf(key);
      count.pausedUntil = Math.max(count.pausedUntil, now() + ms);
    },
    pausedFor: async key => Math.max(0, countOf(key).pausedUntil - now()),
  };
}
