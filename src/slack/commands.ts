import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, parseCommand } from '../onboarding/command.ts';
import { isKnown, resolveTarget } from '../onboarding/fleet.ts';
import { mayRequest, maySteer } from '../onboarding/policy.ts';
import type { Request } from '../onboarding/request.ts';
import { cancel, isLive, type Run } from '../onboarding/run.ts';
import {
  type Answer,
  beginning,
  cancelling,
  confirmation,
  help,
  onboarding,
  sentence,
  status,
} from './answers.ts';
import { mostValue } from './claims.ts';
import { type Asking, type Desk, inTime } from './desk.ts';

export interface Typed extends Asking {
  text: string;
  channel: string;
}

export interface Outcome {
  answer?: Answer;
  /** A run that has just begun. */
  started?: Run;
}

type Of<Verb extends Command['verb']> = Extract<Command, { verb: Verb }>;

const shownRuns = 10;

/** Carries out what somebody typed. Throws what `answering` turns into words. */
export async function carryOut(desk: Desk, typed: Typed): Promise<Outcome> {
  const command = parseCommand(typed.text);
  switch (command.verb) {
    case 'help':
      return { answer: help() };
    case 'usage':
      return { answer: sentence(command.text) };
    case 'onboard':
      return begin(desk, typed, command, false);
    case 'status':
      return { answer: await statusOf(desk, command) };
    case 'cancel':
      return { answer: await stop(desk, typed, command) };
  }
}

/** Starts an onboarding, if this person may: by the command, or by the button below the names that it would make. */
export async function begin(
  { fleet, records, memberships, log }: Desk,
  typed: Typed,
  { cluster, stage, invite }: Of<'onboard'>,
  confirmed: boolean,
): Promise<Outcome> {
  const target = resolveTarget(fleet, cluster, stage);
  if (!mayRequest(target, typed.user, memberships)) {
    log.warn({ by: typed.user, cluster, stage }, 'refused: may not onboard');
    return { answer: onboarding.notAllowed(target) };
  }
  if (!isKnown(fleet, cluster) && !confirmed) {
    const answer = typed.text.length > mostValue / 2 ? onboarding.tooLong : confirmation(target, typed.text);
    return { answer };
  }
  const request: Request = {
    target,
    named: invite,
    by: { user: typed.user, team: typed.team },
    channel: typed.channel,
  };
  const { run, started } = await inTime(records.start(request));
  return started ? { started: run } : { answer: onboarding.live(run) };
}

async function statusOf({ fleet, records }: Desk, { target }: Of<'status'>): Promise<Answer> {
  if (target === undefined) return status.recent(await inTime(records.recent(shownRuns)));
  const resolved = resolveTarget(fleet, target.cluster, target.stage);
  const run = await inTime(records.latest(resolved.names.organization));
  return run === undefined ? status.none(resolved) : status.one(run);
}

async function stop(desk: Desk, { user }: Typed, { cluster, stage }: Of<'cancel'>): Promise<Answer> {
  const { fleet, records, memberships, log } = desk;
  const target = resolveTarget(fleet, cluster, stage);
  const run = await inTime(records.latest(target.names.organization));
  if (run === undefined || !isLive(run)) return cancelling.none(target);
  if (!maySteer(run, user, memberships)) {
    log.warn({ run: run.id, by: user }, 'refused: may not cancel');
    return cancelling.notAllowed(run);
  }
  const { applied, reason, run: now } = await inTime(records.change(run.id, cancel(user)));
  if (applied) return cancelling.done(now);
  return reason === 'cancelled' ? cancelling.again(now) : cancelling.none(target);
}

const lookEveryMs = 250;
const mostLooks = 40;

/** Waits until a new run can be seen, or cannot; answers what the person should hear of it where they typed. */
export async function watchBeginning(
  { records }: Desk,
  { id }: Run,
  closing: AbortSignal,
): Promise<Answer | undefined> {
  let run = await records.get(id);
  for (
    let look = 0;
    look < mostLooks && run?.thread === undefined && run !== undefined && isLive(run);
    look += 1
  ) {
    await sleep(lookEveryMs, undefined, { signal: closing });
    run = await records.get(id);
  }
  return run === undefined ? undefined : beginning(run);
}
