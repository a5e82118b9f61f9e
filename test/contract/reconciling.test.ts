import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/onboarding/store.ts';
import { reconciler } from '../../src/reconciling.ts';
import { entry, type StoreBackend, storeBackends } from '../support/stores.ts';

describe.each(storeBackends)('reconciling on the $name store', ({ start, skip }) => {
  describe.skipIf(skip)('with many runs', () => {
    let backend: StoreBackend;
    let store: Store;
    const ids = Array.from({ length: 1_000 }, (_, index) => `run-${index}`);

    beforeAll(async () => {
      backend = await start();
      [store] = (await backend.callers(1)) as [Store];
      for (const id of ids) await store.insert(entry({ id, subject: id }), 'line');
    });
    afterAll(() => backend.stop());

    /** Reconciles once, and answers who was nudged. */
    async function round(parked: readonly string[] = []) {
      const nudged = { tick: [] as string[], render: [] as string[] };
      const nudges = {
        tick: async (run: string) => void nudged.tick.push(run),
        render: async (run: string) => void nudged.render.push(run),
      };
      const open = (_: string, runs: readonly string[]) => runs.filter(run => !parked.includes(run));
      await reconciler(store, { nudges }, { open })();
      return nudged;
    }

    it('asks for a bounded number of them at a time, each once', async () => {
      for (const runs of Object.values(await round())) {
        expect(runs).toHaveLength(250);
        expect(new Set(runs).size).toBe(250);
      }
    });

    it('comes to each of them', async () => {
      const missing = { tick: new Set(ids), render: new Set(ids) };
      // Whoever is never among them after so many times has no turn.
      for (let times = 0; times < 400 && missing.tick.size + missing.render.size > 0; times += 1) {
        const nudged = await round();
        for (const run of nudged.tick) missing.tick.delete(run);
        for (const run of nudged.render) missing.render.delete(run);
      }
      expect([missing.tick.size, missing.render.size]).toEqual([0, 0]);
    });

    it('leaves the places to those that this process may do something for', async () => {
      const nudged = await round(ids.slice(0, 900));
      expect(nudged.tick.toSorted()).toEqual(ids.slice(900).toSorted());
      expect(nudged.render.toSorted()).toEqual(ids.slice(900).toSorted());
    });
  });
});
