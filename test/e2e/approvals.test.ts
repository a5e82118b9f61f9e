import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Launched } from '../../src/sandbox/launch.ts';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { newestThread, roleOf } from '../../src/sandbox/story.ts';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';

const groupId = '6f1d2c3b-0000-4000-8000-000000000001';

describe.skipIf(!redisAvailable)('an approval of a list that changes after it was given', () => {
  let redis: TestRedis;
  let house: House;

  beforeAll(async () => {
    redis = await startRedis();
    house = await openHouse(redis.url);
    await house.start('bot');
  });
  afterAll(async () => {
    await house.close();
    await redis.stop();
  });

  const invited = (): string[] => house.sandbox.otterize.state.invites.map(({ email }) => email).toSorted();
  const message = (role: string): Message | undefined =>
    newestThread(house.sandbox).find(each => roleOf(each) === role);
  const textOf = (role: string): string => {
    const found = message(role);
    return found === undefined ? '' : house.sandbox.slack.renderText(found);
  };
  const shown = async (role: string, words: RegExp): Promise<void> =>
    await expect.poll(() => textOf(role), { timeout: 50_000 }).toMatch(words);

  /** Approves while nobody works, does the rest, and lets a worker look at it. */
  async function approved(worker: Launched, role: string, meanwhile: () => void): Promise<Launched> {
    const { slack, approver } = house.sandbox;
    const { channel = '', ts = '' } = message(role) ?? {};
    await worker.stop();
    await slack.click(approver, { channel, ts }, 'approve');
    await expect
      .poll(() => slack.ephemerals(approver).map(({ text }) => text), { timeout: 20_000 })
      .toContainEqual(expect.stringMatching(/the invites go out/));
    meanwhile();
    return house.start('worker');
  }

  it('is void when a member joined the group: it is asked anew, and nothing was sent before', async () => {
    const { slack, entra, requester, channel } = house.sandbox;
    const group = entra.directory.objects.get(groupId);
    if (group?.kind !== 'group') throw new Error('there is no group');
    let worker = await house.start('worker');
    await slack.command(requester, channel, '/otterize', 'onboard whole prod');
    await shown('approval-1', /may 3 people be invited/);

    worker = await approved(worker, 'approval-1', () => {
      const mail = 'gina.rossi@harbour.example';
      group.members.push(entra.addUser('Gina Rossi', { mail, userPrincipalName: mail }).id);
    });
    await shown('approval-2', /may 4 people be invited.*Gina Rossi/s);
    expect(invited()).toEqual([]);
    await shown('approval-1', /Replaced/);

    await approved(worker, 'approval-2', () => void group.members.pop());
    await expect
      .poll(invited, { timeout: 50_000 })
      .toEqual(['anna.meyer@harbour.example', 'ben.okafor@harbour.example', 'carla.ruiz@harbour.example']);
    // Who left is dropped, and nobody is asked about it.
    await expect.poll(() => message('ended') !== undefined, { timeout: 50_000 }).toBe(true);
    expect(message('approval-3')).toBeUndefined();
  }, 240_000);
});
