import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createCredential } from '../../src/azure/credential.ts';
import { createCertificate } from '../../src/sandbox/certificate.ts';
import { type EntraStandIn, startEntra } from '../../src/sandbox/entra.ts';
import { startKeyVault } from '../../src/sandbox/key-vault.ts';
import { Secret } from '../../src/secret.ts';

/** Entra, Graph and Key Vault on loopback, whose certificate this process trusts from now on. */
export async function startAzure(vaults: readonly string[] = []) {
  const tls = await createCertificate();
  setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
  const entra = await startEntra({ tls });
  const keyVault = await startKeyVault({ tls, entra, vaults });
  return {
    tls,
    entra,
    keyVault,
    reset() {
      entra.reset();
      keyVault.reset();
    },
    close: () => Promise.all([entra.close(), keyVault.close()]),
  };
}

export const clientSecretOf = (
  { tenantId, clientId, clientSecret, url }: EntraStandIn,
  secret = clientSecret,
) =>
  createCredential({
    auth: 'client-secret',
    tenantId,
    clientId,
    clientSecret: new Secret(secret),
    authorityHost: url,
  });
