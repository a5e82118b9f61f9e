import type { TokenCredential } from '@azure/identity';
import { type KeyVaultSecret, SecretClient } from '@azure/keyvault-secrets';
import { ContractError, explain, ServiceError, UserError } from '../errors.ts';
import type { Problem, StoredSecret, VaultReader, VaultWriter } from '../onboarding/ports.ts';
import { createLimiter, type Turns } from '../onboarding/turns.ts';
import { Secret } from '../secret.ts';
import { pauseMs, type VaultLimits, vaultAllowances } from './allowances.ts';
import { introduction } from './introduction.ts';
import { isMissing, vaultFailure } from './vault-failures.ts';

export interface VaultOptions {
  credential: TokenCredential;
  /** Where a vault is, with `{vault}` for its name: `https://{vault}.vault.azure.net`. */
  vaultUrl: string;
  /** What all processes share. */
  turns: Turns;
  limits: VaultLimits;
  /** How long one call of the port may take, in milliseconds. 30 s unless given. */
  requestTimeoutMs?: number;
}

/** One vault during one call: its client, and when the time of the call is over. */
interface Scope {
  client: SecretClient;
  abortSignal: AbortSignal;
}

type Standing = Awaited<ReturnType<VaultReader['read']>>;

/** How many requests of each kind a job sends at most; a new version is a write, all else is a read to Key Vault. */
interface Requests {
  writes: number;
  reads: number;
  /** Whether one of them changes something. */
  changes: boolean;
}

type Call = <T>(
  vault: string,
  operation: string,
  requests: Requests,
  job: (at: Scope) => Promise<T>,
) => Promise<T>;

const looking: Requests = { writes: 0, reads: 2, changes: false };
const writing: Requests = { writes: 1, reads: 2, changes: true };
const recovering: Requests = { writes: 0, reads: 5, changes: true };

/** Clouds whose vaults ask for tokens of the domain that they live in; the SDK holds them to it. */
const azureHost = /\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)$/;
const mostBytes = 25_000;
const recoveryPollMs = 1_000;
/** Of the vaults used last; a client that is not kept costs a question or two when its vault is asked again. */
const mostClients = 64;

/**
 * Secrets of any number of vaults. Throws ServiceErrors of Key Vault or Entra, and UserErrors for what Key Vault would not
 * take. Nothing is sent twice by itself: a repeated write would make another version, and to wait is for the engine.
 */
export function createVault(options: VaultOptions): VaultReader & VaultWriter {
  const { turns, limits, requestTimeoutMs = 30_000 } = options;
  const limiter = createLimiter('Key Vault', turns);
  const clients = new Map<string, SecretClient>();
  const clientOf = (vault: string): SecretClient => {
    const client = clients.get(vault) ?? connect(options, vault);
    // The one that was used last is the last to go: it has learnt how this vault wants to be asked.
    clients.delete(vault);
    clients.set(vault, client);
    const [oldest = vault] = clients.keys();
    if (clients.size > mostClients) clients.delete(oldest);
    return client;
  };

  const call: Call = async (vault, action, { writes, reads, changes }, job) => {
    const client = clientOf(vault);
    const operation = `${action} in the vault ${vault}`;
    const allowed = vaultAllowances(vault, limits);
    // All at once: a job that has begun is not held up, and a client's first request goes twice.
    await limiter.turn(
      operation,
      [allowed.reads, reads],
      ...(writes > 0 ? [[allowed.writes, writes] as const] : []),
    );
    try {
      return await job({ client, abortSignal: AbortSignal.timeout(requestTimeoutMs) });
    } catch (error) {
      const failure = vaultFailure(error, operation, changes);
      const { status, retryAfter = pauseMs } = failure instanceof ServiceError ? failure : {};
      if (status === 429) await limiter.pause(allowed.reads, retryAfter);
      throw failure;
    }
  };

  return {
    check: async (vault, names) => {
      const problems = await Promise.all(names.map(name => check(call, vault, name)));
      return [...new Set(problems.flat())];
    },
    read: (vault, name) => call(vault, `read ${name}`, looking, at => read(at, name)),
    write: (vault, name, value, tags) =>
      call(vault, `write ${name}`, writing, at => write(at, name, value, tags)),
    recover: (vault, name) => call(vault, `recover ${name}`, recovering, at => recover(at, name)),
  };
}

function connect({ credential, vaultUrl }: VaultOptions, vault: string): SecretClient {
  // It becomes part of an address to which the token goes.
  if (!/^[A-Za-z][0-9A-Za-z-]{2,23}$/.test(vault)) {
    throw new UserError(
      'vault-name',
      `${vault} cannot be the name of a vault: those have 3 to 24 letters, digits and hyphens and begin with a letter. Correct it in holt.yaml, then ask again.`,
      vault,
    );
  }
  const url = vaultUrl.replaceAll('{vault}', vault);
  return new SecretClient(url, credential, {
    additionalPolicies: introduction(),
    disableChallengeResourceVerification: !azureHost.test(new URL(url).hostname),
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
  });
}

async function read({ client, abortSignal }: Scope, name: string): Promise<Standing> {
  checkName(name);
  const [found, deleted] = await Promise.all([
    unlessMissing(client.getSecret(name, { abortSignal })),
    unlessMissing(client.getDeletedSecret(name, { abortSignal })),
  ]);
  if (found !== undefined) return toStored(`read ${name}`, found);
  return deleted === undefined ? 'absent' : 'deleted';
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function toStored(operation: string, { value, properties }: KeyVaultSecret): StoredSecret {
  const { version, tags = {} } = properties;
  if (value === undefined || version === undefined)
    throw new ContractError('Key Vault', operation, 'value or version');
  return { version, value: new Secret(value), tags };
}

async function write(
  { client, abortSignal }: Scope,
  name: string,
  value: Secret,
  tags: Record<string, string>,
): Promise<{ version: string }> {
  checkName(name);
  const operation = `write ${name}`;
  if (Buffer.byteLength(value.reveal()) > mostBytes) throw tooLong(name);
  const made = await client.setSecret(name, value.reveal(), { contentType: 'text/plain', tags, abortSignal });
  const { version } = toStored(operation, made);
  // Whatever goes wrong here, the version has been written.
  const stored = await client.getSecret(name, { version, abortSignal }).catch(() => undefined);
  if (stored === undefined) throw unconfirmed(operation);
  if (!toStored(operation, stored).value.equals(value))
    throw new ContractError('Key Vault', operation, 'the value read back is not the one written');
  return { version };
}

async function recover({ client, abortSignal }: Scope, name: string): Promise<void> {
  checkName(name);
  const poller = await client.beginRecoverDeletedSecret(name, { abortSignal, intervalInMs: recoveryPollMs });
  await poller.pollUntilDone({ abortSignal });
}

/** What keeps this secret from being read, or written if it is not there yet. A limit or an outage is thrown, for it says nothing. */
async function check(call: Call, vault: string, name: string): Promise<Problem[]> {
  const asked = call(vault, `read ${name}`, looking, at => read(at, name));
  // Asked at the same time; what is answered counts while there is nothing to read.
  const permitted = call(vault, `write ${name}`, looking, at => probeWriting(at, name));
  permitted.catch(() => undefined);
  try {
    if ((await asked) === 'absent') await permitted;
    return [];
  } catch (error) {
    const told = error instanceof UserError || (error instanceof ServiceError && !error.retryable);
    if (told) return [explain(error).text];
    throw error;
  }
}

/** Asks for a change to a version that cannot be: who may not write is refused before Key Vault looks for it. */
async function probeWriting({ client, abortSignal }: Scope, name: string): Promise<void> {
  await unlessMissing(client.updateSecretProperties(name, '0'.repeat(32), { abortSignal }));
}

/** The SDK would send any name. */
function checkName(name: string): void {
  if (/^[0-9A-Za-z-]{1,127}$/.test(name)) return;
  throw new UserError(
    'secret-name',
    `${name} cannot be the name of a secret: those have 1 to 127 letters, digits and hyphens. Correct it in holt.yaml, then ask again.`,
    name,
  );
}

const tooLong = (name: string): UserError =>
  new UserError(
    'secret-too-long',
    `The value for ${name} is longer than the 25 KB that Key Vault takes.`,
    name,
  );

const unconfirmed = (operation: string): ServiceError =>
  new ServiceError({
    service: 'Key Vault',
    operation,
    reason: 'the version written could not be read back',
    retryable: true,
    applied: 'unknown',
  });
