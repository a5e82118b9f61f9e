import { digestOf, nextLookAt, verdictOf } from '../approvals.ts';
import { defineStep, waiting } from '../step.ts';

/** People agree to exactly these invites to exactly this organization and environment, or do not. */
export const approval = defineStep({
  fact: 'approval',
  needs: ['organization', 'environment', 'invitees'],

  run: async ({ request, facts, ask }) => {
    const addresses = facts.invitees.people.map(({ address }) => address);
    const covered = { organization: facts.organization.id, environment: facts.environment.id, addresses };
    const digest = digestOf(covered);
    if (addresses.length === 0) return { verdict: 'not-needed', digest, addresses, by: [] };

    const gate = await ask({ digest, addresses });
    if (gate.state === 'open' || gate.state === 'void')
      return waiting({ at: nextLookAt(gate, request.target.approval) });
    return { verdict: gate.state, digest, addresses, ...verdictOf(gate) };
  },
});
