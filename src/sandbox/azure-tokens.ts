import { randomId } from './kit.ts';

/** The services that a token can be for, by the audience that the token then has. */
export const audiences = { graph: 'https://graph.microsoft.com', vault: 'https://vault.azure.net' } as const;

/** Access tokens that the token endpoint has issued: opaque to clients, and good for one audience only. */
export interface Tokens {
  issue(audience: string, lifetimeMs: number): string;
  /** Whether an `Authorization` header carries a token for this audience that has not expired. */
  accepts(authorization: string | undefined, audience: string): boolean;
  revokeAll(): void;
  /** All that are remembered, whether they hold or not. */
  issued(): string[];
}

export function createTokens(): Tokens {
  const issued = new Map<string, { audience: string; until: number }>();
  return {
    issue(audience, lifetimeMs) {
      const token = `token-${randomId(40)}`;
      issued.set(token, { audience, until: Date.now() + lifetimeMs });
      return token;
    },
    accepts(authorization, audience) {
      const found = issued.get(authorization?.replace(/^Bearer /, '') ?? '');
      return found !== undefined && found.audience === audience && found.until > Date.now();
    },
    revokeAll: () => issued.clear(),
    issued: () => [...issued.keys()],
  };
}
