import { createStandIn, randomId, type StandIn, type StandInOptions } from './kit.ts';
import { createApi } from './otterize-api.ts';
import {
  emptyState,
  type OtterizeState,
  type OtterizeSwitches,
  type Seeds,
  seedsOf,
} from './otterize-cloud.ts';
import { addClusterRoutes, addIntegrationRoutes } from './otterize-integrations.ts';
import { newOrganization, newUser } from './otterize-records.ts';
import {
  addEnvironmentRoutes,
  addInviteRoutes,
  addOrganizationRoutes,
  addUserRoutes,
} from './otterize-routes.ts';

export interface OtterizeOptions extends Partial<OtterizeSwitches> {
  latencyMs?: number;
  tls?: NonNullable<StandInOptions['tls']>;
  /** A user token that is accepted from the start; a random one when left out. */
  token?: string;
  /** Address of the person whose token it is. */
  operator?: string;
}

export interface OtterizeCloud extends StandIn, Seeds {
  /** What `--api-address` takes. */
  apiAddress: string;
  /** Everything the cloud knows, and its switches; read it and change it. */
  state: OtterizeState;
  /** The operator's token. */
  token: string;
  /** The operator's first organization. */
  startOrganization: string;
  /** How many requests are at work, how many there were at most, and from how many on it is a breach: one is one process of the CLI. */
  atOnce: { now: number; peak: number; most: number };
  /** Back to the operator with the first organization; switches as they were given, calls and faults forgotten. */
  reset(): void;
}

/** A loopback stand-in of Otterize Cloud's REST API, as the `otterize` command line uses it. */
export async function startOtterizeCloud(options: OtterizeOptions = {}): Promise<OtterizeCloud> {
  const {
    latencyMs = 0,
    tls,
    token = `tok-${randomId(24)}`,
    operator = 'operator@example.com',
    ...switches
  } = options;
  const stand = createStandIn({ service: 'Otterize', latencyMs, ...(tls === undefined ? {} : { tls }) });
  const state = emptyState(switches);
  const seeds = seedsOf(state);
  const user = newUser(operator);
  const start = newOrganization();
  const atOnce = { now: 0, peak: 0, most: Number.POSITIVE_INFINITY };

  function reset(): void {
    Object.assign(state, emptyState(switches));
    state.users.push(user);
    state.tokens.set(token, { user });
    state.organizations.push({ ...start });
    state.members.push({ organizationId: start.id, userId: user.id, role: 'ADMIN' });
    stand.calls.length = 0;
    stand.meter.reset();
    Object.assign(atOnce, { peak: 0 });
    stand.faults.length = 0;
  }

  reset();
  stand.app.use(async (_context, next) => {
    atOnce.now += 1;
    atOnce.peak = Math.max(atOnce.peak, atOnce.now);
    stand.meter.judge({ of: 'processes at once', most: atOnce.most, windowMs: 0 }, atOnce.now);
    await next().finally(() => (atOnce.now -= 1));
  });
  addTokenRoutes(stand, state);
  const api = createApi(stand, state);
  addOrganizationRoutes(api, state);
  addEnvironmentRoutes(api, state);
  addInviteRoutes(api, state);
  addIntegrationRoutes(api, state);
  addClusterRoutes(api, state);
  addUserRoutes(api, state);
  const running = await stand.listen();
  // Not spread: `latencyMs` is an accessor and must stay one.
  return Object.assign(running, {
    ...seeds,
    apiAddress: `${running.url}/api`,
    state,
    token,
    startOrganization: start.id,
    atOnce,
    reset,
  });
}

function addTokenRoutes(stand: ReturnType<typeof createStandIn>, state: OtterizeState): void {
  // [SRC] OAuth2 client credentials in the form; the refusal's form follows RFC 6749, the cloud's own is unknown [?].
  stand.route(
    'POST',
    '/api/auth/tokens/token',
    'token',
    async context => {
      const form = await context.req.parseBody();
      const client = state.integrations.find(
        ({ credentials }) =>
          credentials.clientId === form['client_id'] && credentials.clientSecret === form['client_secret'],
      );
      if (client === undefined || form['grant_type'] !== 'client_credentials') {
        return context.json({ error: 'invalid_client' }, 401);
      }
      const token = `tok-${randomId(24)}`;
      state.tokens.set(token, { client });
      return context.json({ access_token: token, token_type: 'bearer', expires_in: 3600 });
    },
    false,
  );
  // [SRC] Usage telemetry: no token, and the command waits for the answer.
  stand.route(
    'POST',
    '/api/telemetry/query',
    'telemetry',
    context => context.json({ data: { sendCLITelemetries: true } }),
    false,
  );
}
