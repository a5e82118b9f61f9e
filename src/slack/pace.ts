import { WebAPIRateLimitedError, type WebClient } from '@slack/web-api';
import { type Allowance, createLimiter, type Limiter, type Turns } from '../onboarding/turns.ts';

export interface SlackLimits {
  /** Edits of messages in the workspace; Slack takes 50 (Tier 3). Other methods have their tier's share of it. */
  updatesPerMinute: number;
  /** New messages in one channel; Slack takes one a second, and a few at once. */
  postsPerMinute: number;
}

const tier2 = 20;
const tier3 = 50;
const tier4 = 100;

/** Calls a minute that Slack documents for a method, of one app in one workspace. Whatever is not here is of Tier 3. */
const documented: Readonly<Record<string, number>> = {
  'usergroups.users.list': tier2,
  'users.info': tier4,
  'chat.getPermalink': 600,
};

const minute = 60_000;
/** In how many seconds as many messages may come at once. */
const burstSeconds = 5;

function allowanceOf(method: string, channel: unknown, limits: SlackLimits): Allowance {
  if (method === 'chat.postMessage') {
    const most = Math.max(1, Math.floor((limits.postsPerMinute * burstSeconds) / 60));
    return {
      key: `slack:${method}:${String(channel)}`,
      rates: [{ most, withinMs: burstSeconds * 1_000 }],
    };
  }
  const share = ((documented[method] ?? tier3) * limits.updatesPerMinute) / tier3;
  return { key: `slack:${method}`, rates: [{ most: Math.max(1, Math.floor(share)), withinMs: minute }] };
}

/** Less than what the settle time of a message leaves beside the call. */
const patienceMs = 3_000;

/**
 * The client for what nobody waits for: each call has its turn, shared by all bots, and is not made (HeldBack) when that is not soon.
 * What Slack says of a pause holds for all of them.
 */
export function pacedClient(client: WebClient, turns: Turns, limits: SlackLimits): WebClient {
  const limiter = createLimiter('Slack', turns, patienceMs);
  return paced(client, limiter, limits, '');
}

type Call = (options?: { channel?: unknown }) => Promise<unknown>;

function paced<T extends object>(methods: T, limiter: Limiter, limits: SlackLimits, path: string): T {
  return new Proxy(methods, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      const method = `${path}${String(name)}`;
      if (typeof value === 'object' && value !== null) return paced(value, limiter, limits, `${method}.`);
      if (typeof value !== 'function') return value;
      return async (options?: { channel?: unknown }) => {
        const allowance = allowanceOf(method, options?.channel, limits);
        await limiter.turn(`take ${method}`, [allowance, 1]);
        try {
          return await (value as Call)(options);
        } catch (error) {
          if (error instanceof WebAPIRateLimitedError)
            await limiter.pause(allowance, error.retryAfter * 1_000);
          throw error;
        }
      };
    },
  });
}
