import { remaining } from '../onboarding/approvals.ts';
import type { Roll } from '../onboarding/roll.ts';
import type { Run } from '../onboarding/run.ts';
import { approvalMessage, decidedMessage, reminderMessage } from './approval-message.ts';
import { type Blocks, section } from './blocks.ts';
import {
  type Accounts,
  cancelledMessage,
  endMessage,
  failureMessages,
  pullRequestMessage,
} from './outcome.ts';
import { progress } from './progress.ts';
import { rolloutEnd, rolloutProgress, rolloutPulls } from './rollout-messages.ts';
import { invitedToSeveral } from './words/rollout.ts';
import { invited } from './words/run.ts';

/** One message that a run wants to be seen, by its name within the run. */
export interface Message {
  role: string;
  /** The channel, a reply in the thread, or a direct message to whoever has this address. */
  to: 'root' | 'thread' | { address: string };
  /** Markup that says the same as the blocks, for notifications and screen readers. */
  text: string;
  blocks: Blocks;
  /** For workspaces that refuse the newer blocks. */
  plainBlocks: Blocks;
  /** A reply that is shown in the channel too. */
  broadcast?: true;
}

type Content = Pick<Message, 'text' | 'blocks'> & Partial<Pick<Message, 'plainBlocks'>>;

const message = (role: string, to: Message['to'], { text, blocks, plainBlocks }: Content): Message => ({
  role,
  to,
  text,
  blocks,
  plainBlocks: plainBlocks ?? blocks,
});

/**
 * All that should be seen of a run, the root first. `accounts` says who of the invited has a Slack account (their user id)
 * and who has none (null); those who are not in it are not known yet. `roll` says how a rollout's clusters stand.
 */
export function messages(run: Run, accounts: Accounts, roll: Roll = {}): Message[] {
  const several = run.request.rollout !== undefined;
  const last = run.gates.length - 1;
  const reply = (role: string, content: Content | undefined): Message[] =>
    content === undefined ? [] : [message(role, 'thread', content)];
  return [
    message('root', 'root', several ? rolloutProgress(run, roll) : progress(run)),
    ...run.gates.flatMap((gate, index) => [
      ...reply(approvalRole(index), approvalMessage(run, gate, index === last)),
      ...reply(`reminder-${index + 1}`, reminderMessage(run, gate)),
      ...reply(`decided-${index + 1}`, decidedMessage(run, gate)),
    ]),
    ...failureMessages(run).flatMap(({ number, content }) => reply(failureRole(number), content)),
    ...reply('pull-request', several ? rolloutPulls(run) : pullRequestMessage(run)),
    ...welcomes(run, accounts),
    ...reply('ended', several ? (rolloutEnd(run) ?? cancelledMessage(run)) : endMessage(run, accounts)).map(
      end => (run.request.target.announceEnd === true ? { ...end, broadcast: true as const } : end),
    ),
  ];
}

export const approvalRole = (index: number): string => `approval-${index + 1}`;
export const failureRole = (number: number): string => `failure-${number}`;

/** Who was invited and is to hear of it: not those who had joined before. Of a rollout once, when all is over. */
export const newcomers = ({ facts, request }: Run): string[] => {
  if (request.rollout === undefined)
    return (facts.invites?.sent ?? [])
      .filter(({ status }) => status !== 'ACCEPTED')
      .map(({ address }) => address);
  const over = facts.members !== undefined && facts.approval?.verdict === 'approved';
  return over && facts.approval !== undefined ? remaining(facts.approval) : [];
};

const welcomes = (run: Run, accounts: Accounts): Message[] =>
  newcomers(run)
    .filter(address => typeof accounts[address] === 'string')
    .map(address => {
      const text = run.request.rollout === undefined ? invited(run, address) : invitedToSeveral(run, address);
      return message(`invited-${address}`, { address }, { text: text.markup, blocks: [section(text)] });
    });
