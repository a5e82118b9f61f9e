import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import type { Lane } from './lane.ts';

const patienceMs = 120_000;
const lookEveryMs = 40;

/** The bot's root messages of a cluster, oldest first. */
export const rootsOf = ({ sandbox: { slack, channel } }: Lane, cluster: string): Message[] =>
  slack
    .messages(channel)
    .filter(message => roleOf(message) === 'root' && message.text.startsWith(`Onboarding ${cluster} prod`));

export const threadOf = (lane: Lane, cluster: string): Message[] => {
  const root = rootsOf(lane, cluster).at(-1);
  return root === undefined ? [] : lane.sandbox.slack.thread(root.channel, root.ts);
};

/** What the newest root message says of the run. */
export const situationOf = (lane: Lane, cluster: string): string =>
  /: ([^.]*)\./.exec(rootsOf(lane, cluster).at(-1)?.text ?? '')?.[1] ?? 'nothing';

const isOver = (situation: string): boolean => /^(Done|Failed|Cancelled)/.test(situation);

export interface Persevering {
  /** Types the command. Typed again by itself when Slack says that it did not arrive. */
  type(): void;
  /** Resolves once the thread tells of an end; throws when it does not. */
  ended: Promise<string>;
  /** How often the command was typed. */
  typed(): number;
  /** What the thread said of failures, each of which was answered with Retry. */
  failures: readonly string[];
}

/**
 * Somebody who types a command, approves what is asked, and does each again when it did not arrive: as people do whose bot
 * is restarted under their hands. Presses Retry so often when a step has failed.
 */
export function persevere(lane: Lane, cluster: string, mostRetries = 0): Persevering {
  const { slack, channel, requester, approver } = lane.sandbox;
  const state = { wanted: true, typing: false, approving: false, retrying: false, typed: 0 };
  const failures: string[] = [];

  async function type(): Promise<void> {
    state.typing = true;
    state.typed += 1;
    const { acknowledged, ephemerals } = await slack.command(
      requester,
      channel,
      '/otterize',
      `onboard ${cluster} prod`,
    );
    const tryAgain = ephemerals.some(({ text }) => /did not answer in time/.test(text));
    state.wanted = !acknowledged || tryAgain;
    state.typing = false;
  }

  async function approve(message: Message): Promise<void> {
    state.approving = true;
    await slack
      .click(approver, { channel: message.channel, ts: message.ts }, 'approve')
      .catch(() => undefined);
    await sleep(200);
    state.approving = false;
  }

  async function retry(message: Message): Promise<void> {
    state.retrying = true;
    failures.push(message.text);
    await slack
      .click(requester, { channel: message.channel, ts: message.ts }, 'retry')
      .catch(() => undefined);
    await sleep(500);
    state.retrying = false;
  }

  const withButton = (role: string, button: string): Message | undefined =>
    threadOf(lane, cluster).find(
      message => roleOf(message).startsWith(role) && JSON.stringify(message.blocks).includes(`"${button}"`),
    );

  const look = (): void => {
    if (lane.running('bot') === undefined) return;
    if (state.wanted && !state.typing) void type();
    const open = withButton('approval', 'approve');
    if (open !== undefined && !state.approving) void approve(open);
    const failed = withButton('failure', 'retry');
    if (failed !== undefined && !state.retrying && failures.length < mostRetries) void retry(failed);
  };

  async function watch(): Promise<string> {
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      look();
      const situation = situationOf(lane, cluster);
      const busy = state.wanted || state.typing || state.retrying;
      const again = situation === 'Failed' && failures.length < mostRetries;
      if (isOver(situation) && !busy && !again) return situation;
      await sleep(lookEveryMs);
    }
    throw new Error(`nothing ended: ${situationOf(lane, cluster)}`);
  }

  return {
    type: () => Object.assign(state, { wanted: true }),
    ended: watch(),
    typed: () => state.typed,
    failures,
  };
}

/** Resolves once nobody has called anybody for a while. */
export async function quiet({ sandbox }: Lane, forMs: number): Promise<void> {
  const last = { calls: -1, at: 0 };
  while (last.calls !== sandbox.calls().length || performance.now() - last.at < forMs) {
    const calls = sandbox.calls().length;
    if (calls !== last.calls) Object.assign(last, { calls, at: performance.now() });
    await sleep(lookEveryMs);
  }
}
