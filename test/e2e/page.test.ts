import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, openBrowser } from '../support/browser.ts';
import { type Demo, startDemo } from '../support/demo.ts';

const patienceMs = 60_000;
const storyMs = 300_000;
/** Where pictures go, when they are asked for. */
const pictures = process.env['HOLT_PICTURES'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const seen = (locator: Locator) => locator.first().waitFor();
const field = (page: Page) => page.getByRole('textbox', { name: /^Message/ });
const button = (page: Page, name: string) => page.getByRole('button', { name });
const onlyFor = (page: Page, words: string) =>
  page.getByRole('listitem').filter({ hasText: 'Only visible to you' }).filter({ hasText: words });

async function type(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await page.screenshot({ path: `${pictures}/${name}.png`, animations: 'disabled', caret: 'hide' });
}

/** What axe finds wrong, in light and in dark. */
async function flaws(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    found.push(
      ...violations.map(
        ({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
      ),
    );
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

describe.skipIf(!browserAvailable)('the page in a browser', { timeout: storyMs }, () => {
  let demo: Demo;
  let context: BrowserContext;
  let closeBrowser: () => Promise<void>;
  const trouble: string[] = [];
  const figures: Record<string, number> = {};

  beforeAll(async () => {
    demo = await startDemo();
    ({ context, close: closeBrowser } = await openBrowser());
    context.setDefaultTimeout(patienceMs);
    context.on('weberror', event => trouble.push(event.error().message));
    context.on('console', message => {
      if (message.type() === 'error') trouble.push(message.text());
    });
    context.on('request', request => {
      if (!request.url().startsWith(demo.url)) trouble.push(`asks ${request.url()}`);
    });
  });
  afterEach(async () => {
    if (trouble.length > 0) throw new Error(trouble.splice(0).join('\n'));
    for (const page of context.pages().slice(1)) await page.close();
  });
  afterAll(async () => {
    console.log(
      Object.entries(figures)
        .map(([what, ms]) => `${what}: ${Math.round(ms)} ms`)
        .join('; '),
    );
    await closeBrowser();
    await demo.stop();
  });

  async function as(person: string, where = 'platform'): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${demo.url}/?as=${person}&in=${where}`);
    await page.locator('html[data-live]').waitFor();
    await seen(page.getByText('Holt is running'));
    return page;
  }

  /** How long until something is seen, from the deed on. */
  async function timed(what: string, deed: () => Promise<unknown>, locator: Locator): Promise<void> {
    const started = performance.now();
    await deed();
    await seen(locator);
    figures[what] = performance.now() - started;
  }

  it('tells the whole story by two people, from typing to merged', async () => {
    const rosa = await context.newPage();
    await timed('page ready', () => rosa.goto(demo.url), rosa.locator('html[data-live]'));
    await seen(rosa.getByText('Holt is running'));
    await button(rosa, 'onboard <cluster>').click();
    await picture(rosa, '1-type');
    const root = rosa.getByText('Onboarding payments-eu prod', { exact: true });
    await timed('command to first progress', () => rosa.keyboard.press('Enter'), root);
    const approve = button(rosa, 'Approve these invites');
    await seen(approve);

    // A reload in the middle loses nothing, not even what was being typed.
    await field(rosa).fill('half a thought');
    const before = await rosa.getByRole('log').getByRole('listitem').count();
    await rosa.reload();
    await seen(approve);
    expect(await field(rosa).inputValue()).toBe('half a thought');
    expect(await rosa.getByRole('log').getByRole('listitem').count()).toBeGreaterThanOrEqual(before);
    await field(rosa).fill('');
    await seen(rosa.getByText('#1 opened'));
    await rosa.getByRole('log').press('Home');
    await expect.poll(() => rosa.evaluate('document.getElementById("log").scrollTop')).toBe(0);
    await field(rosa).focus();
    await picture(rosa, '2-thread');

    const noor = await as('noor');
    const review = noor.getByRole('dialog', { name: 'People to invite' });
    await timed('click to modal', () => button(noor, 'Review the people').click(), review);
    await seen(review.getByText('ben.okafor@harbour.example'));
    await picture(noor, '3-review');
    expect(await flaws(noor)).toEqual([]);
    await noor.keyboard.press('Escape');
    await review.waitFor({ state: 'detached' });
    await timed(
      'click to answer',
      () => button(noor, 'Approve these invites').click(),
      onlyFor(noor, 'the invites go out'),
    );
    await seen(rosa.getByText('3 people invited'));
    await seen(rosa.getByText('Onboarding payments-eu prod is done.'));
    expect(await onlyFor(rosa, 'the invites go out').count()).toBe(0);
    await picture(rosa, '4-done');

    await rosa.getByText('Files changed').click();
    await seen(rosa.getByRole('heading', { name: /values\.yaml$/ }));
    expect(await rosa.locator('ins').count()).toBeGreaterThan(5);
    await picture(rosa, '5-merge');
    expect(await flaws(rosa)).toEqual([]);
    await timed(
      'click to merged',
      () => button(rosa, 'Merge pull request #1').click(),
      rosa.getByText('merged', { exact: true }),
    );

    await type(rosa, '/otterize onboard payments-eu prod');
    await seen(rosa.getByText('everything is in place'));

    const anna = await as('anna', 'holt');
    await seen(anna.getByText('You are invited to the organization'));
  });

  it('refuses whoever has no rights, and tells only them', async () => {
    const [rosa, emil] = [await as('rosa'), await as('emil')];
    await type(emil, '/otterize onboard payments-us prod');
    await seen(onlyFor(emil, 'You are not among those who may onboard payments-us'));
    await type(rosa, '/otterize onboard payments-us dev');
    await button(emil, 'Approve these invites').click();
    await seen(onlyFor(emil, 'You are not among the approvers'));
    expect(await onlyFor(rosa, 'You are not among').count()).toBe(0);
    await button(emil, 'Approve these invites').waitFor();

    const noor = await as('noor');
    await button(noor, 'Decline these invites').click();
    const why = noor.getByRole('dialog', { name: 'Decline the invites' });
    await why.getByRole('button', { name: 'Go back' }).click();
    await why.waitFor({ state: 'detached' });
    await button(noor, 'Decline these invites').click();
    await seen(why);
    expect(await noor.evaluate('document.activeElement?.tagName')).toBe('TEXTAREA');
    await why.getByRole('button', { name: 'Decline' }).click();
    await seen(why.getByText('Please complete this required field.'));
    expect(await why.getByRole('textbox', { name: 'Why?' }).getAttribute('aria-invalid')).toBe('true');
    expect(await flaws(noor)).toEqual([]);
    await picture(noor, '8-decline');
    await noor.keyboard.type('Only two of them are on the team');
    await noor.keyboard.press('Tab');
    await noor.keyboard.press('Tab');
    await noor.keyboard.press('Enter');
    await why.waitFor({ state: 'detached' });
    await seen(onlyFor(noor, 'You declined'));
    await seen(rosa.getByText('“Only two of them are on the team”'));
    await seen(rosa.getByText('The invites were declined'));
  });

  it('invites those alone who stay ticked', async () => {
    const [rosa, noor] = [await as('rosa'), await as('noor')];
    await type(rosa, '/otterize onboard payments-us dev');
    await button(noor, 'Review the people').last().click();
    const review = noor.getByRole('dialog', { name: 'People to invite' });
    const boxes = review.getByRole('checkbox');
    await seen(boxes);
    expect(await boxes.count()).toBe(3);
    expect(await flaws(noor)).toEqual([]);
    for (const box of await boxes.all()) await box.uncheck();
    await review.getByRole('button', { name: 'Approve' }).click();
    await seen(review.getByText('Nobody is ticked'));
    expect(await flaws(noor)).toEqual([]);
    // What was unticked stays so, whatever the page has drawn meanwhile.
    expect(await review.getByRole('checkbox', { checked: true }).count()).toBe(0);
    for (const box of (await boxes.all()).slice(0, 2)) {
      await box.focus();
      await noor.keyboard.press('Space');
    }
    await review.getByRole('button', { name: 'Approve' }).click();
    await review.waitFor({ state: 'detached' });
    await seen(onlyFor(noor, 'the invites go out'));
    await seen(rosa.getByText('Left out by @noor'));
    await seen(rosa.getByText('2 people invited'));
    // Nothing of the form is taken for a message that was being typed.
    await noor.reload();
    await seen(noor.getByText('2 people invited'));
    expect(await field(noor).inputValue()).toBe('');
  });

  it('lets nobody approve what they asked for, and works by keyboard alone', async () => {
    const noor = await as('noor');
    await field(noor).focus();
    await noor.keyboard.type('/otterize onboard billing-eu prod');
    await noor.keyboard.press('Enter');
    await seen(button(noor, 'Approve these invites'));
    await seen(noor.getByText('The pull request for billing-eu prod is open'));
    // Backwards from the message field, the last button of the thread is Decline, and Approve stands before it.
    const focusedLabel = () => noor.evaluate('document.activeElement?.getAttribute("aria-label")');
    for (let steps = 0; (await focusedLabel()) !== 'Approve these invites'; steps += 1) {
      if (steps > 60) throw new Error('the keyboard does not reach Approve');
      await noor.keyboard.press('Shift+Tab');
    }
    await noor.keyboard.press('Enter');
    await seen(onlyFor(noor, 'You asked for this yourself'));
    expect(await focusedLabel()).toBe('Approve these invites');
  });

  it('takes words in a thread, and in the direct messages', async () => {
    const rosa = await as('rosa');
    const thread = rosa.locator('li').filter({ hasText: 'Onboarding payments-eu prod' }).first();
    const reply = thread.getByRole('textbox', { name: 'Reply in this thread' });
    await reply.fill('/otterize status');
    await rosa.keyboard.press('Enter');
    await seen(rosa.getByText('Slack takes no commands in threads'));
    await reply.fill('@holt status');
    await rosa.keyboard.press('Enter');
    await seen(onlyFor(rosa, 'Onboarding payments-eu prod:'));
    await rosa.getByRole('link', { name: /^Holt/ }).first().click();
    await rosa.locator('html[data-live]').waitFor();
    await type(rosa, 'whoami');
    await seen(rosa.getByText('You may onboard at'));
    expect(await flaws(rosa)).toEqual([]);
  });

  it('onboards by the form, from the command and from the Home tab', async () => {
    const rosa = await as('rosa');
    await type(rosa, '/otterize onboard');
    const form = rosa.getByRole('dialog', { name: 'Onboard a cluster' });
    const cluster = form.getByRole('combobox', { name: 'Cluster' });
    const stage = form.getByRole('combobox', { name: 'Stage' });
    await cluster.fill('payments-u');
    await expect
      .poll(() =>
        form
          .locator('datalist')
          .first()
          .locator('option')
          .evaluateAll(all => all.length),
      )
      .toBe(1);
    await stage.fill('nonsense');
    await stage.press('Tab');
    await form.getByRole('button', { name: 'Preview' }).click();
    await seen(form.getByText('I do not know the cluster payments-u.'));
    expect(await flaws(rosa)).toEqual([]);
    // Closed by accident, it opens again as it was.
    await rosa.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });

    const home = await as('rosa', 'home');
    await button(home, 'New onboarding').click();
    const again = home.getByRole('dialog', { name: 'Onboard a cluster' });
    await seen(again);
    expect(await again.getByRole('combobox', { name: 'Stage' }).inputValue()).toBe('nonsense');
    await again.getByRole('combobox', { name: 'Cluster' }).fill('payments-us');
    await again.getByRole('combobox', { name: 'Stage' }).fill('dev');
    await again.getByRole('combobox', { name: 'Channel' }).selectOption('#platform');
    await picture(home, '9-form');
    await again.getByRole('button', { name: 'Preview' }).click();
    await seen(again.getByText('Start the onboarding of payments-us dev?'));
    await again.getByRole('button', { name: 'Start' }).click();
    await again.waitFor({ state: 'detached' });
    await seen(home.getByText('payments-us dev').first());
    expect(await flaws(home)).toEqual([]);
    await picture(home, '10-home');
    await seen(rosa.getByText('Onboarding payments-us dev', { exact: true }));
  });

  it('shows how Holt takes a vault that forbids, a limit of GitHub, and its own death', async () => {
    const rosa = await as('rosa');
    await rosa.getByRole('heading', { name: 'Make something fail' }).click();
    const forbid = button(rosa, 'Key Vault answers 403');
    await forbid.click();
    await seen(rosa.locator('button[aria-pressed=true]'));
    await type(rosa, '/otterize onboard billing-eu dev');
    await seen(rosa.getByText('Onboarding billing-eu dev failed.'));
    await picture(rosa, '6-failure');
    await forbid.click();
    await seen(rosa.locator('button[aria-pressed=false]').first());
    await button(rosa, 'GitHub’s secondary limit').click();
    await button(rosa, 'Kill Holt').click();
    await seen(rosa.getByText('Holt is starting'));
    await seen(rosa.getByText('Holt is running'));
    await button(rosa, 'Retry the failed steps').last().click();
    await seen(rosa.getByText('Trying again today at'));
    expect(await rosa.getByText('Holt is running').count()).toBe(1);
  });

  it('fits a narrow screen', async () => {
    const rosa = await as('rosa');
    await rosa.setViewportSize({ width: 360, height: 700 });
    expect(await rosa.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await flaws(rosa)).toEqual([]);
    await picture(rosa, '7-narrow');
  });
});
