import { UserError } from '../errors.ts';
import type { Command } from '../onboarding/command.ts';
import { resolveTarget } from '../onboarding/fleet.ts';
import type { Plan } from '../onboarding/plans.ts';
import { rightToPlan } from '../onboarding/policy.ts';
import type { Request } from '../onboarding/request.ts';
import { createAccountBook } from './accounts.ts';
import type { Outcome, Typed } from './commands.ts';
import { apology, type Desk, refuse } from './desk.ts';
import type { Pauses } from './pauses.ts';
import { planMessage } from './plan-message.ts';
import { type Answer, answer, withoutRight } from './words/answers.ts';
import { planning } from './words/plan.ts';

/** Takes the question what an onboarding would do, from whoever may onboard or approve there. */
export async function askForPlan(
  desk: Desk,
  typed: Typed,
  { cluster, stage, several, invite }: Extract<Command, { verb: 'plan' }>,
): Promise<Outcome> {
  const { fleet, store, people } = desk;
  if (several !== undefined) throw new UserError('one-cluster', planning.several);
  const target = resolveTarget(fleet, cluster, stage);
  const right = rightToPlan(target, typed.user, people);
  if (right !== 'granted')
    return refuse(desk, typed, right, withoutRight(right, answer(planning.notAllowed(target))));
  const most = fleet.startsPerMinute;
  if (!(await store.admit(`plan ${typed.user}`, { most, withinMs: 60_000 })))
    return refuse(desk, typed, 'too-often', answer(planning.tooOften(most)));
  const planned: Request = {
    target,
    named: invite,
    by: { user: typed.user, team: typed.team },
    channel: typed.channel,
  };
  return { answer: answer(planning.reading(target)), planned };
}

/** As long as a worker may take when several systems do not answer. */
const patienceMs = 150_000;

/** Has a worker read, and answers what it saw. Whatever goes wrong is an answer too; nothing was changed by it. */
export async function planOf(desk: Desk, asked: Request, pauses: Pauses): Promise<Answer> {
  try {
    const accounts = createAccountBook(desk.client, desk.team);
    const named = await Promise.all(
      asked.named.map(async person =>
        person.user === undefined ? person : { ...person, address: await accounts.addressOf(person.user) },
      ),
    );
    const request = { ...asked, named };
    const plan = await answered(desk, await desk.plans.ask(request), pauses);
    return plan === undefined ? answer(planning.late(asked.target)) : planMessage(request, plan);
  } catch (error) {
    if (pauses.over) throw error;
    return apology(desk, asked.by.user, error);
  }
}

async function answered({ plans }: Desk, id: string, pauses: Pauses): Promise<Plan | undefined> {
  const until = performance.now() + patienceMs;
  for (let wait = 150; performance.now() < until; wait = Math.min(wait * 1.3, 1_500)) {
    await pauses.pause(wait);
    const plan = await plans.answered(id);
    if (plan !== undefined) return plan;
  }
  return undefined;
}
