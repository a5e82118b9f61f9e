import type { SlashCommand } from '@slack/bolt';
import { UserError } from '../errors.ts';
import { type Asked, type Command, parseCommand } from '../onboarding/command.ts';
import { isKnown, resolveTarget } from '../onboarding/fleet.ts';
import { rightToApproveAt, rightToRequest, rightToSteer } from '../onboarding/policy.ts';
import type { Request } from '../onboarding/request.ts';
import { grantedAt, mayApproveSomething, mayOnboardSomething, ruleFor } from '../onboarding/rules.ts';
import { cancel, isLive, type Run, retry } from '../onboarding/run.ts';
import { rolloutName } from '../onboarding/selection.ts';
import { choose } from './choosing.ts';
import { commandName, digestOfShown, mostValue, type StartClaim } from './claims.ts';
import { type Asking, type Desk, inTime, refuse } from './desk.ts';
import type { Pauses } from './pauses.ts';
import { askForPlan } from './planning.ts';
import { beginRollout } from './rollouts.ts';
import {
  type Answer,
  beginning,
  cancelling,
  confirmation,
  onboarding,
  retrying,
  sentence,
  status,
  trouble,
  withoutRight,
} from './words/answers.ts';
import { help, informing, oneCluster } from './words/help.ts';

export interface Typed extends Asking {
  text: string;
  /** Where it was written as a message: in the direct messages with the bot, in which thread. */
  place?: { direct: boolean; thread: string | undefined };
  /** Of a command: with what a modal can be opened, for three seconds. */
  trigger?: string;
  /** The run in whose thread it was typed; it means this one, whatever run is the newest. */
  about?: Run;
}

export interface Outcome {
  answer?: Answer;
  /** A run that has just begun. */
  started?: Run;
  /** Why the answer says no. */
  refused?: string;
  /** What the answer asks whether to start. */
  asks?: StartClaim;
  /** What a plan was asked for. */
  planned?: Request;
}

type Of<Verb extends Command['verb']> = Extract<Command, { verb: Verb }>;

const shownRuns = 10;
/** How many of the newest runs are looked through for somebody's own. */
const searchedRuns = 200;

/** A command as Slack delivers it. */
export const typedOf = (command: SlashCommand): Typed => ({
  entry: command.command === commandName ? parseCommand(command.text).verb : 'unknown',
  user: command.user_id,
  team: command.team_id,
  channel: command.channel_id,
  text: command.text,
  trigger: command.trigger_id,
});

/** Carries out what somebody typed, in time for Slack. Throws what `answering` turns into words. */
export const carryOut = (desk: Desk, typed: Typed): Promise<Outcome> => inTime(outcomeOf(desk, typed));

async function outcomeOf(desk: Desk, typed: Typed): Promise<Outcome> {
  if (typed.entry === 'unknown') return { answer: trouble.unknownCommand };
  const command = parseCommand(typed.text);
  switch (command.verb) {
    case 'help':
      return { answer: helpFor(desk, typed.user) };
    case 'usage':
      return { answer: sentence(command.text) };
    case 'onboard':
      return begin(desk, typed, command);
    case 'choose':
      return choose(desk, typed);
    case 'plan':
      return askForPlan(desk, typed, command);
    case 'status':
      return { answer: await statusOf(desk, typed, command) };
    case 'list':
      return { answer: informing.known(desk.fleet) };
    case 'whoami':
      return { answer: whoIs(desk, typed.user) };
    case 'can':
      return { answer: mayThey(desk, typed.user, command) };
    case 'retry':
      return again(desk, typed, command);
    case 'cancel':
      return stop(desk, typed, command);
  }
}

interface Seen {
  shown?: string | undefined;
  /** What is listed is shown before it begins, too. */
  always?: true;
}

/**
 * Starts an onboarding or a rollout, if this person may: by the command, or by what stands below what it would make. What
 * is not listed, and a rollout, is shown first; `seen` has the digest of what the person was shown before.
 */
export async function begin(desk: Desk, typed: Typed, asked: Of<'onboard'>, seen?: Seen): Promise<Outcome> {
  const { cluster, stage, invite, several } = asked;
  if (several !== undefined) return beginRollout(desk, typed, { ...asked, several }, seen?.shown);
  const { fleet, records, store, people } = desk;
  const target = resolveTarget(fleet, cluster, stage);
  const right = rightToRequest(target, typed.user, people);
  if (right !== 'granted')
    return refuse(desk, typed, right, withoutRight(right, onboarding.notAllowed(target)));
  const there = await records.latest(target.names.organization);
  if (there !== undefined && isLive(there)) return { answer: onboarding.live(there) };
  const digest = digestOfShown(target);
  if ((seen?.always === true || !isKnown(fleet, cluster)) && seen?.shown !== digest) {
    if (typed.text.length > mostValue / 2) return { answer: onboarding.tooLong };
    const asks = { text: typed.text, shown: digest };
    const changed = seen?.shown !== undefined;
    return { answer: confirmation(target, asks, { isListed: isKnown(fleet, cluster), changed }), asks };
  }
  if (!(await store.admit(`onboard ${typed.user}`, { most: fleet.startsPerMinute, withinMs: 60_000 })))
    return refuse(desk, typed, 'too-often', onboarding.tooOften(fleet.startsPerMinute));
  const request: Request = {
    target,
    named: invite,
    by: { user: typed.user, team: typed.team },
    channel: typed.channel,
  };
  const { run, started } = await records.start(request);
  return started ? { started: run } : { answer: onboarding.live(run) };
}

async function statusOf(
  { fleet, records }: Desk,
  { user, about }: Typed,
  { target, mine }: Of<'status'>,
): Promise<Answer> {
  if (mine) {
    const recent = await records.recent(searchedRuns);
    const own = recent.filter(run => run !== 'newer' && run.request.by.user === user);
    return status.recent(own.slice(0, shownRuns));
  }
  if (target === undefined) return status.recent(await records.recent(shownRuns));
  const run = about ?? (await records.latest(nameOf(fleet, target)));
  return run === undefined ? status.none(target) : status.one(run);
}

/** The name under which an onboarding or a rollout is held. */
const nameOf = (fleet: Desk['fleet'], { cluster, stage, several }: Asked): string =>
  several === undefined
    ? resolveTarget(fleet, cluster, stage).names.organization
    : rolloutName(cluster, stage);

const helpFor = ({ fleet, people }: Desk, user: string): Answer =>
  help({
    onboard: mayOnboardSomething(fleet, user, people),
    approve: mayApproveSomething(fleet, user, people),
  });

function whoIs({ fleet, people }: Desk, user: string): Answer {
  const onboard = grantedAt(fleet, target => rightToRequest(target, user, people));
  const approve = grantedAt(fleet, target => rightToApproveAt(target, user, people));
  return informing.person(user, people.standing(user), onboard, approve);
}

function mayThey({ fleet, people }: Desk, user: string, { question, ...asked }: Of<'can'>): Answer {
  const { cluster, stage, several } = asked;
  if (several !== undefined) throw new UserError('one-cluster', oneCluster);
  const target = resolveTarget(fleet, cluster, stage);
  const rule = ruleFor(target, question, user, people);
  return informing.right(question, `${cluster} ${stage}`, rule, people.standing(user));
}

/** Tries again what failed, as the button below the failure does. */
async function again(desk: Desk, typed: Typed, target: Of<'retry'>): Promise<Outcome> {
  const { fleet, records, people } = desk;
  const run = typed.about ?? (await records.latest(nameOf(fleet, target)));
  if (run === undefined) return { answer: status.none(target) };
  const right = rightToSteer(run, typed.user, people);
  if (right !== 'granted')
    return refuse(desk, typed, right, withoutRight(right, retrying.notAllowed(run)), run.id);
  const { applied, reason } = await records.change(run.id, retry(typed.user));
  if (applied) return { answer: retrying.done };
  return { answer: reason === 'held' ? retrying.held : retrying.nothingFailed(run) };
}

async function stop(desk: Desk, typed: Typed, target: Of<'cancel'>): Promise<Outcome> {
  const { fleet, records, people } = desk;
  const run = typed.about ?? (await records.latest(nameOf(fleet, target)));
  if (run === undefined || !isLive(run)) return { answer: cancelling.none(target) };
  const right = rightToSteer(run, typed.user, people);
  if (right !== 'granted')
    return refuse(desk, typed, right, withoutRight(right, cancelling.notAllowed(run)), run.id);
  const { applied, reason, run: now } = await records.change(run.id, cancel(typed.user));
  if (applied) return { answer: cancelling.done(now) };
  return { answer: reason === 'cancelled' ? cancelling.again(now) : cancelling.none(target) };
}

/** Ever more seldom: where many ask at once, looking after them must cost little beside answering them. */
const lookAfterMs = [1_000, 3_000, 6_000];

/** Waits until a new run can be seen, or cannot; answers what the person should hear of it where they typed. */
export async function watchBeginning(
  { records }: Desk,
  begun: Run,
  { pauses, aside }: { pauses: Pauses; aside: boolean },
): Promise<Answer | undefined> {
  let run: Run | undefined = begun;
  for (const ms of lookAfterMs) {
    if (run === undefined || run.thread !== undefined || !isLive(run)) break;
    await pauses.pause(ms);
    run = await records.get(begun.id);
  }
  return run === undefined ? undefined : beginning(run, aside);
}
