import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import { explain, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Fleet } from '../onboarding/fleet-schema.ts';
import type { Memberships } from '../onboarding/policy.ts';
import type { Records } from '../onboarding/records.ts';
import { type Answer, sentence, trouble } from './answers.ts';
import type { MarkStore } from './mark.ts';

/** What the listeners work with. */
export interface Desk {
  fleet: Fleet;
  records: Records;
  store: MarkStore;
  memberships: Memberships;
  /** The workspace that Holt belongs to. */
  team: string;
  /** For what a person waits for; never queued behind the drawing of threads. */
  client: WebClient;
  log: Log;
}

/** The person who typed or clicked, as Slack says. */
export interface Asking {
  user: string;
  team: string;
}

/** Slack waits three seconds for an acknowledgement; the store gets most of them. */
const storeMs = 2_000;

class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** What the store answers, in time for Slack. Its answer may still come to pass later: everything here can be asked again. */
export async function inTime<T>(answer: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(storeMs, undefined, { signal: timer.signal }).then(() => {
    throw new TooSlow('the store did not answer in time');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
    answer.catch(() => undefined);
  }
}

/** Runs a listener's work; whatever goes wrong becomes an answer for the person. */
export async function answering<T extends { answer?: Answer }>(
  { log, team }: Desk,
  asking: Asking,
  work: () => Promise<T>,
): Promise<T | { answer: Answer }> {
  if (asking.team !== team) {
    log.warn({ by: asking.user, team: asking.team }, 'refused: another workspace');
    return { answer: trouble.foreignWorkspace };
  }
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) return { answer: sentence(error.message) };
    const reference = randomUUID();
    log.error({ reference, by: asking.user, error }, 'a command or a click could not be answered');
    const slow = error instanceof TooSlow || explain(error).code.startsWith('redis');
    return { answer: slow ? trouble.store : trouble.withReference(explain(error).text, reference) };
  }
}
