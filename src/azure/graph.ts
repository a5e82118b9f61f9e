import type { TokenCredential } from '@azure/identity';
import { Client, type GraphRequest, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { ContractError, ServiceError } from '../errors.ts';
import { createLimiter, type Turns } from '../onboarding/turns.ts';
import { graphAllowance, pauseMs, unitsOf } from './allowances.ts';
import { createBatches } from './graph-batch.ts';
import { graphFailure } from './graph-failures.ts';

export interface GraphOptions {
  credential: TokenCredential;
  /** `https://graph.microsoft.com`, or the address of another cloud's; without a version. */
  graphUrl: string;
  /** What all processes share. */
  turns: Turns;
  /** How many resource units may be used in ten seconds; see `unitsOf`. */
  unitsPer10s: number;
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

/**
 * Reads lists from Microsoft Graph, each request once: to wait and to try again is for the engine. Lists that are asked for at the same
 * moment go in one request.
 */
export function createGraph(options: GraphOptions): Graph {
  const { credential, graphUrl, turns, unitsPer10s, requestTimeoutMs = 30_000 } = options;
  const { origin } = new URL(graphUrl);
  const scope = `${clouds.includes(origin) ? origin : clouds[0]}/.default`;
  const client = Client.initWithMiddleware({ baseUrl: origin, middleware: new HTTPMessageHandler() });
  const limiter = createLimiter('Entra', turns);
  const allowance = graphAllowance(unitsPer10s);

  /** A request that has its turn and its token. `paths` is what it asks for. */
  async function request(path: string, paths: readonly string[]): Promise<GraphRequest> {
    const signal = AbortSignal.timeout(requestTimeoutMs);
    // Not left to the client, which would hide why signing in failed.
    const token = await credential.getToken(scope, { abortSignal: signal });
    const units = paths.reduce((sum, each) => sum + unitsOf(each), 0);
    await limiter.turn('answer', [allowance, units]);
    return (
      client
        .api(path)
        .header('Authorization', `Bearer ${token?.token ?? ''}`)
        // Followed, a redirect could lead anywhere.
        .options({ signal, redirect: 'manual' })
    );
  }
  const alone = async (path: string): Promise<unknown> => await (await request(path, [path])).get();
  const together = createBatches({
    get: alone,
    post: async (paths, body) => await (await request('/$batch', paths)).post(body),
  });

  async function get(operation: string, path: string): Promise<unknown> {
    try {
      // The addresses of further pages are not what a batch takes.
      return await (path.startsWith('/') ? together(path) : alone(path));
    } catch (error) {
      const failure = graphFailure(error, operation);
      const { status, retryAfter = pauseMs } = failure instanceof ServiceError ? failure : {};
      if (status === 429) await limiter.pause(allowance, retryAfter);
      throw failure;
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
