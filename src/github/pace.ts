const minute = 60_000;
const hour = 60 * minute;

/** GitHub lets a client create so much content and no more; which requests count as that it does not say, so all writes do. */
const allowances = [
  { within: minute, most: 80 },
  { within: hour, most: 500 },
];

/** Milliseconds since some beginning. */
type Clock = () => number;

export interface Pace {
  /** How many milliseconds these many writes must wait; counts them when the answer is 0. No writes ask for the pause alone. */
  admit(writes: number): number;
  /** GitHub asked for silence: nothing is admitted for so many milliseconds. */
  pause(ms: number): void;
}

/**
 * Keeps one process within GitHub's limits without spacing requests that have room. It never waits itself: whoever is
 * not admitted rests. Going on while limited is what gets a client banned.
 */
export function createPace(now: Clock = Date.now): Pace {
  let sent: number[] = [];
  let silentUntil = 0;

  const room = (writes: number, { within, most }: (typeof allowances)[number]): number => {
    const recent = sent.filter(at => at > now() - within);
    const inTheWay = recent[recent.length + writes - most - 1];
    return inTheWay === undefined ? 0 : inTheWay + within - now();
  };

  return {
    admit(writes) {
      sent = sent.filter(at => at > now() - hour);
      const waits = writes === 0 ? [] : allowances.map(each => room(writes, each));
      const wait = Math.max(0, silentUntil - now(), ...waits);
      if (wait === 0) sent.push(...Array.from({ length: writes }, now));
      return wait;
    },
    pause(ms) {
      silentUntil = Math.max(silentUntil, now() + ms);
    },
  };
}
