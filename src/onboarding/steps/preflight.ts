import { UserError } from '../../errors.ts';
import { defineStep } from '../step.ts';

/** Looks at all that the run will need before anything is changed, and names every obstacle at once. */
export const preflight = defineStep({
  fact: 'preflight',
  needs: [],

  run: async ({ request, read }) => {
    const { names, invite, gitops } = request.target;
    const invites = invite.people.length + invite.groups.length + request.named.length > 0;
    const checks = {
      Otterize: read.otterize.check(),
      'Key Vault': read.vault.check(names.vault, [names.clientIdSecret, names.clientSecretSecret]),
      GitHub: read.repository.check(gitops.repository, gitops.base),
      ...(invites ? { Entra: read.directory.check(invite.groups) } : {}),
    };
    const problems = (await Promise.all(Object.values(checks))).flat();
    if (problems.length > 0) {
      throw new UserError('preflight', `Nothing has been made yet. ${problems.join(' ')}`);
    }
    return { checked: Object.keys(checks) };
  },
});
