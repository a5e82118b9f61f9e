import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signed } from '../../src/sandbox/slack-requests.ts';
import { onboard, roleOf } from '../../src/sandbox/story.ts';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';

const stores = [
  { store: 'the embedded store', redis: false, entries: ['main'] as const },
  { store: 'Redis, with two bots', redis: true, entries: ['bot', 'bot', 'worker'] as const },
];

for (const { store, redis, entries } of stores) {
  describe.skipIf(redis && !redisAvailable)(`over HTTP on ${store}`, () => {
    let house: House;
    let server: Awaited<ReturnType<typeof startRedis>> | undefined;

    beforeAll(async () => {
      server = redis ? await startRedis() : undefined;
      house = await openHouse(server?.url, {}, 'http');
      for (const entry of entries) await house.start(entry);
    });
    afterAll(async () => {
      await house.close();
      await server?.stop();
    });

    it('an onboarding goes from the command to the link, through whichever bot', async () => {
      const { slack, otterize, github } = house.sandbox;
      expect(slack.settings.requestUrls).toHaveLength(entries.filter(entry => entry !== 'worker').length);
      expect(slack.connected()).toBe(0);
      const { thread } = await onboard(house.sandbox, 'whole', 'prod');
      const text = thread.map(message => slack.renderText(message)).join('\n');
      const pulls = github
        .repository('harbour/clusters')
        .pulls.filter(({ head }) => head === 'holt/whole-prod');
      expect(pulls).toHaveLength(1);
      expect(text).toContain(`${github.url}/harbour/clusters/pull/${pulls[0]?.number}`);
      expect(otterize.state.organizations.filter(({ name }) => name === 'whole-prod')).toHaveLength(1);
      expect(slack.failures).toEqual([]);
    });

    it('a request that is repeated a hundred times, at all bots at once, acts once', async () => {
      const { slack, requester, channel } = house.sandbox;
      const body = new URLSearchParams({
        team_id: slack.team.id,
        user_id: requester,
        channel_id: slack.channel(channel).id,
        command: '/otterize',
        text: 'onboard twice prod',
        trigger_id: '1.1',
      }).toString();
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        ...signed(slack.signingSecret, body, Math.floor(Date.now() / 1000)),
      };
      const urls = slack.settings.requestUrls;
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          fetch(urls[index % urls.length] ?? '', { method: 'POST', headers, body }),
        ),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter(status => status === 200)).toHaveLength(1);
      expect(statuses.filter(status => status === 401)).toHaveLength(99);
      await expect
        .poll(() => slack.messages(channel).filter(message => roleOf(message) === 'root').length, {
          timeout: 20_000,
        })
        .toBe(2);
    });
  });
}
