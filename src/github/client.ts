import { createPrivateKey } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import PQueue from 'p-queue';
import { ConfigError, HeldBack, ServiceError, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Turns } from '../onboarding/turns.ts';
import type { Secret } from '../secret.ts';
import { createGitHubTurns, type GitHubLimits, type GitHubTurns } from './allowances.ts';
import { Repository } from './answers.ts';
import { failureOf } from './failures.ts';

export type GitHubAuth =
  | { token: () => Promise<Secret> }
  | { appId: string; installationId: number; privateKey: Secret };

export interface GitHubOptions {
  /** `https://api.github.com` unless given; GitHub Enterprise has its own. */
  apiUrl?: string;
  auth: GitHubAuth;
  /** What all processes that use this account share. */
  turns: Turns;
  limits: GitHubLimits;
  /** How long one call of the port may take from its turn on, all of its requests together. 30 s unless given. */
  requestTimeoutMs?: number;
  log?: Log;
}

/** What every request of one call shares: where it goes, what it is for, and the time that is left. */
export type Scope = {
  owner: string;
  repo: string;
  request: { signal: AbortSignal; operation: string };
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

/** How long a change may wait for those before it. With its turn and its time that is less than the settle time. */
const queueMs = 10_000;

/** Octokit with our sign-in, limits and errors. Throws a ConfigError when the App's key is not a private key. */
export function createClient({
  apiUrl,
  auth,
  requestTimeoutMs = 30_000,
  log,
  ...shared
}: GitHubOptions): Client {
  const octokit = signIn(auth, apiUrl, log);
  const turns = createGitHubTurns(shared.turns, shared.limits);
  const oneByOne = new PQueue({ concurrency: atATime.writes });
  superviseRequests(octokit, turns, requestTimeoutMs, log);

  async function run<T>(operation: string, repository: string, job: (at: Scope) => Promise<T>): Promise<T> {
    const [owner = '', repo = ''] = repository.split('/');
    try {
      const request = { signal: AbortSignal.timeout(requestTimeoutMs), operation };
      return await job({ owner, repo, request });
    } catch (error) {
      const failure = failureOf(error, operation);
      const { status, retryAfter } = failure instanceof ServiceError ? failure : {};
      // With a status it was GitHub that asked for the pause.
      if (status !== undefined && retryAfter !== undefined) await turns.pause(retryAfter);
      throw failure;
    }
  }

  return {
    octokit,
    app: !('token' in auth),
    read: run,
    async write(operation, repository, writes, job) {
      const since = Date.now();
      return await oneByOne.add(async () => {
        if (Date.now() > since + queueMs) throw crowded(operation);
        await turns.writes(operation, writes);
        return await run(operation, repository, job);
      });
    },
  };
}

const crowded = (operation: string): HeldBack =>
  new HeldBack({
    service: 'GitHub',
    operation,
    reason: 'other changes come first',
    retryAfter: 1_000,
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

function superviseRequests(
  octokit: Octokit,
  turns: GitHubTurns,
  timeoutMs: number,
  log: Log | undefined,
): void {
  const slots = new PQueue({ concurrency: atATime.requests });

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
    const send = async () => {
      // A change has had its turn, with all of its requests.
      if (method === 'GET') await turns.read(String(options.request?.['operation'] ?? 'look at it'));
      return await request(options);
    };
    const response = await (isSignIn(url) ? send() : slots.add(send)).catch((error: unknown) => {
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
