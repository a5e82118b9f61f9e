import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import type { Lane } from './lane.ts';
import { chance } from './points.ts';

const lookEveryMs = 250;
/** How many onboardings people begin before earlier ones are done. */
const atOnce = 10;
/** After this long without what they wait for, people do it again. */
const patienceMs = { command: 20_000, click: 3_000 };

export interface Crowd {
  /** Clusters that are not done, with what their root messages say. */
  waiting(): string[];
  /** How many commands and clicks the app acknowledged. */
  received(): number;
  close(): Promise<void>;
}

interface Person {
  cluster: string;
  comesAt: number;
  /** When each thing was done last. */
  last: Map<string, number>;
  /** The command arrived, as far as this person was told. */
  heard: boolean;
}

/**
 * The people of a workspace: for each cluster somebody comes within the time given, types the command, has it approved, presses
 * Retry when a step has failed, types it again when somebody could not be invited, does half of all that twice at once, and does it
 * again when nothing comes of it.
 */
export function gather(lane: Lane, clusters: readonly string[], seed: number, withinMs: number): Crowd {
  const began = performance.now();
  const people = clusters.map((cluster, index) => {
    const comesAt = began + (withinMs * index) / clusters.length;
    return { cluster, comesAt, last: new Map(), heard: false } satisfies Person;
  });
  const board = createBoard(lane);
  const hands = createHands(lane, seed);
  const closing = new AbortController();

  const isOver = ({ cluster }: Person): boolean => {
    const roots = board.of(cluster);
    return roots.length > 0 && roots.every(isDone) && !board.lacksSomebody(cluster);
  };

  function look(person: Person): void {
    const roots = board.of(person.cluster);
    if (roots.length === 0 || (roots.every(isDone) && board.lacksSomebody(person.cluster))) {
      const ms = person.heard ? patienceMs.command : lookEveryMs;
      impatiently(person, 'command', ms, () => hands.type(person));
    }
    for (const root of roots.filter(each => !isDone(each))) {
      for (const { button, message } of board.buttonsBelow(root)) {
        const press = (): Promise<void> => hands.press(message, button);
        impatiently(person, `${button} ${message.ts}`, patienceMs.click, press);
      }
    }
  }

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      board.read();
      const underWay = people.filter(person => person.last.size > 0 && !isOver(person));
      const next = people.find(person => person.last.size === 0);
      for (const person of underWay) look(person);
      if (next !== undefined && next.comesAt <= performance.now() && underWay.length < atOnce) look(next);
      await sleep(lookEveryMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  const watching = watch();
  return {
    waiting: () =>
      people
        .filter(person => !isOver(person))
        .map(({ cluster }) => `${cluster}: ${board.of(cluster).map(situationOf).join(' and ') || 'nothing'}`),
    received: hands.received,
    async close() {
      closing.abort();
      await watching;
    },
  };
}

/** Does it unless it was done a moment ago. */
function impatiently({ last }: Person, what: string, ms: number, act: () => Promise<void>): void {
  if (performance.now() - (last.get(what) ?? Number.NEGATIVE_INFINITY) < ms) return;
  last.set(what, Number.POSITIVE_INFINITY);
  void act().finally(() => last.set(what, performance.now()));
}

type Button = 'approve' | 'retry';

const rootText = /^Onboarding (\S+) prod: ([^.]*)\./;
const notInvited = /could not be invited: [^]+type the command again/;
const situationOf = ({ text }: Message): string => rootText.exec(text)?.[2] ?? '';
const isDone = (root: Message): boolean => situationOf(root).startsWith('Done');

/** What people see in their channel. A cluster has several root messages when a run had failed before the command came again. */
function createBoard({ sandbox: { slack, channel } }: Lane) {
  let roots = new Map<string, Message[]>();
  let lacking = new Set<string | undefined>();
  const of = (cluster: string): readonly Message[] => roots.get(cluster) ?? [];
  return {
    of,
    read(): void {
      const all = slack.messages(channel);
      const begun = all.filter(message => roleOf(message) === 'root');
      roots = Map.groupBy(begun, ({ text }) => rootText.exec(text)?.[1] ?? '');
      lacking = new Set(all.filter(({ text }) => notInvited.test(text)).map(each => each.thread_ts));
    },
    /** The newest thread says that somebody could not be invited, and that the command is to be typed again. */
    lacksSomebody: (cluster: string): boolean => lacking.has(of(cluster).at(-1)?.ts),
    buttonsBelow: (root: Message): { button: Button; message: Message }[] =>
      slack.thread(channel, root.ts).flatMap(message => {
        const button = roleOf(message).startsWith('approval') ? 'approve' : 'retry';
        const there = JSON.stringify(message.blocks ?? []).includes(`"action_id":"${button}"`);
        return there ? [{ button, message }] : [];
      }),
  };
}

/** Somebody else pressed the button meanwhile. */
function unlessGone(error: unknown): { acknowledged: false } {
  if (error instanceof Error && error.message.startsWith('there is no')) return { acknowledged: false };
  throw error;
}

/** What people do; half of it twice at the same time. */
function createHands({ sandbox: { slack, channel, requester, approver } }: Lane, seed: number) {
  const count = { received: 0, done: 0 };

  async function perhapsTwice<T extends { acknowledged: boolean }>(act: () => Promise<T>): Promise<T[]> {
    count.done += 1;
    const again =
      chance(2, seed, 'twice', count.done) === 0
        ? [sleep(chance(300, seed, 'after', count.done)).then(act)]
        : [];
    const received = (await Promise.all([act(), ...again])).filter(({ acknowledged }) => acknowledged);
    count.received += received.length;
    return received;
  }

  return {
    received: () => count.received,
    async type(person: Person): Promise<void> {
      const text = `onboard ${person.cluster} prod`;
      const received = await perhapsTwice(() => slack.command(requester, channel, '/otterize', text));
      person.heard = received.some(
        ({ ephemerals }) => !ephemerals.some(each => /did not answer in time/.test(each.text)),
      );
    },
    async press({ channel: place, ts }: Message, button: Button): Promise<void> {
      const who = button === 'approve' ? approver : requester;
      await perhapsTwice(() => slack.click(who, { channel: place, ts }, button).catch(unlessGone));
    },
  };
}
