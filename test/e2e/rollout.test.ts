import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { onboard, roleOf } from '../../src/sandbox/story.ts';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';

const stores = [
  { store: 'the embedded store, in one process', redis: false, entries: ['main'] as const },
  { store: 'Redis, with two workers', redis: true, entries: ['bot', 'worker', 'worker'] as const },
];

/** Of test/fixtures/holt.yaml. */
const clusters = ['fleet-1', 'fleet-2', 'fleet-3', 'fleet-4', 'fleet-5'];

for (const { store, redis, entries } of stores) {
  describe.skipIf(redis && !redisAvailable)(`a rollout on ${store}`, () => {
    let house: House;
    let server: Awaited<ReturnType<typeof startRedis>> | undefined;

    beforeAll(async () => {
      server = redis ? await startRedis() : undefined;
      house = await openHouse(server?.url);
      await Promise.all(entries.map(entry => house.start(entry)));
    });
    afterAll(async () => {
      await house.close();
      await server?.stop();
    });

    const changes = (): string[] =>
      house.sandbox
        .calls()
        .filter(
          ({ mutating, service, status }) =>
            mutating && (status ?? 0) < 400 && service !== 'Slack' && service !== 'Entra',
        )
        .map(({ operation }) => operation);
    const text = (): string =>
      house.sandbox.slack
        .messages(house.sandbox.channel)
        .map(message => house.sandbox.slack.renderText(message))
        .join('\n');

    it('is one command, one message, one approval and one pull request with one commit', async () => {
      const { otterize, vault, github, slack, approver } = house.sandbox;
      const { thread } = await onboard(house.sandbox, 'fleet-*', 'prod', { patienceMs: 120_000 });
      const named = otterize.state.organizations
        .map(({ name }) => name)
        .filter(name => name.startsWith('fleet-'));
      expect(named.toSorted()).toEqual(clusters.map(cluster => `${cluster}-prod`));
      for (const cluster of clusters) {
        const organization = otterize.state.organizations.find(({ name }) => name === `${cluster}-prod`);
        const live = otterize.state.integrations.filter(each => each.organizationId === organization?.id);
        expect(live).toHaveLength(1);
        expect(vault.values(`kv-${cluster}-prod`, 'otterize-cloud-client-secret')).toEqual([
          live[0]?.credentials.clientSecret,
        ]);
      }
      const pulls = github
        .repository('harbour/clusters')
        .pulls.filter(({ head }) => head.startsWith('holt/rollout-'));
      expect(pulls).toHaveLength(1);
      const files = await github.repository('harbour/clusters').files(pulls[0]?.head ?? '');
      expect(Object.keys(files)).toEqual(
        expect.arrayContaining(
          clusters.map(cluster => `cluster/${cluster}/prod/security/otterize/values.yaml`),
        ),
      );
      expect(changes().filter(operation => operation === 'createCommit')).toHaveLength(1);
      expect(thread.filter(message => roleOf(message).startsWith('approval'))).toHaveLength(1);
      expect(thread.filter(message => roleOf(message) === 'root')).toHaveLength(1);
      expect(
        slack.messages(house.sandbox.channel).filter(message => roleOf(message) === 'root'),
      ).toHaveLength(1);
      expect(text()).toContain('5 of 5 done');
      expect(text()).toMatch(/fleet-3 +done/);
      // Everybody hears of it once.
      const welcomes = slack.messages().filter(message => roleOf(message).startsWith('invited-'));
      expect(new Set(welcomes.map(({ channel }) => channel)).size).toBe(welcomes.length);

      const [root] = thread;
      const place = { channel: root?.channel ?? '', ts: root?.ts ?? '' };
      await slack.click(approver, place, 'details');
      const view = await vi.waitUntil(() => slack.views(approver).at(-1), { timeout: 20_000 });
      expect(JSON.stringify(view.blocks)).toContain('*fleet-5*: done');
      const open = view.blocks.find(block => JSON.stringify(block).includes('Open fleet-2'));
      await slack.click(approver, { view: view.id }, 'cluster', { block: open?.block_id ?? '' });
      const over = await vi.waitUntil(() => slack.views(approver).find(({ id }) => id !== view.id), {
        timeout: 20_000,
      });
      expect(JSON.stringify(over.blocks)).toContain('Onboarding fleet-2 prod');
    }, 150_000);

    it('changes nothing the second time, and asks nobody', async () => {
      const before = changes().length;
      const { thread } = await onboard(house.sandbox, 'fleet-*', 'prod', { patienceMs: 120_000 });
      expect(changes().slice(before)).toEqual([]);
      expect(thread.some(message => roleOf(message).startsWith('approval'))).toBe(false);
    }, 150_000);

    it('shows what is left out before anything begins', async () => {
      const { slack, channel, requester } = house.sandbox;
      const before = changes().length;
      const { ephemerals } = await slack.command(
        requester,
        channel,
        '/otterize',
        'onboard fleet-1,fleet-9,none* prod',
      );
      const said = ephemerals.map(message => slack.renderText(message)).join();
      expect(said).toMatch(
        /Left out: fleet-9 \(it is not known\. Did you mean fleet-\d\?\), none\* \(no known cluster is so\)/,
      );
      expect(said).toContain('Start');
      expect(changes().slice(before)).toEqual([]);
    });
  });
}
