import type { Context } from 'hono';
import { z } from 'zod';
import type { Builder, Env } from './kit.ts';
import type { Caller, OtterizeState } from './otterize-cloud.ts';
import type { User } from './otterize-records.ts';

/** The cloud says no. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function refuse(status: number, message: string): never {
  throw new Refusal(status, message);
}

/** A call whose token and organization were accepted. */
export interface Visit {
  caller: Caller;
  /** The organization that the call is about. */
  organization: string;
  /** A part of the path. */
  param(name: string): string;
  query(name: string): string | undefined;
  /** The body in this form; a body of another form is refused. */
  body<T>(schema: z.ZodType<T>): Promise<T>;
  /** The person who calls; an integration's client is refused. */
  person(): User;
}

type Serve = (visit: Visit) => unknown;

/** `^[A-Za-z][A-Za-z0-9- _]{0,61}[A-Za-z0-9]$` for environments, integrations, clusters and renamed organizations [SRC]. */
export const Name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9- _]{0,61}[A-Za-z0-9]$/, 'name does not match the required pattern');

/** The object of this id in the caller's organization, or 404. */
export function find<T extends { id: string }>(
  all: readonly T[],
  id: string,
  within: (each: T) => boolean = () => true,
): T {
  return all.find(each => each.id === id && within(each)) ?? refuse(404, `${id} not found`);
}

export const inside =
  (visit: Visit) =>
  (each: { organizationId: string }): boolean =>
    each.organizationId === visit.organization;

/** Whether a value passes a filter of the query; a filter that is not there lets all pass. */
export const matches = (filter: string | undefined, value: string | undefined): boolean =>
  filter === undefined || filter === value;

export function remove<T extends { id: string }>(all: T[], item: T): string {
  all.splice(all.indexOf(item), 1);
  return item.id;
}

/** [DOC] Names are unique; that a duplicate is 409 CONFLICT is an assumption [?], so a switch decides. */
export function unique(state: OtterizeState, taken: boolean, what: string): void {
  if (taken && state.duplicateNames === 'conflict') refuse(409, `${what} already exists`);
}

function callerOf(context: Context<Env>, state: OtterizeState): Caller {
  const token = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
  return state.tokens.get(token ?? '') ?? refuse(401, 'Unauthenticated');
}

const organizationsOf = (caller: Caller, state: OtterizeState): string[] =>
  'client' in caller
    ? [caller.client.organizationId]
    : state.members.filter(each => each.userId === caller.user.id).map(each => each.organizationId);

function organizationOf(context: Context<Env>, caller: Caller, state: OtterizeState): string {
  const asked = context.req.header('x-otterize-organization');
  const own = organizationsOf(caller, state);
  // [RUN] of a stale or foreign id: 403.
  if (asked !== undefined) return own.includes(asked) ? asked : refuse(403, 'Forbidden');
  const [only, ...others] = own;
  if (only === undefined) return refuse(403, 'Forbidden');
  // [SRC] The sentence that users of several organizations reported.
  if (others.length > 0) {
    return refuse(
      400,
      'user belongs to multiple organizations, but no organization was specified using the X-Otterize-Organization header',
    );
  }
  return only;
}

async function readBody<T>(context: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const json: unknown = await context.req.json().catch(() => refuse(400, 'the body is not JSON'));
  const parsed = schema.safeParse(json);
  // [DOC] BAD_USER_INPUT is 422; that it is this class and not BAD_REQUEST is an assumption [?].
  return parsed.success ? parsed.data : refuse(422, parsed.error.issues[0]?.message ?? 'bad input');
}

/** [RUN] Errors are `{"errors":[{"message"}]}` with the status of their class. */
async function answer(context: Context<Env>, serve: () => unknown): Promise<Response> {
  try {
    const result = await serve();
    // [SRC] Success is 200 with a JSON content type, whatever it is; a string for a deletion.
    return context.body(JSON.stringify(result), 200, { 'content-type': 'application/json; charset=utf-8' });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return context.json({ errors: [{ message: error.message }] }, error.status as 400);
  }
}

/** Adds routes below `/api/rest/v1beta` that need a token and an organization. */
export function createApi(stand: Builder, state: OtterizeState) {
  const rest = (method: string, path: string, operation: string, serve: Serve): void =>
    stand.route(method, `/api/rest/v1beta${path}`, operation, context =>
      answer(context, () => {
        const caller = callerOf(context, state);
        return serve({
          caller,
          organization: organizationOf(context, caller, state),
          param: name => context.req.param(name) ?? '',
          query: name => context.req.query(name),
          body: schema => readBody(context, schema),
          person: () => ('user' in caller ? caller.user : refuse(403, 'Forbidden')),
        });
      }),
    );

  /** Without an organization: who am I, are you there. */
  const open = (
    method: string,
    path: string,
    operation: string,
    serve: (caller: () => Caller) => unknown,
  ): void =>
    stand.route(method, `/api/rest/v1beta${path}`, operation, context =>
      answer(context, () => serve(() => callerOf(context, state))),
    );

  return { rest, open };
}

export type Api = ReturnType<typeof createApi>;
