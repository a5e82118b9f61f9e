import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from './sandbox.ts';
import type { Message } from './slack-state.ts';

const usualPatienceMs = 45_000;

/** What of a run a message shows: the bot writes it into the message's metadata. */
export const roleOf = (message: Message): string => noted(message, 'role');

function noted(message: Message, key: string): string {
  const value = message.metadata?.event_payload[key];
  return typeof value === 'string' ? value : '';
}

export interface Told {
  /** The run's id. */
  run: string;
  /** The root message and its replies. */
  thread: Message[];
  /** From the command to the thread's end, in milliseconds. */
  wallMs: number;
}

/** The thread of the newest run that was asked for in a channel. */
export function newestThread({ slack, channel }: Sandbox): Message[] {
  const root = slack.messages(channel).findLast(message => roleOf(message) === 'root');
  return root === undefined ? [] : slack.thread(channel, root.ts);
}

interface Telling {
  verdict?: 'approve' | 'decline';
  /** How long it may take, milliseconds. */
  patienceMs?: number;
  /** Told what is shown before a rollout begins. */
  preview?: (message: Message) => void;
  /** Told whenever the root message has changed. */
  progress?: (root: Message) => void;
  /** Ends the story early; `onboard` then throws an AbortError. */
  signal?: AbortSignal;
}

/**
 * Types the command as the requester, starts what is shown before a rollout begins, decides as the approver, and answers once the
 * thread has ended. `cluster` may be a selection.
 */
export async function onboard(
  sandbox: Sandbox,
  cluster: string,
  stage: string,
  { verdict = 'approve', signal, patienceMs = usualPatienceMs, preview, progress }: Telling = {},
): Promise<Told> {
  const { slack, channel, requester, approver } = sandbox;
  const before = newestThread(sandbox)[0]?.ts;
  const started = performance.now();
  const asked = await slack.command(requester, channel, '/otterize', `onboard ${cluster} ${stage}`);
  if (!asked.acknowledged) throw new Error(`the command was not acknowledged: ${asked.error}`);
  const refusal = asked.ephemerals.map(message => slack.renderText(message)).join('\n');

  const shown = asked.ephemerals.find(({ blocks }) => JSON.stringify(blocks ?? []).includes('"start"'));
  if (shown !== undefined) {
    preview?.(shown);
    const { acknowledged, error } = await slack.click(
      requester,
      { channel: shown.channel, ts: shown.ts },
      'start',
    );
    if (!acknowledged) throw new Error(`the click was not acknowledged: ${error}`);
  }

  const thread = await until(
    () => {
      const messages = newestThread(sandbox);
      return messages[0]?.ts === before ? undefined : messages;
    },
    () => `no thread was begun. ${refusal}`,
    { signal, patienceMs },
  );
  const root = thread[0] as Message;
  const clicked = new Set<string>();
  let [seen, quiet] = [0, 0];
  let drawn = '';
  const ended = await until(
    async () => {
      const messages = slack.thread(channel, root.ts);
      const now = messages[0];
      if (now !== undefined && now.text !== drawn) progress?.(now);
      drawn = now?.text ?? drawn;
      const open = messages.find(message => roleOf(message).startsWith('approval') && canApprove(message));
      if (open !== undefined && !clicked.has(open.ts)) {
        clicked.add(open.ts);
        await slack.click(approver, { channel: open.channel, ts: open.ts }, verdict);
        if (verdict === 'decline') await sayWhy(sandbox, { signal, patienceMs });
      }
      quiet = hasEnded(messages) && messages.length === seen ? quiet + 1 : 0;
      seen = messages.length;
      return quiet > quietLooks ? messages : undefined;
    },
    () =>
      `the thread did not end:\n${slack
        .thread(channel, root.ts)
        .map(message => slack.renderText(message))
        .join('\n\n')}`,
    { signal, patienceMs },
  );
  return {
    run: noted(root, 'run'),
    thread: ended,
    wallMs: Math.round(performance.now() - started),
  };
}

/** Fills in the modal that Decline opens. */
async function sayWhy({ slack, approver }: Sandbox, patience: Patience): Promise<void> {
  const asked = await until(
    () => slack.views(approver).at(-1),
    () => 'nobody asked for a reason',
    patience,
  );
  await slack.submitView(approver, asked.id, { reason: 'Not these people.' });
}

interface Patience {
  signal: AbortSignal | undefined;
  patienceMs: number;
}

const canApprove = (message: Message): boolean => JSON.stringify(message.blocks ?? []).includes('"approve"');
/** The last replies follow the root's last edit within a few looks. */
const quietLooks = 10;

/** Whether the root message shows an end: every card is complete, or a reply says how it ended. */
function hasEnded(messages: readonly Message[]): boolean {
  if (messages.some(message => /^(ended|failure)/.test(roleOf(message)))) return true;
  const plan = messages[0]?.blocks?.find(({ type }) => type === 'plan') as
    | { tasks?: { status: string }[] }
    | undefined;
  const complete = plan?.tasks?.every(({ status }) => status === 'complete') === true;
  return complete && messages.some(message => roleOf(message) === 'pull-request');
}

async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  problem: () => string,
  { signal, patienceMs }: Patience,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(problem());
    await sleep(20, undefined, { signal });
  }
}
