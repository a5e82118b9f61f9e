import { randomId } from './kit.ts';
import { Refusal } from './slack-method.ts';
import { readContent } from './slack-posting.ts';
import type { Ephemeral, Message, ResponseUrl, Workspace } from './slack-state.ts';
import { findMessage, removeMessage } from './slack-workspace.ts';

const MOST_USES = 5;
const LIFETIME_MS = 30 * 60_000;

/** What comes through a response_url, or with the acknowledgement of a command. */
export interface Answer {
  text?: string;
  blocks?: unknown;
  response_type?: string;
  replace_original?: unknown;
  delete_original?: unknown;
  thread_ts?: string;
}

/** Where an answer goes: to the person, in the channel, in place of the message that was clicked. */
export type Target = Pick<ResponseUrl, 'user' | 'channel' | 'original'>;

/** The path of a new response_url. */
export function newResponsePath(workspace: Workspace, target: Target): string {
  const id = randomId(24);
  workspace.responses.set(id, { ...target, at: workspace.now(), uses: 0 });
  return `/response/${workspace.team.id}/${id}`;
}

/** An answer through a response_url: five within thirty minutes [D, reference slack A4]; after that a refusal that goes out with 404 [E]. */
export function useResponseUrl(workspace: Workspace, id: string, answer: Answer): void {
  const target = workspace.responses.get(id);
  if (target === undefined || workspace.now() - target.at > LIFETIME_MS) throw new Refusal('expired_url');
  if (target.uses >= MOST_USES) throw new Refusal('used_url');
  applyAnswer(workspace, target, answer);
  target.uses += 1;
}

const isTrue = (value: unknown): boolean => value === true || value === 'true';

/**
 * Shows an answer where the interaction happened. A command has no original, so `replace_original` posts a new message
 * [I: bolt-js#2287]; whether a click's answer replaces the message when it does not say is a setting [?].
 */
export function applyAnswer(workspace: Workspace, { user, channel, original }: Target, answer: Answer): void {
  if (isTrue(answer.delete_original) && original !== undefined) {
    take(workspace, channel, original);
    return;
  }
  const content = readContent(workspace, answer);
  const replace =
    answer.replace_original === undefined
      ? workspace.settings.replaceByDefault
      : isTrue(answer.replace_original);
  if (replace && original !== undefined) {
    const message = at(workspace, channel, original);
    if (message === undefined) throw new Refusal('message_not_found');
    delete message.blocks;
    Object.assign(message, content);
    return;
  }
  const message: Message = {
    channel,
    ts: workspace.stamp(),
    user: workspace.bot.user,
    ...content,
    ...(answer.thread_ts === undefined ? {} : { thread_ts: answer.thread_ts }),
  };
  if (answer.response_type === 'in_channel') workspace.messages.push(message);
  else workspace.ephemerals.push({ ...message, to: user });
}

type Original = NonNullable<ResponseUrl['original']>;

const at = (
  workspace: Workspace,
  channel: string,
  { ts, ephemeral }: Original,
): Message | Ephemeral | undefined =>
  ephemeral ? workspace.ephemerals.find(each => each.ts === ts) : findMessage(workspace, channel, ts);

function take(workspace: Workspace, channel: string, original: Original): void {
  const message = at(workspace, channel, original);
  if (message === undefined) throw new Refusal('message_not_found');
  if (original.ephemeral)
    workspace.ephemerals.splice(
      workspace.ephemerals.findIndex(({ ts }) => ts === message.ts),
      1,
    );
  else removeMessage(workspace, message);
}
