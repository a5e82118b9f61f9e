import { randomBytes } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { createMeter, type Meter } from './meter.ts';

/** One request that a stand-in received. */
export interface Call {
  service: string;
  /** The route's own name, for example `createEnvironment`. */
  operation: string;
  method: string;
  path: string;
  /** Whether the route changes something. */
  mutating: boolean;
  at: number;
  /** How long the stand-in took to serve it, once it has. */
  ms?: number;
  status?: number;
}

/**
 * What goes wrong with a call: `answer` answers without applying it; `drop` closes the connection without applying it;
 * `lose` applies it and closes the connection before the answer; `hang` neither applies nor answers.
 */
interface Fault {
  /** The operations that it hits; all when left out. */
  operation?: string;
  /** How many calls it hits; every one when left out. */
  times?: number;
  kind: 'answer' | 'drop' | 'lose' | 'hang';
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type Env = { Bindings: HttpBindings };
export type Handler = (context: Context<Env>) => Response | Promise<Response>;

/** Stands around the serving of a call: it may wait, apply it and answer, or cut the connection. Calls are applied once. */
type Around = (call: Call, act: { apply(): Promise<Response>; cut(): Response }) => Promise<Response>;

export interface StandIn {
  /** `http://127.0.0.1:<port>` or `https://localhost:<port>`. */
  url: string;
  calls: Call[];
  faults: Fault[];
  hooks: { around?: Around };
  meter: Meter;
  /** Milliseconds added to each call before it is applied. */
  latencyMs: number;
  close(): Promise<void>;
}

export interface StandInOptions {
  service: string;
  latencyMs?: number;
  tls?: { key: string; cert: string };
  /** The clock that limits go by. */
  now?: () => number;
}

export interface Builder {
  app: Hono<Env>;
  calls: Call[];
  faults: Fault[];
  hooks: StandIn['hooks'];
  meter: Meter;
  /** Adds a route that is logged, delayed and can be made to fail. `path` is Hono's. */
  route(method: string, path: string, operation: string, handler: Handler, mutating?: boolean): void;
  listen(): Promise<StandIn & { server: ReturnType<typeof createAdaptorServer> }>;
}

/** Lower-case letters and digits, as the ids of the real services. */
export const randomId = (length = 10): string =>
  randomBytes(length * 2)
    .toString('base64')
    .replaceAll(/[^a-z0-9]/g, '')
    .padEnd(length, '0')
    .slice(0, length);

/** Takes the next fault for this operation off the list, counting it. */
function takeFault(faults: Fault[], operation: string): Fault | undefined {
  const fault = faults.find(each => each.operation === undefined || each.operation === operation);
  if (fault?.times !== undefined) {
    fault.times -= 1;
    if (fault.times <= 0) faults.splice(faults.indexOf(fault), 1);
  }
  return fault;
}

function destroy(context: Context<Env>): Response {
  context.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

/** The common ground of all stand-ins: a server on loopback that logs its calls and can be slow, faulty or silent. */
export function createStandIn({ service, latencyMs = 0, tls, now }: StandInOptions): Builder {
  const app = new Hono<Env>();
  const calls: Call[] = [];
  const faults: Fault[] = [];
  const hooks: StandIn['hooks'] = {};
  const timing = { latencyMs };
  const meter = createMeter(service, now);

  const route: Builder['route'] = (
    method,
    path,
    operation,
    handler,
    mutating = !['GET', 'HEAD'].includes(method),
  ) => {
    app.on(method, path, async context => {
      const started = performance.now();
      const call: Call = { service, operation, method, path: context.req.path, mutating, at: Date.now() };
      calls.push(call);
      const fault = takeFault(faults, operation);
      if (timing.latencyMs > 0) await sleep(timing.latencyMs);
      const apply = async () => await serve(context, handler, fault);
      // A call that is held is served from what it brought, whatever has become of who sent it.
      if (hooks.around !== undefined) await context.req.arrayBuffer();
      const response = await (hooks.around?.(call, { apply, cut: () => destroy(context) }) ?? apply());
      call.ms = performance.now() - started;
      call.status = response.status;
      return response;
    });
  };

  const listen: Builder['listen'] = async () => {
    const server = createAdaptorServer(
      tls === undefined
        ? { fetch: app.fetch, createServer: createHttp }
        : { fetch: app.fetch, createServer: createHttps, serverOptions: tls },
    );
    // As long as a front end of the real services keeps connections; a shorter time closes them under a request on its way.
    if ('keepAliveTimeout' in server) server.keepAliveTimeout = 75_000;
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
      calls,
      faults,
      hooks,
      meter,
      get latencyMs() {
        return timing.latencyMs;
      },
      set latencyMs(ms: number) {
        timing.latencyMs = ms;
      },
      server,
      close: () =>
        new Promise(resolve => {
          server.close(() => resolve());
          if ('closeAllConnections' in server) server.closeAllConnections();
        }),
    };
  };

  return { app, calls, faults, hooks, meter, route, listen };
}

async function serve(context: Context<Env>, handler: Handler, fault: Fault | undefined): Promise<Response> {
  switch (fault?.kind) {
    case undefined:
      return await handler(context);
    case 'answer':
      return context.json(fault.body ?? {}, (fault.status ?? 500) as 500, fault.headers);
    case 'drop':
      return destroy(context);
    case 'lose':
      await handler(context);
      return destroy(context);
    case 'hang':
      return await new Promise(resolve =>
        context.env.incoming.socket.once('close', () => resolve(RESPONSE_ALREADY_SENT)),
      );
  }
}
