import {
  type Logger,
  type LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
} from '@slack/web-api';
import { HeldBack, ServiceError } from '../errors.ts';
import type { Log } from '../log.ts';
import { SlowDown } from '../onboarding/store.ts';
import type { Secret } from '../secret.ts';

/** How long one request to Slack may take. */
export const timeoutMs = 10_000;
/** How long to pause when Slack says that it is too much, but not for how long. */
const pauseMs = 30_000;

export interface ClientOptions {
  botToken: Secret;
  /** Slack's own when left out. */
  apiUrl?: string | undefined;
  log: Log;
}

/** A client that tries once: whether to try again is decided by whoever knows what the first try may have done. */
export const createClient = ({ botToken, apiUrl, log }: ClientOptions): WebClient =>
  new WebClient(botToken.reveal(), {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
    logger: loggerFor(log),
  });

/** Slack said no, in its own word: `not_in_channel`. Nothing was done. */
export class SlackRefusal extends ServiceError {
  readonly code: string;

  constructor(operation: string, code: string) {
    super({
      service: 'Slack',
      operation,
      reason: `it answered ${code}`,
      retryable: false,
      applied: 'no',
    });
    this.code = code;
  }
}

/** Answers of Slack's that leave open whether it did what was asked for. */
const unclear = new Set([
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);
/** Slack does not know the bot any more: this says nothing of what was asked for, and holds until somebody gives it a new token. */
const disowned = new Set([
  'account_inactive',
  'invalid_auth',
  'not_authed',
  'token_expired',
  'token_revoked',
]);
const tooMuch = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);

/**
 * Waits for a call to Slack. Throws a HeldBack when its turn is not soon, a SlowDown when Slack asked for a pause, a SlackRefusal when it said no to what was asked,
 * and otherwise a ServiceError: Slack does not take the token, or it is open whether the call took effect. `operation` fits after "could not".
 */
export async function calling<T>(operation: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw translated(operation, error);
  }
}

function translated(operation: string, error: unknown): Error {
  if (error instanceof HeldBack) return error;
  if (error instanceof WebAPIRateLimitedError) return new SlowDown(error.retryAfter * 1000);
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (tooMuch.has(code)) return new SlowDown(pauseMs);
    if (disowned.has(code)) return tokenRefused(operation, code);
    if (!unclear.has(code)) return new SlackRefusal(operation, code);
  }
  const status = error instanceof WebAPIHTTPError ? error.statusCode : undefined;
  return new ServiceError({
    service: 'Slack',
    operation,
    reason: status === undefined ? 'it did not answer' : `it answered with status ${status}`,
    status,
    retryable: true,
    applied: 'unknown',
  });
}

const tokenRefused = (operation: string, code: string): ServiceError =>
  new ServiceError({
    service: 'Slack',
    operation,
    reason: `it does not accept the bot token (${code})`,
    advice: 'Install the app in the workspace again and give Holt the new SLACK_BOT_TOKEN.',
    retryable: true,
    applied: 'no',
  });

/** What the SDK has to say, in our log. Its lesser levels carry whole payloads and are dropped. */
export const loggerFor = (log: Log): Logger => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (...said: unknown[]) => log.warn({ said: inWords(said) }, 'the Slack SDK warns'),
  error: (...said: unknown[]) => log.error({ said: inWords(said) }, 'the Slack SDK reports an error'),
  setLevel: () => undefined,
  getLevel: () => 'warn' as LogLevel,
  setName: () => undefined,
});

const inWords = (said: unknown[]): string =>
  said
    .map(each => (each instanceof Error ? each.message : typeof each === 'string' ? each : typeof each))
    .join(' ');
