/** What was too much for the real service. */
export interface Breach {
  service: string;
  /** What there is a limit of: `chat.update`, `new versions in kv-payments-eu`. */
  limit: string;
  most: number;
  /** How many there were within the window, with the one too many. */
  count: number;
  /** Zero where the limit is of what is at work at once. */
  windowMs: number;
  at: number;
}

export interface Limit {
  of: string;
  most: number;
  windowMs: number;
}

/** Counts calls as the real services do, over windows that slide with the time. */
export interface Meter {
  /** Oldest first. */
  breaches: Breach[];
  /** Multiplies all limits; `Infinity` lifts them. */
  factor: number;
  /**
   * Counts a call, unless it is too many for one of the limits: that is a breach, and the answer is in how many milliseconds there
   * is room.
   */
  take(limits: readonly Limit[], cost?: number): number | undefined;
  /** Notes a breach of a limit that is counted elsewhere, if this is one. */
  judge(limit: Limit, count: number): void;
  reset(): void;
}

export function createMeter(service: string, now: () => number = Date.now): Meter {
  const windows = new Map<string, number[]>();
  const mostOf = ({ most }: Limit): number => Math.max(1, Math.floor(most * meter.factor));
  const recent = (limit: Limit): number[] => {
    const key = `${limit.of} in ${limit.windowMs}`;
    const kept = (windows.get(key) ?? []).filter(at => at > now() - limit.windowMs);
    windows.set(key, kept);
    return kept;
  };

  const meter: Meter = {
    breaches: [],
    factor: 1,
    take(limits, cost = 1) {
      for (const limit of limits) {
        const before = recent(limit);
        const tooMany = before.length + cost - mostOf(limit);
        if (tooMany <= 0) continue;
        meter.judge(limit, before.length + cost);
        return (before[tooMany - 1] ?? now()) + limit.windowMs - now();
      }
      for (const limit of limits) recent(limit).push(...Array.from({ length: cost }, now));
      return undefined;
    },
    judge(limit, count) {
      const { of, windowMs } = limit;
      const most = mostOf(limit);
      if (count > most) meter.breaches.push({ service, limit: of, most, count, windowMs, at: now() });
    },
    reset() {
      windows.clear();
      meter.breaches.length = 0;
    },
  };
  return meter;
}

/** Whole seconds, as services say how long to stay away. */
export const inSeconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1_000)));
