import { createPublicKey, createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { Refusal, type RepositoryStandIn } from './github-repository.ts';
import type { Builder, Env, Handler } from './kit.ts';
import { randomId } from './kit.ts';

/** What of the service can be changed while it runs. */
export interface GitHubSwitches {
  /** [?] Whether trees, commits and refs count as content, as pull requests do. */
  countGitObjects: boolean;
  /** The primary limit: requests left until `reset`, in seconds since the epoch. */
  primary: { limit: number; remaining: number; reset: number };
  /** What the App's installation may do. */
  permissions: Record<string, 'read' | 'write'>;
  /** [DOC] A repository with very many files answers only a part of a recursive tree. */
  truncateTrees: boolean;
}

export const defaultSwitches = (): GitHubSwitches => ({
  countGitObjects: true,
  primary: { limit: 5000, remaining: 5000, reset: Math.floor(Date.now() / 1000) + 3600 },
  permissions: { metadata: 'read', contents: 'write', pull_requests: 'write' },
  truncateTrees: false,
});

// [DOC] 900 points in a minute: one for a request that reads, five for one that writes.
const points = { of: 'points', most: 900, windowMs: 60_000 };
// [DOC] 80 in a minute and 500 in an hour.
const content = [
  { of: 'content', most: 80, windowMs: 60_000 },
  { of: 'content', most: 500, windowMs: 3_600_000 },
];

interface Account {
  login: string;
  /** Whether it is an App's installation. */
  app: boolean;
}

export interface AppCredentials {
  appId: string;
  installationId: number;
  /** PEM. */
  privateKey: string;
}

/** A request that has passed the gate. */
export interface Admitted {
  context: Context<Env>;
  repository: RepositoryStandIn;
  account: Account;
}

interface GateOptions {
  builder: Builder;
  repositories: RepositoryStandIn[];
  switches: GitHubSwitches;
  /** Accepted tokens and whose they are. */
  tokens: Map<string, Account>;
}

export interface Gate {
  /** Adds a route below `/repos/:owner/:repo` that needs this permission to be written to (every GET may read). */
  route(
    method: string,
    path: string,
    operation: string,
    permission: string,
    handler: (admitted: Admitted) => Promise<object>,
    status?: ContentfulStatusCode,
  ): void;
  app(): AppCredentials;
}

/** What every request goes through: sign-in, limits, the repository's name and rights, in this order. */
export function createGate({ builder, repositories, switches, tokens }: GateOptions): Gate {
  function limit(method: string, permission: string): void {
    const { primary } = switches;
    const now = Math.floor(Date.now() / 1000);
    if (now >= primary.reset) Object.assign(primary, { remaining: primary.limit, reset: now + 3600 });
    // [DOC] the primary limit: 403 or 429, nothing left, and when that changes.
    const { meter } = builder;
    if (primary.remaining <= 0) {
      const perHour = { of: 'requests', most: primary.limit, windowMs: 3_600_000 };
      meter.judge(perHour, primary.limit + 1);
      throw new Refusal(403, 'API rate limit exceeded for installation.');
    }
    primary.remaining -= 1 / meter.factor;
    const writes = method !== 'GET';
    // [DOC] the secondary limits: 403 with Retry-After and these words.
    const secondary = { 'retry-after': '60' };
    if (meter.take([points], writes ? 5 : 1) !== undefined)
      throw new Refusal(403, 'You have exceeded a secondary rate limit.', {}, secondary);
    if (!writes || !(switches.countGitObjects || permission !== 'contents')) return;
    if (meter.take(content) !== undefined) {
      throw new Refusal(
        403,
        'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.',
        {},
        secondary,
      );
    }
  }

  function find(context: Context<Env>): RepositoryStandIn {
    const name = `${context.req.param('owner')}/${context.req.param('repo')}`.toLowerCase();
    const repository = repositories.find(each => each.name.toLowerCase() === name);
    if (repository !== undefined && !repository.hidden) return repository;
    const moved = repositories.find(each => each.formerNames.some(former => former.toLowerCase() === name));
    if (moved === undefined || moved.hidden) throw new Refusal(404, 'Not Found');
    // [DOC] 301 for reading; for writing 307, so that a client that follows repeats the request.
    const rest = new URL(context.req.url).pathname.split('/').slice(4);
    const location = [
      `${new URL(context.req.url).origin}/repositories/${repositories.indexOf(moved)}`,
      ...rest,
    ].join('/');
    const status = context.req.method === 'GET' ? 301 : 307;
    throw new Refusal(status, 'Moved Permanently', { url: location }, { location });
  }

  function authorize({ repository, account, context }: Admitted, permission: string): void {
    if (context.req.method === 'GET') return;
    if (account.app && switches.permissions[permission] !== 'write') {
      throw new Refusal(403, 'Resource not accessible by integration');
    }
    if (!account.app && !repository.writable)
      throw new Refusal(403, 'Resource not accessible by personal access token');
    if (repository.archived) throw new Refusal(403, 'Repository was archived so is read-only.');
  }

  function signedIn(context: Context<Env>): Account {
    const token = context.req.header('authorization')?.replace(/^(token|bearer) /i, '');
    // A private repository does not exist for those who have not signed in; a wrong token is refused everywhere.
    if (token === undefined) throw new Refusal(404, 'Not Found');
    const account = tokens.get(token);
    if (account === undefined) throw new Refusal(401, 'Bad credentials');
    return account;
  }

  const answering =
    (handler: (context: Context<Env>) => Promise<object>, status: ContentfulStatusCode): Handler =>
    async context => {
      const reply = await handler(context).then(
        body => ({ body, status, headers: {} }),
        (error: unknown) => refusalFrom(error),
      );
      const { limit: most, remaining, reset } = switches.primary;
      return context.json(reply.body, reply.status as ContentfulStatusCode, {
        'x-github-request-id': randomId(16),
        'x-ratelimit-limit': String(most),
        'x-ratelimit-remaining': String(Math.floor(remaining)),
        'x-ratelimit-reset': String(reset),
        ...reply.headers,
      });
    };

  const route: Gate['route'] = (method, path, operation, permission, handler, status = 200) => {
    const admit = (repositoryOf: (context: Context<Env>) => RepositoryStandIn) =>
      answering(async context => {
        const account = signedIn(context);
        limit(method, permission);
        const admitted = { context, repository: repositoryOf(context), account };
        authorize(admitted, permission);
        return await handler(admitted);
      }, status);
    builder.route(method, `/repos/:owner/:repo${path}`, operation, admit(find));
    // Where a renamed repository's redirects lead.
    builder.route(
      method,
      `/repositories/:id${path}`,
      operation,
      admit(context => {
        const repository = repositories[Number(context.req.param('id'))];
        if (repository === undefined || repository.hidden) throw new Refusal(404, 'Not Found');
        return repository;
      }),
    );
  };

  return {
    route,
    app: createApp(builder, answering, switches, tokens),
  };
}

/** A GitHub App: made when somebody asks for it, because its key takes a while. */
function createApp(
  builder: Builder,
  answering: (handler: (context: Context<Env>) => Promise<object>, status: ContentfulStatusCode) => Handler,
  switches: GitHubSwitches,
  tokens: GateOptions['tokens'],
): () => AppCredentials {
  let app: AppCredentials | undefined;

  // [RUN] a JSON web token signed by the App's key is changed for a token that holds for an hour.
  const exchange = answering(async context => {
    const claims =
      app && claimsOf(context.req.header('authorization')?.replace(/^bearer /i, ''), app.privateKey);
    if (!app || claims?.iss !== app.appId || claims.exp * 1000 < Date.now()) {
      throw new Refusal(401, 'A JSON web token could not be decoded');
    }
    if (context.req.param('installation') !== String(app.installationId)) throw new Refusal(404, 'Not Found');
    const token = `ghs_${randomId(36)}`;
    tokens.set(token, { login: 'holt[bot]', app: true });
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    return { token, expires_at, permissions: switches.permissions, repository_selection: 'selected' };
  }, 201);
  builder.route('POST', '/app/installations/:installation/access_tokens', 'createToken', exchange, false);

  return () => {
    if (app === undefined) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      app = {
        appId: String(randomBytes(3).readUIntBE(0, 3)),
        installationId: randomBytes(4).readUInt32BE(),
        privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      };
    }
    return app;
  };
}

const Claims = z.object({ iss: z.coerce.string(), exp: z.number() });

function claimsOf(token: string | undefined, key: string): z.infer<typeof Claims> | undefined {
  const [header, payload, signature] = (token ?? '').split('.');
  if (!header || !payload || !signature) return undefined;
  const verify = createVerify('RSA-SHA256').update(`${header}.${payload}`);
  if (!verify.verify(createPublicKey(key), signature, 'base64url')) return undefined;
  return Claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString())).data;
}

function refusalFrom(error: unknown): { body: object; status: number; headers: Record<string, string> } {
  if (error instanceof Refusal) return error;
  // [DOC] a body of the wrong form.
  if (error instanceof z.ZodError) return new Refusal(422, 'Invalid request.');
  if (error instanceof SyntaxError) return new Refusal(400, 'Problems parsing JSON');
  throw error;
}
