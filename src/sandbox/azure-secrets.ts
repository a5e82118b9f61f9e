import { randomBytes } from 'node:crypto';

export interface Version {
  /** 32 hex digits. */
  version: string;
  value: string;
  contentType: string | undefined;
  tags: Record<string, string>;
  enabled: boolean;
  /** Seconds since the epoch. */
  created: number;
  updated: number;
}

export interface NamedSecret {
  name: string;
  /** Oldest first. */
  versions: Version[];
  state: 'live' | 'deleting' | 'deleted' | 'recovering';
  /** How many more calls find a deletion or recovery still under way. */
  pending: number;
}

export interface Rights {
  get: boolean;
  set: boolean;
  delete: boolean;
  recover: boolean;
}

export interface Vault {
  name: string;
  rights: Rights;
  /** By name in lower case: Key Vault's names ignore it. */
  secrets: Map<string, NamedSecret>;
}

export interface VaultSeeds {
  vaults: Map<string, Vault>;
  /** `limbo`: how many calls still find a deletion or a recovery under way; it takes seconds in Azure [DOC]. */
  switches: { limbo: number };
  /** A vault by its name; made when it is not there. */
  vault(name: string): Vault;
  /** Adds a version without a call. */
  put(vault: string, name: string, value: string, tags?: Record<string, string>): Version;
  /** Soft-deletes without a call, and without limbo. */
  softDelete(vault: string, name: string): void;
  /** The values of a secret, oldest first. */
  values(vault: string, name: string): string[];
}

export const newVersion = (
  value: string,
  { contentType, tags = {}, enabled = true }: Partial<Version> = {},
): Version => {
  const now = Math.floor(Date.now() / 1000);
  const version = randomBytes(16).toString('hex');
  return { version, value, contentType, tags, enabled, created: now, updated: now };
};

/** The secret of that name in any state; made when it is not there. */
export function secretOf(vault: Vault, name: string): NamedSecret {
  const key = name.toLowerCase();
  const secret = vault.secrets.get(key) ?? { name, versions: [], state: 'live', pending: 0 };
  vault.secrets.set(key, secret);
  return secret;
}

/** Counts a look at a secret, and ends its deletion or recovery when that was the last one it takes. */
export function look(secret: NamedSecret): NamedSecret {
  const finished = { deleting: 'deleted', recovering: 'live' } as const;
  if (secret.state !== 'deleting' && secret.state !== 'recovering') return secret;
  if (secret.pending <= 0) secret.state = finished[secret.state];
  secret.pending -= 1;
  return secret;
}

export function createVaults(): VaultSeeds {
  const vaults = new Map<string, Vault>();
  const vault = (name: string): Vault => {
    const rights = { get: true, set: true, delete: true, recover: true };
    const found = vaults.get(name.toLowerCase()) ?? { name, rights, secrets: new Map() };
    vaults.set(name.toLowerCase(), found);
    return found;
  };
  return {
    vaults,
    switches: { limbo: 0 },
    vault,
    put(vaultName, name, value, tags = {}) {
      const version = newVersion(value, { tags });
      secretOf(vault(vaultName), name).versions.push(version);
      return version;
    },
    softDelete(vaultName, name) {
      secretOf(vault(vaultName), name).state = 'deleted';
    },
    values: (vaultName, name) =>
      vault(vaultName)
        .secrets.get(name.toLowerCase())
        ?.versions.map(({ value }) => value) ?? [],
  };
}
