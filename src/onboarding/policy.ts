import type { Target, Who } from './request.ts';
import type { Run } from './run.ts';

/** `outsider`: a guest, a bot, somebody of another company, or somebody who left. `unknown`: not looked up yet. */
export type Standing = 'colleague' | 'outsider' | 'unknown';

/** What is known of people, as last read from Slack. */
export interface People {
  /** Who belongs to a user group; nobody to one that was never read. */
  members(group: string): ReadonlySet<string>;
  standing(user: string): Standing;
}

/** Whether somebody may do something; `unlisted` when nobody wrote it down for them. */
export type Right = 'granted' | 'unlisted' | Exclude<Standing, 'colleague'>;

/** Only colleagues have rights: who is listed and is none has none, and is not told who else has. */
function rightOf(user: string, listed: boolean, people: People): Right {
  if (!listed) return 'unlisted';
  const standing = people.standing(user);
  return standing === 'colleague' ? 'granted' : standing;
}

/** Whether the person is listed, by id or through a user group. Nobody is, unless somebody wrote it down. */
const isListed = (who: Who, user: string, people: People): boolean =>
  who.users.includes(user) || who.groups.some(group => people.members(group).has(user));

export const rightToRequest = (target: { requesters: Who }, user: string, people: People): Right =>
  rightOf(user, isListed(target.requesters, user, people), people);

export const rightToApproveAt = (
  { approval }: { approval: { approvers: Who } },
  user: string,
  people: People,
): Right => rightOf(user, isListed(approval.approvers, user, people), people);

/** To see what an onboarding would do, belongs to whoever may ask for it and to the approvers. */
export const rightToPlan = (
  { requesters, approval }: Pick<Target, 'requesters' | 'approval'>,
  user: string,
  people: People,
): Right =>
  rightOf(user, isListed(requesters, user, people) || isListed(approval.approvers, user, people), people);

/** The right to decide. Whether the person asked for it themselves is judged with the decision. */
export const rightToApprove = ({ request }: Run, user: string, people: People): Right =>
  rightToApproveAt(request.target, user, people);

/** Stop, Retry and Review belong to whoever asked, whoever may ask for the same, and the approvers. */
export function rightToSteer({ request }: Run, user: string, people: People): Right {
  const { requesters, approval } = request.target;
  const listed =
    request.by.user === user ||
    isListed(requesters, user, people) ||
    isListed(approval.approvers, user, people);
  return rightOf(user, listed, people);
}
