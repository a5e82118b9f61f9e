import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Run } from '../../src/onboarding/run.ts';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { roleOf } from '../../src/sandbox/story.ts';
import { approver, requester, secondApprover } from '../support/builders.ts';
import { lead, openSlackHouse, other, type SlackHouse, team } from '../support/slack-house.ts';
import { failure, person } from '../support/world.ts';

let house: SlackHouse;

beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(async () => await house.close());

const onboard = (stage: string, more = '') => house.type(`onboard payments-eu ${stage}${more}`);
const done = () => house.settled(({ status }) => status === 'done');
const request = async (stage = 'prod') => {
  await onboard(stage);
  return house.message('approval-1', /may 2 people be invited/);
};
const invited = (run: Run) => run.facts.invites?.sent.map(({ address }) => address);
const everybody = ['anna.meyer@harbour.example', 'ben.okafor@harbour.example'];

describe('a thread', () => {
  it('is one message that follows the run, then the link, and ends with the link', async () => {
    const asked = await request();
    const [before] = house.roots();
    expect(house.slack.renderText(before ?? asked)).toMatch(/Waiting for an approval/);
    await house.press(approver, asked, 'approve');
    await done();
    const root = await house.message('root', /Done/);
    expect(root.ts).toBe(before?.ts);
    const link = /harbour\/clusters#1 \(https:\/\/git\.example\/1\)/;
    await house.message('pull-request', link);
    const ended = await house.message('ended', /ben\.okafor@harbour\.example/);
    expect(ended.subtype).toBeUndefined();
    expect(house.slack.renderText(house.slack.thread('platform', root.ts).at(-1) ?? root)).toMatch(
      /https:\/\/git\.example\/1/,
    );
    expect(house.roots()).toHaveLength(1);
  });

  it('has its end in the channel too where holt.yaml says so, and nothing else', async () => {
    const asked = await request('strict');
    for (const user of [approver, secondApprover]) await house.press(user, asked, 'approve');
    await done();
    await house.message('ended', /is done/);
    const shown = house.slack.messages('platform').filter(({ subtype }) => subtype === 'thread_broadcast');
    expect(shown.map(roleOf)).toEqual(['ended']);
  });

  it('names people; their addresses are shown to none but whoever may see them', async () => {
    const asked = await request();
    expect(house.slack.renderText(asked)).toMatch(/Anna Meyer, Ben Okafor/);
    expect(house.said()).not.toContain('@harbour.example');
    expect(await house.press(other, asked, 'review')).toMatch(/can see the addresses/);
    expect(house.slack.views(other)).toEqual([]);
    await house.slack.click(requester, { channel: asked.channel, ts: asked.ts }, 'review');
    await vi.waitFor(() => {
      const shown = JSON.stringify(house.slack.views(requester));
      for (const address of everybody) expect(shown).toContain(address);
    }, 30_000);
  });

  it.each([
    ['takes the message and its answer is lost', 'lose'],
    ['does not take the message', 'drop'],
  ] as const)('is begun once when Slack %s', async (_what, kind) => {
    house.slack.faults.push({ operation: 'chat.postMessage', kind, times: 1 });
    await onboard('dev');
    await done();
    await house.message('root', /Done/);
    expect(house.roots()).toHaveLength(1);
  });

  it('is drawn over when an edit lands that nobody waited for any more', async () => {
    let land: (() => Promise<unknown>) | undefined;
    house.slack.hooks.around = async (call, act) => {
      if (call.operation !== 'chat.update' || land !== undefined) return act.apply();
      land = () => act.apply();
      return act.cut();
    };
    await onboard('dev');
    await done();
    const root = await house.message('root', /Done/);
    await vi.waitFor(() => expect(land).toBeDefined(), 30_000);
    await land?.();
    expect(house.slack.renderText(house.roots()[0] ?? root)).not.toMatch(/Done/);
    await house.message('root', /Done/);
  });

  it('rests as long as Slack asks for, then shows the run', async () => {
    house.slack.faults.push({
      operation: 'chat.postMessage',
      kind: 'answer',
      status: 429,
      headers: { 'Retry-After': '1' },
      times: 1,
    });
    await onboard('dev');
    await done();
    await house.message('root', /Done/);
    expect(house.roots()).toHaveLength(1);
  });

  it('is begun where it was asked for once Slack takes the token again; the bot is not ready before', async () => {
    const body = { ok: false, error: 'token_revoked' };
    const { faults } = house.slack;
    for (const operation of ['chat.postMessage', 'auth.test'])
      faults.push({ operation, kind: 'answer', status: 200, body });
    await onboard('dev');
    const ready = { timeout: 20_000, interval: 100 };
    await vi.waitFor(() => expect(house.problems().join()).toMatch(/new SLACK_BOT_TOKEN/), ready);
    expect((await house.newest()).status).not.toBe('failed');
    faults.splice(0);
    await house.message('root', /Done/);
    expect(house.roots()).toHaveLength(1);
    await vi.waitFor(() => expect(house.problems()).toEqual([]), ready);
  });

  it('comes to its end when the bot may post again only after the run has ended', async () => {
    const asked = await request();
    house.slack.kick('platform');
    await house.press(approver, asked, 'approve');
    await done();
    await vi.waitFor(
      () => expect(house.lines.map(({ message }) => message)).toContain('Slack refuses'),
      30_000,
    );
    house.slack.invite('platform');
    await house.message('root', /Done/);
  });

  it('has plain sections where the workspace refuses the newer blocks', async () => {
    house.slack.settings.refuseNewBlocks = true;
    await onboard('dev');
    await done();
    const root = await house.message('root', /Done/);
    expect(new Set(root.blocks?.map(({ type }) => type))).toEqual(new Set(['section', 'context']));
    expect(house.slack.renderText(root)).toMatch(/Organization\*?: done/);
  });

  it('is begun anew when somebody deletes its message', async () => {
    const asked = await request();
    house.slack.deleteMessage('platform', asked.ts);
    for (const root of house.roots()) house.slack.deleteMessage('platform', root.ts);
    await onboard('strict');
    await house.type('cancel payments-eu prod');
    await house.message('root', /payments-eu prod.*Cancelled/s);
    expect(house.roots().map(root => house.slack.renderText(root))).toEqual([
      expect.stringMatching(/payments-eu strict/),
      expect.stringMatching(/payments-eu prod/),
    ]);
  });

  it('tells those who have an account how to join, and lists the rest', async () => {
    await house.press(approver, await request(), 'approve');
    await done();
    await house.message('ended', /no Slack account.*ben\.okafor@harbour\.example/s);
    const direct = house.slack.calls.filter(({ operation }) => operation === 'conversations.open');
    expect(direct).toHaveLength(1);
    expect(house.said()).not.toContain('anna.meyer@harbour.example');
  });
});

describe('an approval', () => {
  it('goes to whoever may, counts once, and its message says who and when', async () => {
    const asked = await request();
    expect(await house.press(other, asked, 'approve')).toMatch(/not among the approvers/);
    expect(await house.press(approver, asked, 'approve')).toMatch(/the invites go out/);
    expect(invited(await done())).toEqual(everybody);
    const decided = await house.message('approval-1', /Approved by @noor \S/);
    expect(JSON.stringify(decided.blocks)).not.toContain('"action_id"');
    expect(house.lines.find(({ message }) => message.startsWith('refused'))?.fields).toMatchObject({
      by: other,
      entry: 'approve',
      reason: 'unlisted',
    });
  });

  it('is not given by whoever asked, though a group makes them an approver', async () => {
    await house.type('onboard payments-eu prod', { user: lead });
    const asked = await house.message('approval-1', /may 2 people/);
    expect(await house.press(lead, asked, 'approve')).toMatch(/You asked for this yourself/);
    expect((await house.newest()).gates.at(-1)?.votes).toEqual([]);
  });

  it('by two needs two different people', async () => {
    const asked = await request('strict');
    expect(await house.press(approver, asked, 'approve')).toMatch(/others are still needed/);
    expect(await house.press(approver, asked, 'approve')).toMatch(/counts already/);
    await house.message('approval-1', /1 of 2 so far: approved by @noor/);
    expect(await house.press(secondApprover, asked, 'approve')).toMatch(/the invites go out/);
    expect(invited(await done())).toEqual(everybody);
    await house.message('approval-1', /Approved by @noor .*, @sam \S/);
  });

  it('that is refused ends without invites, and says so; typed again it asks again', async () => {
    const asked = await request();
    const { id } = await house.open(approver, asked, 'decline');
    await house.slack.submitView(approver, id, { reason: 'Not these people.' });
    await house.told(approver, /You declined/);
    await done();
    await house.message('approval-1', /Declined by @noor .*: “Not these people”/);
    await house.message('ended', /declined by @noor, so nobody was invited/);
    expect(house.world.mutating().filter(call => call.startsWith('invite'))).toEqual([]);
    await onboard('prod');
    await house.settled(run => run.gates.at(-1)?.state === 'open');
  });

  it('that nobody answers is brought to mind once before it is over, and never after', async () => {
    const asked = await request();
    house.clock.aheadMs = 18 * 3_600_000 - 60_000;
    await house.settled(run => run.due !== null);
    expect(house.said()).not.toContain('still open');
    house.clock.aheadMs = 18 * 3_600_000 + 1_000;
    const reminder = await house.message('reminder-1', /@noor.*still open, until/);
    expect(reminder.thread_ts).toBe(asked.thread_ts);
    expect(await house.press(approver, asked, 'approve')).toMatch(/the invites go out/);
    await done();
    await house.message('decided-1', /@rosa, the invites you asked for .*Approved by @noor/);
    expect(house.said().split('still open')).toHaveLength(2);
  });

  it('that comes too late does not count', async () => {
    const asked = await request();
    house.clock.aheadMs = 25 * 3_600_000;
    expect(await house.press(approver, asked, 'approve')).toMatch(/Nobody decided in time/);
    await done();
    await house.message('approval-1', /Nobody decided by/);
  });

  it('of a list that has grown does not count: the new one is asked about', async () => {
    const asked = await request();
    const { id, gates } = await house.newest();
    const old = JSON.stringify({ run: id, digest: gates[0]?.digest });
    house.world.state.groups.set(team, [person('Ben Okafor'), person('Carla Ruiz')]);
    await house.press(approver, asked, 'approve');
    const again = await house.message('approval-2', /may 3 people be invited.*Carla Ruiz/s);
    await house.message('approval-1', /Replaced: the list of people/);
    expect(house.world.mutating().filter(call => call.startsWith('invite'))).toEqual([]);
    await house.slack.forge(approver, asked, { action_id: 'approve', value: old });
    await house.told(approver, /the list of people has changed/);
    await house.press(approver, again, 'approve');
    expect(invited(await done())).toHaveLength(3);
  });

  describe('that is pressed before Slack has said where it stands', () => {
    let confirm: () => void;
    let asked: Message;
    beforeEach(async () => {
      const confirmed = Promise.withResolvers<void>();
      confirm = confirmed.resolve;
      house.slack.hooks.around = async (call, { apply }) => {
        const answer = await apply();
        const isAsked = house.slack.messages().some(message => roleOf(message) === 'approval-1');
        if (call.operation === 'chat.postMessage' && isAsked) await confirmed.promise;
        return answer;
      };
      asked = await request();
    });

    it('counts when that is known soon', async () => {
      // Nobody draws meanwhile: whoever draws this thread waits for Slack.
      house.looks.marks = 0;
      const pressed = house.press(approver, asked, 'approve');
      await vi.waitFor(() => expect(house.looks.marks).toBeGreaterThan(0), 30_000);
      confirm();
      expect(await pressed).toMatch(/the invites go out/);
      await done();
    });

    it('does not count when that takes long, and says so', async () => {
      expect(await house.press(approver, asked, 'approve')).toMatch(
        /did not count\. Press again in a moment/,
      );
      expect((await house.newest()).gates.at(-1)?.votes).toEqual([]);
      const refused = house.lines.filter(({ message }) => message === 'refused');
      expect(refused.map(({ fields }) => fields)).toEqual([
        expect.objectContaining({ by: approver, reason: 'early' }),
      ]);
      confirm();
      await vi.waitFor(async () => {
        expect(await house.press(approver, asked, 'approve')).toMatch(/the invites go out/);
      }, 30_000);
      await done();
    });
  });

  it('that is forged does not count, and is written down', async () => {
    const asked = await request();
    const { id } = await house.newest();
    const digest = (await house.newest()).gates.at(-1)?.digest ?? '';
    const [root] = house.roots();
    const forge = async (message: { channel: string; ts: string } | undefined, value: unknown) => {
      await house.slack.forge(approver, message ?? asked, {
        action_id: 'approve',
        value: typeof value === 'string' ? value : JSON.stringify(value),
      });
    };
    await forge(root, { run: id, digest });
    await forge(asked, { run: 'run-of-nobody', digest });
    await forge(asked, { run: id, digest: 'f'.repeat(64) });
    await forge(asked, { run: id, digest, more: 1 });
    await forge(asked, 'not json');
    await house.told(approver, /does not belong to a message of mine/);
    const refused = house.lines.filter(({ message }) => message === 'refused');
    expect(refused.map(({ fields }) => fields)).toEqual(
      Array(5).fill(expect.objectContaining({ by: approver, reason: 'forged' })),
    );
    expect((await house.newest()).gates.at(-1)?.votes).toEqual([]);
    await house.slack.forge(approver, asked, { action_id: 'abuse', value: '{}' });
    await house.told(approver, /do not know this button/);
  });
});

const failed = async () => {
  house.world.faults.set('create environment', {
    error: failure({
      retryable: false,
      applied: 'no',
      reason: 'it refused <!channel>',
      advice: 'Ask its owner.',
    }),
  });
  await onboard('dev');
  return house.message('failure-1', /Environment.*it refused.*Retry/s);
};

describe('a failure', () => {
  it('says what happened and what to do, pings nobody, and goes on with Retry', async () => {
    const message = await failed();
    expect(message.text).not.toContain('<!channel>');
    expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
    expect(await house.press(other, message, 'retry')).toMatch(/Only whoever asked/);
    expect(await house.press(requester, message, 'retry')).toMatch(/Trying again/);
    await done();
    await house.message('root', /Done/);
    const tried = await house.message('failure-1', /Tried again by @rosa/);
    expect(JSON.stringify(tried.blocks)).not.toContain('"action_id"');
  });

  it('is tried again once, however often it is clicked', async () => {
    const message = await failed();
    const button = JSON.stringify({ run: (await house.newest()).id, failure: 1 });
    await house.press(requester, message, 'retry');
    await done();
    await house.slack.forge(requester, message, { action_id: 'retry', value: button });
    await house.told(requester, /tried again already/);
    expect((await house.newest()).retries).toHaveLength(1);
  });
});
