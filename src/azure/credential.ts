import {
  AzureCliCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  type GetTokenOptions,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import type { Secret } from '../secret.ts';
import { signInFailure } from './sign-in.ts';

interface Application {
  tenantId: string;
  clientId: string;
  /** Where to sign in, https; Entra's public address unless given. Another one is trusted as it is, without asking Entra about it. */
  authorityHost?: string | undefined;
}

/** How Holt shows who it is. Exactly one way, named in the configuration: nothing is tried out. */
export type AzureAuth =
  | ({ auth: 'workload-identity'; federatedTokenFile: string } & Application)
  | ({ auth: 'client-secret'; clientSecret: Secret } & Application)
  /** A PEM file with the certificate and its key. */
  | ({ auth: 'client-certificate'; certificatePath: string } & Application)
  /** Without a client id: the machine's own identity. */
  | { auth: 'managed-identity'; clientId?: string | undefined }
  /** Whoever has signed in with `az login`. */
  | { auth: 'cli'; tenantId?: string | undefined };

/** How long signing in may take. */
const signInMs = 30_000;

/**
 * One credential for all of Azure, so that tokens are kept and shared; who asks for the same while it is being fetched waits for the same.
 * Its `getToken` throws a ServiceError of Entra and nothing else, when the caller's signal says so or after 30 s at the latest.
 */
export function createCredential(options: AzureAuth): TokenCredential {
  const credential = build(options);
  const fetching = new Map<string, ReturnType<TokenCredential['getToken']>>();

  return {
    async getToken(scopes, { abortSignal, ...tokenOptions } = {}) {
      const name = JSON.stringify([
        scopes,
        tokenOptions.claims,
        tokenOptions.tenantId,
        tokenOptions.enableCae,
      ]);
      const answer = fetching.get(name) ?? credential.getToken(scopes, tokenOptions);
      fetching.set(name, answer);
      try {
        return await unlessLate(answer, abortSignal);
      } catch (error) {
        throw signInFailure(error);
      } finally {
        // Whoever comes after one who gave up asks anew.
        if (fetching.get(name) === answer) fetching.delete(name);
      }
    },
  };
}

/** The library does not pass the signal on, and waits for an answer for ever. */
async function unlessLate<T>(answer: Promise<T>, signal: GetTokenOptions['abortSignal']): Promise<T> {
  const late = Promise.withResolvers<never>();
  const giveUp = (): void => late.reject(new Error('late'));
  const timer = setTimeout(giveUp, signInMs);
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted === true) giveUp();
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    answer.catch(() => undefined);
  }
}

function build(options: AzureAuth): TokenCredential {
  switch (options.auth) {
    case 'workload-identity': {
      const { tenantId, clientId, federatedTokenFile: tokenFilePath } = options;
      return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath, ...authority(options) });
    }
    case 'client-secret': {
      const { tenantId, clientId, clientSecret } = options;
      return new ClientSecretCredential(tenantId, clientId, clientSecret.reveal(), authority(options));
    }
    case 'client-certificate': {
      const { tenantId, clientId, certificatePath } = options;
      return new ClientCertificateCredential(tenantId, clientId, certificatePath, authority(options));
    }
    case 'managed-identity':
      return new ManagedIdentityCredential(
        options.clientId === undefined ? {} : { clientId: options.clientId },
      );
    case 'cli':
      return new AzureCliCredential(options.tenantId === undefined ? {} : { tenantId: options.tenantId });
  }
}

/** Waiting is for whoever called; one more try is enough for a blink of the network. */
const authority = ({ authorityHost }: Application) => ({
  retryOptions: { maxRetries: 1 },
  ...(authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }),
});
