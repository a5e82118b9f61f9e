import { z } from 'zod';
import { explain, ServiceError } from '../errors.ts';
import type { Problem, Pull, RepositoryReader, RepositoryWriter } from '../onboarding/ports.ts';
import { Comparison, Installation, PullRequest, Refs, Repository } from './answers.ts';
import { type Client, createClient, type GitHubOptions, type Scope } from './client.ts';
import { commitFiles, TRAILER } from './commit.ts';
import { saysOf } from './failures.ts';
import { foldersAt, readFilesAt } from './files.ts';
import { createTrees } from './trees.ts';

/**
 * Repositories on GitHub. Throws a ConfigError when the App's key is unusable; the methods throw a ServiceError, or a
 * UserError when the repository itself must be changed first. A repository has been renamed: reading follows, writing
 * throws. Limits are not waited for: the error says for how long to rest.
 */
export function createRepository(options: GitHubOptions): RepositoryReader & RepositoryWriter {
  const client = createClient(options);
  const { octokit, read, write } = client;
  const trees = createTrees(octokit);

  return {
    check: (repository, base) =>
      read('look at the repository', repository, at => check(client, at, base)).catch(asProblem),

    readFiles: (repository, branch, paths) =>
      read('read the files', repository, async at => {
        const commit = await headOf(octokit, at, branch);
        if (commit === undefined) throw branchMissing('read the files', branch);
        // Whoever reads files commits on top of them next.
        trees.of(at, commit).catch(() => undefined);
        return { commit, files: await readFilesAt(client, at, commit, paths) };
      }),

    listFolders: (repository, branch, folder) =>
      read('list the folders', repository, async at => {
        const commit = await headOf(octokit, at, branch);
        if (commit === undefined) throw branchMissing('list the folders', branch);
        return foldersAt(octokit, at, commit, folder);
      }),

    findBranch: (repository, branch, base) =>
      read('look at the branch', repository, async at => {
        const commit = await headOf(octokit, at, branch);
        return commit === undefined ? undefined : { commit, ours: await isOurs(octokit, at, base, commit) };
      }),

    findPulls: (repository, branch, base) =>
      read('list the pull requests', repository, at => listPulls(octokit, at, branch, base)),

    commit: (repository, commit) =>
      write('commit the files', repository, 3, at => commitFiles(octokit, at, commit, trees)),

    openPull: (repository, pull) =>
      write('open the pull request', repository, 1, at => openPull(octokit, at, pull)),

    updatePull: (repository, number, text) =>
      write('update the pull request', repository, 1, async at => {
        const answer = await octokit.rest.pulls.update({ ...at, pull_number: number, ...text });
        return toPull(PullRequest.parse(answer.data));
      }),
  };
}

type GitHub = Client['octokit'];

/** Asks for all refs that begin so, because a ref that is not there and a repository that is not there both answer 404. */
async function headOf(octokit: GitHub, at: Scope, branch: string): Promise<string | undefined> {
  const { data } = await octokit.rest.git.listMatchingRefs({ ...at, ref: `heads/${branch}` });
  return Refs.parse(data).find(({ ref }) => ref === `refs/heads/${branch}`)?.object.sha;
}

const branchMissing = (operation: string, branch: string) =>
  new ServiceError({
    service: 'GitHub',
    operation,
    reason: `there is no branch ${branch}`,
    advice: "Check the branch's name in the configuration, then retry.",
    status: 404,
    retryable: false,
    applied: 'no',
  });

/** A refusal is what a check looks for; a limit or an outage says nothing about the repository. */
function asProblem(error: unknown): Problem[] {
  if (error instanceof ServiceError && !error.retryable) return [explain(error).text];
  throw error;
}

async function check({ octokit, app }: Client, at: Scope, base: string): Promise<Problem[]> {
  const asked = `${at.owner}/${at.repo}`;
  const [answer, head, rights] = await Promise.all([
    octokit.rest.repos.get(at),
    headOf(octokit, at, base),
    app ? missingRights(octokit, asked) : [],
  ]);
  const repository = Repository.parse(answer.data);
  const problems: Problem[] = [];
  if (repository.full_name.toLowerCase() !== asked.toLowerCase()) {
    problems.push(
      `The repository ${asked} is now called ${repository.full_name}: put the new name into the configuration.`,
    );
  }
  if (repository.archived)
    problems.push(`The repository ${asked} is archived: unarchive it, or name another one.`);
  if (repository.disabled) problems.push(`GitHub has disabled the repository ${asked}: ask its owner.`);
  problems.push(...rights);
  // Of an installation GitHub always says that it may not push: the field is about users.
  if (!app && repository.permissions?.push === false) {
    problems.push(
      `Holt may not write to ${asked}: give its token write access to contents and pull requests.`,
    );
  }
  if (head === undefined) {
    problems.push(`The repository ${asked} has no branch ${base}: make it, or name another base branch.`);
  }
  return problems;
}

async function missingRights(octokit: GitHub, repository: string): Promise<Problem[]> {
  const { permissions } = Installation.parse(await octokit.auth({ type: 'installation' }));
  return ['contents', 'pull_requests']
    .filter(right => permissions[right] !== 'write')
    .map(
      right =>
        `Holt's GitHub App may not write ${right.replace('_', ' ')} in ${repository}: give it that permission.`,
    );
}

/** More commits than one answer holds are more than Holt ever makes. */
async function isOurs(octokit: GitHub, at: Scope, base: string, commit: string): Promise<boolean> {
  const answer = await octokit.rest.repos.compareCommitsWithBasehead({
    ...at,
    basehead: `${base}...${commit}`,
  });
  const { total_commits, commits } = Comparison.parse(answer.data);
  return (
    total_commits === commits.length &&
    commits.every(each => each.commit.message.split('\n').includes(TRAILER))
  );
}

async function openPull(
  octokit: GitHub,
  at: Scope,
  pull: Parameters<RepositoryWriter['openPull']>[1],
): Promise<Pull> {
  const { branch, base, title, body } = pull;
  try {
    const answer = await octokit.rest.pulls.create({ ...at, head: branch, base, title, body });
    return toPull(PullRequest.parse(answer.data));
  } catch (error) {
    if (saysOf(error, 422, /no commits between/i)) throw nothingToPull(branch, base);
    if (!saysOf(error, 422, /already exists/i)) throw error;
    const open = (await listPulls(octokit, at, branch, base)).find(({ state }) => state === 'open');
    if (open === undefined) throw pullHidden(branch);
    return open;
  }
}

const nothingToPull = (branch: string, base: string) =>
  new ServiceError({
    service: 'GitHub',
    operation: 'open the pull request',
    reason: `the branch ${branch} has no commit that ${base} lacks`,
    advice: 'Delete the branch, then retry.',
    status: 422,
    retryable: false,
    applied: 'no',
  });

const pullHidden = (branch: string) =>
  new ServiceError({
    service: 'GitHub',
    operation: 'open the pull request',
    reason: `there is one from ${branch} already, but the list does not show it yet`,
    status: 422,
    retryable: true,
    applied: 'no',
  });

async function listPulls(octokit: GitHub, at: Scope, branch: string, base: string): Promise<Pull[]> {
  const data = await octokit.paginate(octokit.rest.pulls.list, {
    ...at,
    head: `${at.owner}:${branch}`,
    base,
    state: 'all',
    sort: 'created',
    direction: 'desc',
    per_page: 100,
  });
  return (
    z
      .array(PullRequest)
      .parse(data)
      // GitHub ignores a head filter that it cannot make sense of, and a fork's branch may have the same name.
      .filter(({ head }) => head.ref === branch)
      .filter(({ base: into, head }) => into.ref === base && head.repo?.full_name === into.repo.full_name)
      .map(toPull)
  );
}

function toPull({ number, html_url, state, merged_at, title, body }: PullRequest): Pull {
  return { number, url: html_url, state: merged_at ? 'merged' : state, title, body: body ?? '' };
}
