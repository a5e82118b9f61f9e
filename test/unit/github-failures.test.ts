import { Octokit } from '@octokit/rest';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServiceError, UserError } from '../../src/errors.ts';
import { failureOf } from '../../src/github/failures.ts';

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** What Octokit throws at this answer, as the adapter passes it on. */
async function failure(answer: Answer, route = 'POST /repos/o/r/pulls'): Promise<unknown> {
  const fetch = async () =>
    Response.json(answer.body ?? {}, {
      status: answer.status,
      ...(answer.headers && { headers: answer.headers }),
    });
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const thrown = await new Octokit({ request: { fetch }, log })
    .request(route)
    .catch((error: unknown) => error);
  return failureOf(thrown, 'open the pull request');
}

const date = 'Mon, 01 Jun 2026 10:00:00 GMT';
const reset = String(Date.parse(date) / 1000 + 90);

test.each<[string, Answer, object]>([
  ['a token that is not accepted', { status: 401 }, { retryable: false, applied: 'no' }],
  ['a missing right', { status: 403 }, { retryable: false, applied: 'no' }],
  ['a missing repository', { status: 404 }, { retryable: false, applied: 'no' }],
  ['a conflict', { status: 409 }, { retryable: true, applied: 'no' }],
  [
    'an empty repository',
    { status: 409, body: { message: 'Git Repository is empty.' } },
    { retryable: false },
  ],
  ['a refused value', { status: 422 }, { retryable: false, applied: 'no' }],
  ['an error of the server', { status: 500 }, { retryable: true, applied: 'unknown', retryAfter: undefined }],
  [
    'an unavailable server',
    { status: 503, headers: { 'retry-after': '7' } },
    { retryable: true, retryAfter: 7000, applied: 'unknown' },
  ],
  [
    'a limit that says for how long',
    { status: 403, headers: { 'retry-after': '30' } },
    { retryable: true, retryAfter: 30_000 },
  ],
  ['a limit with status 429', { status: 429 }, { retryable: true, retryAfter: 60_000, applied: 'no' }],
  [
    'a secondary limit that only says so',
    { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
    { retryable: true, retryAfter: 60_000, applied: 'no' },
  ],
  [
    "the primary limit, by GitHub's clock",
    { status: 403, headers: { date, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset } },
    { retryable: true, retryAfter: 91_000, applied: 'no' },
  ],
  [
    'a missing right while requests are left',
    { status: 403, headers: { date, 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': reset } },
    { retryable: false, retryAfter: undefined },
  ],
])('%s is told apart', async (_, answer, expected) => {
  const error = await failure(answer);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({ service: 'GitHub', status: answer.status, ...expected });
});

test('a server that fails while it reads, or makes objects that nothing leads to, has changed nothing', async () => {
  expect(await failure({ status: 500 }, 'GET /repos/o/r')).toMatchObject({ applied: 'no' });
  expect(await failure({ status: 500 }, 'POST /repos/o/r/git/trees')).toMatchObject({ applied: 'no' });
  expect(await failure({ status: 500 }, 'POST /repos/o/r/git/refs')).toMatchObject({ applied: 'unknown' });
});

test('a refused value is named by its field', async () => {
  const errors = [{ resource: 'PullRequest', field: 'head', code: 'invalid' }];
  const error = await failure({ status: 422, body: { message: 'Validation Failed', errors } });
  expect(error).toMatchObject({ message: expect.stringContaining('(head invalid)') });
});

test('nothing that GitHub wrote in its own words is passed on', async () => {
  const body = fc.oneof(
    fc.constant('the secret words'),
    fc.record({
      message: fc.constant('the secret words'),
      errors: fc.oneof(
        fc.constantFrom(null, 'the secret words', {}, [null, 1, 'the secret words']),
        fc.array(
          fc.record({
            message: fc.constant('the secret words'),
            field: fc.string(),
            code: fc.constant('the secret words'),
          }),
        ),
      ),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 400, max: 599 }), body, async (status, body) => {
      const error = await failure({ status, body });
      expect(error).toBeInstanceOf(ServiceError);
      expect(JSON.stringify(error) + (error as Error).stack).not.toContain('secret words');
      expect((error as Error).cause).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});

test('an error of ours stays, and so does a bug', () => {
  for (const error of [new UserError('code', 'text'), new TypeError('bug')]) {
    expect(failureOf(error, 'do it')).toBe(error);
  }
});
