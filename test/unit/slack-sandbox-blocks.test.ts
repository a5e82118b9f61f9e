import type { KnownBlock, ModalView } from '@slack/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBlocks, checkView, elementsOf, readableLength } from '../../src/sandbox/slack-blocks.ts';

const message = { surface: 'message', refuseNewBlocks: false } as const;
const problems = (blocks: unknown, rules: Parameters<typeof checkBlocks>[1] = message) =>
  checkBlocks(blocks, rules).problems ?? [];

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn' as const, text });
const rich = (text: string) => ({
  type: 'rich_text' as const,
  elements: [{ type: 'rich_text_section' as const, elements: [{ type: 'text' as const, text }] }],
});
const section = (text: string) => ({ type: 'section' as const, text: mrkdwn(text) });
const button = (more: object = {}) => ({ type: 'button', action_id: 'go', text: plain('Go'), ...more });
const actions = (...elements: unknown[]) => ({ type: 'actions', elements });
const option = (value: string) => ({ text: plain(value), value });
const select = (count: number) => ({
  type: 'static_select',
  options: Array.from({ length: count }, (_, index) => option(`${index}`)),
});
const task = (more: object = {}) => ({
  type: 'task_card' as const,
  task_id: 'vault',
  title: 'Store credentials',
  status: 'pending' as const,
  ...more,
});

test('takes what the types of the SDK describe, and makes up the ids that are left out', () => {
  const blocks = [
    { type: 'header', text: plain('Onboarding') },
    {
      type: 'plan',
      title: 'payments-eu',
      tasks: [
        task({
          details: rich('two secrets'),
          output: rich('done'),
          sources: [{ type: 'url', url: 'https://example.com', text: 'PR' }],
        }),
      ],
    },
    {
      type: 'section',
      text: mrkdwn('*hello*'),
      accessory: { type: 'button', text: plain('More'), value: 'x' },
    },
    { type: 'section', fields: [mrkdwn('a'), plain('b')], expand: true },
    {
      type: 'actions',
      elements: [{ type: 'button', action_id: 'approve', text: plain('Approve'), style: 'primary' }],
    },
    { type: 'context', elements: [mrkdwn('by <@U1>')] },
    { type: 'markdown', text: '# Report' },
    { type: 'divider', block_id: 'line' },
    rich('the end'),
  ] satisfies KnownBlock[];
  const { value = [] } = checkBlocks(blocks, message);
  expect(value).toHaveLength(blocks.length);
  expect(new Set(value.map(({ block_id }) => block_id)).size).toBe(blocks.length);
  expect(value[7]?.block_id).toBe('line');
  expect(elementsOf(value).map(({ element }) => element.type)).toEqual(['button', 'button']);
});

test('names what is wrong and where', () => {
  expect(problems([{ type: 'nonsense' }])).toEqual([
    'unsupported type: nonsense [json-pointer:/blocks/0/type]',
  ]);
  expect(problems([{ type: 'divider', color: 'red' }])).toEqual([
    'invalid additional property: color [json-pointer:/blocks/0]',
  ]);
  expect(problems([section('x'.repeat(3001))])).toEqual([
    'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  ]);
  expect(problems([section('')])).toEqual([
    'must be more than 0 characters [json-pointer:/blocks/0/text/text]',
  ]);
});

const atTheLimit: [string, (more: number) => unknown[]][] = [
  ['50 blocks', more => Array.from({ length: 50 + more }, () => ({ type: 'divider' }))],
  ['3000 characters of a section', more => [section('x'.repeat(3000 + more))]],
  ['10 fields', more => [{ type: 'section', fields: Array.from({ length: 10 + more }, () => plain('x')) }]],
  ['2000 characters of a field', more => [{ type: 'section', fields: [plain('x'.repeat(2000 + more))] }]],
  ['150 characters of a header', more => [{ type: 'header', text: plain('x'.repeat(150 + more)) }]],
  [
    '10 parts of a context',
    more => [{ type: 'context', elements: Array.from({ length: 10 + more }, () => mrkdwn('x')) }],
  ],
  [
    '25 elements',
    more => [actions(...Array.from({ length: 25 + more }, (_, index) => button({ action_id: `${index}` })))],
  ],
  ['75 characters on a button', more => [actions(button({ text: plain('x'.repeat(75 + more)) }))]],
  ['2000 characters of a value', more => [actions(button({ value: 'x'.repeat(2000 + more) }))]],
  ['255 characters of an action_id', more => [actions(button({ action_id: 'x'.repeat(255 + more) }))]],
  ['255 characters of a block_id', more => [{ type: 'divider', block_id: 'x'.repeat(255 + more) }]],
  ['100 options', more => [actions(select(100 + more))]],
  [
    '75 characters of an option',
    more => [actions({ ...select(1), options: [option('x'.repeat(75 + more))] })],
  ],
  ['5 entries of an overflow', more => [actions({ ...select(5 + more), type: 'overflow' })]],
  ['10 radio buttons', more => [actions({ ...select(10 + more), type: 'radio_buttons' })]],
  [
    '12000 characters of markdown',
    more => [
      { type: 'markdown', text: 'x'.repeat(6000) },
      { type: 'markdown', text: 'x'.repeat(6000 + more) },
    ],
  ],
];

test.each(atTheLimit)('takes %s and not one more', (_, blocks) => {
  expect(problems(blocks(0))).toEqual([]);
  expect(problems(blocks(1))).not.toEqual([]);
});

test('counts code points', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 140, maxLength: 160 }), text => {
      const fits = Array.from(text).length <= 150;
      expect(problems([{ type: 'header', text: plain(text) }]).length === 0).toBe(fits);
    }),
  );
});

test('refuses ids that occur twice', () => {
  expect(
    problems([
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ]),
  ).toHaveLength(1);
  expect(problems([actions(button(), button())])).toHaveLength(1);
});

test.each([
  ['a section without anything', { type: 'section' }],
  ['a button with marked-up text', actions(button({ text: mrkdwn('*x*') }))],
  ['a button of an unknown style', actions(button({ style: 'warning' }))],
  ['a plan with a button inside', { type: 'plan', title: 'x', tasks: [button()] }],
  ['a plan with a text object for a title', { type: 'plan', title: plain('x') }],
  ['a task card of an unknown state', task({ status: 'done' })],
  ['an input', { type: 'input', label: plain('x'), element: { type: 'plain_text_input' } }],
  ['a text input among actions', actions({ type: 'plain_text_input' })],
])('refuses %s in a message', (_, block) => {
  expect(problems([block])).not.toEqual([]);
});

test('an older workspace knows neither plan nor task_card', () => {
  const older = { surface: 'message', refuseNewBlocks: true } as const;
  expect(problems([{ type: 'plan', title: 'x' }, task()], older)).toEqual([
    'unsupported type: plan [json-pointer:/blocks/0/type]',
    'unsupported type: task_card [json-pointer:/blocks/1/type]',
  ]);
  expect(problems([section('x')], older)).toEqual([]);
});

test('measures what is read', () => {
  expect(readableLength([section('abc'), { type: 'plan', title: 'de', tasks: [task({ title: 'f' })] }])).toBe(
    6,
  );
});

describe('a modal', () => {
  const modal = (more: object = {}) =>
    ({
      type: 'modal',
      title: plain('Deny'),
      submit: plain('Send'),
      blocks: [
        {
          type: 'input',
          block_id: 'reason',
          label: plain('Reason'),
          element: { type: 'plain_text_input', multiline: true, max_length: 500 },
        },
      ],
      ...more,
    }) satisfies ModalView;

  test('takes inputs', () => {
    expect(checkView(modal()).problems).toBeUndefined();
    expect(
      checkView(modal({ private_metadata: 'x'.repeat(3000), callback_id: 'deny' })).problems,
    ).toBeUndefined();
  });

  test.each([
    ['a title of 25 characters', { title: plain('x'.repeat(25)) }, '/view/title/text'],
    ['no way to submit its inputs', { submit: undefined }, '/view/submit'],
    ['private metadata of 3001 characters', { private_metadata: 'x'.repeat(3001) }, '/view/private_metadata'],
    ['101 blocks', { blocks: Array.from({ length: 101 }, () => ({ type: 'divider' })) }, '/view/blocks'],
    ['a plan', { blocks: [{ type: 'plan', title: 'x' }] }, '/view/blocks/0/type'],
  ])('with %s is refused', (_, more, where) => {
    expect(checkView(modal(more)).problems).toEqual([expect.stringContaining(`[json-pointer:${where}]`)]);
  });
});
