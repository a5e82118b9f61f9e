import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import type { Lane } from './lane.ts';

/** Nobody waits for longer than this while nothing is called anywhere, nor for longer than this in all. */
const idleMs = 120_000;
const mostMs = 600_000;
const lookEveryMs = 40;

/** The bot's root messages of a cluster wherever they stand, oldest first. */
export const rootsOf = ({ sandbox: { slack } }: Lane, cluster: string): Message[] =>
  slack
    .messages()
    .filter(message => roleOf(message) === 'root' && message.text.startsWith(`Onboarding ${cluster} prod`));

const runOf = ({ metadata }: Message): string => JSON.stringify(metadata?.event_payload['run']);

export const threadOf = (lane: Lane, cluster: string): Message[] => {
  const root = rootsOf(lane, cluster).at(-1);
  return root === undefined ? [] : lane.sandbox.slack.thread(root.channel, root.ts);
};

/** What the newest root message says of the run. */
export const situationOf = (lane: Lane, cluster: string): string =>
  /: ([^.]*)\./.exec(rootsOf(lane, cluster).at(-1)?.text ?? '')?.[1] ?? 'nothing';

/** Waits, not for long, until the newest root message tells of an end: an edit that landed late is drawn over after a while. */
export async function untilTold(lane: Lane, cluster: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isOver(situationOf(lane, cluster)) && performance.now() < deadline) await sleep(lookEveryMs);
}

const isOver = (situation: string): boolean => /^(Done|Failed|Cancelled)/.test(situation);

export interface Persevering {
  /** Types the command. Typed again by itself when Slack says that it did not arrive. */
  type(): void;
  /** Resolves once the thread tells of an end; throws when it does not. */
  ended: Promise<string>;
  /** Types what is still to be typed, though the thread had ended; resolves once a new thread has. */
  again(): Promise<void>;
  /** How often the command was typed. */
  typed(): number;
  /** What the thread said of failures, each of which was answered with Retry. */
  failures: readonly string[];
  /** Commands that Slack said were not taken. */
  unanswered: readonly string[];
}

/**
 * Somebody who types a command, approves what is asked, and does each again when it did not arrive: as people do whose bot
 * is restarted under their hands. Presses Retry so often when a step has failed.
 */
export function persevere(
  lane: Lane,
  cluster: string,
  mostRetries = 0,
  /** What they do about the cause before they press Retry. */
  mend: () => void = () => undefined,
): Persevering {
  const { slack, channel, requester, approver } = lane.sandbox;
  const state = { wanted: true, typing: false, approving: false, retrying: false, hoping: false, typed: 0 };
  const failures: string[] = [];
  const unanswered: string[] = [];
  const runs = new Set<string>();
  const pressed = new Set<string>();
  const rootsBefore = new Set(rootsOf(lane, cluster).map(({ ts }) => ts));
  const newRoots = (): Message[] => rootsOf(lane, cluster).filter(({ ts }) => !rootsBefore.has(ts));

  async function type(): Promise<void> {
    state.typing = true;
    state.typed += 1;
    const { acknowledged, ephemerals, error } = await slack.command(
      requester,
      channel,
      '/otterize',
      `onboard ${cluster} prod`,
    );
    const tryAgain = ephemerals.some(({ text }) => /did not answer in time/.test(text));
    if (!acknowledged) unanswered.push(error ?? 'no word');
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
    Object.assign(state, { retrying: true, hoping: true });
    if (!pressed.has(message.ts)) failures.push(message.text);
    pressed.add(message.ts);
    mend();
    await slack
      .click(requester, { channel: message.channel, ts: message.ts }, 'retry')
      .catch(() => undefined);
    // Where it did not arrive the button is still there.
    await sleep(2_000);
    state.retrying = false;
  }

  const withButton = (role: string, button: string): Message | undefined =>
    slack
      .messages()
      // The newest: the records may have forgotten an older one.
      .findLast(
        message =>
          runs.has(runOf(message)) &&
          roleOf(message).startsWith(role) &&
          JSON.stringify(message.blocks).includes(`"${button}"`),
      );

  const look = (): void => {
    if (lane.running('bot') === undefined) return;
    if (state.wanted && !state.typing) void type();
    for (const root of newRoots()) runs.add(runOf(root));
    const open = withButton('approval', 'approve');
    if (open !== undefined && !state.approving) void approve(open);
    const failed = withButton('failure', 'retry');
    const mayPress = failed !== undefined && (pressed.has(failed.ts) || failures.length < mostRetries);
    if (mayPress && !state.retrying) void retry(failed);
  };

  async function watch(): Promise<string> {
    const began = performance.now();
    const news = { calls: 0, at: began };
    while (performance.now() - news.at < idleMs && performance.now() - began < mostMs) {
      const calls = lane.sandbox.calls().length;
      if (calls !== news.calls) Object.assign(news, { calls, at: performance.now() });
      look();
      const situation = situationOf(lane, cluster);
      // Until the root message shows what has become of it; just before, the run may still be about to fail.
      if (situation !== 'Failed' && !state.retrying) state.hoping = false;
      const busy = state.wanted || state.typing || state.hoping;
      const again = situation === 'Failed' && failures.length < mostRetries;
      if (isOver(situation) && newRoots().length > 0 && !busy && !again) return situation;
      await sleep(lookEveryMs);
    }
    throw new Error(`nothing ended: ${situationOf(lane, cluster)}`);
  }

  async function again(): Promise<void> {
    if (!state.wanted) return;
    const before = newRoots().length;
    const began = performance.now();
    let typed = began;
    // From when it was typed on: on a busy machine the bot may take its time to be there.
    while (newRoots().length === before && performance.now() - typed < idleMs) {
      if ((state.wanted || state.typing) && performance.now() - began < mostMs) typed = performance.now();
      look();
      await sleep(lookEveryMs);
    }
    await watch();
  }

  return {
    again,
    type: () => Object.assign(state, { wanted: true }),
    ended: watch(),
    typed: () => state.typed,
    failures,
    unanswered,
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
