import { UserError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { StoredSecret, VaultReader } from './ports.ts';
import type { StepContext } from './step.ts';

export interface Ownership {
  cluster: string;
  stage: string;
  /** Id of the integration whose credentials these are. */
  integration: string;
}

/** Tags tell whose a secret is; they are the same in every run. */
const tagsOf = ({ cluster, stage, integration }: Ownership): Record<string, string> => ({
  'managed-by': 'holt',
  cluster,
  stage,
  'otterize-integration': integration,
});

/** What stands under a name. */
export type Standing = Awaited<ReturnType<VaultReader['read']>>;

/** Nobody can say what the value is: it is not shown, and the vault does not have it. Makes nothing. */
export class Lost extends UserError {}

/**
 * The vault holds this value under this name: equal values make no new version, a soft-deleted name is recovered first, and
 * what Holt cannot show to be this cluster's is not overwritten (UserError). A value that nobody shows is what the vault has
 * for this integration, or it is Lost. `seen` is what stood there a moment ago, where somebody has looked.
 */
export async function keep(
  { request, read, effect }: StepContext<never>,
  owner: Ownership,
  name: string,
  value: Secret | undefined,
  seen?: Standing,
): Promise<{ name: string; version: string; written: boolean }> {
  const { vault } = request.target.names;
  const before = seen ?? (await read.vault.read(vault, name));
  if (before === 'deleted') {
    await effect(`recover ${name} for ${owner.integration}`, {
      thing: { kind: 'deleted-secret', name },
      find: async readers => ((await readers.vault.read(vault, name)) === 'deleted' ? undefined : { name }),
      async create(writers) {
        await writers.vault.recover(vault, name);
        return { name };
      },
    });
  }
  const { version, written } = await effect<{ version: string; written: boolean }>(
    `store ${name} of ${owner.integration}`,
    {
      thing: { kind: 'secret', name },
      async find(readers, { open }) {
        // What was read before a request of ours may have landed does not count.
        const current = open === undefined && before !== 'deleted';
        const stored = current ? before : await readers.vault.read(vault, name);
        if (typeof stored === 'string') return undefined;
        const known = value === undefined ? isOf(owner, stored) : stored.value.equals(value);
        if (known) return { version: stored.version, written: false };
        if (value !== undefined) refuseForeign(stored, owner, vault, name);
        return undefined;
      },
      async create(writers) {
        if (value === undefined) throw new Lost('secret-lost', `Nobody knows what ${name} was.`, name);
        return { ...(await writers.vault.write(vault, name, value, tagsOf(owner))), written: true };
      },
    },
  );
  return { name, version, written };
}

const isOf = ({ integration }: Ownership, { tags }: StoredSecret): boolean =>
  tags['otterize-integration'] === integration;

function refuseForeign(
  { tags }: StoredSecret,
  { cluster, stage }: Ownership,
  vault: string,
  name: string,
): void {
  if (tags['managed-by'] === 'holt' && tags['cluster'] === cluster && tags['stage'] === stage) return;
  const whose =
    tags['cluster'] === undefined ? 'something else' : `${tags['cluster']} ${tags['stage'] ?? ''}`.trim();
  throw new UserError(
    'secret-not-ours',
    `${vault} has a secret ${name} that belongs to ${whose}, with another value. Holt does not overwrite it. Give this cluster other secret names or another vault in holt.yaml, or delete that secret, then ask again.`,
    name,
  );
}
