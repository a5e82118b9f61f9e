import { ServiceError, UserError } from '../../errors.ts';
import type { Claims, Organization } from '../ports.ts';
import { defineStep, type Intent } from '../step.ts';

/**
 * Ids of organizations that were made, each with the name that it is meant for: a failed run may leave one without its name, and
 * whoever asks for the same again goes on with that one. Never emptied, so that a named one is nobody else's candidate.
 */
const made = 'organizations';
/** Those of them that have had their name. From then on only the name counts: people may have renamed it since, on purpose. */
const settled = 'organizations-named';
/** Names for which an organization was asked for and none has been got hold of. */
const wanted = 'organization-intents';

interface Found {
  id: string;
  made: boolean;
}

/** The cluster's organization in Otterize, by its exact name. It cannot be deleted, so it is looked for hard before it is made. */
export const organization = defineStep({
  fact: 'organization',
  needs: ['preflight'],
  ahead: { needs: [], freshMs: 5_000, look: ({ read }) => read.otterize.listOrganizations() },

  run: async ({ request, effect, claims }, seen: Organization[] | undefined) => {
    const { organization: name } = request.target.names;

    const { id, made: isNew } = await effect<{ id: string; made: boolean }>('organization', {
      async find({ otterize }, intent) {
        const all = intent.open === undefined && seen !== undefined ? seen : await otterize.listOrganizations();
        const named = byName(all, name);
        if (named !== undefined) return { id: named.id, made: false };
        const unnamed = await leftUnnamed(claims, name);
        if (unnamed !== undefined) return { id: unnamed, made: true };
        intent.remember(all.map(each => each.id));
        return intent.open === undefined ? undefined : adopt(all, intent, claims, name);
      },
      async create({ otterize }) {
        await claims.claim(wanted, name, name);
        const { id } = await otterize.createOrganization();
        if (!(await claims.claim(made, id, name))) throw takenByAnother();
        await claims.release(wanted, name);
        return { id, made: true };
      },
    });

    if (isNew) {
      await effect('organization name', {
        inside: 'organization',
        async find({ otterize }) {
          const named = byName(await otterize.listOrganizations(), name);
          if (named !== undefined && named.id !== id) throw nameTaken(name, named.id, id);
          return named === undefined ? undefined : { id };
        },
        create: async ({ otterize }) => ({ id: (await otterize.renameOrganization(id, name)).id }),
      });
    }
    await claims.claim(settled, id, name);
    return { id, name, made: isNew };
  },
});

/** One that was made for this name and has not had it yet, listed or not. */
async function leftUnnamed(claims: Claims, name: string): Promise<string | undefined> {
  const [holders, named] = await Promise.all([claims.holders(made), claims.holders(settled)]);
  return Object.keys(holders).find(id => holders[id] === name && named[id] === undefined);
}

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
 * A request of ours got no answer. Organizations come without a name of ours, so those that appeared since and that are meant
 * for no name are as good as each other: one is taken before another is made. More of them than are missed: a person decides.
 */
async function adopt(
  all: readonly Organization[],
  { open }: Intent,
  claims: Claims,
  name: string,
): Promise<Found | undefined> {
  const before = new Set(Array.isArray(open?.memo) ? open.memo : []);
  const [holders, missing] = await Promise.all([claims.holders(made), claims.holders(wanted)]);
  const candidates = all.filter(({ id }) => !before.has(id) && holders[id] === undefined);
  const missed = new Set([...Object.keys(missing), name]).size;
  if (candidates.length > missed) throw unexplained(candidates);

  for (const { id } of candidates) {
    if (!(await claims.claim(made, id, name))) continue;
    await claims.release(wanted, name);
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

const nameTaken = (name: string, named: string, own: string): UserError =>
  new UserError(
    'organization-name-taken',
    `Otterize has another organization named ${name} by now: ${named}. Holt had made ${own} for that name. To use the other one, type the command again; to use Holt's, give the other one another name, then retry.`,
  );

const takenByAnother = (): ServiceError =>
  new ServiceError({
    service: 'Otterize',
    operation: 'create the organization',
    reason: 'another run that had lost its own took the new one',
    retryable: true,
    applied: 'unknown',
  });
