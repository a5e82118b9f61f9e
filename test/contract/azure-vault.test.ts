import type { TokenCredential } from '@azure/identity';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVault } from '../../src/azure/vault.ts';
import { ServiceError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { clientSecretOf, startAzure } from '../support/azure.ts';
import { vaultUnlimited } from '../support/limits.ts';

let azure: Awaited<ReturnType<typeof startAzure>>;
let vault: ReturnType<typeof createVault>;

beforeAll(async () => {
  azure = await startAzure(['kv-eu', 'kv-us']);
});
beforeEach(() => {
  azure.reset();
  vault = createVault({
    credential: clientSecretOf(azure.entra),
    vaultUrl: azure.keyVault.vaultUrl,
    ...vaultUnlimited(),
  });
});
afterAll(() => azure.close());

const failureOf = async (call: Promise<unknown>): Promise<ServiceError> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ServiceError);
  return error as ServiceError;
};

const challenges = (): number =>
  azure.keyVault.calls.filter(({ operation }) => operation === 'challenge').length;

/** How often a vault asked who is there, when it was read once. */
const asking = async (name: string): Promise<number> => {
  const before = challenges();
  await vault.read(name, 'a').catch(() => undefined);
  return challenges() - before;
};

describe('a vault', () => {
  it('keeps what was written, with its tags, apart from other vaults', async () => {
    const { version } = await vault.write('kv-eu', 'a', new Secret('one'), { cluster: 'x' });
    const stored = await vault.read('kv-eu', 'a');
    expect(stored).toMatchObject({ version, tags: { cluster: 'x' } });
    expect(typeof stored === 'object' && stored.value.reveal()).toBe('one');
    expect(await vault.read('kv-us', 'a')).toBe('absent');
  });

  it('is asked by a client that is kept while it is among those used last', async () => {
    expect(await asking('kv-eu')).toBeGreaterThan(0);
    for (let index = 0; index < 63; index += 1) await asking(`kv-other-${index}`);
    expect(await asking('kv-eu')).toBe(0);
    for (let index = 0; index < 64; index += 1) await asking(`kv-more-${index}`);
    expect(await asking('kv-eu')).toBeGreaterThan(0);
  });

  it('asks who is there once, however much is asked at once', async () => {
    await vault.check('kv-eu', ['a', 'b', 'c']);
    expect(challenges()).toBe(1);
    await vault.check('kv-eu', ['a', 'b', 'c']);
    expect(challenges()).toBe(1);
  });

  it('is asked all the same when the first to ask gets no token', async () => {
    const credential = clientSecretOf(azure.entra);
    let asked = 0;
    const getToken: TokenCredential['getToken'] = async (...given) => {
      asked += 1;
      if (asked === 1) throw new Error('not today');
      return credential.getToken(...given);
    };
    vault = createVault({ credential: { getToken }, vaultUrl: azure.keyVault.vaultUrl, ...vaultUnlimited() });
    const [first, ...others] = await Promise.allSettled(
      ['a', 'b', 'c'].map(name => vault.read('kv-eu', name)),
    );
    expect([first?.status, ...others]).toEqual([
      'rejected',
      ...others.map(() => ({ status: 'fulfilled', value: 'absent' })),
    ]);
  });

  it('tells a soft-deleted secret, refuses to write it, and recovers it', async () => {
    await vault.write('kv-eu', 'a', new Secret('one'), {});
    azure.keyVault.softDelete('kv-eu', 'a');
    expect(await vault.read('kv-eu', 'a')).toBe('deleted');
    const failure = await failureOf(vault.write('kv-eu', 'a', new Secret('two'), {}));
    expect([failure.status, failure.applied]).toEqual([409, 'no']);
    await vault.recover('kv-eu', 'a');
    const stored = await vault.read('kv-eu', 'a');
    expect(typeof stored === 'object' && stored.value.reveal()).toBe('one');
  });

  it('is checked without being changed', async () => {
    expect(await vault.check('kv-eu', ['a', 'b'])).toEqual([]);
    expect(azure.keyVault.vault('kv-eu').secrets.size).toBe(0);
    expect(azure.keyVault.calls.some(({ operation }) => operation === 'setSecret')).toBe(false);
  });

  it.each(['get', 'set'] as const)('is named when the right to %s is missing', async right => {
    azure.keyVault.vault('kv-eu').rights[right] = false;
    const [problem = ''] = await vault.check('kv-eu', ['a']);
    expect(problem).toContain('kv-eu');
  });

  it('leaves open whether a write whose answer got lost counts', async () => {
    await vault.read('kv-eu', 'a');
    azure.keyVault.faults.push({ kind: 'lose', operation: 'setSecret', times: 1 });
    const failure = await failureOf(vault.write('kv-eu', 'a', new Secret('hidden-value'), {}));
    expect([failure.applied, failure.retryable]).toEqual(['unknown', true]);
    expect([failure.message, failure.stack, JSON.stringify(failure)].join()).not.toContain('hidden-value');
  });

  it('is tried again when it asks for a pause, with or without saying for how long', async () => {
    await vault.read('kv-eu', 'a');
    const body = { error: { code: 'Throttled', message: 'slow' } };
    azure.keyVault.faults.push({
      kind: 'answer',
      status: 429,
      times: 1,
      headers: { 'retry-after': '7' },
      body,
    });
    expect(await failureOf(vault.read('kv-eu', 'a'))).toMatchObject({ retryable: true, retryAfter: 7_000 });
    azure.keyVault.faults.push({ kind: 'answer', status: 429, times: 1, body });
    expect((await failureOf(vault.read('kv-eu', 'a'))).retryable).toBe(true);
  });
});
