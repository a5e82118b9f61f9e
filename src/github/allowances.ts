import { type Allowance, createLimiter, type Turns } from '../onboarding/turns.ts';

export interface GitHubLimits {
  /** Requests that make content, in an hour. GitHub takes 500, and 80 in a minute. */
  writesPerHour: number;
  /** Requests of any kind, in an hour: 5,000 and more, as the account has them. */
  requestsPerHour: number;
}

const minute = 60_000;
const hour = 60 * minute;

/** What GitHub documents for everybody: content in an hour and in a minute, and points in a minute, of which a write costs five. */
const documented = { writesPerHour: 500, writesPerMinute: 80, pointsPerMinute: 900 };
const pointsOfWrite = 5;

/** Turns for requests to GitHub, which counts them in three ways. Each method throws what a limiter throws. */
export interface GitHubTurns {
  read(operation: string): Promise<void>;
  /** So many requests that change something, all at once: what has begun is not to be held up. */
  writes(operation: string, count: number): Promise<void>;
  /** GitHub asked for silence, and it means everybody. */
  pause(ms: number): Promise<void>;
}

export function createGitHubTurns(
  turns: Turns,
  { writesPerHour, requestsPerHour }: GitHubLimits,
): GitHubTurns {
  const limiter = createLimiter('GitHub', turns);
  const share = (most: number): number =>
    Math.max(1, Math.floor((most * writesPerHour) / documented.writesPerHour));
  const content: Allowance = {
    // Which requests count as that GitHub does not say, so all writes do.
    key: 'github:content',
    rates: [
      { most: share(documented.writesPerMinute), withinMs: minute },
      { most: writesPerHour, withinMs: hour },
    ],
  };
  const points: Allowance = {
    key: 'github:points',
    rates: [{ most: share(documented.pointsPerMinute), withinMs: minute }],
  };
  const requests: Allowance = {
    key: 'github:requests',
    rates: [{ most: requestsPerHour, withinMs: hour }],
  };
  return {
    read: operation => limiter.turn(operation, [points, 1], [requests, 1]),
    writes: (operation, count) =>
      limiter.turn(operation, [content, count], [points, count * pointsOfWrite], [requests, count]),
    pause: ms => limiter.pause(requests, ms),
  };
}
