import type {
  ActionsBlock,
  Button,
  ContextBlock,
  HeaderBlock,
  InputBlock,
  KnownBlock,
  MrkdwnElement,
  PlainTextElement,
  SectionBlock,
} from '@slack/types';
import { cut, fit, type Markup } from './markup.ts';

/** Slack's limits, in code points. */
const mostInSection = 3000;
const mostInContext = 2000;

/** Verbatim: Slack makes no links of its own out of what somebody else's text looks like. */
const mrkdwn = ({ markup }: Markup): MrkdwnElement => ({ type: 'mrkdwn', text: markup, verbatim: true });

export const section = (text: Markup): SectionBlock => ({
  type: 'section',
  text: mrkdwn(fit(text, mostInSection)),
});

export const context = (text: Markup): ContextBlock => ({
  type: 'context',
  elements: [mrkdwn(fit(text, mostInContext))],
});

export const header = (text: string): HeaderBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: cut(text, 150) },
});

export const actions = (elements: Button[]): ActionsBlock => ({ type: 'actions', elements });

interface Press {
  action: string;
  text: string;
  /** What a screen reader says: names the object too. */
  label: string;
  value: string;
  style?: 'primary' | 'danger';
}

export function button({ action, text, label, value, style }: Press): Button {
  return {
    type: 'button',
    action_id: action,
    text: { type: 'plain_text', text },
    accessibility_label: cut(label, 75),
    value,
    ...(style === undefined ? {} : { style }),
  };
}

export const plain = (text: string): PlainTextElement => ({ type: 'plain_text', text, emoji: false });

interface Field {
  /** Its block_id: by it the app finds what was filled in, and says what is wrong there. */
  id: string;
  label: string;
  hint?: string;
  optional?: true;
}

/** A field of a modal. Each block has one element, so the block's id names both. */
export const input = ({ id, label, hint, optional }: Field, element: InputBlock['element']): InputBlock => ({
  type: 'input',
  block_id: id,
  label: plain(label),
  ...(hint === undefined ? {} : { hint: plain(hint) }),
  ...(optional === undefined ? {} : { optional }),
  element: { ...element, action_id: id },
});

export type Blocks = KnownBlock[];
