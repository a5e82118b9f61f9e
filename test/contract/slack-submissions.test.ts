import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../src/sandbox/slack-state.ts';
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
    expect(JSON.stringify(open)).toContain('decided already');
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
