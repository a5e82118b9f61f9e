import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hostileFiles } from '../support/hostile-files.ts';
import { openHouse } from '../support/house.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';

vi.setConfig({ testTimeout: 180_000 });

const files = {
  nobody: hostileFiles['brackets that were never opened'] ?? '',
  late: hostileFiles['sixty thousand keys'] ?? '',
};

describe.each([
  { store: 'embedded', skip: false },
  { store: 'redis', skip: !redisAvailable },
])('a run that meets a file that somebody prepared, on the store $store', ({ store, skip }) => {
  it.skipIf(skip)('fails by the file’s name, and stays its worker’s all the while', async () => {
    const redis: TestRedis | undefined = store === 'redis' ? await startRedis() : undefined;
    onTestFinished(() => redis?.stop());
    const house = await openHouse(redis?.url);
    onTestFinished(() => house.close());
    const { slack, github, requester, channel } = house.sandbox;
    const targets = Object.keys(files).map(cluster => house.target(cluster, 'prod'));
    const repository = github.repository('harbour/clusters');
    await repository.seed(
      'main',
      Object.fromEntries(targets.map(({ cluster, gitops }) => [gitops.valuesPath, files[cluster as 'late']])),
    );
    await house.start();
    for (const { cluster } of targets)
      await slack.command(requester, channel, '/otterize', `onboard ${cluster} prod`);

    const said = (): string =>
      slack
        .messages(channel)
        .map(message => slack.renderText(message))
        .join('\n');
    for (const { gitops } of targets) {
      const sentence = `Holt does not edit ${gitops.valuesPath}: `;
      await expect.poll(said, { timeout: 90_000 }).toContain(sentence);
      expect(repository.pulls.filter(({ head }) => head === gitops.branch)).toEqual([]);
    }
    // Whoever loses a run to another worker, or the lock on its place in the queue, says so.
    expect(house.output()).not.toMatch(
      /another worker has the run|renew lock|Missing lock|A nudge was given up/,
    );
  });
});
