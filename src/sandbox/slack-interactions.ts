import { elementsOf } from './slack-blocks.ts';
import type { Deliver, Delivery } from './slack-delivery.ts';
import { escapeTyped } from './slack-escape.ts';
import { type Filled, fill } from './slack-fill.ts';
import { Refusal } from './slack-method.ts';
import { type Answer, applyAnswer, newResponsePath, type Target } from './slack-responses.ts';
import type { Ephemeral, Message, User, View, Workspace } from './slack-state.ts';
import { newTrigger, viewOnTheWire } from './slack-views.ts';
import { onTheWire, pick } from './slack-workspace.ts';

/** What became of something that a person did. */
interface Outcome {
  acknowledged: boolean;
  /** What the app sent with its acknowledgement. */
  payload?: unknown;
  /** What the person was told went wrong; kept in `failures` too. */
  error?: string;
  /** What this person alone was shown meanwhile; what comes after the acknowledgement is in `ephemerals`. */
  ephemerals: Ephemeral[];
  triggerId: string;
  /** None for what happens in a view. */
  responseUrl: string | undefined;
}

/** Where an element stands: in a message (or an ephemeral), or in a view. */
type Place = { channel: string; ts: string } | { view: string };

export interface Interactions {
  /** A slash command. Both `user` and `channel` are names or ids. */
  command(user: string, channel: string, name: string, text?: string): Promise<Outcome>;
  /**
   * Presses the element with this action_id and sends what it really carries. `choice` is the option or the text;
   * `block` tells equal ones apart. Throws when there is no such element: a person could not press it.
   */
  click(
    user: string,
    place: Place,
    actionId: string,
    more?: { choice?: Filled; block?: string },
  ): Promise<Outcome>;
  /** A block action that no button of ours sent. */
  forge(user: string, place: Place, action: Record<string, unknown>): Promise<Outcome>;
}

/** What every interactive payload says of the person, the workspace and the app. */
export const sender = ({ team, app }: Workspace, { id, name, isStranger }: User) => ({
  user: { id, username: name, name, team_id: isStranger ? 'T0ELSEWHERE' : team.id },
  team,
  api_app_id: app.id,
  token: 'sandbox',
  enterprise: null,
  is_enterprise_install: false,
});

/** Notes what the person was shown if the app did not take an interaction. */
export function told(workspace: Workspace, user: User, what: string, delivery: Delivery): { error?: string } {
  if (delivery.acknowledged) return {};
  workspace.failures.push({ user: user.id, what, error: delivery.error });
  return { error: delivery.error };
}

/** Commands and clicks, as the people of the workspace make them. `base` is the stand-in's address. */
export function createInteractions(workspace: Workspace, deliver: Deliver, base: string): Interactions {
  async function send(
    user: User,
    what: string,
    kind: 'slash_commands' | 'interactive',
    target: Target | undefined,
    payload: Record<string, unknown>,
  ): Promise<Outcome> {
    const from = workspace.stamp();
    const triggerId = newTrigger(workspace, user.id);
    const responseUrl = target === undefined ? undefined : `${base}${newResponsePath(workspace, target)}`;
    const delivery = await deliver(kind, {
      ...payload,
      trigger_id: triggerId,
      response_url: responseUrl,
    });
    const error = told(workspace, user, what, delivery);
    if (kind === 'slash_commands' && delivery.acknowledged && target !== undefined)
      Object.assign(error, showAcknowledgement(workspace, user, what, target, delivery.payload));
    return {
      acknowledged: delivery.acknowledged,
      ...(delivery.acknowledged ? { payload: delivery.payload } : {}),
      ...error,
      ephemerals: workspace.ephemerals.filter(({ to, ts }) => to === user.id && ts > from),
      triggerId,
      responseUrl,
    };
  }

  const act = (user: User, place: Place, action: Record<string, unknown>) => {
    const { target, says } = surfaceOf(workspace, user, find(workspace, user, place));
    return send(user, String(action['action_id']), 'interactive', target, {
      type: 'block_actions',
      ...sender(workspace, user),
      ...says,
      actions: [{ ...action, action_ts: workspace.stamp() }],
    });
  };

  return {
    command(userRef, channelRef, name, text = '') {
      const user = pick(workspace.users.values(), userRef);
      const { id, name: called, kind } = pick(workspace.channels.values(), channelRef);
      const { team, app } = workspace;
      return send(
        user,
        name,
        'slash_commands',
        { user: user.id, channel: id },
        {
          token: 'sandbox',
          team_id: user.isStranger ? 'T0ELSEWHERE' : team.id,
          team_domain: team.domain,
          channel_id: id,
          channel_name: kind === 'private' ? 'privategroup' : called,
          user_id: user.id,
          user_name: user.name,
          command: name,
          text: escapeTyped(workspace, text, 'command'),
          api_app_id: app.id,
          is_enterprise_install: 'false',
        },
      );
    },

    async click(userRef, place, actionId, { choice, block: blockId } = {}) {
      const user = pick(workspace.users.values(), userRef);
      const { message, view } = find(workspace, user, place);
      const found = elementsOf(message?.blocks ?? view?.blocks ?? []).find(
        ({ block, element }) =>
          element.action_id === actionId && (blockId === undefined || block.block_id === blockId),
      );
      if (found === undefined) throw new Error(`there is no ${actionId} to press`);
      const { block, element } = found;
      return await act(user, place, {
        action_id: actionId,
        block_id: block.block_id,
        ...fill(element, choice),
      });
    },

    forge: (user, place, action) =>
      act(pick(workspace.users.values(), user), place, { type: 'button', block_id: 'forged', ...action }),
  };
}

/** The acknowledgement of a command may carry the answer; by default for the one who typed it. */
function showAcknowledgement(
  workspace: Workspace,
  user: User,
  what: string,
  target: Target,
  payload: unknown,
): { error?: string } {
  const answer = (payload ?? {}) as Answer;
  if (answer.text === undefined && answer.blocks === undefined) return {};
  try {
    applyAnswer(workspace, target, answer);
    return {};
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    workspace.failures.push({ user: user.id, what, error: error.code });
    return { error: error.code };
  }
}

interface Found {
  message?: Message & Partial<Ephemeral>;
  view?: View;
}

function find(workspace: Workspace, user: User, place: Place): Found {
  if ('view' in place) {
    const all = [...(workspace.modals.get(user.id) ?? []), workspace.homes.get(user.id)];
    const view = all.find(each => each?.id === place.view);
    if (view === undefined) throw new Error(`${user.name} has no such view before them`);
    return { view };
  }
  const message = [...workspace.messages, ...workspace.ephemerals.filter(({ to }) => to === user.id)].find(
    ({ channel, ts }) => channel === place.channel && ts === place.ts,
  );
  if (message === undefined) throw new Error(`${user.name} cannot see such a message`);
  return { message };
}

interface Surface {
  target?: Target;
  says: Record<string, unknown>;
}

/** What a block_actions payload says of the place, and where its response_url leads; an ephemeral's text is not sent along [K]. */
function surfaceOf(workspace: Workspace, user: User, { message, view }: Found): Surface {
  if (view !== undefined)
    return {
      says: { container: { type: 'view', view_id: view.id }, view: viewOnTheWire(workspace, view) },
    };
  if (message === undefined) return { says: {} };
  const { channel, ts, thread_ts } = message;
  const ephemeral = message.to !== undefined;
  const thread = thread_ts === undefined ? {} : { thread_ts };
  return {
    target: { user: user.id, channel, original: { ts, ephemeral } },
    says: {
      container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: ephemeral, ...thread },
      channel: { id: channel, name: pick(workspace.channels.values(), channel).name },
      ...(ephemeral ? {} : { message: onTheWire(workspace, message) }),
      state: { values: {} },
    },
  };
}
