import type { TokenCredential } from '@azure/identity';
import { Client, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { ContractError } from '../errors.ts';
import { graphFailure } from './graph-failures.ts';

export interface GraphOptions {
  credential: TokenCredential;
  /** `https://graph.microsoft.com`, or the address of another cloud's; without a version. */
  graphUrl: string;
  /** How long one request may take, in milliseconds. 30 s unless given. */
  requestTimeoutMs?: number;
}

export interface Graph {
  /** The items of all pages that `path` leads to, or of the first page only. Every failure is a ServiceError. */
  list<T>(operation: string, path: string, item: z.ZodType<T>, extent?: 'all' | 'first page'): Promise<T[]>;
}

/** The addresses that are their own token audience. Any other stands in for the first. */
const clouds = [
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
];
/** Far more than a group has of whom all are to be invited. */
const mostPages = 500;

/** Reads lists from Microsoft Graph, each request once: to wait and to try again is for the engine. */
export function createGraph({ credential, graphUrl, requestTimeoutMs = 30_000 }: GraphOptions): Graph {
  const { origin } = new URL(graphUrl);
  const scope = `${clouds.includes(origin) ? origin : clouds[0]}/.default`;
  const client = Client.initWithMiddleware({ baseUrl: origin, middleware: new HTTPMessageHandler() });

  async function get(operation: string, path: string): Promise<unknown> {
    const signal = AbortSignal.timeout(requestTimeoutMs);
    // Not left to the client, which would hide why signing in failed.
    const token = await credential.getToken(scope, { abortSignal: signal });
    try {
      return await client
        .api(path)
        .header('Authorization', `Bearer ${token?.token ?? ''}`)
        // Followed, a redirect could lead anywhere.
        .options({ signal, redirect: 'manual' })
        .get();
    } catch (error) {
      throw graphFailure(error, operation);
    }
  }

  return {
    async list(operation, path, item, extent = 'all') {
      const Page = z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
      const items = [];
      const seen = new Set<string>();
      for (let next: string | undefined = path; next !== undefined; ) {
        if (seen.has(next) || seen.size === mostPages)
          throw new ContractError('Entra', operation, 'the pages do not end');
        seen.add(next);
        const page = Page.safeParse(await get(operation, next));
        if (!page.success)
          throw new ContractError('Entra', operation, page.error.issues[0]?.path.join('.') || 'the whole');
        items.push(...page.data.value);
        next = extent === 'all' ? page.data['@odata.nextLink'] : undefined;
        // The token goes along, so the next page must be where this one was.
        if (next !== undefined && URL.parse(next)?.origin !== origin)
          throw new ContractError('Entra', operation, 'the next page is at another address');
      }
      return items;
    },
  };
}
