import { Redis, ReplyError } from 'ioredis';
import { ServiceError } from '../errors.ts';
import type { Log } from '../log.ts';

const retryStrategy = (attempt: number): number =>
  Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random() / 2);

/** A reply's first word (`OOM`) or a socket's code (`ECONNREFUSED`): all of an error that is safe to show. */
const codeOf = (error: Error): string => {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? error.name;
};

/** Says once that Redis is away and once that it is back, however often the connection is tried. */
function announceOutages(redis: Redis, log: Log): Redis {
  let away = false;
  redis.on('error', error => {
    if (!away) log.error({ code: codeOf(error) }, 'Redis cannot be reached, trying again');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({}, 'Redis is reachable again');
    away = false;
  });
  return redis;
}

/**
 * A connection whose commands fail rather than wait: at once when Redis is away, after two seconds when it does not answer,
 * and a command whose answer was lost is not sent a second time, since the second answer would deny what the first one did.
 * Returns when the first attempt has succeeded or failed; a failed one is repeated for ever.
 */
export async function connectForCommands(url: string, log: Log): Promise<Redis> {
  const options = { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 2000 };
  const redis = announceOutages(new Redis(url, { ...options, retryStrategy, lazyConnect: true }), log);
  await redis.connect().catch(() => undefined);
  return redis;
}

/** A connection for a queue's workers, whose commands wait for as long as Redis is away. */
export const connectForWork = (url: string, log: Log): Redis =>
  announceOutages(new Redis(url, { maxRetriesPerRequest: null, retryStrategy }), log);

const reasons: Record<string, string> = {
  OOM: 'its memory is full',
  LOADING: 'it is still loading its data',
  MISCONF: 'it cannot write to its disk',
  READONLY: 'it is a replica that takes no writes',
  NOAUTH: 'it refused the credentials',
  WRONGPASS: 'it refused the credentials',
  NOPERM: 'it refused the credentials',
};

/** What a failed command is to the rest of Holt. A script that stopped half-way is not undone, so nothing is known to be unchanged. */
export function redisFailure(operation: string, error: unknown): ServiceError {
  const code = error instanceof Error ? codeOf(error) : '';
  const otherwise = error instanceof ReplyError ? `it answered ${code}` : 'it did not answer';
  return new ServiceError({
    service: 'Redis',
    operation,
    reason: reasons[code] ?? otherwise,
    advice: 'Check that Redis is well and that REDIS_URL is right, then retry.',
    retryable: true,
    applied: 'unknown',
  });
}
