import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseFleet } from '../../src/config.ts';
import { createRepository } from '../../src/github/repository.ts';
import { createLog } from '../../src/log.ts';
import { createCatalogue, isStale, lookForClusters, wantedOf } from '../../src/onboarding/catalogue.ts';
import { isKnown, knownClusters, resolveTarget } from '../../src/onboarding/fleet.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { type GitHubStandIn, startGitHub } from '../../src/sandbox/github.ts';
import { Secret } from '../../src/secret.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { gitHubUnlimited } from '../support/limits.ts';

const configuration = (
  discover: string,
  clusters = '{ payments-eu: { labels: { region: eu } } }',
): string => `
requesters: { users: [U1] }
approval: { approvers: { users: [U2] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
stages: { dev: , prod: }
clusters: ${clusters}
discover: ${discover}
`;

const log = createLog('silent');
let github: GitHubStandIn;
let folder: string;
let store: Store;
let clock: number;

beforeAll(async () => {
  github = await startGitHub();
  await github.addRepository('harbour/clusters', {
    files: {
      'cluster/ledger/dev/values.yaml': 'a: 1\n',
      'cluster/ledger/prod/values.yaml': 'a: 1\n',
      'cluster/billing-eu/README.md': 'hello\n',
      'cluster/README.md': 'hello\n',
      'cluster/.Templates/values.yaml': 'a: 1\n',
      'stages/prod/ordering/values.yaml': 'a: 1\n',
    },
  });
});
afterAll(() => github.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holt-catalogue-'));
  clock = 1_700_000_000_000;
  store = { ...openEmbeddedStore(join(folder, 'holt.sqlite')), now: async () => clock };
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const repository = () =>
  createRepository({
    ...gitHubUnlimited(),
    apiUrl: github.url,
    auth: { token: async () => new Secret(github.token) },
    log,
  });

/** What the bot knows after a worker has looked. */
async function known(discover: string, clusters?: string) {
  const fleet = parseFleet(configuration(discover, clusters), 'holt.yaml');
  const first = createCatalogue(fleet, store, log);
  await first.load();
  first.close();
  await lookForClusters(store, repository(), log);
  const catalogue = createCatalogue(fleet, store, log);
  await catalogue.load();
  catalogue.close();
  return catalogue.fleet();
}

describe('the clusters of the repository', () => {
  it('are those with a folder, beside those that are listed', async () => {
    const fleet = await known('{ folders: "cluster/{cluster}" }');
    expect(knownClusters(fleet)).toEqual(['payments-eu', 'billing-eu', 'ledger']);
    expect(isKnown(fleet, 'ledger')).toBe(true);
    expect(resolveTarget(fleet, 'ledger', 'prod').names.vault).toBe('kv-ledger-prod');
    expect(resolveTarget(fleet, 'payments-eu', 'prod').labels['region']).toBe('eu');
  });

  it('may be listed by stage, and need not be listed in holt.yaml at all', async () => {
    const fleet = await known('{ folders: "stages/{stage}/{cluster}" }', '{}');
    expect(knownClusters(fleet)).toEqual(['ordering']);
  });

  it('stay as they were last seen when the repository cannot be read', async () => {
    await known('{ folders: "cluster/{cluster}" }');
    github.faults.push({ kind: 'answer', status: 500 });
    await lookForClusters(store, repository(), log);
    github.faults.length = 0;
    expect(knownClusters(await known('{ folders: "cluster/{cluster}" }'))).toContain('ledger');
  });

  it('are looked for when nobody has, when they are old, and when the configuration says otherwise', async () => {
    expect(await isStale(store)).toBe(false);
    const fleet = parseFleet(configuration('{ folders: "cluster/{cluster}" }'), 'holt.yaml');
    const catalogue = createCatalogue(fleet, store, log);
    await catalogue.load();
    expect(await isStale(store)).toBe(true);
    await lookForClusters(store, repository(), log);
    expect(await isStale(store)).toBe(false);
    clock += 120_001;
    expect(await isStale(store)).toBe(true);
    await lookForClusters(store, repository(), log);
    catalogue.close();
    const other = createCatalogue(
      parseFleet(configuration('{ folders: "stages/{stage}/{cluster}" }'), 'holt.yaml'),
      store,
      log,
    );
    await other.load();
    expect(await isStale(store)).toBe(true);
    expect(knownClusters(other.fleet())).toEqual(['payments-eu']);
    other.close();
  });

  it('are nowhere when holt.yaml does not say so', () => {
    const fleet = parseFleet(
      configuration('{ folders: "cluster/{cluster}" }').replace(/discover:.*/, ''),
      'holt.yaml',
    );
    expect(wantedOf(fleet)).toBeUndefined();
  });

  it.each(['cluster', '"{cluster}/values"', '"cluster/{cluster}/x"', '"{region}/{cluster}"'])(
    'cannot be in %s',
    folders => {
      expect(() => parseFleet(configuration(`{ folders: ${folders} }`), 'holt.yaml')).toThrow(
        /folders|braces/,
      );
    },
  );
});
