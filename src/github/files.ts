import { UserError } from '../errors.ts';
import type { Files } from '../onboarding/ports.ts';
import { Blob, Tree, type TreeEntry } from './answers.ts';
import type { Client, Scope } from './client.ts';

type Entries = Map<string, TreeEntry>;

/** Values files are a few KiB; what is larger than this is not one. In bytes. */
const largest = 1_000_000;

/**
 * The texts of these paths in a commit's tree. Goes by the tree, not by the contents API: that one follows symbolic
 * links without saying so. A path that is not an ordinary UTF-8 file of at most 1 MB is a UserError that names it.
 */
export async function readFilesAt(
  { octokit }: Client,
  at: Scope,
  commit: string,
  paths: readonly string[],
): Promise<Files> {
  const entries = await entriesOf(octokit, at, commit, paths);
  const read = async (path: string): Promise<[string, string | undefined]> => {
    const entry = ordinaryFile(entries, path);
    if (entry === undefined) return [path, undefined];
    const answer = await octokit.rest.git.getBlob({ ...at, file_sha: entry.sha });
    return [path, textOf(path, Buffer.from(Blob.parse(answer.data).content, 'base64'))];
  };
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

/** Names of the folders right below this one in a commit's tree, going down one folder at a time. */
export async function foldersAt(
  octokit: Client['octokit'],
  at: Scope,
  commit: string,
  folder: string,
): Promise<string[]> {
  let tree_sha = commit;
  for (const name of folder.split('/').filter(Boolean)) {
    const { tree } = Tree.parse((await octokit.rest.git.getTree({ ...at, tree_sha })).data);
    const entry = tree.find(({ path, type }) => path === name && type === 'tree');
    if (entry === undefined) return [];
    tree_sha = entry.sha;
  }
  const { tree } = Tree.parse((await octokit.rest.git.getTree({ ...at, tree_sha })).data);
  return tree.filter(({ type }) => type === 'tree').map(({ path }) => path);
}

async function entriesOf(
  octokit: Client['octokit'],
  at: Scope,
  commit: string,
  paths: readonly string[],
): Promise<Entries> {
  const whole = Tree.parse(
    (await octokit.rest.git.getTree({ ...at, tree_sha: commit, recursive: 'true' })).data,
  );
  if (!whole.truncated) return new Map(whole.tree.map(entry => [entry.path, entry]));
  // Too many files for one answer: only the folders on the way, from the root down.
  const entries: Entries = new Map();
  const folders = new Set(paths.flatMap(path => ['', ...ancestorsOf(path)]));
  for (const folder of [...folders].toSorted()) {
    const tree_sha = folder === '' ? commit : entries.get(folder)?.sha;
    if (tree_sha === undefined || (folder !== '' && entries.get(folder)?.type !== 'tree')) continue;
    const { tree } = Tree.parse((await octokit.rest.git.getTree({ ...at, tree_sha })).data);
    for (const entry of tree) entries.set(folder === '' ? entry.path : `${folder}/${entry.path}`, entry);
  }
  return entries;
}

/** The folders above a path, outermost first. */
const ancestorsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, depth, all) => all.slice(0, depth + 1).join('/'));

function ordinaryFile(entries: Entries, path: string): TreeEntry | undefined {
  for (const folder of ancestorsOf(path)) {
    const above = entries.get(folder);
    if (above !== undefined && above.type !== 'tree')
      throw refuse(path, `it lies below ${folder}, ${kindOf(above)}`);
  }
  const entry = entries.get(path);
  if (entry === undefined) return undefined;
  if (!entry.mode.startsWith('100')) throw refuse(path, `it is ${kindOf(entry)}`);
  if ((entry.size ?? 0) > largest) throw refuse(path, 'it is larger than 1 MB');
  return entry;
}

function kindOf({ mode, type }: TreeEntry): string {
  if (mode === '120000') return 'a symbolic link';
  if (type === 'commit') return 'a submodule';
  return type === 'tree' ? 'a folder' : 'a file';
}

function textOf(path: string, bytes: Buffer): string {
  try {
    // A byte order mark is part of the text: the file must come back as it was.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse(path, 'it is not UTF-8 text');
  }
}

const refuse = (path: string, why: string): UserError =>
  new UserError(
    'file-not-editable',
    `Holt does not touch ${path}: ${why}. Make it an ordinary file, then ask again.`,
    path,
  );
