import { digestOfAll, nextLookAt, verdictOf } from '../approvals.ts';
import { listAskedAbout } from '../roll.ts';
import { defineStep, waiting } from '../step.ts';

/** People agree once to all invites of the rollout, each to its cluster, or do not. */
export const rolloutApproval = defineStep({
  fact: 'approval',
  needs: ['looked'],

  run: async ({ request, facts: { looked }, ask }) => {
    const members = request.rollout?.members ?? [];
    const covered = members.flatMap(({ cluster, run }) => {
      const list = listAskedAbout(looked, cluster);
      return list === undefined || list.people.length === 0
        ? []
        : [{ run, addresses: list.people.map(({ address }) => address) }];
    });
    const digest = digestOfAll(covered);
    const addresses = [...new Set(covered.flatMap(each => each.addresses))];
    if (addresses.length === 0) return { verdict: 'not-needed', digest, addresses, by: [] };

    const gate = await ask({ digest, addresses });
    if (gate.state === 'open' || gate.state === 'void')
      return waiting({ at: nextLookAt(gate, request.target.approval) });
    return { verdict: gate.state, digest, addresses, ...verdictOf(gate) };
  },
});
