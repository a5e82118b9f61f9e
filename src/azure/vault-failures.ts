import { z } from 'zod';
import { ContractError, ServiceError, UserError } from '../errors.ts';
import { mayPass, pauseOf } from './refusal.ts';

/** What the SDK throws: with a status when Key Vault answered. Of the rest, which holds the whole request, nothing is kept. */
const Failure = z.object({
  statusCode: z.int().optional(),
  code: z.string().nullish(),
  details: z
    .object({ error: z.object({ innerError: z.object({ code: z.string() }) }) })
    .optional()
    .catch(undefined),
  response: z.object({ headers: z.custom<{ get(name: string): string | undefined }>() }).optional(),
});

interface Meaning {
  reason: string;
  advice?: string;
  retryable: boolean;
}

const passing = 'It takes some seconds.';

const byCode: Record<string, Meaning> = {
  SecretDisabled: {
    reason: 'the newest version is disabled',
    advice: 'Enable it, or delete the secret, then retry.',
    retryable: false,
  },
  ForbiddenByFirewall: {
    reason: "the vault's firewall does not let Holt in",
    advice: 'Allow the address or the network that Holt runs in, then retry.',
    retryable: false,
  },
  ForbiddenByConnection: {
    reason: 'the vault can only be reached through its private endpoint',
    advice: 'Run Holt in a network that leads to it, then retry.',
    retryable: false,
  },
  ObjectIsDeletedButRecoverable: { reason: 'the name belongs to a deleted secret', retryable: true },
  ObjectIsBeingDeleted: {
    reason: 'a secret of that name is being deleted',
    advice: passing,
    retryable: true,
  },
  ObjectIsBeingRecovered: { reason: 'the secret is being recovered', advice: passing, retryable: true },
};

const byStatus: Record<number, Meaning> = {
  400: { reason: 'the request was not accepted', retryable: false },
  401: {
    reason: 'the token was not accepted',
    advice: 'Check that the vault belongs to the tenant that Holt signs in to.',
    retryable: false,
  },
  403: {
    reason: 'Holt is not permitted to',
    advice: 'Give Holt the role Key Vault Secrets Officer on this vault, then retry.',
    retryable: false,
  },
  404: {
    reason: 'it is not there',
    advice: 'Check that the vault and the secret are there, then retry.',
    retryable: false,
  },
  409: { reason: 'something else is being done to the secret', retryable: true },
  429: { reason: 'too many requests', retryable: true },
};

const unreached: Meaning = { reason: 'no complete answer came in time', retryable: true };

const unresolved: Meaning = {
  reason: 'the address of the vault does not resolve',
  advice: 'Check the name of the vault in holt.yaml, and that the vault exists.',
  retryable: false,
};

/** Whether it is this secret that is not there, and not the vault or the way to it. */
export function isMissing(error: unknown): boolean {
  const { statusCode, code } = Failure.parse(error);
  return statusCode === 404 && code === 'SecretNotFound';
}

/** What was thrown by the SDK, in words of ours. `changes`: whether the request was to change something. */
export function vaultFailure(error: unknown, operation: string, changes: boolean): Error {
  if (error instanceof ServiceError || error instanceof UserError) return error;
  const { statusCode: status, code, details, response } = Failure.parse(error);
  const name = error instanceof Error ? error.name : '';
  // Everything else is how the SDK stumbles over an answer that it does not understand.
  const understood = name === 'AbortError' || name === 'RestError';
  if (!understood || (status !== undefined && status < 300))
    return new ContractError('Key Vault', operation, 'not what the SDK reads');
  if (status === undefined) {
    const meaning = code === 'ENOTFOUND' ? unresolved : unreached;
    return new ServiceError({
      service: 'Key Vault',
      operation,
      ...meaning,
      applied: changes ? 'unknown' : 'no',
    });
  }
  const answered = status < 500 && status !== 408;
  return new ServiceError({
    service: 'Key Vault',
    operation,
    ...meaningOf(status, details?.error.innerError.code),
    status,
    retryAfter: response === undefined ? undefined : pauseOf(header => response.headers.get(header)),
    applied: answered || !changes ? 'no' : 'unknown',
  });
}

const meaningOf = (status: number, inner = ''): Meaning =>
  byCode[inner] ?? byStatus[status] ?? { reason: `it answered HTTP ${status}`, retryable: mayPass(status) };
