import type { Allowance, Rate } from '../onboarding/turns.ts';

export interface VaultLimits {
  /** New versions of secrets, in ten seconds and one vault. Azure takes 300. */
  writesPer10s: number;
  /** All other requests about secrets, in ten seconds and one vault. Azure takes 4,000. */
  readsPer10s: number;
}

const in10s = (most: number): Rate[] => [{ most, withinMs: 10_000 }];

/** Each vault has its own. */
export const vaultAllowances = (
  vault: string,
  { writesPer10s, readsPer10s }: VaultLimits,
): { writes: Allowance; reads: Allowance } => {
  const name = vault.toLowerCase();
  return {
    writes: { key: `key-vault:${name}:writes`, rates: in10s(writesPer10s) },
    reads: { key: `key-vault:${name}:reads`, rates: in10s(readsPer10s) },
  };
};

/** Graph counts in units: `unitsOf` says how many a request costs. A small tenant has 3,500 in ten seconds for an application. */
export const graphAllowance = (unitsPer10s: number): Allowance => ({
  key: 'graph:units',
  rates: in10s(unitsPer10s),
});

/** A list of users costs two, the members of a group with all that is nested in it five; one less when attributes are selected. */
export const unitsOf = (path: string): number => (path.includes('/transitiveMembers') ? 5 : 2);

/** For how long to stay away when the service says that it is too much, and not for how long. */
export const pauseMs = 10_000;
