import { z } from 'zod';
import { randomId } from './kit.ts';

/** The length of a text as Slack counts it [T, reference slack A2]. */
export const codePoints = (text: string): number => Array.from(text).length;

/** A text with at least one character. */
export const chars = (max: number) =>
  z
    .string()
    .min(1, 'must be more than 0 characters')
    .refine(text => codePoints(text) <= max, `must be less than ${max + 1} characters`);

/** An action_id or block_id; Slack makes one up when it is left out. */
export const someId = () => chars(255).default(() => randomId(5));

export const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: chars(max), emoji: z.boolean().optional() });

const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: chars(max), verbatim: z.boolean().optional() });

export const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

const style = z.enum(['primary', 'danger']);

const confirm = z.strictObject({
  title: plainText(100).optional(),
  text: anyText(300),
  confirm: plainText(30).optional(),
  deny: plainText(30).optional(),
  style: style.optional(),
});

// An option's value may have 75 characters in the types and 150 in the documentation [T, D]; the smaller one holds here.
export const option = z.strictObject({
  text: plainText(75),
  value: chars(75),
  description: plainText(75).optional(),
});
const choice = z.strictObject({ text: anyText(75), value: chars(75), description: anyText(75).optional() });

const action = { action_id: someId(), confirm: confirm.optional() };
const focus = { focus_on_load: z.boolean().optional() };
const hint = { ...focus, placeholder: plainText(150).optional() };
const options = z.array(option).min(1).max(100);
const conversationFilter = z.strictObject({
  include: z.array(z.enum(['im', 'mpim', 'private', 'public'])).optional(),
  exclude_external_shared_channels: z.boolean().optional(),
  exclude_bot_users: z.boolean().optional(),
});

const Button = z.strictObject({
  type: z.literal('button'),
  ...action,
  text: plainText(75),
  value: chars(2000).optional(),
  url: chars(3000).optional(),
  style: style.optional(),
  accessibility_label: chars(75).optional(),
});

const StaticSelect = z.strictObject({
  type: z.literal('static_select'),
  ...action,
  ...hint,
  options,
  initial_option: option.optional(),
});

const MultiStaticSelect = z.strictObject({
  type: z.literal('multi_static_select'),
  ...action,
  ...hint,
  options,
  initial_options: options.optional(),
  max_selected_items: z.int().min(1).optional(),
});

const ExternalSelect = z.strictObject({
  type: z.literal('external_select'),
  ...action,
  ...hint,
  initial_option: option.optional(),
  min_query_length: z.int().min(0).optional(),
});

const UsersSelect = z.strictObject({
  type: z.literal('users_select'),
  ...action,
  ...hint,
  initial_user: z.string().optional(),
});

const MultiUsersSelect = z.strictObject({
  type: z.literal('multi_users_select'),
  ...action,
  ...hint,
  initial_users: z.array(z.string()).optional(),
  max_selected_items: z.int().min(1).optional(),
});

const ConversationsSelect = z.strictObject({
  type: z.literal('conversations_select'),
  ...action,
  ...hint,
  initial_conversation: z.string().optional(),
  default_to_current_conversation: z.boolean().optional(),
  response_url_enabled: z.boolean().optional(),
  filter: conversationFilter.optional(),
});

const Overflow = z.strictObject({
  type: z.literal('overflow'),
  ...action,
  options: z
    .array(option.extend({ url: chars(3000).optional() }))
    .min(1)
    .max(5),
});

const RadioButtons = z.strictObject({
  type: z.literal('radio_buttons'),
  ...action,
  ...focus,
  options: z.array(choice).min(1).max(10),
  initial_option: choice.optional(),
});

const Checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  ...action,
  ...focus,
  options: z.array(choice).min(1).max(10),
  initial_options: z.array(choice).min(1).max(10).optional(),
});

const PlainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id: someId(),
  ...hint,
  multiline: z.boolean().optional(),
  initial_value: z.string().optional(),
  min_length: z.int().min(0).max(3000).optional(),
  max_length: z.int().min(1).max(3000).optional(),
  dispatch_action_config: z
    .strictObject({
      trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).optional(),
    })
    .optional(),
});

const selects = [
  StaticSelect,
  MultiStaticSelect,
  ExternalSelect,
  UsersSelect,
  MultiUsersSelect,
  ConversationsSelect,
  RadioButtons,
  Checkboxes,
] as const;

export const Image = z.strictObject({
  type: z.literal('image'),
  alt_text: chars(2000),
  image_url: chars(3000),
});
export const ActionsElement = z.discriminatedUnion('type', [Button, Overflow, ...selects]);
export const Accessory = z.discriminatedUnion('type', [Button, Overflow, Image, ...selects]);
export const InputElement = z.discriminatedUnion('type', [PlainTextInput, ...selects]);

export type Element = z.output<typeof ActionsElement> | z.output<typeof InputElement>;
