import { createPrivateKey } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import pLimit from 'p-limit';
import { ConfigError, ServiceError, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';
import { Repository } from './answers.ts';
import { failureOf } from './failures.ts';
import { createPace } from './pace.ts';

export type GitHubAuth =
  | { token: () => Promise<Secret> }
  | { appId: string; installationId: number; privateKey: Secret };

export interface GitHubOptions {
  /** `https://api.github.com` unless given; GitHub Enterprise has its own. */
  apiUrl?: string;
  auth: GitHubAuth;
  /** How long one call of the port may take, all of its requests and its place in the queue together. 30 s unless given. */
  requestTimeoutMs?: number;
  log?: Log;
}

/** What every request of one call shares: where it goes, and the time that is left. */
export type Scope = {
  owner: string;
  repo: string;
  request: { signal: AbortSignal };
};

export interface Client {
  octokit: Octokit;
  /** Whether Holt signs in as an App: then its rights are those of the installation, not of a user. */
  app: boolean;
  read<T>(operation: string, repository: string, job: (at: Scope) => Promise<T>): Promise<T>;
  /** `writes` is how many requests the job sends that change something. */
  write<T>(operation: string, repository: string, writes: number, job: (at: Scope) => Promise<T>): Promise<T>;
}

/** GitHub asks for writes one after the other; it allows 100 requests at a time, shared by all that use the account. */
const atATime = { requests: 10, writes: 1 };

/** Octokit with our sign-in, limits and errors. Throws a ConfigError when the App's key is not a private key. */
export function createClient({ apiUrl, auth, requestTimeoutMs = 30_000, log }: GitHubOptions): Client {
  const octokit = signIn(auth, apiUrl, log);
  const pace = createPace();
  const oneByOne = pLimit(atATime.writes);
  superviseRequests(octokit, requestTimeoutMs, log);

  async function run<T>(
    operation: string,
    repository: string,
    writes: number,
    job: (at: Scope) => Promise<T>,
  ): Promise<T> {
    const [owner = '', repo = ''] = repository.split('/');
    const at = { owner, repo, request: { signal: AbortSignal.timeout(requestTimeoutMs) } };
    const admitted = async () => {
      const wait = pace.admit(writes);
      if (wait > 0) throw resting(operation, wait);
      return await job(at);
    };
    try {
      return await (writes === 0 ? admitted() : oneByOne(admitted));
    } catch (error) {
      const failure = failureOf(error, operation);
      // With a status it was GitHub that asked for the pause, and it means everybody.
      if (failure instanceof ServiceError && failure.status !== undefined) {
        pace.pause(failure.retryAfter ?? 0);
      }
      throw failure;
    }
  }

  return {
    octokit,
    app: !('token' in auth),
    read: (operation, repository, job) => run(operation, repository, 0, job),
    write: run,
  };
}

const resting = (operation: string, retryAfter: number) =>
  new ServiceError({
    service: 'GitHub',
    operation,
    reason: 'Holt rests, to keep within its limits',
    retryable: true,
    retryAfter,
    applied: 'no',
  });

const quiet = () => undefined;

function signIn(auth: GitHubAuth, apiUrl: string | undefined, log: Log | undefined): Octokit {
  const common = {
    userAgent: 'holt',
    ...(apiUrl === undefined ? {} : { baseUrl: apiUrl.replace(/\/+$/, '') }),
    log: {
      debug: quiet,
      info: quiet,
      warn: (text: string) => log?.warn({ text }, 'octokit warns'),
      error: quiet,
    },
  };
  if ('token' in auth) {
    const octokit = new Octokit(common);
    octokit.hook.before('request', async options => {
      options.headers.authorization = `token ${(await tokenOf(auth)).reveal()}`;
    });
    return octokit;
  }
  const { appId, installationId, privateKey } = auth;
  assertKey(privateKey);
  return new Octokit({
    ...common,
    authStrategy: createAppAuth,
    auth: { appId, installationId, privateKey: privateKey.reveal() },
  });
}

async function tokenOf(auth: { token: () => Promise<Secret> }): Promise<Secret> {
  try {
    return await auth.token();
  } catch (error) {
    if (error instanceof ServiceError || error instanceof ConfigError) throw error;
    throw new ServiceError({
      service: 'GitHub',
      operation: 'let Holt sign in',
      reason: 'its token could not be read',
      advice: 'Check where the GitHub token is kept, then retry.',
      retryable: false,
      applied: 'no',
    });
  }
}

function assertKey(key: Secret): void {
  try {
    createPrivateKey(key.reveal());
  } catch {
    throw new ConfigError(["the GitHub App's private key is not a private key in PEM form"]);
  }
}

function superviseRequests(octokit: Octokit, timeoutMs: number, log: Log | undefined): void {
  const slots = pLimit(atATime.requests);

  octokit.hook.wrap('request', async (request, options) => {
    const { method, url } = options;
    // A new object: Octokit shares the old one between calls, and with it the first call's time limit.
    options.request = {
      ...options.request,
      signal: options.request?.signal ?? AbortSignal.timeout(timeoutMs),
    };
    // A redirected POST would be sent again, somewhere else than asked for.
    if (method !== 'GET') options.request.redirect = 'manual';
    // An App's token is fetched by a request that waits for it: with a slot of its own to wait for, both would wait for ever.
    const send = async () => await request(options);
    const response = await (isSignIn(url) ? send() : slots(send)).catch((error: unknown) => {
      throw isKnown(error) ? error : cutOff(method, url);
    });
    const left = response.headers['x-ratelimit-remaining'];
    log?.debug({ method, url, status: response.status, left }, 'github answered');
    if (response.status >= 300) {
      throw await movedError(octokit, String(options['owner']), String(options['repo']));
    }
    if (typeof response.data === 'string') throw cutOff(method, url);
    return response;
  });
}

/** Octokit itself breaks on some answers, for example on an integer beyond 2^53 in a refusal. */
const isKnown = (error: unknown): boolean =>
  error instanceof ServiceError ||
  error instanceof ConfigError ||
  (error instanceof Error && 'status' in error);

const isSignIn = (url: string): boolean => url.endsWith('/access_tokens');

/** An answer that cannot be used: its end is missing, or something between us and GitHub wrote it. In the form of Octokit's own errors. */
const cutOff = (method: string, url: string) =>
  Object.assign(new Error('the answer cannot be used'), { status: 500, request: { method, url } });

async function movedError(octokit: Octokit, owner: string, repo: string): Promise<UserError> {
  const answer = await octokit.rest.repos.get({ owner, repo });
  const name = Repository.parse(answer.data).full_name;
  return new UserError(
    'repository-renamed',
    `The repository ${owner}/${repo} is now called ${name}. Put the new name into Holt's configuration, then ask again.`,
  );
}
