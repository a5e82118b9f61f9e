import type {
  ActionsBlock,
  Button,
  ContextBlock,
  HeaderBlock,
  KnownBlock,
  MrkdwnElement,
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
  confirm?: { title: string; text: string; yes: string; no: string };
}

export function button({ action, text, label, value, style, confirm }: Press): Button {
  return {
    type: 'button',
    action_id: action,
    text: { type: 'plain_text', text },
    accessibility_label: cut(label, 75),
    value,
    ...(style === undefined ? {} : { style }),
    ...(confirm === undefined ? {} : { confirm: confirmed(confirm) }),
  };
}

const confirmed = ({
  title,
  text,
  yes,
  no,
}: NonNullable<Press['confirm']>): NonNullable<Button['confirm']> => ({
  title: { type: 'plain_text', text: title },
  text: { type: 'plain_text', text: cut(text, 300) },
  confirm: { type: 'plain_text', text: yes },
  deny: { type: 'plain_text', text: no },
  style: 'danger',
});

export type Blocks = KnownBlock[];
