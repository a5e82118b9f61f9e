import type { Server } from 'node:http';
import { createStandIn, randomId, type StandIn } from './kit.ts';
import type { Block } from './slack-blocks.ts';
import { type Choices, createChoices } from './slack-choices.ts';
import type { Deliver } from './slack-delivery.ts';
import { createEvents, type Events } from './slack-events.ts';
import { createInteractions, type Interactions } from './slack-interactions.ts';
import { createModals, type Modals } from './slack-modals.ts';
import { createRequests } from './slack-requests.ts';
import { createSockets, type Sockets } from './slack-socket.ts';
import type {
  Channel,
  Ephemeral,
  Failure,
  Message,
  Settings,
  User,
  View,
  Workspace,
  WorkspaceOptions,
} from './slack-state.ts';
import { type Names, namesOf, renderText } from './slack-text.ts';
import { serveWeb, type Tokens } from './slack-web.ts';
import {
  createWorkspace,
  directMessages,
  findMessage,
  pick,
  removeMessage,
  repliesTo,
} from './slack-workspace.ts';

export interface SlackOptions extends WorkspaceOptions {
  latencyMs?: number;
}

/** What an onlooker with all rights sees and does. Users and channels are given by name or id. */
interface Onlooker {
  user(ref: string): User;
  /** Everybody, the bot too. */
  people(): User[];
  channel(ref: string): Channel;
  channels(): Channel[];
  /** The direct messages between a person and the bot. */
  direct(user: string): Channel;
  /** What stands for an id in a text: `@anna`, `#platform`. */
  nameOf: Names;
  /** Everything in a channel, or everywhere when that is left out: replies included, oldest first. */
  messages(channel?: string): Message[];
  /** A message and its replies, oldest first; empty when it is gone. */
  thread(channel: string, ts: string): Message[];
  /** What this person alone was shown. */
  ephemerals(user: string): Ephemeral[];
  /** All that anybody can see: messages of every channel, what one person alone was shown, open views and Homes. */
  everything(): unknown[];
  /** The person's open modals, the topmost last. */
  views(user: string): View[];
  home(user: string): View | undefined;
  /** Calls of one method of the Web API so far. */
  count(method: string): number;
  deleteMessage(channel: string, ts: string): void;
  archive(channel: string): void;
  /** Takes the bot out of a channel. */
  kick(channel: string): void;
  /** Brings the bot into a channel. */
  invite(channel: string): void;
  /** A message, or a view's blocks, as a person reads it. */
  renderText(message: { text: string; blocks?: readonly Block[] }): string;
}

export interface SlackStandIn
  extends StandIn,
    Onlooker,
    Interactions,
    Modals,
    Choices,
    Omit<Events, 'close'>,
    Pick<Sockets, 'connected' | 'disconnect'> {
  /** What Bolt takes as `clientOptions.slackApiUrl`. */
  apiUrl: string;
  botToken: string;
  appToken: string;
  /** What requests to `settings.requestUrls` are signed with. */
  signingSecret: string;
  team: Workspace['team'];
  app: Workspace['app'];
  bot: Workspace['bot'];
  readonly settings: Settings;
  /** What people saw go wrong: `operation_timeout`, `dispatch_failed`, or the code of a bad answer. */
  readonly failures: Failure[];
  /** Every body and every frame that arrived, as it was written. */
  readonly received: string[];
  /** As at the start, with the same ids; connections stay. */
  reset(): void;
}

/**
 * A Slack workspace on loopback that a Bolt app cannot tell from the real one, in Socket Mode or over HTTP
 * [E, reference emulators 5; slack A1-A8].
 */
export async function startSlack(options: SlackOptions = {}): Promise<SlackStandIn> {
  const workspace = createWorkspace(options);
  const { now } = workspace;
  const builder = createStandIn({ service: 'Slack', latencyMs: options.latencyMs ?? 0, now });
  const tokens: Tokens = { bot: `xoxb-${randomId(24)}`, app: `xapp-1-${workspace.app.id}-${randomId(24)}` };
  const signingSecret = randomId(32);
  const received: string[] = [];
  builder.app.use(async (http, next) => {
    received.push(await http.req.text());
    await next();
  });
  const sockets = createSockets(workspace, received);
  serveWeb({ builder, workspace, tokens, connections: sockets.open });

  const standIn = await builder.listen();
  sockets.attach(standIn.server as Server, standIn.url);
  const requests = createRequests(workspace, signingSecret);
  const deliver: Deliver = (...given) =>
    workspace.settings.requestUrls.length === 0 ? sockets.deliver(...given) : requests(...given);
  const events = createEvents(workspace, deliver);
  const { team, app, bot } = workspace;

  return {
    ...onlooker(workspace, standIn.calls),
    ...createInteractions(workspace, deliver, standIn.url),
    ...createModals(workspace, deliver),
    ...createChoices(workspace, deliver),
    say: events.say,
    tell: events.tell,
    openHome: events.openHome,
    connected: sockets.connected,
    disconnect: sockets.disconnect,
    team,
    app,
    bot,
    url: standIn.url,
    calls: standIn.calls,
    faults: standIn.faults,
    hooks: standIn.hooks,
    meter: standIn.meter,
    apiUrl: `${standIn.url}/api/`,
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret,
    get latencyMs() {
      return standIn.latencyMs;
    },
    set latencyMs(ms) {
      standIn.latencyMs = ms;
    },
    received,
    get settings() {
      return workspace.settings;
    },
    get failures() {
      return workspace.failures;
    },
    reset() {
      workspace.reset();
      standIn.meter.reset();
      received.length = 0;
      standIn.calls.length = 0;
      standIn.faults.length = 0;
    },
    async close() {
      events.close();
      sockets.close();
      await standIn.close();
    },
  };
}

function onlooker(workspace: Workspace, calls: StandIn['calls']): Onlooker {
  const user = (ref: string) => pick(workspace.users.values(), ref);
  const channel = (ref: string) => pick(workspace.channels.values(), ref);
  const message = (ref: string, ts: string) => findMessage(workspace, channel(ref).id, ts);
  return {
    user,
    people: () => [...workspace.users.values()],
    channel,
    channels: () => [...workspace.channels.values()],
    direct: ref => directMessages(workspace, user(ref).id),
    nameOf: id => namesOf(workspace)(id),
    messages: ref => workspace.messages.filter(each => ref === undefined || each.channel === channel(ref).id),
    thread(ref, ts) {
      const parent = message(ref, ts);
      return parent === undefined ? [] : [parent, ...repliesTo(workspace, parent)];
    },
    ephemerals: ref => workspace.ephemerals.filter(({ to }) => to === user(ref).id),
    everything: () => [
      workspace.messages,
      workspace.ephemerals,
      [...workspace.modals.values()],
      [...workspace.homes.values()],
    ],
    views: ref => [...(workspace.modals.get(user(ref).id) ?? [])],
    home: ref => workspace.homes.get(user(ref).id),
    count: method => calls.filter(({ operation }) => operation === method).length,
    deleteMessage(ref, ts) {
      const found = message(ref, ts);
      if (found !== undefined) removeMessage(workspace, found);
    },
    archive(ref) {
      channel(ref).archived = true;
    },
    kick: ref => void channel(ref).members.delete(workspace.bot.user),
    invite: ref => void channel(ref).members.add(workspace.bot.user),
    renderText: given => renderText(given, namesOf(workspace)),
  };
}
