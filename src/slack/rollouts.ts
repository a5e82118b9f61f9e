import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Asked, Command } from '../onboarding/command.ts';
import { type Right, rightToRequest } from '../onboarding/policy.ts';
import type { Target } from '../onboarding/request.ts';
import { isLive } from '../onboarding/run.ts';
import { rolloutName, type Selected, select } from '../onboarding/selection.ts';
import { digestOfShown, mostValue } from './claims.ts';
import type { Outcome, Typed } from './commands.ts';
import { type Desk, refuse } from './desk.ts';
import { onboarding, previewed, withoutRight } from './words/answers.ts';

type Onboard = Extract<Command, { verb: 'onboard' }>;

/**
 * Starts a rollout once the person has seen what it would be: `shown` is the digest of what they saw. Whoever may onboard none
 * of the clusters is refused.
 */
export async function beginRollout(
  desk: Desk,
  typed: Typed,
  asked: Onboard & { several: NonNullable<Asked['several']> },
  shown: string | undefined,
): Promise<Outcome> {
  const { fleet, records, store } = desk;
  const { cluster, stage, several, invite } = asked;
  const rights = new Map<string, Right>();
  const may = (target: Target): boolean => {
    const right = rightToRequest(target, typed.user, desk.people);
    rights.set(target.cluster, right);
    return right === 'granted';
  };
  const selected = selectedOrRefused(() => select(fleet, several, stage, may), rights);
  if (typeof selected === 'string')
    return refuse(desk, typed, selected, withoutRight(selected, onboarding.notAllowed({ cluster, stage })));

  const there = await records.latest(rolloutName(cluster, stage));
  if (there !== undefined && isLive(there)) return { answer: onboarding.live(there) };
  const digest = digestOf(selected);
  if (shown !== digest) {
    if (typed.text.length > mostValue / 2) return { answer: onboarding.tooLong };
    const asks = { text: typed.text, shown: digest };
    return { answer: previewed(asked, selected, asks, shown !== undefined), asks };
  }
  if (!(await store.admit(`onboard ${typed.user}`, { most: fleet.startsPerMinute, withinMs: 60_000 })))
    return refuse(desk, typed, 'too-often', onboarding.tooOften(fleet.startsPerMinute));
  const { run, started } = await records.startRollout({
    target: commonTarget(selected, cluster, stage),
    named: invite,
    by: { user: typed.user, team: typed.team },
    channel: typed.channel,
    ...selected,
  });
  if (run === undefined) return { answer: onboarding.allRunning };
  return started ? { started: run } : { answer: onboarding.live(run) };
}

/** What to start, or why this person may start none of it. */
function selectedOrRefused(
  selecting: () => Selected,
  rights: ReadonlyMap<string, Right>,
): Selected | Exclude<Right, 'granted'> {
  try {
    return selecting();
  } catch (error) {
    const refused = [...rights.values()].find(right => right !== 'granted');
    if (!(error instanceof UserError) || error.code !== 'nothing-selected' || refused === undefined)
      throw error;
    return refused;
  }
}

const digestOf = ({ clusters, leftOut, policy }: Selected): string =>
  digestOfShown([clusters.map(({ target, wave }) => [target, wave]), leftOut, policy]);

/** What the clusters have in common, under the selection's name; the branch is the same whenever it is asked for again. */
function commonTarget({ clusters }: Selected, cluster: string, stage: string): Target {
  const [first] = clusters;
  if (first === undefined) throw new Error('a selection has clusters');
  const { target } = first;
  const short = createHash('sha256').update(cluster).digest('hex').slice(0, 8);
  return {
    ...target,
    cluster,
    names: { ...target.names, organization: rolloutName(cluster, stage) },
    labels: {},
    invite: { people: [], groups: [] },
    gitops: { ...target.gitops, branch: `holt/rollout-${stage}-${short}` },
  };
}
