import { readdirSync, readFileSync, statSync } from 'node:fs';
import { html } from 'hono/html';
import { describe, expect, it } from 'vitest';
import { drawBlocks, drawMessage, drawn } from '../../src/sandbox/page-blocks.ts';
import { type Act, actButton } from '../../src/sandbox/page-form.ts';
import { drawMrkdwn } from '../../src/sandbox/page-text.ts';
import { checkBlocks } from '../../src/sandbox/slack-blocks.ts';
import { declineView } from '../../src/slack/decline.ts';
import { type Message, messages } from '../../src/slack/messages.ts';
import { choiceView, reviewView } from '../../src/slack/review.ts';
import { gateOf, situations } from '../support/runs.ts';

const names = (id: string): string | undefined => ({ U0REQUESTER: '@rosa', S0PLATFORM: '@leads' })[id];
const press = (block: string, action: string): Act => ({
  act: 'press',
  channel: 'C1',
  ts: '1.2',
  block,
  action,
});
const reading = { id: '1.2', names, press };

async function say({ text, blocks: given }: Pick<Message, 'text' | 'blocks'>): Promise<string> {
  const { value: blocks = [] } = checkBlocks(given, { surface: 'message', refuseNewBlocks: false });
  return String(await drawMessage({ text, blocks }, reading));
}

/** What is no part of Block Kit: an event's type, and the kind of a source. */
const others = ['block_actions', 'block_suggestion', 'url'];

describe('the page draws', () => {
  it('what the bot’s code uses of Block Kit, and nothing else', () => {
    const code = readdirSync('src/slack', { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => readFileSync(`src/slack/${file}`, 'utf8'));
    const used = [...code.join('\n').matchAll(/\btype: '(\w+)'/g)].map(match => match[1] ?? '');
    expect([...new Set(used)].filter(type => !others.includes(type)).toSorted()).toEqual(drawn.toSorted());
  });

  it.each(Object.entries(situations))('all that is said of a run that %s', async (_what, run) => {
    for (const message of messages(run, {})) {
      const said = await say(message);
      expect(said).not.toContain('not drawn');
      expect(said).not.toContain('undefined');
    }
  });

  it('the modals of an approval', async () => {
    const [run] = Object.values(situations);
    if (run === undefined) throw new Error('there is no run');
    for (const view of [reviewView(run, gateOf()), choiceView(run, gateOf()), declineView(run, gateOf())]) {
      const { value = [] } = checkBlocks(view.blocks, { surface: 'modal', refuseNewBlocks: false });
      expect(String(await drawBlocks(value, reading))).not.toContain('not drawn');
    }
  });

  it('what it does not know as such', async () => {
    const { value = [] } = checkBlocks([{ type: 'divider' }], { surface: 'message', refuseNewBlocks: false });
    expect(String(await drawBlocks(value, reading))).toContain('divider is not drawn');
  });

  it.each([
    [
      '*bold* and _slanted_ and ~gone~ and `code`',
      '<b>bold</b> and <i>slanted</i> and <s>gone</s> and <code>code</code>',
    ],
    ['snake_case_name and 2*3*4', 'snake_case_name and 2*3*4'],
    ['one\ntwo', 'one<br>two'],
    [
      '*a*\n```\n+ a: &lt;*b*&gt;\n  c\n```\nd',
      '<b>a</b><br><code class="block">+ a: &lt;*b*&gt;\n  c</code><br>d',
    ],
    [
      '<@U0REQUESTER> and <!subteam^S0PLATFORM>',
      '<span class="mention">@rosa</span> and <span class="mention">@leads</span>',
    ],
    [
      '<https://a.example/?x=1&amp;y=2|here>',
      '<a href="https://a.example/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">here</a>',
    ],
    [
      '<https://sandbox.slack.com/archives/C1/p1700000000123456|Its thread>',
      '<a href="#m-1700000000.123456">Its thread</a>',
    ],
    ['<javascript:alert(1)|here>', 'here'],
    ['&lt;b&gt; &amp; "quotes"', '&lt;b&gt; &amp; &quot;quotes&quot;'],
    ['<!date^1700000000^{nobody_knows}|2023>', '<time datetime="2023-11-14T22:13:20.000Z">2023</time>'],
  ])('%s as Slack shows it', async (text, shown) => {
    expect(String(await drawMrkdwn(text, names))).toBe(shown);
  });

  it('today as such', async () => {
    const now = Math.floor(Date.now() / 1000);
    expect(String(await drawMrkdwn(`<!date^${now}^{date_short_pretty} at {time}|now>`, names))).toMatch(
      />today at \d\d:\d\d</,
    );
  });

  it('nothing that somebody wrote as markup of its own', async () => {
    const hostile = '"><script>alert(1)</script>';
    const button = actButton({ act: 'close', view: hostile }, hostile, { label: hostile });
    for (const drawn of [
      await html`${button}`,
      await drawMrkdwn(`*${hostile}* <https://a.example/${hostile}|${hostile}>`, names),
    ])
      expect(String(drawn)).not.toMatch(/<script|"">/);
  });
});

describe('what the browser gets', () => {
  const folder = 'src/sandbox/page';
  const files = readdirSync(folder).map(file => `${folder}/${file}`);

  it('weighs little', () => {
    expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(40_000);
  });

  it.each(files)('takes nothing from elsewhere: %s', file => {
    const addresses = readFileSync(file, 'utf8').match(/https?:\/\/[^"' ]+|@import|\bimport\s|url\(/g) ?? [];
    expect(addresses.filter(each => each !== 'http://www.w3.org/2000/svg')).toEqual([]);
  });
});
