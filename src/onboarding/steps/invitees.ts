import { resolvePeople } from '../people.ts';
import { defineStep, waiting } from '../step.ts';

/** Who is to be invited: people of the directory, each with an address that it vouches for. */
export const invitees = defineStep({
  fact: 'invitees',
  needs: ['organization'],

  run: async ({ request, facts, read }) => {
    // The bot looks the address up and wakes the run; this is for the case that its news got lost.
    if (request.named.some(({ address }) => address === undefined)) return waiting({ inMs: 60_000 });
    const { people, leftOut } = await resolvePeople(request, facts.organization.id, read);
    return { people, leftOut };
  },
});
