import { knownClusters, type Rights, rightsAt } from './fleet.ts';
import type { Fleet } from './fleet-schema.ts';
import { type People, type Right, rightToApproveAt, rightToRequest } from './policy.ts';
import type { Question } from './questions.ts';
import type { Target, Who } from './request.ts';

/** The line of holt.yaml that gives somebody a right. */
export interface Rule {
  list: 'requesters' | 'approval.approvers';
  /** Through this user group; by their own id when left out. */
  group?: string;
}

/** The first line that lists the person for this, whatever their standing; `everybody` where no list is asked. */
export function ruleFor(
  { requesters, approval }: Pick<Target, 'requesters' | 'approval'>,
  question: Question,
  user: string,
  people: People,
): Rule | 'everybody' | undefined {
  const asking = (): Rule | undefined => listing('requesters', requesters, user, people);
  const approving = (): Rule | undefined => listing('approval.approvers', approval.approvers, user, people);
  switch (question) {
    case 'onboard':
      return asking();
    case 'approve':
      return approving();
    case 'plan':
    case 'retry':
    case 'cancel':
      return asking() ?? approving();
    case 'status':
    case 'list':
      return 'everybody';
  }
}

function listing(list: Rule['list'], who: Who, user: string, people: People): Rule | undefined {
  if (who.users.includes(user)) return { list };
  const group = who.groups.find(each => people.members(each).has(user));
  return group === undefined ? undefined : { list, group };
}

/** At how many of all clusters somebody has a right; where every name may be onboarded, of one that stands for all. */
export interface Granted {
  stage: string;
  clusters: number;
  all: number;
}

/** For each stage, at how many of the known clusters this person is granted a right. */
export function grantedAt(fleet: Fleet, right: (at: Rights) => Right): Granted[] {
  const clusters = fleet.clusters === 'any' ? ['some-cluster'] : knownClusters(fleet);
  return Object.keys(fleet.stages).map(stage => {
    const granted = clusters.filter(cluster => right(rightsAt(fleet, cluster, stage)) === 'granted');
    return { stage, clusters: granted.length, all: clusters.length };
  });
}

/** The best that somebody has of a right, at any cluster and stage. */
function bestRight(fleet: Fleet, rightTo: (at: Rights) => Right): Right {
  const clusters = fleet.clusters === 'any' ? ['some-cluster'] : knownClusters(fleet);
  let best: Right = 'unlisted';
  for (const cluster of clusters) {
    for (const stage of Object.keys(fleet.stages)) {
      const right = rightTo(rightsAt(fleet, cluster, stage));
      if (right === 'granted') return right;
      if (right !== 'unlisted') best = right;
    }
  }
  return best;
}

/** The best right of this person to onboard anything at all. */
export const rightToOnboardSomething = (fleet: Fleet, user: string, people: People): Right =>
  bestRight(fleet, at => rightToRequest(at, user, people));

/** Whether this person may onboard anything at all. */
export const mayOnboardSomething = (fleet: Fleet, user: string, people: People): boolean =>
  rightToOnboardSomething(fleet, user, people) === 'granted';

/** Whether this person may approve anything at all. */
export const mayApproveSomething = (fleet: Fleet, user: string, people: People): boolean =>
  bestRight(fleet, at => rightToApproveAt(at, user, people)) === 'granted';
