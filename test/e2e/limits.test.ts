import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';

const clusters = ['whole', 'twice', 'merged', 'declined', 'secrets', 'killed'];

/** What the product is told to keep; of GitHub that is 14 writes and 162 points in a minute. */
const kept = {
  GITHUB_WRITES_PER_HOUR: '90',
  GITHUB_REQUESTS_PER_HOUR: '900',
  GRAPH_UNITS_PER_10S: '20',
  KEY_VAULT_WRITES_PER_10S: '5',
  KEY_VAULT_READS_PER_10S: '70',
  SLACK_UPDATES_PER_MINUTE: '45',
  SLACK_POSTS_PER_MINUTE: '60',
  OTTERIZE_CONCURRENCY: '2',
};

/** What the services have, as a part of what they really have: a little more. */
function allow({ sandbox }: House): void {
  sandbox.github.meter.factor = 0.2;
  sandbox.entra.meter.factor = 0.007;
  sandbox.vault.meter.factor = 0.02;
  sandbox.slack.meter.factor = 1;
  sandbox.otterize.meter.factor = 1;
  sandbox.otterize.atOnce.most = 4;
}

describe.skipIf(!redisAvailable)('many onboardings on two workers', () => {
  let house: House;
  let server: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    server = await startRedis();
    house = await openHouse(server.url);
    allow(house);
    await Promise.all((['bot', 'worker', 'worker'] as const).map(entry => house.start(entry, kept)));
  }, 60_000);
  afterAll(async () => {
    await house.close();
    await server.stop();
  }, 60_000);

  it('stay within what every service has, wait for their turns, and come to their end', async () => {
    const { slack, github, requester, channel } = house.sandbox;
    for (const cluster of clusters)
      await slack.command(requester, channel, '/otterize', `onboard ${cluster} prod`);
    const opened = (): string[] => github.repository('harbour/clusters').pulls.map(({ head }) => head);
    const wanted = clusters.map(cluster => `holt/${cluster}-prod`).toSorted();
    await expect.poll(() => opened().toSorted(), { timeout: 220_000, interval: 500 }).toEqual(wanted);

    expect(house.sandbox.breaches()).toEqual([]);
    expect(house.sandbox.calls().filter(({ status }) => status === 429 || status === 403)).toEqual([]);
    // They would have been too many.
    const writes = github.calls.filter(({ mutating }) => mutating);
    expect(writes.length).toBeGreaterThan(16);
    expect(house.output()).toContain('a step waits for its turn');
  }, 240_000);
});
