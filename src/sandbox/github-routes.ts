import { z } from 'zod';
import type { GitCommit, TreeEntry } from './git.ts';
import type { Admitted, Gate, GitHubSwitches } from './github-gate.ts';
import { Refusal, type RepositoryStandIn } from './github-repository.ts';

/** Repositories, Git objects and comparisons, as the REST API of GitHub has them. */
export function addGitRoutes(gate: Gate, switches: GitHubSwitches): void {
  // [DOC] an App's installation is no user: its rights are not in this answer, `push` is false whatever it may do.
  gate.route('GET', '', 'getRepository', 'metadata', async ({ repository, account }) => ({
    name: repository.name.split('/')[1],
    full_name: repository.name,
    private: true,
    archived: repository.archived,
    disabled: false,
    default_branch: repository.defaultBranch,
    permissions: { admin: false, pull: !account.app, push: !account.app && repository.writable },
  }));

  // [DOC] every ref whose name begins so; none is an empty list.
  gate.route(
    'GET',
    '/git/matching-refs/:prefix{.+}',
    'listRefs',
    'contents',
    async ({ repository, context }) => {
      const prefix = `refs/${context.req.param('prefix')}`;
      const refs = [...(await repository.git.refs())].filter(([ref]) => ref.startsWith(prefix));
      return refs.map(([ref, sha]) => toRef(ref, sha));
    },
  );

  gate.route('GET', '/git/ref/:ref{.+}', 'getRef', 'contents', async ({ repository, context }) => {
    const ref = `refs/${context.req.param('ref')}`;
    const sha = (await repository.git.refs()).get(ref);
    if (sha === undefined) throw new Refusal(404, 'Not Found');
    return toRef(ref, sha);
  });

  gate.route('POST', '/git/refs', 'createRef', 'contents', createRef, 201);
  gate.route('PATCH', '/git/refs/:ref{.+}', 'updateRef', 'contents', updateRef);

  gate.route('GET', '/git/commits/:sha', 'getCommit', 'contents', async ({ repository, context }) => {
    const sha = await objectOf(repository, context.req.param('sha'), 'commit');
    return toGitCommit(await repository.git.readCommit(sha));
  });
  gate.route('POST', '/git/commits', 'createCommit', 'contents', createCommit, 201);

  gate.route('GET', '/git/trees/:tree', 'getTree', 'contents', async ({ repository, context }) => {
    const asked = context.req.param('tree') ?? '';
    const sha = (await repository.head(asked)) ?? asked;
    // [DOC] the sha or the ref of a tree; a commit leads to its tree.
    const type = await repository.git.typeOf(sha);
    if (type !== 'tree' && type !== 'commit') throw new Refusal(404, 'Not Found');
    // [DOC] any value of `recursive` means yes.
    const recursive = context.req.query('recursive') !== undefined;
    const entries = await repository.git.listTree(sha, recursive);
    const truncated = recursive && switches.truncateTrees;
    return { sha, tree: truncated ? entries.slice(0, 1) : entries, truncated };
  });
  gate.route('POST', '/git/trees', 'createTree', 'contents', createTree, 201);

  gate.route('GET', '/git/blobs/:sha', 'getBlob', 'contents', async ({ repository, context }) => {
    const sha = await objectOf(repository, context.req.param('sha'), 'blob');
    const bytes = await repository.git.readBlob(sha);
    // [DOC] base64 in lines of 60 characters.
    const content = bytes.toString('base64').replaceAll(/.{1,60}/g, '$&\n');
    return { sha, size: bytes.length, encoding: 'base64', content };
  });

  gate.route('POST', '/git/blobs', 'createBlob', 'contents', createBlob, 201);

  gate.route('GET', '/compare/:range{.+}', 'compare', 'contents', compare);
}

const toRef = (ref: string, sha: string) => ({ ref, object: { type: 'commit', sha } });

async function objectOf(
  repository: RepositoryStandIn,
  sha: string | undefined,
  type: string,
): Promise<string> {
  const found = sha === undefined || !isSha(sha) ? undefined : await repository.git.typeOf(sha);
  if (sha === undefined || found !== type) throw new Refusal(404, 'Not Found');
  return sha;
}

const isSha = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

async function hasObject(repository: RepositoryStandIn, sha: string, type: string): Promise<boolean> {
  return isSha(sha) && (await repository.git.typeOf(sha)) === type;
}

const NewRef = z.object({ ref: z.string(), sha: z.string() });

async function createRef({ repository, context }: Admitted): Promise<object> {
  const { ref, sha } = NewRef.parse(await context.req.json());
  // [DOC] the fully qualified name, with two slashes at least.
  if (!/^refs\/[^/]+\/./.test(ref))
    throw new Refusal(422, 'Reference name must start with refs/ and have two slashes.');
  if (!(await hasObject(repository, sha, 'commit'))) throw new Refusal(422, 'Object does not exist');
  // [RUN] a ref that is there is refused with 422 and these words.
  if ((await repository.git.refs()).has(ref)) throw new Refusal(422, 'Reference already exists');
  if (!(await repository.git.setRef(ref, sha, undefined))) throw new Refusal(422, 'Reference update failed');
  return toRef(ref, sha);
}

const MovedRef = z.object({ sha: z.string(), force: z.boolean().default(false) });

async function updateRef({ repository, context }: Admitted): Promise<object> {
  const ref = `refs/${context.req.param('ref')}`;
  const { sha, force } = MovedRef.parse(await context.req.json());
  const before = (await repository.git.refs()).get(ref);
  // [DOC] 422 and not 404, unlike reading it.
  if (before === undefined) throw new Refusal(422, 'Reference does not exist');
  if (!(await hasObject(repository, sha, 'commit'))) throw new Refusal(422, 'Object does not exist');
  // [RUN] only forward, unless forced.
  if (!force && !(await repository.git.isAncestor(before, sha)))
    throw new Refusal(422, 'Update is not a fast forward');
  if (!(await repository.git.setRef(ref, sha, before))) throw new Refusal(409, 'Reference cannot be updated');
  return toRef(ref, sha);
}

const Person = z.object({ name: z.string(), email: z.string(), date: z.string().optional() });
const NewCommit = z.object({
  message: z.string().min(1),
  tree: z.string(),
  parents: z.array(z.string()).default([]),
  author: Person.optional(),
  committer: Person.optional(),
});

async function createCommit({ repository, context, account }: Admitted): Promise<object> {
  const { message, tree, parents, author, committer } = NewCommit.parse(await context.req.json());
  if (!(await hasObject(repository, tree, 'tree'))) throw new Refusal(422, 'Tree SHA does not exist');
  for (const parent of parents) {
    if (await hasObject(repository, parent, 'commit')) continue;
    throw new Refusal(422, 'Parent SHA does not exist or is not a commit object');
  }
  const asked = { name: account.login, email: `${account.login}@users.noreply.github.com` };
  const by = author ?? asked;
  const sha = await repository.git.writeCommit({
    message,
    tree,
    parents,
    author: by,
    committer: committer ?? by,
  });
  // [DOC] what an App commits without naming anybody is signed by GitHub.
  const verified = account.app && author === undefined && committer === undefined;
  return { ...toGitCommit(await repository.git.readCommit(sha)), verification: { verified } };
}

const NewBlob = z.object({ content: z.string(), encoding: z.enum(['utf-8', 'base64']).default('utf-8') });

async function createBlob({ repository, context }: Admitted): Promise<object> {
  const { content, encoding } = NewBlob.parse(await context.req.json());
  return { sha: await repository.git.writeBlob(Buffer.from(content, encoding)) };
}

const NewTree = z.object({
  base_tree: z.string().optional(),
  tree: z
    .array(
      z.object({
        path: z.string(),
        mode: z.enum(['100644', '100755', '040000', '160000', '120000']),
        type: z.enum(['blob', 'tree', 'commit']),
        sha: z.string().nullish(),
        content: z.string().optional(),
      }),
    )
    .min(1),
});

async function createTree({ repository, context }: Admitted): Promise<object> {
  const { base_tree: base, tree } = NewTree.parse(await context.req.json());
  // [DOC] the base is a tree; what a commit's sha does here is not written anywhere.
  if (base !== undefined && !(await hasObject(repository, base, 'tree'))) {
    throw new Refusal(422, 'base_tree is not a valid tree oid');
  }
  const changes = tree.map(async ({ path, mode, sha, content }) => {
    // [DOC] either of the two.
    if (sha !== undefined && content !== undefined)
      throw new Refusal(422, 'Must supply either tree.sha or tree.content');
    if (content !== undefined) return { path, mode, sha: await repository.git.writeBlob(content) };
    if (sha && mode !== '160000' && (await repository.git.typeOf(sha)) === undefined) {
      throw new Refusal(422, 'tree.sha is not a valid oid');
    }
    return { path, mode, sha: sha ?? null };
  });
  const sha = await repository.git.writeTree(base, await Promise.all(changes));
  if (sha === undefined) throw new Refusal(422, 'tree.path contains a malformed path component');
  const entries: TreeEntry[] = await repository.git.listTree(sha, false);
  return { sha, tree: entries, truncated: false };
}

const toGitCommit = ({ sha, tree, parents, author, committer, message }: GitCommit) => ({
  sha,
  tree: { sha: tree },
  parents: parents.map(parent => ({ sha: parent })),
  author,
  committer,
  message,
});

async function compare({ repository, context }: Admitted): Promise<object> {
  const [from = '', to = ''] = (context.req.param('range') ?? '').split('...');
  const shaOf = async (name: string) =>
    (await repository.head(name)) ?? (await objectOf(repository, name, 'commit'));
  const [base, head] = [await shaOf(from), await shaOf(to)];
  const commits = await repository.git.commitsBetween(base, head);
  const behind = await repository.git.commitsBetween(head, base);
  const ahead = commits.length > 0 ? 'ahead' : 'identical';
  const behindOnly = commits.length > 0 ? 'diverged' : 'behind';
  return {
    status: behind.length === 0 ? ahead : behindOnly,
    ahead_by: commits.length,
    behind_by: behind.length,
    total_commits: commits.length,
    // [DOC] 250 at most when no page is asked for.
    commits: commits.slice(0, 250).map(commit => ({ sha: commit.sha, commit: toGitCommit(commit) })),
  };
}
