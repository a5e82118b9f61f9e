import type { FactName, Facts, LeftOutReason } from '../../onboarding/facts.ts';
import type { Run } from '../../onboarding/run.ts';
import { foreign, joined, link, type Markup, markup, moment, nothing, user, words } from '../markup.ts';

// What the thread says, keyed by what it speaks of: whoever adds a fact, a reason or a state is asked for its words here.

interface FactWords<Name extends FactName> {
  title: string;
  /** What is being done while the fact is not there. */
  doing: string;
  done: (fact: NonNullable<Facts[Name]>) => Markup;
}

export const many = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

const made = (is: boolean): string => (is ? 'created' : 'was there');

export const facts: { readonly [Name in FactName]: FactWords<Name> } = {
  preflight: {
    title: 'Preparation',
    doing: 'looking at what is needed',
    done: ({ checked }) => markup`ready: ${checked.join(', ')}`,
  },
  organization: {
    title: 'Organization',
    doing: 'finding or creating it',
    done: ({ name, made: isNew }) => markup`${name}, ${made(isNew)}`,
  },
  environment: {
    title: 'Environment',
    doing: 'finding or creating it',
    done: ({ name, made: isNew }) => markup`${name}, ${made(isNew)}`,
  },
  invitees: {
    title: 'People to invite',
    doing: 'reading the directory',
    done: ({ people, leftOut }) => {
      const left = leftOut.length === 0 ? '' : `, ${leftOut.length} left out`;
      return markup`${people.length === 0 ? 'nobody' : many(people.length, 'person', 'people')}${left}`;
    },
  },
  approval: {
    title: 'Approval',
    doing: 'asking',
    done: ({ verdict, by }) => {
      const people = joined(by.map(user), ', ');
      return {
        approved: markup`approved by ${people}`,
        declined: markup`declined by ${by.length === 0 ? 'an approver' : user(by.at(-1) ?? '')}`,
        expired: words('nobody answered in time'),
        'not-needed': words('not needed, nobody is to be invited'),
      }[verdict];
    },
  },
  invites: {
    title: 'Invites',
    doing: 'inviting',
    done: ({ sent, failed, dropped }) =>
      joined(
        [
          markup`${sent.length === 0 ? 'nobody' : many(sent.length, 'person', 'people')} invited`,
          failed.length === 0 ? nothing : markup`${failed.length} failed`,
          dropped.length === 0
            ? nothing
            : markup`${dropped.length} dropped, no longer in the directory’s list`,
        ],
        ', ',
      ),
  },
  credentials: {
    title: 'Credentials',
    doing: 'carrying them into the vault',
    done: ({ vault, written }) => markup`in ${vault}, ${written ? 'written' : 'were there'}`,
  },
  pullRequest: {
    title: 'Pull request',
    doing: 'preparing the change',
    done: ({ state, number, changed, files }) =>
      ({
        open: markup`#${number ?? '?'} ${changed ? 'opened' : 'was open'}, ${many(files.length, 'file')}`,
        merged: markup`#${number ?? '?'} is merged, nothing to change`,
        'nothing-to-change': words('not needed, the repository has it all'),
      })[state],
  },
  turn: { title: 'Turn', doing: 'waiting for its wave', done: () => words('come') },
  looked: {
    title: 'Look at every cluster',
    doing: 'reading what is there',
    done: ({ lists, of }) => {
      const people = new Set(lists.flatMap(list => list.people.map(({ address }) => address))).size;
      return markup`${many(Object.keys(of).length, 'cluster')}, ${many(people, 'person', 'people')} to invite`;
    },
  },
  waves: {
    title: 'Waves',
    doing: 'onboarding one wave after the other',
    done: ({ pulls }) =>
      pulls.length === 0
        ? words('over')
        : markup`over, ${many(pulls.length, 'pull request')} for ${many(
            pulls.reduce((sum, { clusters }) => sum + clusters, 0),
            'cluster',
          )}`,
  },
  members: {
    title: 'Clusters',
    doing: 'waiting for the last of them',
    done: ({ done, failed }) => markup`${done} done${failed.length === 0 ? '' : `, ${failed.length} failed`}`,
  },
};

export const reasons: Readonly<Record<LeftOutReason, string>> = {
  disabled: 'account disabled',
  guest: 'guest',
  'no-mail': 'no mail address',
  'not-a-person': 'not a person',
  'wrong-domain': 'mail domain not allowed',
  duplicate: 'listed twice',
  invited: 'already invited',
  member: 'already a member',
  unknown: 'not in the directory',
};

export type Situation =
  | 'running'
  | 'approval'
  | 'waiting'
  | 'obstructed'
  | 'stopping'
  | 'held'
  | 'failed'
  | 'cancelled'
  | 'uninvited'
  | 'in-place'
  | 'done';

export const situations: Readonly<Record<Situation, string>> = {
  running: 'In progress',
  approval: 'Waiting for an approval',
  waiting: 'Waiting to try again',
  obstructed: 'In progress, but a step failed',
  stopping: 'Stopping',
  held: 'Waiting for a decision',
  failed: 'Failed',
  cancelled: 'Cancelled',
  uninvited: 'Done, without invites',
  'in-place': 'Done, everything is in place',
  done: 'Done',
};

export const stepStates = {
  in_progress: 'working',
  complete: 'done',
  error: 'failed',
} as const;

export const targetOf = ({ request }: Run): string => `${request.target.cluster} ${request.target.stage}`;

export const root = {
  title: (run: Run): string => `Onboarding ${targetOf(run)}`,
  footer: (run: Run): Markup =>
    markup`Asked for by ${user(run.request.by.user)} ${moment(run.createdAt)}. Reference: ${run.id}`,
  waitingForPeople: words('waiting for the approvers, see below'),
  tryingAgain: (text: string, at: number): Markup =>
    markup`${foreign(text, 300)} Trying again ${moment(at)}.`,
  failed: (text: string): Markup => foreign(text, 400),
  notBegun: words('not begun'),
  notDone: words('not done'),
};

export const pullRequest = {
  opened: (run: Run, url: string, number: number | undefined): Markup =>
    joined(
      [
        markup`The pull request for ${targetOf(run)} is open: ${link(url, `${run.request.target.gitops.repository}#${number ?? ''}`)}.`,
        words('Once it is merged, do what its description lists under “After the merge”.'),
      ],
      '\n',
    ),
};

export const failure = {
  title: (run: Run): Markup => markup`Onboarding ${targetOf(run)} failed.`,
  step: (fact: FactName, text: string): Markup => markup`*${facts[fact].title}*: ${foreign(text)}`,
  advice: words('What was made stays and is found again. Press Retry once the cause is gone.'),
  retried: (by: string, at: number): Markup => markup`Tried again by ${user(by)} ${moment(at)}.`,
  wentOn: (by: string, at: number): Markup => markup`${user(by)} went on without them ${moment(at)}.`,
  stopped: (by: string, at: number): Markup =>
    markup`${user(by)} stopped it with what is ready ${moment(at)}.`,
  final: words('The run was cancelled, so it is not tried again.'),
  reference: (run: Run): Markup => markup`Reference: ${run.id}`,
};

const doneBy = (by: string | undefined): Markup => (by === undefined ? nothing : markup` by ${user(by)}`);

/** What a run has made that is still there, one thing each. */
export const whatIsThere = {
  organization: (name: string): Markup => markup`the organization ${name}`,
  environment: (name: string): Markup => markup`the environment ${name}`,
  invites: (count: number): Markup => markup`${many(count, 'invite')}`,
  credentials: (vault: string): Markup => markup`the credentials in ${vault}`,
  pullRequest: (number: number): Markup => markup`the pull request #${number}`,
};

export const ended = {
  inPlace: (run: Run): Markup =>
    markup`Onboarding ${targetOf(run)}: everything is in place. Nothing was changed.`,
  done: (run: Run): Markup => markup`Onboarding ${targetOf(run)} is done.`,
  unchanged: words('The repository has it all, so there is no pull request.'),
  open: (url: string, number: number | undefined): Markup =>
    markup`The pull request: ${link(url, `#${number ?? ''}`)}`,
  merged: (url: string, number: number | undefined): Markup =>
    markup`The pull request ${link(url, `#${number ?? ''}`)} is merged.`,
  declined: (by: string | undefined): Markup =>
    markup`The invites were declined${doneBy(by)}, so nobody was invited. To ask again, type the command again.`,
  expired: words(
    'Nobody approved the invites in time, so nobody was invited. To ask again, type the command again.',
  ),
  cancelled: (run: Run): Markup =>
    markup`Onboarding ${targetOf(run)} was cancelled${doneBy(run.cancel?.by)}. Nothing is undone.`,
  stays: (things: Markup): Markup => markup`This stays: ${things}.`,
  staysNothing: words('Nothing had been made.'),
  staysInClusters: words('What was made stays; the table says how far each cluster came.'),
  unfinished: (things: string): Markup =>
    markup`Begun and not finished: ${things}. Typing the command again finds what there is and goes on.`,
  unreached: (people: Markup): Markup =>
    markup`Otterize sends no mail. These have no Slack account here; tell them to log in to Otterize Cloud with this address and accept the invite: ${people}`,
  notInvited: (people: Markup): Markup =>
    markup`These could not be invited: ${people}. Once the cause is gone, type the command again.`,
  dropped: (people: Markup): Markup =>
    markup`Approved, but left the list before the invite, so not invited: ${people}`,
};

export const invited = (run: Run, address: string): Markup =>
  joined(
    [
      markup`You are invited to the organization *${run.facts.organization?.name ?? run.request.target.names.organization}* in Otterize, for the cluster ${targetOf(run)}; ${user(run.request.by.user)} asked for it.`,
      markup`To join, log in to ${link('https://app.otterize.com', 'Otterize Cloud')} with the address ${address} and accept the invite. Otterize sends no mail about it.`,
    ],
    '\n',
  );
