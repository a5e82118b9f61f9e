import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { boxOf } from '../../src/slack/review.ts';
import { approver, requester, secondApprover } from '../support/builders.ts';
import { openSlackHouse, other, type SlackHouse, stranger } from '../support/slack-house.ts';

let house: SlackHouse;
let asked: Message;

beforeEach(async () => {
  house = await openSlackHouse();
  await house.type('onboard payments-eu prod');
  await house.settled(({ status }) => status === 'waiting');
  asked = await house.message('approval-1', /payments-eu prod/);
});
afterEach(() => house.close());

const gate = async () => (await house.newest()).gates.at(-1);

describe('Decline', () => {
  it('asks why, and everybody reads it, as words and nothing else', async () => {
    const view = await house.open(approver, asked, 'decline');
    expect((await gate())?.votes).toEqual([]);
    const reason = 'Too many people \u202e <!channel> <@U0OTTO> &amp; *co*';
    expect(await house.slack.submitView(approver, view.id, { reason })).toEqual({
      acknowledged: true,
      open: [],
    });
    await house.told(approver, /You declined/);
    const run = await house.settled(({ status }) => status === 'done');
    expect(run.gates[0]?.votes).toMatchObject([
      { by: approver, verdict: 'decline', reason: 'Too many people <!channel> <@U0OTTO> & co' },
    ]);
    const message = await house.message('approval-1', /Declined by/);
    expect(JSON.stringify(message)).toContain('&lt;!channel&gt; &lt;@U0OTTO&gt; &amp; co”');
    expect(JSON.stringify(message)).not.toMatch(/<!channel>|<@U0OTTO>/);
    expect(house.world.mutating().filter(name => name.startsWith('invite'))).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['what cannot be seen', ' \u200b\u00a0 '],
    ['a full stop of marks', '** __'],
  ])('does not take %s for a reason, and nothing is decided', async (_what, reason) => {
    const view = await house.open(approver, asked, 'decline');
    const { errors, open } = await house.slack.submitView(approver, view.id, { reason });
    expect(errors).toEqual({ reason: expect.stringMatching(/\S/) });
    expect(open).toHaveLength(1);
    expect((await gate())?.votes).toEqual([]);
  });

  it('is not opened for those who could not decline', async () => {
    for (const [user, words] of [
      [other, 'not among the approvers'],
      [requester, 'asked for this yourself|not among the approvers'],
    ] as const)
      expect(await house.press(user, asked, 'decline')).toMatch(new RegExp(words));
    expect(house.slack.views(other)).toEqual([]);
  });

  it('is refused in the modal when somebody else was faster, and says so', async () => {
    const view = await house.open(approver, asked, 'decline');
    await house.press(secondApprover, asked, 'approve');
    const { open } = await house.slack.submitView(approver, view.id, { reason: 'Too late' });
    expect(JSON.stringify(open)).toMatch(new RegExp(`decided already\\. Approved by <@${secondApprover}>`));
    expect((await gate())?.votes).toHaveLength(1);
  });
});

const values = { reason: { reason: { type: 'plain_text_input', value: 'No.' } } };
const claimOf = async () => {
  const run = await house.newest();
  return { run: run.id, digest: run.gates[0]?.digest };
};

const forge = async (user: string, view: Record<string, unknown> = {}) =>
  JSON.stringify(
    await house.slack.forgeSubmission(user, {
      callback_id: 'decline-because',
      private_metadata: JSON.stringify(await claimOf()),
      state: { values },
      ...view,
    }),
  );

describe('a submission', () => {
  it('that claims something else, or comes from somebody without a right, changes nothing and is answered', async () => {
    const claim = await claimOf();
    const before = await house.newest();
    for (const private_metadata of [
      '',
      'null',
      '{}',
      JSON.stringify({ ...claim, run: 'run-of-nobody' }),
      JSON.stringify({ ...claim, digest: 'f'.repeat(64) }),
      JSON.stringify({ ...claim, more: 1 }),
    ])
      expect(await forge(approver, { private_metadata })).toContain('does not belong to anything');
    expect(await forge(approver, { callback_id: 'decline' })).toContain('do not know this form');
    expect(await forge(approver, { state: { values: { reason: { reason: { value: 7 } } } } })).toContain(
      'errors',
    );
    expect(
      await forge(approver, { state: { values: { reason: { reason: { value: 'x'.repeat(301) } } } } }),
    ).toContain('300');
    expect(await forge(other)).toContain('not among the approvers');
    expect(await forge(stranger)).toContain('does not belong to your workspace');
    expect(await house.newest()).toEqual(before);
  });

  it('after the end is refused', async () => {
    await house.type('cancel payments-eu prod');
    await house.settled(({ status }) => status === 'cancelled');
    expect(await forge(approver)).toContain('ended');
    expect((await gate())?.state).toBe('void');
  });

  it('after the deadline is refused', async () => {
    house.clock.aheadMs += 86_400_000;
    expect(await forge(approver)).toMatch(/in time/);
    house.clock.aheadMs -= 86_400_000;
  });

  it('is answered at its field, with nothing lost, while the records do not answer', async () => {
    const view = await house.open(approver, asked, 'decline');
    house.silence.memory = true;
    const { errors, open } = await house.slack.submitView(approver, view.id, { reason: 'No.' });
    house.silence.memory = false;
    expect(errors).toEqual({ reason: expect.stringContaining('did not answer in time') });
    expect(open).toMatchObject([{ id: view.id }]);
    expect((await gate())?.votes).toEqual([]);
  });
});

const anna = 'anna.meyer@harbour.example';
const ben = 'ben.okafor@harbour.example';
const invited = (): string[] => house.world.mutating().filter(name => name.startsWith('invite'));
const approved = async (user: string, view: Record<string, unknown>) =>
  forge(user, { callback_id: 'approve-those', ...view });
const ticking = (...those: unknown[]) => ({
  state: {
    values: {
      'people-1': { 'people-1': { selected_options: those.map(value => ({ value })) } },
    },
  },
});

describe('Review', () => {
  it('approves for those who are ticked, and nobody else is invited', async () => {
    const view = await house.open(approver, asked, 'review');
    const { open } = await house.slack.submitView(approver, view.id, { 'people-1': [boxOf(anna)] });
    expect(open).toEqual([]);
    await house.told(approver, /the invites go out/);
    const run = await house.settled(({ status }) => status === 'done');
    expect(run.gates[0]?.votes).toMatchObject([{ by: approver, without: [ben] }]);
    expect(invited()).toEqual([`invite ${anna}`]);
    await house.message('approval-1', /Approved by @noor[^]*Left out by @noor: Ben Okafor/);
  });

  it('approves for everybody as it stands', async () => {
    const view = await house.open(approver, asked, 'review');
    await house.slack.submitView(approver, view.id, {});
    const run = await house.settled(({ status }) => status === 'done');
    expect(run.facts.approval).not.toHaveProperty('without');
    expect(invited().toSorted()).toEqual([`invite ${anna}`, `invite ${ben}`]);
  });

  it('with nobody ticked decides nothing and points at Decline', async () => {
    const view = await house.open(approver, asked, 'review');
    const { errors } = await house.slack.submitView(approver, view.id, { 'people-1': [] });
    expect(errors).toEqual({ 'people-1': expect.stringContaining('Decline') });
    expect((await gate())?.votes).toEqual([]);
  });

  it('is to be had in the Home tab, for the thread may be where nobody else can go', async () => {
    const { slack } = house;
    const homeOf = async (user: string) => {
      await slack.openHome(user);
      return vi.waitUntil(() => slack.home(user), { timeout: 20_000 });
    };
    const home = await homeOf(approver);
    expect(JSON.stringify(home.blocks)).toContain('payments-eu prod: invite 2 people');
    expect(JSON.stringify((await homeOf(requester)).blocks)).not.toContain('"review"');
    await slack.click(approver, { view: home.id }, 'review');
    const view = await vi.waitUntil(() => slack.views(approver).at(-1), { timeout: 20_000 });
    await slack.submitView(approver, view.id, { 'people-1': [boxOf(ben)] });
    await house.settled(({ status }) => status === 'done');
    expect(invited()).toEqual([`invite ${ben}`]);
    // Whoever was never shown it is refused: what a press says of itself is a claim.
    const { run: id } = JSON.parse(view.private_metadata) as { run: string };
    for (const value of [
      '{}',
      JSON.stringify({ run: id, digest: 'x' }),
      JSON.stringify({ run: 'run-x', digest: 'd' }),
    ])
      await slack.forge(approver, { view: home.id }, { action_id: 'review', value });
    await slack.forge(
      other,
      { view: (await homeOf(other)).id },
      { action_id: 'review', value: view.private_metadata },
    );
    expect(slack.views(other)).toEqual([]);
    expect(slack.views(approver)).toEqual([]);
  });

  it('has no boxes for those who may look and not decide', async () => {
    const view = await house.open(requester, asked, 'review');
    expect(JSON.stringify(view.blocks)).toContain(anna);
    expect(JSON.stringify(view)).not.toMatch(/checkboxes|"submit"/);
    await house.press(other, asked, 'review');
    expect(house.slack.views(other)).toEqual([]);
  });

  it('takes no box that it does not have, from nobody without a right, and not when it is over', async () => {
    const before = await house.newest();
    for (const box of ['x', anna, boxOf('eve@harbour.example'), '__proto__'])
      expect(await approved(approver, ticking(boxOf(anna), box))).toContain('does not belong to anything');
    for (const state of [
      {},
      { values: 7 },
      { values: { 'people-1': { 'people-1': { selected_options: 'all' } } } },
    ])
      expect(await approved(approver, { state })).toContain('Nobody is ticked');
    expect(await approved(other, ticking(boxOf(anna)))).toContain('not among the approvers');
    expect(await approved(requester, ticking(boxOf(anna)))).toMatch(/not among|asked for this yourself/);
    expect(await house.newest()).toEqual(before);
    await house.press(secondApprover, asked, 'approve');
    expect(await approved(approver, ticking(boxOf(anna)))).toContain('decided already');
    expect((await gate())?.votes).toHaveLength(1);
  });
});
