import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approver, requester } from '../support/builders.ts';
import { openSlackHouse, other, type SlackHouse } from '../support/slack-house.ts';
import { failure } from '../support/world.ts';

let house: SlackHouse;

beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(async () => await house.close());

/** Whatever came of it, beside the answer. */
const happened = async (): Promise<unknown[]> => [
  ...house.world.mutating(),
  ...(await house.records.recent(10)),
  ...house.slack.messages('platform'),
];

describe('a plan that somebody types for', () => {
  it.each([
    ['who may onboard', requester],
    ['who may approve', approver],
  ])('is shown to the one person %s, and nothing is written anywhere', async (_who, user) => {
    expect(await house.type('plan payments-eu prod', { user })).toMatch(
      /^Reading what onboarding payments-eu prod would do/,
    );
    await house.told(user, /Would be made.*• the organization payments-eu-prod.*\+cluster: payments-eu/s);
    await house.told(user, /2 people would be invited.*Anna Meyer: anna\.meyer@harbour\.example/s);
    expect(house.slack.ephemerals(other)).toEqual([]);
    expect(await happened()).toEqual([]);
  });

  it('has the people who are named, by mention too', async () => {
    await house.type('plan payments-eu dev invite @otto, rosa@harbour.example');
    await house.told(requester, /2 people would be invited.*Otto: otto@harbour\.example.*Rosa: /s);
    expect(await happened()).toEqual([]);
  });

  it('keeps nobody from onboarding, and is kept by no onboarding', async () => {
    await house.type('onboard payments-eu prod');
    await house.settled(run => run.gates.length > 0);
    await house.type('plan payments-eu prod');
    await house.told(requester, /running just now.*Is there already.*the organization payments-eu-prod/s);
    expect(await house.type('status')).not.toMatch(/plan/i);
    expect(await house.records.recent(10)).toHaveLength(1);
  });

  it('says what could not be read', async () => {
    house.world.read.otterize.listOrganizations = () => Promise.reject(failure());
    await house.type('plan payments-eu prod');
    await house.told(
      requester,
      /Could not be read.*the organization payments-eu-prod: Otterize could not do it/s,
    );
    expect(await happened()).toEqual([]);
  });

  it.each([
    ['without a right', 'plan payments-eu prod', other, /may neither onboard payments-eu/],
    ['of several clusters', 'plan payments-eu,payments-us prod', requester, /one cluster at a time/],
    ['of a cluster that nobody knows', 'plan payment-eu prod', requester, /Did you mean payments-eu\?/],
  ])('%s is answered at once, and nobody reads', async (_what, text, user, answer) => {
    expect(await house.type(text, { user })).toMatch(answer);
    expect(house.world.calls).toEqual([]);
    expect(await happened()).toEqual([]);
  });

  it('is not made more often than onboardings may be begun, and counts for none', async () => {
    for (let each = 0; each < 6; each += 1) await house.type('plan payments-eu prod');
    expect(await house.type('plan payments-eu prod')).toMatch(/asked for 6 plans in the last minute/);
    await house.type('onboard payments-eu prod');
    expect(await house.records.recent(10)).toHaveLength(1);
  });

  it('can be asked about', async () => {
    expect(await house.type('can plan payments-eu prod', { user: approver })).toMatch(
      /^Yes\. You may plan payments-eu prod: approval\.approvers/,
    );
    expect(await house.type('can plan payments-eu prod', { user: other })).toMatch(
      /is in requesters or approval\.approvers in holt\.yaml\.$/,
    );
    expect(await house.type('help')).toContain('plan <cluster> <stage>');
  });
});
