import { ServiceError, UserError } from '../../errors.ts';
import type { Claims, Organization } from '../ports.ts';
import { defineStep, type Intent } from '../step.ts';

/** Ids of organizations that runs made: one holder each. Never emptied, so that a named one is nobody else's candidate. */
const made = 'organizations';
/** Runs that asked for an organization and have not got hold of one. */
const wanted = 'organization-intents';

interface Found {
  id: string;
  made: boolean;
}

/** The cluster's organization in Otterize, by its exact name. It cannot be deleted, so it is looked for hard before it is made. */
export const organization = defineStep({
  fact: 'organization',
  needs: ['preflight'],

  run: async ({ run, request, effect, claims }) => {
    const { organization: name } = request.target.names;

    const { id, made: isNew } = await effect<{ id: string; made: boolean }>('organization', {
      async find({ otterize }, intent) {
        const all = await otterize.listOrganizations();
        const named = byName(all, name);
        if (named !== undefined) return { id: named.id, made: false };
        intent.remember(all.map(each => each.id));
        return intent.open === undefined ? undefined : adopt(all, intent, claims, run);
      },
      async create({ otterize }) {
        await claims.claim(wanted, run, run);
        const { id } = await otterize.createOrganization();
        if (!(await claims.claim(made, id, run))) throw takenByAnother();
        await claims.release(wanted, run);
        return { id, made: true };
      },
    });

    if (isNew) {
      await effect('organization name', {
        async find({ otterize }) {
          const all = await otterize.listOrganizations();
          return byName(all, name)?.id === id ? { id } : undefined;
        },
        create: async ({ otterize }) => ({ id: (await otterize.renameOrganization(id, name)).id }),
      });
    }
    return { id, name, made: isNew };
  },
});

function byName(all: readonly Organization[], name: string): Organization | undefined {
  const matches = all.filter(each => each.name === name);
  if (matches.length > 1) {
    const ids = matches.map(({ id }) => id).join(', ');
    throw new UserError(
      'organization-ambiguous',
      `Otterize has ${matches.length} organizations named ${name}: ${ids}. Rename all but the one to use, then retry.`,
    );
  }
  return matches[0];
}

/**
 * A request of ours got no answer. Organizations come without a name of ours, so those that appeared since and that no run
 * holds are as good as each other: one is taken before another is made. More of them than runs that miss one: a person decides.
 */
async function adopt(
  all: readonly Organization[],
  { open }: Intent,
  claims: Claims,
  run: string,
): Promise<Found | undefined> {
  const before = new Set(Array.isArray(open?.memo) ? open.memo : []);
  const [holders, missing] = await Promise.all([claims.holders(made), claims.holders(wanted)]);
  const mine = all.find(({ id }) => holders[id] === run);
  const candidates = all.filter(({ id }) => !before.has(id) && holders[id] === undefined);
  const runs = new Set([...Object.keys(missing), run]).size;
  if (mine === undefined && candidates.length > runs) throw unexplained(candidates);

  for (const { id } of mine === undefined ? candidates : [mine]) {
    if (!(await claims.claim(made, id, run))) continue;
    await claims.release(wanted, run);
    return { id, made: true };
  }
  return undefined;
}

const unexplained = (candidates: readonly Organization[]): UserError =>
  new UserError(
    'organization-unexplained',
    `A request to create the organization got no answer, and more organizations appeared since than Holt asked for: ${candidates
      .map(({ id, name }) => `${id} (${name})`)
      .join(', ')}. Name those that are not Holt's, or give one of them the name that is wanted, then retry.`,
  );

const takenByAnother = (): ServiceError =>
  new ServiceError({
    service: 'Otterize',
    operation: 'create the organization',
    reason: 'another run that had lost its own took the new one',
    retryable: true,
    applied: 'unknown',
  });
