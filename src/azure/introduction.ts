import type { SecretClientOptions } from '@azure/keyvault-secrets';

type Policies = NonNullable<SecretClientOptions['additionalPolicies']>;

/**
 * A client of Key Vault learns from the answer to its first request which token the vault wants. What is asked for meanwhile waits
 * until that request is sent again with its token, and no longer than it takes: each would be sent twice otherwise.
 */
export function introduction(): Policies {
  let known = false;
  let first: PromiseWithResolvers<void> | undefined;

  return [
    {
      position: 'perCall',
      policy: {
        name: 'holtWaitsForTheIntroduction',
        async sendRequest(request, next) {
          if (known) return next(request);
          if (first !== undefined) {
            await first.promise;
            return next(request);
          }
          const mine = Promise.withResolvers<void>();
          first = mine;
          try {
            return await next(request);
          } finally {
            first = undefined;
            mine.resolve();
          }
        },
      },
    },
    {
      // Within the SDK's own policy, which sends the first request a second time.
      position: 'perRetry',
      policy: {
        name: 'holtNoticesTheIntroduction',
        sendRequest(request, next) {
          if (request.headers.has('Authorization')) {
            known = true;
            first?.resolve();
          }
          return next(request);
        },
      },
    },
  ];
}
