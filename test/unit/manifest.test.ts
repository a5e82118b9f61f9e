import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../../src/errors.ts';
import { commandName } from '../../src/slack/claims.ts';
import { manifestForHttp } from '../../src/slack/manifest.ts';

const address = z
  .url({ protocol: /^https$/ })
  .max(3_000)
  .optional();

/** The app's manifest, within the limits that Slack documents for it. */
const Manifest = z.looseObject({
  display_information: z.looseObject({
    name: z.string().max(35),
    description: z.string().max(140),
    long_description: z.string().min(175).max(4_000),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.literal(true),
      messages_tab_enabled: z.literal(true),
      messages_tab_read_only_enabled: z.literal(false),
    }),
    bot_user: z.looseObject({ display_name: z.string().max(80) }),
    slash_commands: z
      .array(
        z.strictObject({
          command: z.string().regex(/^\/[a-z]{1,31}$/),
          description: z.string().max(2_000),
          usage_hint: z.string().max(1_000),
          should_escape: z.literal(true),
          url: address,
        }),
      )
      .max(50),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()).max(255) }) }),
  settings: z.looseObject({
    interactivity: z.strictObject({
      is_enabled: z.literal(true),
      request_url: address,
      message_menu_options_url: address,
    }),
    event_subscriptions: z.strictObject({ bot_events: z.array(z.string()).max(100), request_url: address }),
    socket_mode_enabled: z.boolean(),
  }),
});

/** A command can be typed anywhere, so a message of ours may have to be found again in every kind of conversation. */
const reading = [
  'channels:history',
  'groups:history',
  'im:history',
  'mpim:history',
  'metadata.message:read',
] as const;

/** What each method of the Web API asks for. */
const scopesOf: Readonly<Record<string, readonly string[]>> = {
  'auth.test': [],
  'chat.postMessage': ['chat:write'],
  'chat.postEphemeral': ['chat:write'],
  'chat.update': ['chat:write'],
  'chat.getPermalink': [],
  'conversations.open': ['im:write'],
  'conversations.history': reading,
  'conversations.replies': reading,
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'users.lookupByEmail': ['users:read.email', 'users:read'],
  'views.open': [],
  'views.publish': [],
  'views.push': [],
  'views.update': [],
};

/** What each event asks for. Of messages, the ones in the direct messages with the bot alone. */
const heard: Readonly<Record<string, { subscription: string; scopes: readonly string[] }>> = {
  app_mention: { subscription: 'app_mention', scopes: ['app_mentions:read'] },
  message: { subscription: 'message.im', scopes: ['im:history'] },
  app_home_opened: { subscription: 'app_home_opened', scopes: [] },
};

const text = readFileSync('manifest.yml', 'utf8');
const manifest = Manifest.parse(parse(text));
const sources = readdirSync('src/slack', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => readFileSync(`src/slack/${file}`, 'utf8'));
const called = sources.flatMap(text =>
  [...text.matchAll(/(?:client|interactive)\s*\.((?:[a-z]+\.)+[a-zA-Z]+)\(/g)].map(match => match[1] ?? ''),
);

const listened = sources.flatMap(code =>
  [...code.matchAll(/\bapp\.event\(\s*'(\w+)'/g)].map(match => match[1] ?? ''),
);

describe('the manifest', () => {
  it('grants what the code calls, and nothing more', () => {
    expect(called.filter(method => scopesOf[method] === undefined)).toEqual([]);
    expect(Object.keys(scopesOf).filter(method => !called.includes(method))).toEqual([]);
    const needed = new Set([
      'commands',
      ...called.flatMap(method => scopesOf[method] ?? []),
      ...listened.flatMap(event => heard[event]?.scopes ?? []),
    ]);
    expect(manifest.oauth_config.scopes.bot).toEqual([...needed].toSorted());
  });

  it('subscribes to the events that the code listens to, and to no others', () => {
    expect(listened).not.toEqual([]);
    const subscriptions = listened.map(event => heard[event]?.subscription ?? event);
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(subscriptions.toSorted());
  });

  it('has the command that the code answers, with mentions spelled out', () => {
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual([commandName]);
  });

  it('is for Socket Mode, and names no address', () => {
    expect(manifest.settings.socket_mode_enabled).toBe(true);
    expect(text).not.toContain('url');
  });

  it('for HTTP differs in the addresses alone', () => {
    const url = 'https://holt.example/slack';
    const overHttp = Manifest.parse(parse(manifestForHttp(text, 'https://holt.example')));
    const [command] = manifest.features.slash_commands;
    expect(overHttp).toEqual({
      ...manifest,
      features: { ...manifest.features, slash_commands: [{ ...command, url }] },
      settings: {
        ...manifest.settings,
        socket_mode_enabled: false,
        event_subscriptions: { ...manifest.settings.event_subscriptions, request_url: url },
        interactivity: { is_enabled: true, request_url: url, message_menu_options_url: url },
      },
    });
  });

  it.each([
    '',
    'holt.example',
    'http://holt.example',
    'https://holt.example/path',
    'https://holt.example?query',
    'https://somebody@holt.example',
  ])('is not made for %j', address => {
    expect(() => manifestForHttp(text, address)).toThrow(ConfigError);
  });
});
