import { GraphError } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { ContractError, ServiceError } from '../errors.ts';
import { mayPass, pauseOf } from './refusal.ts';

const grant =
  'Grant Holt the application permissions GroupMember.Read.All and User.Read.All on Microsoft Graph, with admin consent, then retry.';

/** Holt may not read what it must: told apart from people who have no address. */
export const permissionMissing = (operation: string, status?: number): ServiceError =>
  new ServiceError({
    service: 'Entra',
    operation,
    reason: 'Holt lacks a permission',
    advice: grant,
    status,
    retryable: false,
    applied: 'no',
  });

const reasons: Record<number, string> = {
  400: 'the request was not accepted',
  401: 'the token was not accepted',
  404: 'it is not there',
  429: 'too many requests',
};

/** What the Graph client throws, in words of ours; a bug stays what it is. Holt only reads, so nothing was applied. */
export function graphFailure(error: unknown, operation: string): unknown {
  if (error instanceof z.ZodError) return new ContractError('Entra', operation, 'a batch');
  if (!(error instanceof GraphError)) return error;
  const { statusCode: status, headers } = error;
  if (status >= 200 && status < 300) return new ContractError('Entra', operation, 'not JSON');
  if (status === 403) return permissionMissing(operation, status);
  const common = { service: 'Entra', operation, applied: 'no' } as const;
  // The client gives -1 to whatever brought no answer.
  if (status < 100) {
    return new ServiceError({
      ...common,
      reason: 'Microsoft Graph gave no complete answer in time',
      retryable: true,
    });
  }
  return new ServiceError({
    ...common,
    reason: `${reasons[status] ?? 'Microsoft Graph answered otherwise than it should'} (HTTP ${status})`,
    status,
    retryable: mayPass(status),
    retryAfter: headers === undefined ? undefined : pauseOf(name => headers.get(name)),
  });
}
