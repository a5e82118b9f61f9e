import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type LaneOptions, openLane } from '../faults/lane.ts';
import { persevere, threadOf } from '../faults/person.ts';
import { hostileFiles } from '../support/hostile-files.ts';
import { redisAvailable } from '../support/redis.ts';

vi.setConfig({ testTimeout: 180_000 });

const files = {
  slow: hostileFiles['brackets that were never opened'] ?? '',
  large: hostileFiles['sixty thousand keys'] ?? '',
  template: hostileFiles['a template'] ?? '',
};
const clusters = ['plain', ...Object.keys(files)];

describe('a run that meets a file that somebody prepared', () => {
  it.each<[LaneOptions['store'], boolean]>([
    ['embedded', false],
    ['redis', !redisAvailable],
  ])(
    'fails by the file’s name and stays its worker’s all the while, on the store %s',
    async (store, skip) => {
      if (skip) return;
      const lane = await openLane({ store, clusters });
      onTestFinished(() => lane.close());
      const repository = lane.sandbox.github.repository('harbour/clusters');
      const paths = Object.keys(files).map(
        cluster => [cluster, lane.target(cluster).gitops.valuesPath] as const,
      );
      await repository.seed(
        'main',
        Object.fromEntries(paths.map(([cluster, path]) => [path, files[cluster as 'slow']])),
      );
      await lane.start();
      const ends = await Promise.all(clusters.map(cluster => persevere(lane, cluster).ended));
      expect(ends).toEqual(['Done', 'Failed', 'Failed', 'Failed']);

      for (const [cluster, path] of paths) {
        const said = threadOf(lane, cluster)
          .map(({ text }) => text)
          .join('\n');
        expect(said).toContain(`Holt does not edit ${path}: `);
        expect(repository.pulls.filter(({ head }) => head === lane.target(cluster).gitops.branch)).toEqual(
          [],
        );
      }
      // Whoever loses the lock of a run or does not renew it in time says so.
      const trouble = lane
        .stdout()
        .split('\n')
        .filter(line =>
          /another worker has the run|The queue complains|A nudge was given up|stalled/.test(line),
        );
      expect(trouble).toEqual([]);
      const { records, close } = await lane.records();
      const epochs = await Promise.all(
        clusters.map(
          async cluster => (await records.latest(lane.target(cluster).names.organization))?.epoch ?? 0,
        ),
      );
      await close();
      // Each run was taken as often as the one with nothing in its way: to begin, and after the approval.
      expect(Math.max(...epochs)).toBeLessThanOrEqual(epochs[0] ?? 0);
    },
  );
});
