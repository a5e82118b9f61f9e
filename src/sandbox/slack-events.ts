import { setTimeout as sleep } from 'node:timers/promises';
import type { Deliver, Delivery } from './slack-delivery.ts';
import { escapeTyped } from './slack-escape.ts';
import type { Message, User, Workspace } from './slack-state.ts';
import { viewOnTheWire } from './slack-views.ts';
import { directMessages, findMessage, pick, slackId } from './slack-workspace.ts';

/** When an event that was not acknowledged comes again [D, reference slack A5]. */
const RETRIES_MS = [0, 60_000, 300_000];

interface Said {
  channel: string;
  ts: string;
  /** How the app took the event, when the message made one. */
  delivery?: Delivery;
}

export interface Events {
  /**
   * A person writes into a channel (name or id; the bot's name means the direct messages with it). The app hears of it
   * when it is mentioned or addressed, and has the scope.
   */
  say(user: string, where: string, text: string, thread?: string): Promise<Said>;
  /** An event as Slack might send it, whatever it tells; with this event_id, or one of its own. */
  tell(event: Record<string, unknown>, id?: string): Promise<Delivery>;
  /** A person opens the app's Home tab. */
  openHome(user: string): Promise<Delivery>;
  close(): void;
}

/** The Events API. An event that is not acknowledged comes again, with the same event_id. */
export function createEvents(workspace: Workspace, deliver: Deliver): Events {
  const closing = new AbortController();

  async function send(event: Record<string, unknown>, id = slackId('Ev')): Promise<Delivery> {
    const { team, app, bot } = workspace;
    const payload = {
      token: 'sandbox',
      team_id: team.id,
      context_team_id: team.id,
      api_app_id: app.id,
      type: 'event_callback',
      event_id: id,
      event_time: Math.floor(workspace.now() / 1000),
      is_ext_shared_channel: false,
      authorizations: [
        {
          enterprise_id: null,
          team_id: team.id,
          user_id: bot.user,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      event,
    };
    const first = await deliver('events_api', payload);
    if (!first.acknowledged) void repeat(payload);
    return first;
  }

  async function repeat(payload: Record<string, unknown>): Promise<void> {
    for (const [index, ms] of RETRIES_MS.entries()) {
      const waited = await sleep(ms, true, { ref: false, signal: closing.signal }).catch(() => false);
      if (!waited) return;
      const retry = { attempt: index + 1, reason: 'timeout' };
      if ((await deliver('events_api', payload, retry)).acknowledged) return;
    }
  }

  return {
    async say(userRef, where, text, thread) {
      const user = pick(workspace.users.values(), userRef);
      const channel =
        where === workspace.bot.name
          ? directMessages(workspace, user.id)
          : pick(workspace.channels.values(), where);
      if (channel.archived) throw new Error(`${channel.name} is archived`);
      if (thread !== undefined && findMessage(workspace, channel.id, thread) === undefined)
        throw new Error('there is no such thread');
      const message: Message = {
        channel: channel.id,
        ts: workspace.stamp(),
        user: user.id,
        text: escapeTyped(workspace, text, 'message'),
        ...(thread === undefined ? {} : { thread_ts: thread }),
      };
      workspace.messages.push(message);
      const type = eventFor(workspace, message);
      const place = { channel: channel.id, ts: message.ts };
      if (type === undefined) return place;
      return {
        ...place,
        delivery: await send({
          ...message,
          type,
          ...(type === 'message' ? { channel_type: 'im' } : {}),
          ...authorOf(workspace, user),
          event_ts: message.ts,
        }),
      };
    },

    tell: send,

    openHome(userRef) {
      const { id } = pick(workspace.users.values(), userRef);
      const home = workspace.homes.get(id);
      return send({
        type: 'app_home_opened',
        user: id,
        channel: directMessages(workspace, id).id,
        tab: 'home',
        event_ts: workspace.stamp(),
        ...(home === undefined ? {} : { view: viewOnTheWire(workspace, home) }),
      });
    },

    close: () => closing.abort(),
  };
}

/** What a message's event says of who wrote it: in a shared channel, another workspace than the app's [T: AppMentionEvent]. */
function authorOf({ team }: Workspace, { isBot, isStranger }: User): Record<string, string> {
  const home = isStranger ? 'T0ELSEWHERE' : team.id;
  return {
    team: home,
    ...(isStranger ? { user_team: home, source_team: home } : {}),
    ...(isBot ? { bot_id: 'B0ROBOT' } : {}),
  };
}

/** The event that a person's message makes, if the app has the scope to hear it [DOC: app_mentions:read, im:history]. */
function eventFor(workspace: Workspace, { channel, text }: Message): 'message' | 'app_mention' | undefined {
  const { bot, settings } = workspace;
  const { kind, members } = pick(workspace.channels.values(), channel);
  if (!members.has(bot.user)) return undefined;
  if (kind === 'im') return settings.scopes.includes('im:history') ? 'message' : undefined;
  return text.includes(`<@${bot.user}>`) && settings.scopes.includes('app_mentions:read')
    ? 'app_mention'
    : undefined;
}
