import type { Who } from './request.ts';
import type { Run } from './run.ts';

/** Who belongs to which Slack user group, as last read from Slack. */
export type Memberships = (group: string) => ReadonlySet<string>;

/** Whether the person is listed, by id or through a user group. Nobody is, unless somebody wrote it down. */
function listed(who: Who, user: string, memberships: Memberships): boolean {
  return who.users.includes(user) || who.groups.some(group => memberships(group).has(user));
}

export const mayRequest = (target: { requesters: Who }, user: string, memberships: Memberships): boolean =>
  listed(target.requesters, user, memberships);

/** Whether the policy names the person as an approver. Whether they asked themselves is judged with the decision. */
export const mayApprove = (run: Run, user: string, memberships: Memberships): boolean =>
  listed(run.request.target.approval.approvers, user, memberships);

/** Stop and Retry belong to whoever asked, whoever may ask for the same, and the approvers. */
export const maySteer = (run: Run, user: string, memberships: Memberships): boolean =>
  run.request.by.user === user ||
  mayRequest(run.request.target, user, memberships) ||
  mayApprove(run, user, memberships);
