import type { Run } from './run.ts';
import type { Step } from './step.ts';
import { approval } from './steps/approval.ts';
import { credentials } from './steps/credentials.ts';
import { environment } from './steps/environment.ts';
import { invitees } from './steps/invitees.ts';
import { invites } from './steps/invites.ts';
import { looked } from './steps/looked.ts';
import { members } from './steps/members.ts';
import { organization } from './steps/organization.ts';
import { preflight } from './steps/preflight.ts';
import { pullRequest } from './steps/pull-request.ts';
import { rolloutApproval } from './steps/rollout-approval.ts';
import { turn } from './steps/turn.ts';
import { waves } from './steps/waves.ts';
import { approvalWithin, inviteesWithin } from './steps/within.ts';

// What runs when follows from the needs of the steps alone.

const cluster: readonly Step[] = [
  preflight,
  organization,
  environment,
  invitees,
  approval,
  invites,
  credentials,
  pullRequest,
];

const clusterWithin: readonly Step[] = [
  preflight,
  inviteesWithin,
  turn,
  { ...organization, needs: ['turn'] },
  environment,
  approvalWithin,
  invites,
  credentials,
];

const rollout: readonly Step[] = [preflight, looked, rolloutApproval, waves, members];

/** The steps of this run: of a cluster, of a cluster within a rollout, or of a rollout. */
export function planOf({ request }: Run): readonly Step[] {
  if (request.rollout !== undefined) return rollout;
  if (request.within === undefined) return cluster;
  return request.within.pullRequest ? [...clusterWithin, pullRequest] : clusterWithin;
}
