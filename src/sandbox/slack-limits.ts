const MINUTE = 60_000;

/** Calls a minute by method [K/T, reference slack A4]. apps.connections.open is of Tier 1, yet an app may hold ten sockets: bursts [?]. */
export const PER_MINUTE = { tier2: 20, tier3: 50, tier4: 100, post: 60, connections: 10, generous: 600 };

export interface Limits {
  /** Counts a call; answers the seconds to wait when it is one too many (which is then not counted). */
  take(key: string, perMinute: number): number | undefined;
  reset(): void;
}

/** Sliding windows of one minute, one for each key. */
export function createLimits(now: () => number): Limits {
  const windows = new Map<string, number[]>();
  return {
    take(key, perMinute) {
      const recent = (windows.get(key) ?? []).filter(at => at > now() - MINUTE);
      windows.set(key, recent);
      if (recent.length < Math.max(1, perMinute)) {
        recent.push(now());
        return undefined;
      }
      return Math.max(1, Math.ceil(((recent[0] ?? now()) + MINUTE - now()) / 1000));
    },
    reset: () => windows.clear(),
  };
}
