import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { Branch, Files, Pull, RepositoryReader } from '../ports.ts';
import { describePull, saysTheSame } from '../pull-request-text.ts';
import type { GitOpsTarget } from '../request.ts';
import { defineStep, type StepContext } from '../step.ts';

type Context = StepContext<'credentials'>;
type Changes = Record<string, string>;

/** The pull request that connects the cluster; nobody can merge it before the vault holds what it refers to. */
export const pullRequest = defineStep({
  fact: 'pullRequest',
  needs: ['credentials'],

  run: async context => {
    const { request, facts, read } = context;
    const { gitops } = request.target;
    const { repository, base, branch } = gitops;
    const [main, head, pulls] = await Promise.all([
      read.repository.readFiles(repository, base, read.layout.paths(gitops)),
      read.repository.findBranch(repository, branch, base),
      read.repository.findPulls(repository, branch, base),
    ]);
    const changes = read.layout.edit(request.target, facts.credentials, main.files);
    const files = Object.keys(changes);
    const newest = pulls[0];
    const open = pulls.find(({ state }) => state === 'open');
    if (files.length === 0) return nothingToChange(newest);

    refuseWhatPeopleDid(context, head, open ?? newest);
    const committed = await commit(context, main.commit, head, changes);
    const { pull, opened } = await openPull(context, committed, changes, open);
    return { state: 'open', ...pull, changed: committed !== head?.commit || opened, files };
  },
});

function nothingToChange(newest: Pull | undefined) {
  const link = newest?.state === 'merged' ? { number: newest.number, url: newest.url } : {};
  const state = newest?.state === 'merged' ? ('merged' as const) : ('nothing-to-change' as const);
  return { state, ...link, changed: false, files: [] };
}

/** A pull request closed without a merge is somebody's no; a commit of somebody else's is somebody's work. */
function refuseWhatPeopleDid(
  { acknowledged }: Context,
  head: Branch | undefined,
  pull: Pull | undefined,
): void {
  if (head?.ours === false) {
    throw new UserError(
      'foreign-commits',
      'The branch has commits that are not Holt’s, and Holt does not build on them. Merge or delete the branch, then retry.',
    );
  }
  if (pull?.state === 'closed' && !acknowledged('pull-request-closed', `#${pull.number}`)) {
    throw new UserError(
      'pull-request-closed',
      `Somebody closed the pull request #${pull.number} without merging it: ${pull.url} Talk to them; Retry opens a new one.`,
      `#${pull.number}`,
    );
  }
}

/** One commit on the branch, with the base's tree below it: never forced, and up to date with the base whenever it changes. */
async function commit(
  { request, read, effect }: Context,
  base: string,
  head: Branch | undefined,
  changes: Changes,
): Promise<string> {
  const { cluster, stage, gitops } = request.target;
  if (head !== undefined && (await holds(read.repository, gitops, changes))) return head.commit;

  const { commit } = await effect(`commit ${digest(changes)} on ${head?.commit ?? base}`, {
    async find({ repository }) {
      const now = await repository.findBranch(gitops.repository, gitops.branch, gitops.base);
      const there =
        now !== undefined && now.commit !== head?.commit && (await holds(repository, gitops, changes));
      return there ? { commit: now.commit } : undefined;
    },
    create: ({ repository }) =>
      repository.commit(gitops.repository, {
        branch: gitops.branch,
        head: head?.commit,
        tree: base,
        parents: [...new Set([head?.commit ?? base, base])],
        files: changes,
        message: `Onboard ${cluster} (${stage}) to Otterize`,
      }),
  });
  return commit;
}

/** Whether the branch has every one of these files just so. */
async function holds(repository: RepositoryReader, gitops: GitOpsTarget, changes: Changes): Promise<boolean> {
  const { files } = await repository.readFiles(gitops.repository, gitops.branch, Object.keys(changes));
  return Object.entries(changes).every(([path, text]) => files[path] === text);
}

async function openPull(
  { request, read, thread, effect }: Context,
  committed: string,
  changes: Changes,
  open: Pull | undefined,
): Promise<{ pull: { number: number; url: string }; opened: boolean }> {
  const { gitops } = request.target;
  const wanted = describePull(request.target, {
    files: Object.keys(changes),
    afterMerge: read.layout.afterMerge(request.target),
    thread: thread?.permalink,
  });
  if (open !== undefined) {
    const { number, url } = open;
    if (saysTheSame(open, wanted)) return { pull: { number, url }, opened: false };
    await effect(`describe #${number} ${digest({ body: wanted.body })}`, {
      find: async () => undefined,
      create: async ({ repository }) => {
        await repository.updatePull(gitops.repository, number, wanted);
        return { number };
      },
    });
    return { pull: { number, url }, opened: true };
  }
  const pull = await effect<{ number: number; url: string }>(`pull request for ${committed}`, {
    async find({ repository }) {
      const pulls = await repository.findPulls(gitops.repository, gitops.branch, gitops.base);
      const found = pulls.find(({ state }) => state === 'open');
      return found && { number: found.number, url: found.url };
    },
    async create({ repository }) {
      const { branch, base } = gitops;
      const { number, url } = await repository.openPull(gitops.repository, { branch, base, ...wanted });
      return { number, url };
    },
  });
  return { pull, opened: true };
}

const digest = (files: Files): string =>
  createHash('sha256')
    .update(
      JSON.stringify(
        Object.keys(files)
          .toSorted()
          .map(path => [path, files[path]]),
      ),
    )
    .digest('hex')
    .slice(0, 16);
