import type { Block, ViewContent } from './slack-blocks.ts';
import type { Filled } from './slack-fill.ts';

interface UserSeed {
  id?: string;
  /** What follows the `@`. */
  name: string;
  realName?: string;
  email?: string;
  isBot?: boolean;
  /** A guest. */
  isRestricted?: boolean;
  /** A guest of one channel. */
  isUltraRestricted?: boolean;
  /** Somebody of another company, in a shared channel. */
  isStranger?: boolean;
  deleted?: boolean;
}

export interface ChannelSeed {
  id?: string;
  name: string;
  /** Names or ids of users, the bot's too; everybody when left out. */
  members?: string[];
  archived?: boolean;
  isPrivate?: boolean;
  /** The direct messages of several people; seen by them alone. */
  isGroupDirect?: boolean;
  /** With another company: Slack Connect. */
  isShared?: boolean;
}

interface UserGroupSeed {
  id?: string;
  handle: string;
  /** Names or ids. */
  users: string[];
}

/** What a test may turn while the stand-in runs; `reset` puts it back. */
export interface Settings {
  /** Bot scopes that were granted. */
  scopes: string[];
  /** Multiplies the rate limits; `Infinity` lifts them. */
  rateFactor: number;
  /** As older workspaces: `plan` and `task_card` are invalid_blocks. */
  refuseNewBlocks: boolean;
  /** Whether an answer to a click replaces the message when it does not say [?]. */
  replaceByDefault: boolean;
  /** How long an acknowledgement may take, in milliseconds. */
  ackMs: number;
  /** Where the app takes requests; it is reached by its socket while there are none. Slack knows one, and what is behind it balances. */
  requestUrls: string[];
  /** How often an envelope is sent [E: Bolt takes each]. */
  copies: number;
}

export interface User extends Required<Omit<UserSeed, 'email'>> {
  email: string | undefined;
}

export interface Channel {
  id: string;
  name: string;
  kind: 'public' | 'private' | 'im' | 'mpim';
  shared: boolean;
  members: Set<string>;
  archived: boolean;
}

export interface UserGroup {
  id: string;
  handle: string;
  users: string[];
}

interface Metadata {
  event_type: string;
  event_payload: Record<string, unknown>;
}

export interface Message {
  channel: string;
  ts: string;
  user: string;
  text: string;
  blocks?: Block[];
  thread_ts?: string;
  metadata?: Metadata;
  edited?: { user: string; ts: string };
  subtype?: 'thread_broadcast' | 'tombstone';
}

/** A message that one person alone can see. */
export interface Ephemeral extends Message {
  to: string;
}

export type View = ViewContent & {
  id: string;
  hash: string;
  root_view_id: string;
  previous_view_id: string | null;
  /** What its owner has chosen so far, by block_id. */
  filled?: Record<string, Filled>;
};

/** What a person saw go wrong: the acknowledgement came too late, or nobody was there to take it. */
export interface Failure {
  user: string;
  what: string;
  error: string;
}

interface Trigger {
  user: string;
  at: number;
  used: boolean;
}

/** Where answers to one interaction go. */
export interface ResponseUrl {
  user: string;
  channel: string;
  at: number;
  uses: number;
  /** The message that was clicked. */
  original?: { ts: string; ephemeral: boolean };
}

export interface State {
  settings: Settings;
  users: Map<string, User>;
  channels: Map<string, Channel>;
  groups: Map<string, UserGroup>;
  messages: Message[];
  ephemerals: Ephemeral[];
  /** Open modals by user, the topmost last. */
  modals: Map<string, View[]>;
  /** Published Home tabs by user. */
  homes: Map<string, View>;
  triggers: Map<string, Trigger>;
  responses: Map<string, ResponseUrl>;
  failures: Failure[];
}

export interface Workspace extends State {
  team: { id: string; domain: string };
  app: { id: string };
  /** `user` is who the bot is in channels, `id` is the B… id. */
  bot: { id: string; user: string; name: string };
  /** Milliseconds since the epoch. */
  now(): number;
  /** The next timestamp of a message; unique and growing. */
  stamp(): string;
  /** Everything as it was at the start, ids included. */
  reset(): void;
}

export interface WorkspaceOptions {
  users?: UserSeed[];
  channels?: ChannelSeed[];
  userGroups?: UserGroupSeed[];
  botName?: string;
  settings?: Partial<Settings>;
  /** The workspace's clock, for triggers, response URLs and rate limits. */
  now?: () => number;
}
