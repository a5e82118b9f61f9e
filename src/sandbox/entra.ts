import { randomUUID } from 'node:crypto';
import { type DirectorySeeds, type DirectoryState, emptyDirectory, seedsOf } from './azure-directory.ts';
import { addGraphRoutes } from './azure-graph.ts';
import { type AppRegistration, addSignInRoutes, type SignInState } from './azure-sign-in.ts';
import { createTokens, type Tokens } from './azure-tokens.ts';
import { createStandIn, randomId, type StandIn } from './kit.ts';

export interface EntraOptions {
  /** The SDK signs in over https only. */
  tls: { key: string; cert: string };
  latencyMs?: number;
}

/** Entra's token endpoint and Microsoft Graph at one address: `url` is both the authority host and Graph's. */
export interface EntraStandIn extends StandIn, DirectorySeeds {
  tenantId: string;
  /** An app registration with one secret. */
  clientId: string;
  clientSecret: string;
  app: AppRegistration;
  signIn: SignInState;
  directory: DirectoryState;
  /** What has been issued, for stand-ins that take the tokens. */
  tokens: Tokens;
  /** Back to an empty directory and the one app with its secret; tokens, calls and faults are forgotten. */
  reset(): void;
}

export async function startEntra({ tls, latencyMs = 0 }: EntraOptions): Promise<EntraStandIn> {
  const builder = createStandIn({ service: 'Entra', latencyMs, tls });
  const tokens = createTokens();
  const [tenantId, clientId, clientSecret] = [randomUUID(), randomUUID(), randomId(34)];
  const app: AppRegistration = { secrets: [], certificates: [], federated: [] };
  const signIn: SignInState = { tenantId, apps: new Map(), tokenLifetimeMs: 0 };
  const directory = emptyDirectory();

  function reset(): void {
    Object.assign(app, { secrets: [clientSecret], certificates: [], federated: [] });
    Object.assign(signIn, { tenantId, apps: new Map([[clientId, app]]), tokenLifetimeMs: 3_600_000 });
    Object.assign(directory, emptyDirectory());
    tokens.revokeAll();
    builder.calls.length = 0;
    builder.meter.reset();
    builder.faults.length = 0;
  }

  reset();
  addSignInRoutes(builder, signIn, tokens);
  addGraphRoutes(builder, directory, tokens);
  const standIn = await builder.listen();
  // Not spread: `latencyMs` is an accessor and must stay one.
  return Object.assign(standIn, {
    ...seedsOf(directory),
    tenantId,
    clientId,
    clientSecret,
    app,
    signIn,
    directory,
    tokens,
    reset,
  });
}
