import { hasFailed, isHeld, isLive, openGateOf, type Run } from '../onboarding/run.ts';
import type { Situation } from './words/run.ts';

/** Whether the run ended without having changed anything anywhere. */
export function foundAllInPlace({ status, facts }: Run): boolean {
  const { organization, environment, approval, invites, credentials, pullRequest } = facts;
  const changed =
    organization?.made !== false ||
    environment?.made !== false ||
    credentials?.written !== false ||
    pullRequest?.changed !== false ||
    approval?.verdict !== 'not-needed' ||
    (invites?.sent.length ?? 0) > 0;
  return status === 'done' && !changed;
}

const wasRefused = ({ facts }: Run): boolean =>
  facts.approval?.verdict === 'declined' || facts.approval?.verdict === 'expired';

/** How a run stands, as a person would say it. */
export function situationOf(run: Run): Situation {
  if (isLive(run)) {
    if (run.cancel !== undefined) return 'stopping';
    if (hasFailed(run)) return 'obstructed';
    if (openGateOf(run) !== undefined) return 'approval';
    return Object.values(run.steps).some(step => step?.retryAt !== undefined) ? 'waiting' : 'running';
  }
  if (run.status === 'failed' && isHeld(run)) return 'held';
  if (run.status === 'cancelled' || run.status === 'failed') return run.status;
  if (foundAllInPlace(run)) return 'in-place';
  return wasRefused(run) ? 'uninvited' : 'done';
}
