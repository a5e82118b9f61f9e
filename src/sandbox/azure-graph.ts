import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { addBatchRoute } from './azure-batch.ts';
import {
  type DirectoryObject,
  type DirectoryState,
  type Group,
  transitiveMembers,
} from './azure-directory.ts';
import { audiences, type Tokens } from './azure-tokens.ts';
import type { Builder, Env, Handler } from './kit.ts';
import { inSeconds } from './meter.ts';

/** What a user has when nothing is selected [DOC]: whether the account is enabled, for one, is not among it. */
const userDefaults = ['displayName', 'givenName', 'id', 'mail', 'surname', 'userPrincipalName'];

/** The directory half of Microsoft Graph v1.0. */
export function addGraphRoutes(builder: Builder, state: DirectoryState, tokens: Tokens): void {
  const { route, meter } = builder;
  const graph = (path: string, operation: string, handler: Handler): void =>
    route('GET', `/v1.0${path}`, operation, context => {
      // [RUN] Without a token, or with one for another service.
      if (!tokens.accepts(context.req.header('authorization'), audiences.graph))
        return fail(context, 401, 'InvalidAuthenticationToken', 'Access token is missing or invalid.');
      const wait = meter.take([resourceUnits], unitsOf(context, operation));
      if (wait === undefined) return handler(context);
      context.header('Retry-After', inSeconds(wait));
      return fail(context, 429, 'TooManyRequests', 'Too many requests.');
    });
  const groupOf = (context: Context<Env>): Group | Response => {
    if (!state.mayReadGroups) return denied(context);
    const id = context.req.param('id') ?? '';
    // [K] Ids of another form are refused before anybody looks for them.
    if (!/^[0-9a-f-]{36}$/i.test(id))
      return fail(context, 400, 'Request_BadRequest', `Invalid object identifier '${id}'.`);
    const group = state.objects.get(id.toLowerCase());
    return group?.kind === 'group' ? group : missing(context, id);
  };

  addBatchRoute(builder);
  graph('/users', 'listUsers', context => {
    if (!state.mayReadUsers) return denied(context);
    const users = [...state.objects.values()].filter(({ kind }) => kind === 'user');
    const filter = context.req.query('$filter');
    if (filter === undefined) return page(context, users, user => select(context, user));
    const matches = readFilter(filter, state.filterIgnoresCase);
    if (matches === undefined)
      return fail(context, 400, 'Request_UnsupportedQuery', 'Unsupported or invalid query filter clause.');
    return page(context, users.filter(matches), user => select(context, user));
  });

  graph('/users/:id', 'getUser', context => {
    if (!state.mayReadUsers) return denied(context);
    const asked = (context.req.param('id') ?? '').toLowerCase();
    const user = [...state.objects.values()].find(
      each => each.kind === 'user' && [each.id, each.userPrincipalName.toLowerCase()].includes(asked),
    );
    return user === undefined ? missing(context, asked) : context.json(select(context, user));
  });

  graph('/groups/:id', 'getGroup', context => {
    const group = groupOf(context);
    return group instanceof Response ? group : context.json(select(context, group));
  });

  graph('/groups/:id/transitiveMembers', 'transitiveMembers', context => {
    const group = groupOf(context);
    if (group instanceof Response) return group;
    return page(context, transitiveMembers(state, group), member => ({
      '@odata.type': `#microsoft.graph.${member.kind}`,
      ...(isHidden(member, state) ? blank(context, member) : select(context, member)),
    }));
  });
}

// [DOC] Of a small tenant, for each application.
const resourceUnits = { of: 'resource units', most: 3_500, windowMs: 10_000 };

/** [DOC] What a request costs; one less when attributes are selected, and one less for a page of less than twenty. */
function unitsOf(context: Context<Env>, operation: string): number {
  const usual = { listUsers: 2, transitiveMembers: 5 }[operation] ?? 1;
  const selects = context.req.query('$select') !== undefined;
  const small = Number(context.req.query('$top') ?? 100) < 20;
  return Math.max(1, usual - Number(selects) - Number(small));
}

// [DOC] Of members whose type the app may not read only type and id are there.
const isHidden = ({ kind }: DirectoryObject, { mayReadUsers }: DirectoryState): boolean =>
  kind !== 'group' && (kind !== 'user' || !mayReadUsers);

const selected = (context: Context<Env>): string[] =>
  context.req.query('$select')?.split(',') ?? userDefaults;

function select(context: Context<Env>, object: DirectoryObject): Record<string, unknown> {
  const all = object as unknown as Record<string, unknown>;
  const names = selected(context).filter(name => name in all && name !== 'kind' && name !== 'members');
  return Object.fromEntries(names.map(name => [name, all[name]]));
}

const blank = (context: Context<Env>, { id }: DirectoryObject): Record<string, unknown> => ({
  ...Object.fromEntries(selected(context).map(name => [name, null])),
  id,
});

/** One page; the next one's address is absolute and has an opaque token [RUN]. */
function page(
  context: Context<Env>,
  items: readonly DirectoryObject[],
  show: (item: DirectoryObject) => Record<string, unknown>,
): Response {
  const url = new URL(context.req.url);
  const top = Number(url.searchParams.get('$top') ?? 100);
  if (!(top >= 1 && top <= 999)) return fail(context, 400, 'Request_BadRequest', 'Invalid page size.');
  const from = Number(Buffer.from(url.searchParams.get('$skiptoken') ?? '', 'base64url').toString() || 0);
  const next = from + top;
  url.searchParams.set('$skiptoken', Buffer.from(String(next)).toString('base64url'));
  return context.json({
    '@odata.context': `${url.origin}/v1.0/$metadata#directoryObjects`,
    ...(next < items.length ? { '@odata.nextLink': url.href } : {}),
    value: items.slice(from, next).map(show),
  });
}

type Matcher = (object: DirectoryObject) => boolean;

/** Understands one comparison with `eq`; a quote within the value is doubled [RUN]. */
function readFilter(filter: string, ignoresCase: boolean): Matcher | undefined {
  const quoted = "'((?:[^']|'')*)'";
  const plain = new RegExp(`^(mail|userPrincipalName) eq ${quoted}$`).exec(filter);
  const any = new RegExp(`^(proxyAddresses)/any\\((\\w+):\\s*\\2 eq ${quoted}\\)$`).exec(filter);
  const attribute = plain?.[1] ?? any?.[1];
  const wanted = (plain?.[2] ?? any?.[3])?.replaceAll("''", "'");
  if (attribute === undefined || wanted === undefined) return undefined;
  const fold = (text: unknown): unknown =>
    ignoresCase && typeof text === 'string' ? text.toLowerCase() : text;
  return object => {
    const value = (object as unknown as Record<string, unknown>)[attribute];
    return (Array.isArray(value) ? value : [value]).some(each => fold(each) === fold(wanted));
  };
}

// [RUN] The form of an error.
const fail = (
  context: Context<Env>,
  status: ContentfulStatusCode,
  code: string,
  message: string,
): Response => {
  const innerError = { date: new Date().toISOString().slice(0, 19), 'request-id': randomUUID() };
  return context.json({ error: { code, message, innerError } }, status);
};

const denied = (context: Context<Env>): Response =>
  fail(context, 403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');

const missing = (context: Context<Env>, id: string): Response =>
  fail(context, 404, 'Request_ResourceNotFound', `Resource '${id}' does not exist.`);
