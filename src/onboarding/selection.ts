import { UserError } from '../errors.ts';
import { knownClusters, resolveTarget, rolloutPolicyOf } from './fleet.ts';
import type { Fleet } from './fleet-schema.ts';
import { matchesGlob, nameOfPart, type Part } from './parts.ts';
import type { Rollout, RolloutPolicy, Target } from './request.ts';
import { didYouMean } from './suggest.ts';

/** The name under which a rollout is held, so that the same one is not begun twice. No organization can be called so. */
export const rolloutName = (selection: string, stage: string): string => `rollout: ${selection} ${stage}`;

/** So many clusters go into one rollout: more than that is a second command, and one thread could not show it. */
const mostClusters = 1_000;

export interface Selected {
  /** In the order of holt.yaml, each with its wave. */
  clusters: { target: Target; wave: number }[];
  leftOut: Rollout['leftOut'];
  policy: RolloutPolicy;
}

/**
 * The clusters that a selection means, and those that it names or matches and that cannot be part of it, with the reason.
 * `may` says whether the person may onboard a cluster. Throws a UserError when no cluster is left, or too many are.
 */
export function select(
  fleet: Fleet,
  parts: readonly Part[],
  stage: string,
  may: (target: Target) => boolean,
): Selected {
  const leftOut: Rollout['leftOut'] = [];
  const leave = (cluster: string, why: string): void => void leftOut.push({ cluster, why });
  const targets: Target[] = [];
  for (const cluster of matched(fleet, parts, stage, leave)) {
    try {
      const target = resolveTarget(fleet, cluster, stage);
      const why = may(target) ? unlike(targets[0], target) : 'you may not onboard it';
      if (why === undefined) targets.push(target);
      else leave(cluster, why);
    } catch (error) {
      if (!(error instanceof UserError) || error.code === 'unknown-stage') throw error;
      leave(cluster, error.message);
    }
  }
  if (targets.length === 0) throw nothingSelected(leftOut);
  if (targets.length > mostClusters) throw tooMany(targets.length);
  const policy = rolloutPolicyOf(fleet, stage);
  return { clusters: inWaves(targets, policy), leftOut, policy };
}

function matched(
  fleet: Fleet,
  parts: readonly Part[],
  stage: string,
  leave: (cluster: string, why: string) => void,
): string[] {
  const known = knownClusters(fleet);
  const chosen = new Set<string>();
  for (const part of parts) {
    const found = known.filter(cluster => matches(fleet, part, cluster, stage));
    for (const cluster of found) chosen.add(cluster);
    if (found.length > 0) continue;
    const name = nameOfPart(part);
    leave(
      name,
      part.kind === 'name' ? `it is not known.${didYouMean(name, known)}` : 'no known cluster is so',
    );
  }
  return known.filter(cluster => chosen.has(cluster));
}

function matches(fleet: Fleet, part: Part, cluster: string, stage: string): boolean {
  switch (part.kind) {
    case 'all':
      return true;
    case 'name':
      return part.name === cluster;
    case 'glob':
      return matchesGlob(part.glob, cluster);
    case 'label':
      return hasLabel(labelsOf(fleet, cluster, stage), part);
  }
}

/** Commands are read in lower case. */
const hasLabel = (
  labels: Readonly<Record<string, string>>,
  { label, value }: Extract<Part, { kind: 'label' }>,
) =>
  Object.entries(labels).some(([name, its]) => name.toLowerCase() === label && its.toLowerCase() === value);

function labelsOf(fleet: Fleet, cluster: string, stage: string): Readonly<Record<string, string>> {
  try {
    return resolveTarget(fleet, cluster, stage).labels;
  } catch (error) {
    if (error instanceof UserError && error.code !== 'unknown-stage') return {};
    throw error;
  }
}

/** What keeps two clusters from being steered by the same people, asked about once, and connected by one pull request. */
function unlike(first: Target | undefined, target: Target): string | undefined {
  if (first === undefined) return undefined;
  const differing = [
    JSON.stringify(first.requesters) === JSON.stringify(target.requesters) ? '' : 'other requesters',
    JSON.stringify(first.approval) === JSON.stringify(target.approval) ? '' : 'other approvers',
    first.gitops.repository === target.gitops.repository && first.gitops.base === target.gitops.base
      ? ''
      : 'another repository',
  ].filter(Boolean);
  return differing.length === 0
    ? undefined
    : `it has ${differing.join(' and ')} than ${first.cluster}: ask for it on its own`;
}

/** The canary first, then waves of one size. */
const inWaves = (
  targets: readonly Target[],
  { canary, wave }: RolloutPolicy,
): { target: Target; wave: number }[] => {
  const first = canary < targets.length ? canary : 0;
  return targets.map((target, index) => ({
    target,
    wave: index < first ? 1 : Math.min(1, first) + 1 + Math.floor((index - first) / wave),
  }));
};

const nothingSelected = (leftOut: Rollout['leftOut']): UserError =>
  new UserError(
    'nothing-selected',
    `No cluster is left to onboard. ${leftOut
      .slice(0, 10)
      .map(({ cluster, why }) => `${cluster}: ${why}${why.endsWith('?') ? '' : '.'}`)
      .join(' ')}`,
  );

const tooMany = (count: number): UserError =>
  new UserError(
    'too-many-clusters',
    `That is ${count} clusters, and one rollout takes at most ${mostClusters}. Select by glob or label, in several commands.`,
  );
