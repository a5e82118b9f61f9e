/** A limit that somebody sets, and how much of it was needed. */
export type Limit = { what: string } & (
  | { busyMs: number; atOnce: number }
  | { count: number; most: number; withinMs: number }
  | { leastMs: number }
);

/** The least time that this limit allows: places are never empty, and each window is used up at its very beginning. */
function leastOf(limit: Limit): number {
  if ('leastMs' in limit) return limit.leastMs;
  if ('atOnce' in limit) return limit.busyMs / limit.atOnce;
  return Math.max(0, Math.ceil(limit.count / limit.most) - 1) * limit.withinMs;
}

/** No way of doing it takes less than the hardest of the limits. */
export function boundOf(limits: readonly Limit[]): { ms: number; what: string } {
  return limits
    .map(limit => ({ ms: leastOf(limit), what: limit.what }))
    .reduce((hardest, each) => (each.ms > hardest.ms ? each : hardest), { ms: 0, what: 'nothing' });
}

/** The most of these moments that lie within any stretch of so long. */
export function mostWithin(moments: readonly number[], stretchMs: number): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let [most, first] = [0, 0];
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? moment) >= stretchMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
