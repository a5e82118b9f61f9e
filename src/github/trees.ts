import { Commit } from './answers.ts';
import type { Client, Scope } from './client.ts';

export interface Trees {
  /** The sha of a commit's tree, which never changes. */
  of(at: Scope, commit: string): Promise<string>;
}

/** More than are read and not yet built upon at any time. */
const mostKept = 200;

/** Trees of commits, each asked for once. What could not be read is asked for again. */
export function createTrees(octokit: Client['octokit']): Trees {
  const kept = new Map<string, Promise<string>>();

  async function read(at: Scope, commit: string): Promise<string> {
    const { data } = await octokit.rest.git.getCommit({ ...at, commit_sha: commit });
    return Commit.parse(data).tree.sha;
  }

  return {
    of(at, commit) {
      const key = `${at.owner}/${at.repo} ${commit}`;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const tree = read(at, commit);
      kept.set(key, tree);
      tree.catch(() => kept.delete(key));
      const [oldest = key] = kept.keys();
      if (kept.size > mostKept) kept.delete(oldest);
      return tree;
    },
  };
}
