import { z } from 'zod';
import { ConfigError, ContractError, ServiceError, UserError } from '../errors.ts';

/** What Octokit throws: with a response when GitHub answered, without one when the connection or the time ran out. */
const HttpFailure = z.object({
  status: z.int(),
  request: z.object({ method: z.string(), url: z.string() }),
  response: z
    .object({ headers: z.record(z.string(), z.coerce.string().optional()), data: z.unknown() })
    .optional(),
});

const Body = z
  .object({
    message: z.string().default(''),
    errors: z
      .array(z.object({ message: z.string(), field: z.string(), code: z.string() }).partial().catch({}))
      .default([]),
  })
  .catch({ message: '', errors: [] });

interface Refusal {
  status: number;
  method: string;
  url: string;
  headers: Record<string, string | undefined>;
  /** All that GitHub said, to look for words in; never shown. */
  said: string;
  /** Which fields GitHub found wrong, as `field code`; plain identifiers only. */
  codes: string[];
}

/** What GitHub answered when it refused a request; undefined when the error is something else. */
function refusalOf(error: unknown): Refusal | undefined {
  const failure = HttpFailure.safeParse(error).data;
  if (failure?.response === undefined) return undefined;
  const { message, errors } = Body.parse(failure.response.data);
  return {
    status: failure.status,
    method: failure.request.method,
    url: failure.request.url,
    headers: failure.response.headers,
    said: [message, ...errors.map(each => each.message ?? '')].join('\n'),
    codes: errors
      .map(({ field, code }) => [field, code].filter(word => /^[a-z_]{1,40}$/i.test(word ?? '')).join(' '))
      .filter(text => text !== ''),
  };
}

/** The error that leaves the adapter in place of whatever was thrown inside. A bug stays what it is. */
export function failureOf(error: unknown, operation: string): unknown {
  if (error instanceof UserError || error instanceof ServiceError || error instanceof ConfigError)
    return error;
  if (error instanceof z.ZodError) {
    return new ContractError('GitHub', operation, error.issues[0]?.path.join('.') || 'the whole');
  }
  const refusal = refusalOf(error);
  if (refusal !== undefined) return refused(refusal, operation);
  const failure = HttpFailure.safeParse(error).data;
  if (failure === undefined) return error;
  return new ServiceError({
    service: 'GitHub',
    operation,
    reason: 'no complete answer came in time, or none at all',
    retryable: true,
    applied: changesNothing(failure.request) ? 'no' : 'unknown',
  });
}

function refused(refusal: Refusal, operation: string): ServiceError {
  const { status } = refusal;
  const retryAfter = limitOf(refusal);
  const applied = status < 500 || changesNothing(refusal) ? 'no' : 'unknown';
  const common = { service: 'GitHub', operation, status, applied } as const;
  if (retryAfter !== undefined) {
    return new ServiceError({
      ...common,
      reason: 'it asks for a pause (its limit of requests is reached)',
      retryable: true,
      retryAfter,
    });
  }
  return new ServiceError({ ...common, ...meaningOf(refusal) });
}

interface Meaning {
  reason: string;
  advice?: string;
  retryable: boolean;
}

function meaningOf({ status, url, said, codes }: Refusal): Meaning {
  if (url.endsWith('/access_tokens') && status < 500) {
    return {
      reason: `it does not let the App sign in (HTTP ${status})`,
      advice: "Check the GitHub App's id, its installation's id and its private key, then retry.",
      retryable: false,
    };
  }
  if (status === 409 && /is empty/i.test(said)) {
    return {
      reason: 'the repository has no commit yet',
      advice: 'Make a first commit, then retry.',
      retryable: false,
    };
  }
  const meanings: Record<number, Meaning> = {
    401: {
      reason: 'the token was not accepted',
      advice: 'Replace the GitHub token, then retry.',
      retryable: false,
    },
    403: {
      reason: 'Holt is not permitted to',
      advice:
        "Give Holt's token or App write access to the repository's contents and pull requests, look whether the repository is archived or a rule forbids it, then retry.",
      retryable: false,
    },
    404: {
      reason: 'it is not there, or Holt may not see it',
      advice: "Check the repository's and the branch's name and that Holt has access, then retry.",
      retryable: false,
    },
    409: { reason: 'the repository changed at the same time', retryable: true },
    422: {
      reason: `the request was refused as invalid${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`,
      advice: 'Look whether a rule of the repository forbids it, then retry.',
      retryable: false,
    },
  };
  return (
    meanings[status] ?? { reason: `it answered HTTP ${status}`, retryable: status >= 500 || status === 408 }
  );
}

/** Blobs, trees and commits that no branch leads to are nothing that anybody can see. */
const changesNothing = ({ method, url }: { method: string; url: string }): boolean =>
  method === 'GET' || /\/git\/(blobs|trees|commits)$/.test(url) || url.endsWith('/access_tokens');

/** How many milliseconds to stay away when the answer is one of GitHub's limits, the primary or a secondary one. */
function limitOf({ status, headers, said }: Refusal): number | undefined {
  if (![403, 429, 503].includes(status)) return undefined;
  const asked = Number(headers['retry-after']);
  if (asked > 0) return asked * 1000;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && reset > 0) {
    // By GitHub's own clock, as ours may be wrong; a second more, so that the reset has happened.
    const now = Date.parse(headers['date'] ?? '') || Date.now();
    return Math.max(0, reset * 1000 - now) + 1000;
  }
  // GitHub's rule when it does not say for how long: at least a minute.
  return status === 429 || /rate limit|abuse detection/i.test(said) ? 60_000 : undefined;
}

/** Whether GitHub refused with this status and such words. */
export function saysOf(error: unknown, status: number, words: RegExp): boolean {
  const refusal = refusalOf(error);
  return refusal?.status === status && words.test(refusal.said);
}
