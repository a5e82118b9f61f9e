import type { Button } from '@slack/types';
import { coveredBy } from '../onboarding/approvals.ts';
import type { Invitee, LeftOut } from '../onboarding/facts.ts';
import { type Gate, isLive, type Run } from '../onboarding/run.ts';
import { actions, type Blocks, button, section } from './blocks.ts';
import type { ActionId, GateClaim } from './claims.ts';
import { fit, isNothing, joined, listed, type Markup, markup, nothing, user } from './markup.ts';
import { approval, buttons } from './words/approval.ts';
import { many, reasons } from './words/run.ts';

const budget = 1200;

interface Content {
  text: string;
  blocks: Blocks;
}

/** Somebody who is not invited. Who was named in the command and has no address is known by the mention alone. */
export function nameOf(named: Run['request']['named'], { name, address }: LeftOut): Markup {
  const mentioned = /^<@(\w+)>$/.exec(name)?.[1];
  const known = named.some(each => each.user === mentioned);
  return mentioned !== undefined && address === undefined && known ? user(mentioned) : markup`${name}`;
}

const different = <T>(all: readonly T[]): T[] => [
  ...new Map(all.map(each => [JSON.stringify(each), each])).values(),
];

/** Whom a run asks about, and who is left out; of a rollout, over all its clusters. */
export function peopleOf({ facts }: Run): { people: readonly Invitee[]; leftOut: readonly LeftOut[] } {
  const lists = facts.looked?.lists ?? (facts.invitees ? [facts.invitees] : []);
  return {
    people: different(lists.flatMap(({ people }) => people)),
    leftOut: different(lists.flatMap(({ leftOut }) => leftOut)),
  };
}

/** The names of these people, as far as they are still known. */
function namesOf(run: Run, addresses: readonly string[]): Markup {
  const names = new Map(peopleOf(run).people.map(({ address, name }) => [address, name]));
  return listed(
    addresses.map(address => markup`${names.get(address) ?? address}`),
    ', ',
    budget,
  );
}

/** Whom the approvers left out, each for themselves. */
export const leftOutBy = (run: Run, gate: Gate): Markup =>
  joined(
    gate.votes.map(({ by, without = [] }) =>
      without.length === 0 ? nothing : approval.leftOutBy(by, namesOf(run, without)),
    ),
    '\n',
  );

function leftOut(run: Run): Markup {
  const people = peopleOf(run).leftOut;
  if (people.length === 0) return nothing;
  const counts = new Map<string, number>();
  for (const { reason } of people) counts.set(reasons[reason], (counts.get(reasons[reason]) ?? 0) + 1);
  const why = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const names = people.map(each => nameOf(run.request.named, each));
  return markup`${approval.leftOut(people.length, why)}: ${listed(names, ', ', budget)}`;
}

/** Whether a decision would count: not once the run is being stopped. */
const isAsked = (run: Run, gate: Gate): boolean =>
  gate.state === 'open' && isLive(run) && run.cancel === undefined;

/** What became of the request, in words; nothing while it is open. */
export function outcomeOf(run: Run, gate: Gate, isLast: boolean): Markup {
  const refusal = gate.votes.find(({ verdict }) => verdict === 'decline');
  switch (gate.state) {
    case 'open':
      return run.cancel === undefined ? nothing : approval.ended;
    case 'approved':
      return approval.approved(gate);
    case 'declined':
      return refusal === undefined ? nothing : approval.declined(refusal);
    case 'expired':
      return approval.expired(gate);
    case 'void':
      return isLast && !isLive(run) ? approval.ended : approval.replaced;
  }
}

function press(run: Run, gate: Gate): Button[] {
  const claim: GateClaim = { run: run.id, digest: gate.digest };
  const value = JSON.stringify(claim);
  const of = (
    action: ActionId & keyof typeof buttons,
  ): { action: ActionId; value: string; text: string; label: string } => ({
    action,
    value,
    ...buttons[action],
  });
  return [
    button(of('review')),
    button({ ...of('approve'), style: 'primary' }),
    button({ ...of('decline'), style: 'danger' }),
  ];
}

/** The request for approval: a question with buttons, then what became of it. */
export function approvalMessage(run: Run, gate: Gate, isLast: boolean): Content {
  const { required } = run.request.target.approval;
  const question = approval.ask(run, gate.addresses.length);
  const asked = isAsked(run, gate);
  const votes = asked && required > 1 && gate.votes.length > 0 ? approval.votes(gate, required) : nothing;
  const state = asked ? joined([approval.deadline(run, gate), votes], '\n') : outcomeOf(run, gate, isLast);
  const people = [approval.people(namesOf(run, gate.addresses)), isLast ? leftOut(run) : nothing];
  const parts = [question, joined(people, '\n'), joined([state, leftOutBy(run, gate)], '\n')].filter(
    part => !isNothing(part),
  );
  const summary = asked
    ? markup`${question} ${state}`
    : markup`${state} (${many(coveredBy(gate).length, 'person', 'people')})`;
  return {
    text: fit(summary, 1500).markup,
    blocks: [...parts.map(section), ...(asked ? [actions(press(run, gate))] : [])],
  };
}

const saidOnce = (text: Markup): Content => ({ text: fit(text, 1500).markup, blocks: [section(text)] });

/** Mentions the approvers while they may still decide; what was posted stands, and nobody is reminded of what is decided. */
export const reminderMessage = (run: Run, gate: Gate): Content | undefined =>
  gate.remindedAt === undefined || !isAsked(run, gate)
    ? undefined
    : saidOnce(approval.reminder(run, gate, coveredBy(gate).length));

/** Tells whoever asked what became of it: nobody hears of a message that is edited. */
export function decidedMessage(run: Run, gate: Gate): Content | undefined {
  if (gate.state === 'open' || gate.state === 'void') return undefined;
  return saidOnce(approval.told(run, joined([outcomeOf(run, gate, true), leftOutBy(run, gate)], ' ')));
}
