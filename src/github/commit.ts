import { ContractError, ServiceError } from '../errors.ts';
import type { RepositoryWriter } from '../onboarding/ports.ts';
import { Commit, NewTree, Ref } from './answers.ts';
import type { Client, Scope } from './client.ts';
import { saysOf } from './failures.ts';
import type { Trees } from './trees.ts';

/** The line that marks a commit as Holt's, in the commit's message. */
export const TRAILER = 'Onboarded-by: Holt';

/** One commit, and the branch moved to it; see `RepositoryWriter`. */
export async function commitFiles(
  octokit: Client['octokit'],
  at: Scope,
  { branch, head, tree, parents, files, message }: Parameters<RepositoryWriter['commit']>[1],
  trees: Trees,
): Promise<{ commit: string }> {
  const base = await trees.of(at, tree);
  const entries = Object.entries(files).map(
    ([path, content]) => ({ path, content, mode: '100644', type: 'blob' }) as const,
  );
  const changed =
    entries.length === 0
      ? base
      : NewTree.parse((await octokit.rest.git.createTree({ ...at, base_tree: base, tree: entries })).data)
          .sha;
  // Without an author and a committer GitHub signs what an App commits.
  const created = await octokit.rest.git.createCommit({
    ...at,
    message: `${message.trimEnd()}\n\n${TRAILER}\n`,
    tree: changed,
    parents: [...parents],
  });
  const { sha } = Commit.parse(created.data);
  try {
    const { data } =
      head === undefined
        ? await octokit.rest.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha })
        : await octokit.rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha, force: false });
    if (Ref.parse(data).object.sha !== sha) throw new ContractError('GitHub', 'commit the files', 'sha');
  } catch (error) {
    throw saysOf(error, 422, /already exists|not a fast.?forward|does not exist/i)
      ? branchMoved(branch)
      : error;
  }
  return { commit: sha };
}

const branchMoved = (branch: string) =>
  new ServiceError({
    service: 'GitHub',
    operation: 'commit the files',
    reason: `the branch ${branch} has changed meanwhile`,
    status: 422,
    retryable: true,
    applied: 'no',
  });
