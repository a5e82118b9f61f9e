import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDirectory } from '../../src/azure/directory.ts';
import { createVault } from '../../src/azure/vault.ts';
import { createRepository } from '../../src/github/repository.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { type Allowance, createLimiter } from '../../src/onboarding/turns.ts';
import { startGitHub } from '../../src/sandbox/github.ts';
import { Secret } from '../../src/secret.ts';
import { clientSecretOf, startAzure } from '../support/azure.ts';
import { gitHubUnlimited, graphUnlimited, vaultUnlimited } from '../support/limits.ts';
import { type StoreBackend, storeBackends } from '../support/stores.ts';

const hour = 3_600_000;
const rate = (most: number, withinMs: number): Allowance => ({ key: 'k', rates: [{ most, withinMs }] });

let azure: Awaited<ReturnType<typeof startAzure>>;
let github: Awaited<ReturnType<typeof startGitHub>>;
beforeAll(async () => {
  azure = await startAzure(['kv-eu', 'kv-us']);
  github = await startGitHub({ repositories: { 'acme/clusters': {} } });
});
afterAll(async () => {
  await Promise.all([azure.close(), github.close()]);
});

describe.each(storeBackends)('turns in the $name store', ({ start, skip }) => {
  describe.skipIf(skip)('are shared', () => {
    let backend: StoreBackend;
    let stores: Store[];
    beforeAll(async () => {
      backend = await start();
    });
    beforeEach(async () => {
      stores = await backend.callers(2);
    });
    afterEach(() => backend.clear());
    afterAll(() => backend.stop());
    const caller = (index: number): Store['turns'] => (stores[index % 2] as Store).turns;
    const ask = (count: number, allowance: Allowance, cost = 1, patienceMs = 0): Promise<number[]> =>
      Promise.all(
        Array.from({ length: count }, (_, index) => caller(index).take(allowance, cost, patienceMs)),
      );

    it('as many as there are, however many ask at once', async () => {
      const waits = await ask(40, rate(7, hour));
      expect(waits.filter(wait => wait === 0)).toHaveLength(7);
      expect(await ask(10, { ...rate(7, hour), key: 'other' }, 2)).toContain(0);
    });

    it('all places of a call or none', async () => {
      const waits = await ask(10, rate(10, hour), 3);
      expect(waits.filter(wait => wait === 0)).toHaveLength(3);
      expect(await caller(0).take(rate(10, hour), 1, 0)).toBe(0);
      expect(await caller(1).take(rate(10, hour), 1, 0)).toBeGreaterThan(0);
    });

    it('by the tightest of several rates', async () => {
      const both = { key: 'k', rates: [...rate(3, hour).rates, ...rate(5, 10 * hour).rates] };
      expect((await ask(6, both)).filter(wait => wait === 0)).toHaveLength(3);
      const [later] = await ask(1, { ...both, rates: rate(3, 10 * hour).rates });
      expect(later).toBeGreaterThan(9 * hour);
    });

    it('and whoever has to come back is told a time of their own, of which none is behind all others', async () => {
      await ask(4, rate(4, hour));
      const told = (await ask(8, rate(4, hour))).toSorted((a, b) => a - b);
      expect(Math.min(...told)).toBeGreaterThan(hour - 60_000);
      for (const [index, wait] of told.slice(1, 4).entries())
        expect(wait - (told[index] ?? 0)).toBeGreaterThan(hour / 4 - 60_000);
      expect(Math.max(...told)).toBeLessThanOrEqual(2 * hour);
    });

    it('never more within any window, and in the order in which they were asked for', async () => {
      const [most, withinMs] = [5, 200];
      const limiters = stores.map(store => createLimiter('GitHub', store.turns));
      const left: { index: number; at: number }[] = [];
      const leaving: Promise<void>[] = [];
      for (let index = 0; index < 20; index += 1) {
        const turn = limiters[index % 2]?.turn('leave', [rate(most, withinMs), 1]);
        leaving.push((turn ?? Promise.reject()).then(() => void left.push({ index, at: Date.now() })));
        // One connection answers in order, so the next one asks after this one.
        await stores[index % 2]?.now();
      }
      await Promise.all(leaving);
      const rounds = left.map(({ index }) => Math.floor(index / most));
      expect(rounds).toEqual(rounds.toSorted((a, b) => a - b));
      for (const { at } of left)
        expect(left.filter(each => each.at <= at && each.at > at - withinMs).length).toBeLessThanOrEqual(
          most,
        );
    });

    it('and given to nobody during a pause, which a shorter one does not end', async () => {
      await caller(0).pause('k', hour);
      await caller(1).pause('k', 1_000);
      expect(await caller(1).pausedFor('k')).toBeGreaterThan(hour - 60_000);
      expect(await caller(1).take(rate(7, 1_000), 1, 1_000)).toBeGreaterThan(hour - 60_000);
      expect(await caller(1).take({ ...rate(7, 1_000), key: 'other' }, 1, 0)).toBe(0);
      expect(await caller(1).pausedFor('other')).toBe(0);
    });

    it('and are not left by whoever waits when a pause comes', async () => {
      const limiter = createLimiter('GitHub', caller(0));
      await limiter.turn('leave', [rate(1, 500), 1]);
      const waiting = limiter.turn('leave', [rate(1, 500), 1]);
      await createLimiter('GitHub', caller(1)).pause(rate(1, 500), hour);
      await expect(waiting).rejects.toMatchObject({ name: 'HeldBack', applied: 'no' });
    });

    describe('so that a pause that one worker is asked for', () => {
      const body = { error: { code: 'TooManyRequests', message: 'Too many requests.' } };
      const headers = { 'Retry-After': '600' };
      const pause = { kind: 'answer', status: 429, headers, body, times: 1 } as const;
      const heldBack = { name: 'HeldBack', retryable: true, applied: 'no' };
      const limited = { status: 429, retryAfter: 600_000 };

      it('by GitHub holds for the other, reading and writing', async () => {
        const { url, token } = github;
        const auth = { token: async () => new Secret(token) };
        const [one, other] = stores.map(({ turns }) =>
          createRepository({ ...gitHubUnlimited(), turns, apiUrl: url, auth }),
        );
        github.faults.push({ ...pause, operation: 'listPulls' });
        await expect(one?.findPulls('acme/clusters', 'b', 'main')).rejects.toMatchObject(limited);
        const calls = github.calls.length;
        await expect(other?.findPulls('acme/clusters', 'b', 'main')).rejects.toMatchObject(heldBack);
        const text = { title: 't', body: 'b' };
        await expect(other?.updatePull('acme/clusters', 1, text)).rejects.toMatchObject(heldBack);
        expect(github.calls).toHaveLength(calls);
      });

      it('by a vault holds for the other, and for this vault alone', async () => {
        const credential = clientSecretOf(azure.entra);
        const { vaultUrl } = azure.keyVault;
        const [one, other] = stores.map(({ turns }) =>
          createVault({ ...vaultUnlimited(), turns, credential, vaultUrl }),
        );
        azure.keyVault.faults.push({ ...pause, operation: 'getSecret' });
        await expect(one?.read('kv-eu', 'a')).rejects.toMatchObject(limited);
        await expect(other?.write('kv-eu', 'a', new Secret('x'), {})).rejects.toMatchObject(heldBack);
        expect(azure.keyVault.values('kv-eu', 'a')).toEqual([]);
        expect(await other?.read('kv-us', 'a')).toBe('absent');
      });

      it('by Graph holds for the other', async () => {
        const { entra } = azure;
        const credential = clientSecretOf(entra);
        const [one, other] = stores.map(({ turns }) =>
          createDirectory({ ...graphUnlimited(), turns, credential, graphUrl: entra.url }),
        );
        entra.faults.push({ ...pause, operation: 'listUsers' });
        await expect(one?.check([])).rejects.toMatchObject(limited);
        await expect(other?.findPerson('anna@harbour.example')).rejects.toMatchObject(heldBack);
      });
    });
  });
});
