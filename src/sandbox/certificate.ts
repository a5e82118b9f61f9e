import { generate } from 'selfsigned';

/** A certificate for `localhost` and 127.0.0.1 that signs itself, made in memory; whoever calls must be told to trust `cert`. */
export async function createCertificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Clocks of the two sides may differ a little.
    notBeforeDate: new Date(Date.now() - 3_600_000),
  });
  return { key, cert };
}
