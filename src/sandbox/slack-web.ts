import { type Context as HttpContext } from 'hono';
import type { Builder, Env } from './kit.ts';
import { inSeconds } from './meter.ts';
import { chat } from './slack-chat.ts';
import { conversations } from './slack-conversations.ts';
import { type Context, type Method, Refusal } from './slack-method.ts';
import { people } from './slack-people.ts';
import { type Answer, useResponseUrl } from './slack-responses.ts';
import type { Workspace } from './slack-state.ts';
import { views } from './slack-views.ts';

export interface Tokens {
  /** `xoxb-…` */
  bot: string;
  /** `xapp-…` */
  app: string;
}

interface WebDeps {
  builder: Builder;
  workspace: Workspace;
  tokens: Tokens;
  /** apps.connections.open, which belongs to the sockets. */
  connections: Method;
}

/** Slack's Web API under /api/ and the response URLs [E, reference emulators 5]. */
export function serveWeb(deps: WebDeps): void {
  const { builder, workspace } = deps;
  const methods: Record<string, Method> = {
    ...people,
    ...chat,
    ...conversations,
    ...views,
    'apps.connections.open': deps.connections,
  };
  for (const [name, each] of Object.entries(methods))
    builder.route('POST', `/api/${name}`, name, http => answer(deps, name, each, http), each.mutating);
  builder.route('POST', '/api/:name', 'unknown_method', http =>
    http.json({ ok: false, error: 'unknown_method', req_method: http.req.param('name') }),
  );
  builder.route('POST', '/response/:team/:id', 'response_url', async http => {
    try {
      useResponseUrl(workspace, http.req.param('id') ?? '', await http.req.json<Answer>());
      return http.text('ok');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const gone = error.code === 'used_url' || error.code === 'expired_url';
      return http.json({ ok: false, error: error.code, ...error.details }, gone ? 404 : 400);
    }
  });
}

type Arguments = Record<string, unknown>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

async function readArguments(http: HttpContext<Env>): Promise<Arguments> {
  const body = await http.req.text();
  const isJson = http.req.header('content-type')?.startsWith('application/json') ?? false;
  return isJson ? (JSON.parse(body) as Arguments) : Object.fromEntries(new URLSearchParams(body));
}

async function answer(deps: WebDeps, name: string, each: Method, http: HttpContext<Env>): Promise<Response> {
  const { workspace, builder } = deps;
  const args = await readArguments(http);
  const { scopes, rateFactor } = workspace.settings;
  const headers = { 'x-oauth-scopes': scopes.join(','), 'x-accepted-oauth-scopes': each.scope ?? '' };
  try {
    authenticate(deps.tokens, each, http.req.header('authorization') ?? `Bearer ${textOf(args['token'])}`);
    const context = contextOf(workspace);
    if (each.scope !== undefined && each.token === 'bot') context.need(each.scope);
    const key = each.limitedBy === undefined ? name : `${name} ${textOf(args[each.limitedBy])}`;
    const limit = { of: key, most: each.perMinute * rateFactor, windowMs: 60_000 };
    const wait = builder.meter.take([limit]);
    if (wait !== undefined) {
      const pause = { 'Retry-After': inSeconds(wait) };
      return http.json({ ok: false, error: 'ratelimited' }, 429, { ...headers, ...pause });
    }
    return http.json({ ok: true, ...each.call(args, context) }, 200, headers);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return http.json({ ok: false, error: error.code, ...error.details }, 200, headers);
  }
}

function authenticate(tokens: Tokens, { token }: Method, header: string): void {
  const given = header.replace(/^Bearer /, '');
  if (given === '') throw new Refusal('not_authed');
  if (given === tokens[token]) return;
  throw new Refusal(Object.values(tokens).includes(given) ? 'not_allowed_token_type' : 'invalid_auth');
}

function contextOf(workspace: Workspace): Context {
  const { scopes } = workspace.settings;
  return {
    workspace,
    granted: scope => scopes.includes(scope),
    need(scope) {
      if (!scopes.includes(scope))
        throw new Refusal('missing_scope', { needed: scope, provided: scopes.join(',') });
    },
  };
}
