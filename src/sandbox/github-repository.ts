import { createGit, type FileDiff, type Git, type Identity, type TreeChange } from './git.ts';

/** GitHub refuses a request: the body is what it answers. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: object;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, more: object = {}, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.body = {
      message,
      ...more,
      documentation_url: 'https://docs.github.com/rest',
      status: String(status),
    };
    this.headers = headers;
  }
}

export interface PullState {
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  mergedAt: string | null;
  mergeCommit: string | null;
  /** Branch names. */
  head: string;
  base: string;
  author: string;
  createdAt: string;
  updatedAt: string;
  /** What it was about when it ended: the branches go on without it. */
  ended?: { base: string; head: string };
}

/** A repository as its people see it. The fields are switches: change them at any time. */
export interface RepositoryStandIn {
  /** `owner/name`; a new value renames it. The names before redirect. */
  name: string;
  formerNames: string[];
  defaultBranch: string;
  archived: boolean;
  /** The account has no access: everything answers 404. */
  hidden: boolean;
  /** The account may write. Says nothing about an App: see `permissions` of the stand-in. */
  writable: boolean;
  pulls: PullState[];
  git: Git;
  /** Commits these files straight to a branch, which is made from the default branch when it is new; undefined removes one. */
  seed(branch: string, files: Record<string, string | undefined>): Promise<string>;
  /** The same as somebody else. */
  commitAs(
    person: string,
    branch: string,
    files: Record<string, string | undefined>,
    message?: string,
  ): Promise<string>;
  /** All ordinary files of a branch or commit as text. */
  files(ref: string): Promise<Record<string, string>>;
  head(branch: string): Promise<string | undefined>;
  merge(number: number, how?: { person?: string; squash?: boolean }): Promise<string>;
  close(number: number): Promise<void>;
  diff(number: number): Promise<FileDiff[]>;
  deleteBranch(branch: string): Promise<void>;
}

const identityOf = (person: string): Identity => ({
  name: person,
  email: `${person}@users.noreply.github.com`,
});
const heads = (branch: string): string => `refs/heads/${branch}`;

/** A repository with one first commit. */
export async function createRepositoryStandIn(
  name: string,
  folder: string,
  { files = {}, branch = 'main' }: { files?: Record<string, string>; branch?: string },
): Promise<RepositoryStandIn> {
  const git = await createGit(folder);
  const pulls: PullState[] = [];

  const head = async (branch: string) => (await git.refs()).get(heads(branch));

  async function commitAs(
    person: string,
    branch: string,
    files: Record<string, string | undefined>,
    message = `Change ${Object.keys(files).join(', ')}`,
  ): Promise<string> {
    const before = await head(branch);
    const parent = before ?? (await head(repository.defaultBranch));
    const changes = Object.entries(files).map(async ([path, content]): Promise<TreeChange> => {
      return { path, mode: '100644', sha: content === undefined ? null : await git.writeBlob(content) };
    });
    const tree = await git.writeTree(parent, await Promise.all(changes));
    if (tree === undefined) throw new Error('git refuses one of the paths');
    const author = identityOf(person);
    const parents = parent === undefined ? [] : [parent];
    const commit = await git.writeCommit({ tree, parents, message, author, committer: author });
    await git.setRef(heads(branch), commit, before);
    return commit;
  }

  function pullOf(number: number): PullState {
    const pull = pulls.find(each => each.number === number);
    if (pull === undefined) throw new Refusal(404, 'Not Found');
    return pull;
  }

  /** The two commits between which a pull request's changes lie. */
  async function rangeOf(pull: PullState): Promise<{ base: string; head: string }> {
    if (pull.ended !== undefined) return pull.ended;
    const [from, to] = [await head(pull.base), await head(pull.head)];
    if (from === undefined || to === undefined) throw new Refusal(404, 'Not Found');
    return { base: (await git.mergeBase(from, to)) ?? from, head: to };
  }

  async function end(pull: PullState): Promise<void> {
    pull.ended = await rangeOf(pull);
    pull.state = 'closed';
    pull.updatedAt = new Date().toISOString();
  }

  async function merge(number: number, { person = 'octocat', squash = false } = {}): Promise<string> {
    const pull = pullOf(number);
    // [DOC] a pull request that cannot be merged answers 405.
    if (pull.state !== 'open') throw new Refusal(405, 'Pull Request is not mergeable');
    const [base, young] = [await head(pull.base), await head(pull.head)];
    const tree = base && young ? await git.mergeTrees(base, young) : undefined;
    if (!base || !young || tree === undefined) throw new Refusal(405, 'Pull Request is not mergeable');
    const owner = repository.name.split('/')[0];
    const message = squash
      ? `${pull.title} (#${number})`
      : `Merge pull request #${number} from ${owner}/${pull.head}\n\n${pull.title}`;
    const author = identityOf(person);
    const parents = squash ? [base] : [base, young];
    const commit = await git.writeCommit({ tree, parents, message, author, committer: author });
    await end(pull);
    await git.setRef(heads(pull.base), commit, base);
    pull.mergedAt = new Date().toISOString();
    pull.mergeCommit = commit;
    return commit;
  }

  async function close(number: number): Promise<void> {
    const pull = pullOf(number);
    if (pull.state === 'open') await end(pull);
  }

  const names = { current: name, former: [] as string[] };

  const repository: RepositoryStandIn = {
    get name() {
      return names.current;
    },
    set name(next: string) {
      names.former.push(names.current);
      names.current = next;
    },
    get formerNames() {
      return names.former;
    },
    defaultBranch: branch,
    archived: false,
    hidden: false,
    writable: true,
    pulls,
    git,
    seed: (branch, files) => commitAs('octocat', branch, files),
    commitAs,
    async files(ref) {
      const entries = await git.listTree(ref, true);
      const blobs = entries.filter(({ mode }) => mode.startsWith('100'));
      const texts = blobs.map(async ({ path, sha }) => [path, (await git.readBlob(sha)).toString()] as const);
      return Object.fromEntries(await Promise.all(texts));
    },
    head,
    merge,
    close,
    async diff(number) {
      const range = await rangeOf(pullOf(number));
      return await git.diff(range.base, range.head);
    },
    async deleteBranch(branch) {
      for (const pull of pulls.filter(each => each.head === branch)) await close(pull.number);
      await git.deleteRef(heads(branch));
    },
  };

  await commitAs('octocat', branch, { 'README.md': `# ${name}\n`, ...files }, 'Initial commit');
  return repository;
}
