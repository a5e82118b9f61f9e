import { expect, test } from 'vitest';
import { checkBlocks } from '../../src/sandbox/slack-blocks.ts';
import { escapeTyped } from '../../src/sandbox/slack-escape.ts';
import { namesOf, renderText } from '../../src/sandbox/slack-text.ts';
import { createWorkspace } from '../../src/sandbox/slack-workspace.ts';

const workspace = createWorkspace({
  users: [
    { id: 'U1', name: 'anna' },
    { id: 'U2', name: 'ben.b' },
    { id: 'U3', name: 'gone', deleted: true },
  ],
  channels: [{ id: 'C1', name: 'platform' }],
  userGroups: [{ id: 'S1', handle: 'approvers', users: ['anna'] }],
});

test.each([
  ['onboard payments-eu prod', 'onboard payments-eu prod'],
  ['for @anna and @ben.b.', 'for <@U1|anna> and <@U2|ben.b>.'],
  ['for @nobody or @gone', 'for @nobody or @gone'],
  ['for @approvers', 'for <!subteam^S1|@approvers>'],
  ['in #platform, not #nowhere', 'in <#C1|platform>, not #nowhere'],
  ['mail a.b+c@example.com.', 'mail <mailto:a.b+c@example.com|a.b+c@example.com>.'],
  ['see https://example.com/?a=1&b=2', 'see <https://example.com/?a=1&amp;b=2>'],
  ['a <b> & c', 'a &lt;b&gt; &amp; c'],
  ['', ''],
])('what is typed into a command is escaped: %s', (typed, escaped) => {
  expect(escapeTyped(workspace, typed, 'command')).toBe(escaped);
});

test('a message only points at who is mentioned', () => {
  expect(escapeTyped(workspace, '@anna in #platform', 'message')).toBe('<@U1> in <#C1>');
});

const rich = (text: string) => ({
  type: 'rich_text',
  elements: [
    {
      type: 'rich_text_section',
      elements: [
        { type: 'user', user_id: 'U1' },
        { type: 'text', text },
      ],
    },
    {
      type: 'rich_text_list',
      style: 'ordered',
      elements: [
        {
          type: 'rich_text_section',
          elements: [{ type: 'link', url: 'https://example.com', text: 'here' }],
        },
      ],
    },
  ],
});
const text = (markup: string) => ({ type: 'mrkdwn', text: markup });
const plain = (words: string) => ({ type: 'plain_text', text: words });

test('a message reads like what a person sees', () => {
  const { value: blocks } = checkBlocks(
    [
      { type: 'header', text: plain('Onboarding') },
      {
        type: 'plan',
        title: 'payments-eu prod',
        tasks: [
          {
            type: 'task_card',
            task_id: '1',
            title: 'Organization',
            status: 'complete',
            output: rich(' was there'),
          },
          {
            type: 'task_card',
            task_id: '2',
            title: 'Pull request',
            status: 'in_progress',
            sources: [{ type: 'url', url: 'https://example.com/1', text: '#1' }],
          },
          { type: 'task_card', task_id: '3', title: 'Invites', status: 'pending' },
        ],
      },
      {
        type: 'section',
        text: text('*Invites* for <mailto:a@b.de|a@b.de>, asked by <@U1> &amp; <!subteam^S1>'),
      },
      { type: 'context', elements: [text('in <#C1|platform>'), text('<!date^1^{date}|today>')] },
      { type: 'divider' },
      {
        type: 'actions',
        elements: [
          { type: 'button', action_id: 'a', text: plain('Approve') },
          { type: 'button', action_id: 'b', text: plain('Deny') },
        ],
      },
    ],
    { surface: 'message', refuseNewBlocks: false },
  );
  expect(renderText({ text: 'fallback', blocks: blocks ?? [] }, namesOf(workspace)).split('\n')).toEqual([
    'Onboarding',
    'payments-eu prod',
    '  [done] Organization',
    '    @anna was there',
    '    1. here (https://example.com)',
    '  [working] Pull request',
    '    #1 (https://example.com/1)',
    '  [waiting] Invites',
    'Invites for a@b.de, asked by @anna & @approvers',
    'in #platform  today',
    '-'.repeat(40),
    '[Approve] [Deny]',
  ]);
});

test('a message without blocks is read from its text, where names with underscores stay as they are', () => {
  const text = 'run `holt_run_1` of _holt_ ~now~ <!here> <https://example.com>: 2 &lt; 3, snake_case_name';
  expect(renderText({ text }, namesOf(workspace))).toBe(
    'run `holt_run_1` of holt now @here https://example.com: 2 < 3, snake_case_name',
  );
});
