import { randomUUID } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import { explain, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Command } from '../onboarding/command.ts';
import type { Fleet } from '../onboarding/fleet-schema.ts';
import type { Plans } from '../onboarding/plans.ts';
import type { People } from '../onboarding/policy.ts';
import type { Records } from '../onboarding/records.ts';
import type { Store } from '../onboarding/store.ts';
import type { ActionId, CallbackId } from './claims.ts';
import type { MarkStore } from './mark.ts';
import { type Answer, sentence, trouble } from './words/answers.ts';

/** What the listeners work with. */
export interface Desk {
  /** As it is known now: the repository may have more clusters than a moment ago. */
  readonly fleet: Fleet;
  records: Records;
  store: MarkStore & Pick<Store, 'admit' | 'notes' | 'now'>;
  plans: Plans;
  people: People;
  /** The workspace that Holt belongs to. */
  team: string;
  /** The bot's user id. */
  self: string;
  /** For what a person waits for; never queued behind the drawing of threads. */
  client: WebClient;
  log: Log;
  /** How much of each person's is being answered just now, in this process. */
  busy: Map<string, number>;
}

/** All that people can type, press or submit; `unknown` is what we never offered. */
export type Entry = Command['verb'] | ActionId | CallbackId | 'home' | 'suggest' | 'unknown';

/** Who typed, pressed or submitted what, and where, as Slack says. A modal stands in no channel. */
export interface Asking {
  entry: Entry;
  user: string;
  team: string;
  channel: string;
  /** What Slack may send again, by its id: an event, or of Socket Mode the envelope. */
  envelope?: string | undefined;
}

/** Says no: one answer, and one line in the log, which has the same form whatever was refused. */
export function refuse(
  { log }: Pick<Desk, 'log'>,
  asking: Asking,
  reason: string,
  answer: Answer,
  run?: string,
): { answer: Answer; refused: string } {
  logRefusal(log, asking, reason, run === undefined ? {} : { run });
  return { answer, refused: reason };
}

function logRefusal(log: Log, { entry, user, team, channel }: Asking, reason: string, more: object): void {
  log.warn({ entry, by: user, team, channel, reason, ...more }, 'refused');
}

/** Slack waits three seconds for an acknowledgement; together with what follows the store gets most of them. */
const storeMs = 1_500;
/** And what is left of them goes to the question whether something was here before. */
export const memoryMs = 600;

/** An envelope that nobody acknowledged comes again within minutes, if at all. */
const envelopeRememberedMs = 600_000;

class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** What the store answers, in time for Slack. Its answer may still come to pass later: everything here can be asked again. */
export async function inTime<T>(answer: Promise<T>, ms = storeMs): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new TooSlow('the store did not answer in time')), ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

/** People never have so much at once; a program that types for them has. */
const mostAtOnce = 8;

interface Failed {
  answer: Answer;
  /** The same may be tried again as it is, or with a correction. */
  again?: true;
}

/**
 * Runs a listener's work; whatever goes wrong becomes an answer for the person. Nothing is answered to what was received
 * before: that is left to whoever received it first.
 */
export async function answering<T extends { answer?: Answer }>(
  desk: Desk,
  asking: Asking,
  work: () => Promise<T>,
): Promise<T | Failed | undefined> {
  const { team, busy } = desk;
  const { user } = asking;
  if (asking.team !== team) return refuse(desk, asking, 'other-workspace', trouble.foreignWorkspace);
  const before = busy.get(user) ?? 0;
  if (before >= mostAtOnce)
    return { ...refuse(desk, asking, 'too-many-at-once', trouble.tooManyAtOnce), again: true };
  busy.set(user, before + 1);
  try {
    if (await isRepeated(desk, asking)) return undefined;
    return await work();
  } catch (error) {
    return { answer: apology(desk, user, error), again: true };
  } finally {
    const left = (busy.get(user) ?? 1) - 1;
    if (left === 0) busy.delete(user);
    else busy.set(user, left);
  }
}

/** What went wrong, in words for the person. */
export function apology({ log }: Pick<Desk, 'log'>, user: string, error: unknown): Answer {
  if (error instanceof UserError) return sentence(error.message);
  const reference = randomUUID();
  log.error({ reference, by: user, error }, 'what a person did could not be answered');
  const slow = error instanceof TooSlow || explain(error).code.startsWith('redis');
  return slow ? trouble.store : trouble.withReference(explain(error).text, reference);
}

/** Slack may send an envelope again. */
async function isRepeated({ log, store }: Desk, asking: Asking): Promise<boolean> {
  const { envelope } = asking;
  if (envelope === undefined) return false;
  const limit = { most: 1, withinMs: envelopeRememberedMs };
  const first = await inTime(store.admit(`envelope-${envelope}`, limit), memoryMs);
  if (!first) logRefusal(log, asking, 'repeated', { envelope });
  return !first;
}
