import { digestOf } from '../approvals.ts';
import { resolvePeople } from '../people.ts';
import { digestAskedAbout, listDigestOf } from '../roll.ts';
import { defineStep, waiting } from '../step.ts';

// What differs for a cluster that is part of a rollout: it is looked at before anything is made, and the rollout asks for all.

/** How soon a cluster looks again what became of the question, should it not be told. */
const askAgainMs = 600_000;

/** Who is to be invited: of an organization that is there already, whoever is in it is left out. */
export const inviteesWithin = defineStep({
  fact: 'invitees',
  needs: [],

  run: async ({ request, read }) => {
    if (request.named.some(({ address }) => address === undefined)) return waiting({ inMs: askAgainMs });
    const name = request.target.names.organization;
    const organization = (await read.otterize.listOrganizations()).find(each => each.name === name);
    const { people, leftOut } = await resolvePeople(request, organization?.id, read);
    return { people, leftOut };
  },
});

/** The rollout asked about exactly these people for this cluster, and has an answer. */
export const approvalWithin = defineStep({
  fact: 'approval',
  needs: ['turn', 'invitees'],

  run: async ({ request, facts, kin }) => {
    const { cluster, names } = request.target;
    const addresses = facts.invitees.people.map(({ address }) => address);
    const digest = digestOf({ organization: names.organization, environment: names.environment, addresses });
    if (addresses.length === 0) return { verdict: 'not-needed', digest, addresses, by: [] };

    const above = (await kin.rollout())?.facts;
    const { verdict, by, without = [] } = above?.approval ?? {};
    const asked = above?.looked && digestAskedAbout(above.looked, cluster);
    if (verdict === undefined || by === undefined || asked !== listDigestOf(facts.invitees))
      return waiting({ inMs: askAgainMs });
    const left = addresses.filter(address => without.includes(address));
    return { verdict, digest, addresses, by, ...(left.length > 0 && { without: left }) };
  },
});
