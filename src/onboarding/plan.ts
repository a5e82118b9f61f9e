import type { Step } from './step.ts';
import { approval } from './steps/approval.ts';
import { credentials } from './steps/credentials.ts';
import { environment } from './steps/environment.ts';
import { invitees } from './steps/invitees.ts';
import { invites } from './steps/invites.ts';
import { organization } from './steps/organization.ts';
import { preflight } from './steps/preflight.ts';
import { pullRequest } from './steps/pull-request.ts';

/** The steps of an onboarding, in the order in which people read them. What runs when follows from their needs alone. */
export const plan: readonly Step[] = [
  preflight,
  organization,
  environment,
  invitees,
  approval,
  invites,
  credentials,
  pullRequest,
];
