/** A call of something outside, for a program the life of its process. Milliseconds; `at` since the epoch. */
export interface Outside {
  /** Service and operation: `GitHub createTree`, `Otterize organizations create`. */
  call: string;
  at: number;
  ms: number;
}

export interface Link {
  call: string;
  ms: number;
}

/** The clocks of the stand-ins have whole milliseconds. */
const toleranceMs = 2;

/**
 * The longest chain of calls that depend on each other and end with `last`: the greatest sum of their times. A call depends on
 * those that `waitsFor` names for it and that had ended when it began. Throws when a call on the way is not in the table: then
 * nobody has said what it waits for.
 */
export function longestChain(
  calls: readonly Outside[],
  last: Outside,
  waitsFor: Readonly<Record<string, readonly string[]>>,
): Link[] {
  const known = new Map<Outside, { ms: number; before: Outside | undefined }>();

  function measure(one: Outside): { ms: number; before: Outside | undefined } {
    const there = known.get(one);
    if (there !== undefined) return there;
    const names = waitsFor[one.call];
    if (names === undefined) throw new Error(`what ${one.call} waits for is not said`);
    const longest = { ms: 0, before: undefined as Outside | undefined };
    for (const each of calls) {
      if (each === one || !names.includes(each.call) || each.at + each.ms > one.at + toleranceMs) continue;
      const { ms } = measure(each);
      if (ms > longest.ms) Object.assign(longest, { ms, before: each });
    }
    const result = { ms: longest.ms + one.ms, before: longest.before };
    known.set(one, result);
    return result;
  }

  const chain: Link[] = [];
  for (let one: Outside | undefined = last; one !== undefined; one = measure(one).before)
    chain.unshift({ call: one.call, ms: one.ms });
  return chain;
}
