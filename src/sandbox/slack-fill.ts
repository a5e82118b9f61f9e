import { codePoints, type Element } from './slack-elements.ts';

/** What a person chose or typed: an option's value, a user's id, a text; several for a list. */
export type Filled = string | readonly string[];

type State = Record<string, unknown> & { type: string };

const one = (given: Filled | undefined): string | undefined => (typeof given === 'object' ? given[0] : given);
const many = (given: Filled): readonly string[] => (typeof given === 'object' ? given : [given]);

/**
 * An element as view.state.values and the actions of a block_actions payload carry it [T: block-action, view]. Without
 * a given value it has its initial one. Throws when the choice is not offered: a person could not make it.
 */
export function fill(element: Element, given?: Filled): State {
  const { type } = element;
  switch (type) {
    case 'button':
      return { type, text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
    case 'plain_text_input':
      return { type, value: one(given) ?? element.initial_value ?? null };
    case 'static_select':
    case 'radio_buttons':
      return {
        type,
        selected_option: given === undefined ? (element.initial_option ?? null) : option(element, given),
      };
    case 'external_select':
      return {
        type,
        selected_option: given === undefined ? (element.initial_option ?? null) : offered(one(given)),
      };
    case 'overflow':
      return { type, selected_option: option(element, given ?? '') };
    case 'multi_static_select':
    case 'checkboxes':
      return {
        type,
        selected_options:
          given === undefined
            ? (element.initial_options ?? [])
            : many(given).map(each => option(element, each)),
      };
    case 'users_select':
      return { type, selected_user: one(given) ?? element.initial_user ?? null };
    case 'multi_users_select':
      return { type, selected_users: given === undefined ? (element.initial_users ?? []) : many(given) };
    case 'conversations_select':
      return { type, selected_conversation: one(given) ?? element.initial_conversation ?? null };
  }
}

/** What the app has offered, of which the page and the tests know the value alone; ours read as they are worth. */
const offered = (value = '') =>
  value === '' ? null : { text: { type: 'plain_text', text: value, emoji: true }, value };

function option({ options, action_id }: Extract<Element, { options: unknown }>, given: Filled) {
  const found = options.find(({ value }) => value === one(given));
  if (found === undefined) throw new Error(`${action_id} does not offer ${String(one(given))}`);
  return found;
}

/** Why Slack's client would not send this input, in its place below the field. */
export function complaint(element: Element, state: State, optional: boolean): string | undefined {
  const { type: _type, ...rest } = state;
  const [value] = Object.values(rest);
  const empty = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  if (empty) return optional ? undefined : 'Please complete this required field.';
  if (element.type !== 'plain_text_input' || typeof value !== 'string') return undefined;
  const length = codePoints(value);
  if (length < (element.min_length ?? 0)) return `Please enter at least ${element.min_length} characters.`;
  if (length > (element.max_length ?? 3000))
    return `Please enter at most ${element.max_length ?? 3000} characters.`;
  return undefined;
}
