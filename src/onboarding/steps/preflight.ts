import { explain, ServiceError, UserError } from '../../errors.ts';
import type { Problem, Readers } from '../ports.ts';
import type { GitOpsTarget } from '../request.ts';
import { defineStep } from '../step.ts';

/** Looks at all that the run will need before anything is changed, and names every obstacle at once. */
export const preflight = defineStep({
  fact: 'preflight',
  needs: [],

  run: async ({ request, read }) => {
    const { names, invite, gitops } = request.target;
    const invites = invite.people.length + invite.groups.length + request.named.length > 0;
    const common = {
      Otterize: () => read.otterize.check(),
      GitHub: () => checkRepositories(read, gitops),
    };
    const own = {
      'Key Vault': () => read.vault.check(names.vault, [names.clientIdSecret, names.clientSecretSecret]),
      ...(invites && { Entra: () => read.directory.check(invite.groups) }),
    };
    // A rollout looks once at what its clusters have in common, and each of them at the rest.
    const checks = {
      ...(request.within === undefined && common),
      ...(request.rollout === undefined && own),
    };
    const problems = (await Promise.all(Object.values(checks).map(check => check()))).flat();
    if (problems.length > 0) {
      throw new UserError('preflight', `Nothing has been made yet. ${problems.join(' ')}`);
    }
    return { checked: Object.keys(checks) };
  },
});

const checkRepositories = async (read: Readers, gitops: GitOpsTarget): Promise<Problem[]> => {
  const checks = [read.repository.check(gitops.repository, gitops.base), lookElsewhere(read, gitops)];
  return (await Promise.all(checks)).flat();
};

/** A run opens one pull request, so what belongs into another repository must be there. */
async function lookElsewhere({ repository, layout }: Readers, gitops: GitOpsTarget): Promise<Problem[]> {
  const { chartRepository, chartBase = gitops.base } = gitops;
  if (chartRepository === undefined) return [];
  const paths = layout.elsewhere(gitops);
  try {
    const { files } = await repository.readFiles(chartRepository, chartBase, paths);
    return paths
      .filter(path => files[path] === undefined)
      .map(
        path =>
          `The repository ${chartRepository} has no ${path} on ${chartBase}, and Holt opens one pull request, in ${gitops.repository}: add the chart there, or remove gitops.chartRepository from holt.yaml.`,
      );
  } catch (error) {
    if (error instanceof ServiceError && !error.retryable) return [explain(error).text];
    throw error;
  }
}
