import { setTimeout as sleep } from 'node:timers/promises';
import { addSecretRoutes } from './azure-secret-routes.ts';
import { createVaults, type VaultSeeds } from './azure-secrets.ts';
import { audiences, type Tokens } from './azure-tokens.ts';
import { createStandIn, type StandIn } from './kit.ts';

export interface KeyVaultOptions {
  /** The SDK talks https only. */
  tls: { key: string; cert: string };
  /** Who issues the tokens: the stand-in of Entra. */
  entra: { url: string; tenantId: string; tokens: Tokens };
  /** The vaults that are there at first. */
  vaults?: readonly string[];
  latencyMs?: number;
}

export interface KeyVaultStandIn extends StandIn, VaultSeeds {
  /** Where a vault is, with `{vault}` for its name: one address for all, a path for each. */
  vaultUrl: string;
  /** Back to the vaults of the options, empty and with all rights; calls and faults are forgotten. */
  reset(): void;
}

export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVaultStandIn> {
  const { tls, entra, vaults = [], latencyMs = 0 } = options;
  const builder = createStandIn({ service: 'Key Vault', latencyMs, tls });
  const seeds = createVaults();

  function reset(): void {
    seeds.vaults.clear();
    seeds.switches.limbo = 0;
    for (const name of vaults) seeds.vault(name);
    builder.calls.length = 0;
    builder.meter.reset();
    builder.faults.length = 0;
  }

  reset();
  let latency = (): number => latencyMs;
  // [RUN] Whoever comes without a token is told where to get one; the first request of a client comes so, with no body.
  // It has taken no effect, so no fault is spent on it.
  builder.app.use('/:vault/*', async (context, next) => {
    if (entra.tokens.accepts(context.req.header('authorization'), audiences.vault)) return await next();
    const { method, path } = context.req;
    const call = { method, path, mutating: false, at: Date.now(), ms: latency(), status: 401 };
    builder.calls.push({ service: 'Key Vault', operation: 'challenge', ...call });
    if (latency() > 0) await sleep(latency());
    const authority = `${entra.url}/${entra.tenantId}`;
    context.header('WWW-Authenticate', `Bearer authorization="${authority}", resource="${audiences.vault}"`);
    return context.json({ error: { code: 'Unauthorized', message: 'A token is needed.' } }, 401);
  });
  addSecretRoutes(builder, seeds);
  const standIn = await builder.listen();
  latency = () => standIn.latencyMs;
  // Not spread: `latencyMs` is an accessor and must stay one.
  return Object.assign(standIn, { ...seeds, vaultUrl: `${standIn.url}/{vault}`, reset });
}
