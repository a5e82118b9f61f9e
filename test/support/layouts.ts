import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import { Fleet } from '../../src/onboarding/fleet-schema.ts';
import type { Target } from '../../src/onboarding/request.ts';
import { approver, requester } from './builders.ts';

/** A holt.yaml with these settings below `gitops`. */
export const fleetWith = (gitops: Record<string, unknown>, clusters: readonly string[]): Fleet =>
  Fleet.parse({
    requesters: { users: [requester] },
    approval: { approvers: { users: [approver] } },
    names: { vault: 'kv-{cluster}-{stage}' },
    gitops: { repository: 'harbour/clusters', ...gitops },
    stages: { prod: null },
    clusters: Object.fromEntries(clusters.map(cluster => [cluster, null])),
  });

/** A target as such a holt.yaml gives it. */
export const targetWith = (gitops: Record<string, unknown>, cluster = 'payments-eu'): Target =>
  resolveTarget(fleetWith(gitops, [cluster]), cluster, 'prod');

/** Every file below a folder of fixtures, by its path from there. */
export function filesBelow(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter(path => statSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map(path => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** All places in some data that have a name: `spec.sources[].chart`. */
export function placesIn(data: unknown, at = ''): string[] {
  if (Array.isArray(data)) return data.flatMap(each => placesIn(each, `${at}[]`));
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const place = at === '' ? key : `${at}.${key}`;
    return [place, ...placesIn(value, place)];
  });
}
