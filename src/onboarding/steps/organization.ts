import { ServiceError, UserError } from '../../errors.ts';
import type { Claims, Organization, OtterizeReader } from '../ports.ts';
import type { Target } from '../request.ts';
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

  run: async ({ request, effect, claims, acknowledged }, seen: Organization[] | undefined) => {
    const { organization: name } = request.target.names;

    const { id, made: isNew } = await effect<{ id: string; made: boolean }>('organization', {
      thing: { kind: 'organization', name },
      async find({ otterize }, intent) {
        const all =
          intent.open === undefined && seen !== undefined ? seen : await otterize.listOrganizations();
        const named = byName(all, name);
        if (named !== undefined) return { id: named.id, made: false };
        const unnamed = await leftUnnamed(claims, name);
        if (unnamed !== undefined) return { id: unnamed, made: true };
        intent.remember(all.map(each => each.id));
        if (intent.open !== undefined) return adopt(all, intent, claims, name);
        const strangers = await strangersAmong(all.filter(isUnlike(request.target)), otterize, claims);
        await explain(strangers, claims, name, acknowledged);
        return undefined;
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
        thing: { kind: 'organization-name', name },
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

/**
 * Whether an organization's name is none that Holt would give: not that of this target with another cluster in it. Where a name is
 * nothing but the cluster, any could be.
 */
function isUnlike({ cluster, names }: Target): (organization: Organization) => boolean {
  const [before = '', ...after] = names.organization.split(cluster);
  const end = after.join(cluster);
  return ({ name }) => before + end === '' || !(name.startsWith(before) && name.endsWith(end));
}

/** Each costs a call. */
const mostLookedAt = 30;

/** For how long an organization counts as one that a lost run may have left. */
const recentMs = 3_600_000;

/**
 * Organizations that Holt's own account sees, that are new and empty, and that its records know nothing of: perhaps the records were
 * lost between the making of one and its naming.
 */
async function strangersAmong(
  all: readonly Organization[],
  otterize: OtterizeReader,
  claims: Claims,
): Promise<Organization[]> {
  const since = Date.now() - recentMs;
  const recent = all
    .filter(({ created = 0 }) => created > since)
    .toSorted((a, b) => (b.created ?? 0) - (a.created ?? 0))
    .slice(0, mostLookedAt);
  if (recent.length === 0) return [];
  // In this order: what is made meanwhile is in the first or in the second.
  const missing = await claims.holders(wanted);
  const holders = await claims.holders(made);
  const unknown = recent.filter(({ id }) => holders[id] === undefined);
  const missed = Object.keys(missing).length;
  if (unknown.length <= missed) return [];
  const environments = await Promise.all(unknown.map(({ id }) => otterize.listEnvironments(id)));
  const empty = unknown.filter((_, index) => environments[index]?.length === 0);
  return empty.length <= missed ? [] : empty;
}

/** What nobody knows is shown to a person before another one is made; after Retry it counts as somebody's. */
async function explain(
  strangers: readonly Organization[],
  claims: Claims,
  name: string,
  acknowledged: (code: string, about: string) => boolean,
): Promise<void> {
  if (strangers.length === 0) return;
  const ids = strangers.map(({ id }) => id).join(' ');
  if (!acknowledged('organization-unknown', ids)) throw unknownOnes(strangers, ids, name);
  await Promise.all(strangers.map(({ id }) => claims.claim(made, id, notOurs)));
}

/** The holder of organizations that people have said are not Holt's; no name is like this. */
const notOurs = '(somebody’s)';

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

const unknownOnes = (strangers: readonly Organization[], ids: string, wantedName: string): UserError =>
  new UserError(
    'organization-unknown',
    `Otterize has new and empty organizations that Holt's records know nothing of: ${strangers
      .map(({ id, name }) => `${id} (${name})`)
      .join(
        ', ',
      )}. If the records were lost, one of them may be Holt's: give it the name ${wantedName}, then retry. Otherwise Retry makes another one.`,
    ids,
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
