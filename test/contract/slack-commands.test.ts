import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { approver, requester } from '../support/builders.ts';
import { lead, openSlackHouse, other, type SlackHouse, stranger } from '../support/slack-house.ts';
import { failure } from '../support/world.ts';

let house: SlackHouse;

beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(async () => await house.close());

const waitsForApproval = { status: 'waiting' } as const;
const waiting = () => house.settled(run => run.status === waitsForApproval.status && run.gates.length > 0);

describe('a command', () => {
  it.each<[string, string, RegExp]>([
    ['nothing', '', /onboard <cluster>/],
    ['help', 'help', /Typing a command again is always right/],
    ['a question what there is', 'list', /2 clusters: payments-eu, payments-us\nStages: dev, prod, strict/],
    [
      'a question who they are',
      'whoami',
      /You are .*You may onboard at dev: every cluster.*You may approve at dev: no cluster/s,
    ],
    [
      'a question what they may',
      'can onboard payments-eu prod',
      /Yes\. You may onboard payments-eu prod: requesters in holt\.yaml lists you/,
    ],
    [
      'a question what they may not',
      'can approve payments-eu prod',
      /No\. You may not approve payments-eu prod/,
    ],
    ['a retry of one that never was', 'retry payments-eu prod', /payments-eu prod was never onboarded/],
    ['a misspelt word', 'onbord payments-eu prod', /Did you mean onboard\?/],
    ['too little', 'onboard payments-eu', /Which stage of payments-eu/],
    ['an unknown cluster', 'onboard payment-eu prod', /payment-eu\. Did you mean payments-eu\?/],
    ['an unknown stage', 'onboard payments-eu prd', /prd\. Did you mean prod\?/],
    ['a name that cannot be', 'onboard payments.eu prod', /payments\.eu/],
    ['status of nothing', 'status', /Nothing was onboarded yet/],
    ['status of one that never was', 'status payments-eu prod', /payments-eu prod was never onboarded/],
    [
      'a stop of what does not run',
      'cancel payments-eu prod',
      /No onboarding of payments-eu prod is running/,
    ],
  ])('with %s is answered to the person alone, and nothing starts', async (_what, text, answer) => {
    expect(await house.type(text)).toMatch(answer);
    expect(house.slack.messages('platform')).toEqual([]);
    expect(await house.records.recent(1)).toEqual([]);
  });

  it('of another name is answered with the one that there is', async () => {
    expect(await house.type('help', { name: '/other' })).toContain('/otterize help');
  });

  it('that is wrong can ping nobody with its answer', async () => {
    for (const word of [
      '<!channel>',
      '<!here|here>',
      '<@U0OTHER>',
      '<#C0PLATFORM>',
      '<https://evil.example|click>',
    ]) {
      await house.slack.command(requester, 'platform', '/otterize', `${word} ${word}`);
      const answers = house.slack
        .ephemerals(requester)
        .map(({ text }) => text)
        .join('\n');
      expect(answers).not.toMatch(/<[!@#h]/);
    }
  });

  it.each([
    ['somebody without the right', other, /You are not among those who may onboard/],
    ['somebody of another company', stranger, /does not belong to your workspace/],
  ])('by %s is refused, and written down', async (_who, user, answer) => {
    expect(await house.type('onboard payments-eu prod', { user })).toMatch(answer);
    expect(await house.records.recent(1)).toEqual([]);
    expect(house.lines.filter(({ message }) => message.startsWith('refused'))).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ by: user }) }),
    ]);
  });

  it('by a member of a user group that may ask starts a run, with one message and no word beside it', async () => {
    expect(await house.type('onboard payments-eu dev', { user: lead })).toBe('');
    const run = await house.settled(({ status }) => status === 'done');
    await house.message('root', /Done/);
    expect(run.request.by).toEqual({ user: lead, team: house.slack.team.id });
    expect(house.roots()).toHaveLength(1);
    expect(house.slack.ephemerals(lead)).toEqual([]);
  });

  it('takes people by mention, whom the bot turns into addresses', async () => {
    await house.type('onboard payments-eu dev invite @otto');
    const run = await waiting();
    expect(run.request.named).toEqual([{ user: other, address: 'otto@harbour.example' }]);
    expect(run.gates.at(-1)?.addresses).toEqual(['otto@harbour.example']);
  });

  it('typed again while it runs answers with the thread that there is', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    const [root] = house.roots();
    const answer = await house.type('onboard payments-eu prod', { user: lead });
    expect(answer).toMatch(/running already: waiting for an approval.*rosa/);
    expect(answer).toContain(`p${root?.ts.replace('.', '')}`);
    expect(house.roots()).toHaveLength(1);
  });

  it('asks how it stands', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    expect(await house.type('status payments-eu prod', { user: other })).toMatch(
      /payments-eu prod: waiting for an approval/,
    );
    await house.type('onboard payments-us dev');
    await house.settled(({ status }) => status === 'done');
    expect(await house.type('status')).toMatch(/payments-us dev: done.*\n.*payments-eu prod: waiting/);
  });

  it('tells each person their own, and helps with what they may', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    expect(await house.type('status mine')).toMatch(/payments-eu prod: waiting/);
    expect(await house.type('status mine', { user: other })).toMatch(/Nothing was onboarded yet/);
    const helped = await house.type('help', { user: other });
    expect(helped).toMatch(/You may onboard nothing here/);
    expect(helped).not.toMatch(/onboard <cluster>/);
    expect(await house.type('can approve payments-eu prod', { user: lead })).toMatch(
      /lists @leads, and you are in it/,
    );
    expect(await house.type('whoami', { user: lead })).toMatch(/You may approve at dev: every cluster/);
  });

  it('tries again what failed, if whoever types it may', async () => {
    house.world.faults.set('create environment', { error: failure({ retryable: false, applied: 'no' }) });
    await house.type('onboard payments-eu dev');
    await house.settled(({ status }) => status === 'failed');
    expect(await house.type('retry payments-eu dev', { user: other })).toMatch(/Only whoever asked/);
    expect(await house.type('retry payments-eu dev')).toMatch(/Trying again/);
    await house.settled(({ status }) => status === 'done');
    expect(await house.type('retry payments-eu dev')).toMatch(
      /Nothing failed in the onboarding of payments-eu dev/,
    );
  });

  it('stops a run, if whoever types it may, and says what stays', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    expect(await house.type('cancel payments-eu prod', { user: other })).toMatch(/Only whoever asked/);
    expect(await house.type('cancel payments-eu prod')).toMatch(
      /stops before the next change.*organization payments-eu-prod/s,
    );
    await house.settled(({ status }) => status === 'cancelled');
    await house.message('root', /Cancelled/);
    await house.message('ended', /was cancelled by @rosa.*This stays/s);
    await house.message('approval-1', /ended before this was decided/);
    expect(await house.type('cancel payments-eu prod')).toMatch(/No onboarding/);
  });
});

describe('where the bot may not post', () => {
  it.each(['elsewhere', 'closed', 'attic'])(
    'as in #%s, a direct message shows the run, and the person is told',
    async channel => {
      await house.type('onboard payments-eu dev', { channel });
      await house.told(requester, /I may not post in this channel.*direct message/);
      const run = await house.settled(({ status }) => status === 'done');
      expect(run.thread).toMatchObject({ place: 'direct' });
      expect(house.roots(run.thread?.channel)).toHaveLength(1);
      expect(house.roots(channel)).toEqual([]);
    },
  );

  it('and not in a direct message either, nothing is started', async () => {
    house.slack.faults.push({
      operation: 'conversations.open',
      kind: 'answer',
      status: 200,
      body: { ok: false, error: 'cannot_dm_bot' },
    });
    await house.type('onboard payments-eu dev', { channel: 'elsewhere' });
    await house.told(requester, /nothing was started/);
    expect((await house.newest()).status).toBe('failed');
    expect(house.world.mutating()).toEqual([]);
    house.slack.invite('elsewhere');
    house.slack.faults.length = 0;
    await house.type('onboard payments-eu dev', { channel: 'elsewhere' });
    await house.settled(({ status }) => status === 'done');
  });
});

describe('a store that does not answer', () => {
  it('is admitted within Slack’s three seconds, and the command counts once it answers', async () => {
    house.silence.store = true;
    expect(await house.type('onboard payments-eu dev')).toMatch(/did not answer in time.*Try again/);
    expect(await house.type('status payments-eu dev')).toMatch(/did not answer in time/);
    house.silence.store = false;
    expect(await house.type('onboard payments-eu dev')).toBe('');
    await house.settled(({ status }) => status === 'done');
  });
});

const repeated = () =>
  house.lines.filter(({ fields }) => (fields as { reason?: unknown }).reason === 'repeated');
describe('an envelope that Slack sends twice', () => {
  it('acts once, and is answered once', async () => {
    house.slack.settings.copies = 2;
    expect(await house.type('onboard payments-eu strict')).toBe('');
    const message = await house.message('approval-1', /payments-eu strict/);
    expect(await house.press(approver, message, 'approve')).toMatch(/counts/);
    await vi.waitFor(() => expect(repeated()).toHaveLength(2), 30_000);
    expect(house.slack.ephemerals(approver)).toHaveLength(1);
    expect((await house.newest()).gates.at(-1)?.votes).toHaveLength(1);
  });
});

const asked = async () => {
  expect(await house.type('onboard brand-new dev')).toMatch(
    /not listed.*Organization: \*?brand-new-dev.*kv-brand-new-dev/s,
  );
  expect(await house.records.recent(1)).toEqual([]);
  const answer = house.slack.ephemerals(requester).at(-1);
  if (answer === undefined) throw new Error('nothing was asked');
  return answer;
};

describe('where any cluster may be named', () => {
  beforeEach(async () => {
    await house.close();
    house = await openSlackHouse('any');
  });

  it('the names are shown before anything starts, and Start starts it', async () => {
    expect(await house.press(requester, await asked(), 'start')).toContain('Started.');
    const run = await house.settled(({ status }) => status === 'done');
    expect(run.facts.organization?.name).toBe('brand-new-dev');
  });

  it('and Discard ends it', async () => {
    expect(await house.press(requester, await asked(), 'discard')).toContain('Nothing was started');
    expect(await house.records.recent(1)).toEqual([]);
  });
});

describe('a Slack that does not answer', () => {
  it('holds up neither the answer to a click nor the end of the process', async () => {
    await house.type('onboard payments-eu prod');
    await waiting();
    const approval = await house.message('approval-1', /./);
    house.slack.faults.push({ operation: 'response_url', kind: 'hang' });
    await house.slack.click(stranger, { channel: approval.channel, ts: approval.ts }, 'approve');
    await vi.waitFor(() => expect(house.slack.ephemerals(stranger)).toHaveLength(1), { timeout: 25_000 });
    await house.bot.stop();
  });

  it('is asked again for a connection', async () => {
    house.slack.faults.push({ operation: 'apps.connections.open', kind: 'hang', times: 1 });
    house.slack.disconnect('refresh_requested');
    await vi.waitFor(() => expect(house.slack.connected()).toBe(1), { timeout: 25_000 });
  });
});
