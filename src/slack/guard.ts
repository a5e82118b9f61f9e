import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Store } from '../onboarding/store.ts';
import type { Secret } from '../secret.ts';

/** A request as it came: each header with every value that was sent for it, and the bytes that were signed. */
export interface Knock {
  headers: NodeJS.Dict<string[]>;
  body: Buffer;
}

/** 401: it is not Slack's, or it was here before. 503: whether it was here before cannot be told. The reason is for the log alone. */
export type Ruling =
  | { accepted: true }
  | { accepted: false; status: 401 | 503; reason: string; error?: unknown };

export interface GuardOptions {
  /** Slack's signing secret; two of them while one replaces the other. */
  secrets: readonly Secret[];
  /** The memory that all replicas share; it must answer or fail in time for Slack. */
  admit: Store['admit'];
  /** Milliseconds since the epoch. */
  now: () => number;
}

const mostSkewSeconds = 300;
/** Much longer than a signature is good for: clocks of replicas differ. */
const rememberedMs = 3_600_000;

const refused = (reason: string): Ruling => ({ accepted: false, status: 401, reason });

/** Lets through what Slack signed within the last five minutes, each request once. Never throws. */
export function createGuard({ secrets, admit, now }: GuardOptions): (knock: Knock) => Promise<Ruling> {
  return async knock => {
    const signature = valueOf(knock, 'x-slack-signature');
    const timestamp = valueOf(knock, 'x-slack-request-timestamp');
    // One way of writing each: a signature written otherwise would be another one to the memory.
    if (!/^v0=[0-9a-f]{64}$/.test(signature)) return refused('it has no signature, or not exactly one');
    if (!/^[0-9]+$/.test(timestamp))
      return refused('it has no timestamp that is a number, or not exactly one');
    const skew = Number(timestamp) - Math.floor(now() / 1000);
    if (Math.abs(skew) > mostSkewSeconds) return refused(`its timestamp is ${skew} s away from this clock`);
    if (!secrets.some(secret => isSigned(knock.body, timestamp, signature, secret)))
      return refused('its signature does not fit');
    return await onlyOnce(admit, signature);
  };
}

/** Several values are joined by commas, and none reads `undefined`: neither is a signature or a number. */
const valueOf = ({ headers }: Knock, name: string): string => String(headers[name]);

function isSigned(body: Buffer, timestamp: string, signature: string, secret: Secret): boolean {
  const ours = createHmac('sha256', secret.reveal()).update(`v0:${timestamp}:`).update(body).digest('hex');
  return timingSafeEqual(Buffer.from(`v0=${ours}`), Buffer.from(signature));
}

async function onlyOnce(admit: Store['admit'], signature: string): Promise<Ruling> {
  const key = `request-${createHash('sha256').update(signature).digest('hex')}`;
  try {
    const first = await admit(key, { most: 1, withinMs: rememberedMs });
    return first ? { accepted: true } : refused('it was here before');
  } catch (error) {
    return {
      accepted: false,
      status: 503,
      reason: 'the records cannot tell whether it was here before',
      error,
    };
  }
}
