import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createVault } from '../../src/azure/vault.ts';
import { Secret } from '../../src/secret.ts';
import { startAzure } from '../support/azure.ts';

let azure: Awaited<ReturnType<typeof startAzure>>;
beforeAll(async () => void (azure = await startAzure(['kv-eu', 'kv-us'])));
beforeEach(() => azure.reset());
afterAll(() => azure.close());

test('a secret that was written is read back', async () => {
  const vault = createVault({ credential: azure.credential, vaultUrl: azure.keyVault.vaultUrl });
  const { version } = await vault.write('kv-eu', 'a', new Secret('one'), { x: 'y' });
  const stored = await vault.read('kv-eu', 'a');
  console.log(stored, version, azure.keyVault.calls, await vault.read('kv-us', 'a'), await vault.check('kv-us', ['q']));
  azure.keyVault.vault('kv-us').rights.set = false;
  console.log(await vault.check('kv-us', ['q']));
  await vault.write('kv-us', 'a', new Secret('one'), { x: 'y' }).catch(e => console.log(e));
});
