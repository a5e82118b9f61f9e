import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { writeBlob } from './git-blob.ts';

export interface TreeEntry {
  mode: string;
  type: string;
  sha: string;
  /** Bytes; blobs only. */
  size?: number;
  path: string;
}

/** An entry to write into a tree; without a sha the path is removed. */
export interface TreeChange {
  path: string;
  mode: string;
  sha: string | null;
}

export interface Identity {
  name: string;
  email: string;
  date?: string | undefined;
}

export interface GitCommit {
  sha: string;
  tree: string;
  parents: string[];
  author: Identity;
  committer: Identity;
  message: string;
}

export interface FileDiff {
  path: string;
  /** `A`, `M` or `D`. */
  status: string;
  patch: string;
}

export interface Git {
  folder: string;
  writeBlob(content: string | Uint8Array): Promise<string>;
  readBlob(sha: string): Promise<Buffer>;
  /** What kind of object has exactly this sha. */
  typeOf(sha: string): Promise<string | undefined>;
  listTree(tree: string, recursive: boolean): Promise<TreeEntry[]>;
  /** Undefined when git refuses one of the paths. */
  writeTree(base: string | undefined, changes: readonly TreeChange[]): Promise<string | undefined>;
  writeCommit(commit: Omit<GitCommit, 'sha'>): Promise<string>;
  readCommit(sha: string): Promise<GitCommit>;
  /** What `head` has and `base` has not, oldest first. */
  commitsBetween(base: string, head: string): Promise<GitCommit[]>;
  /** Full names to shas. */
  refs(): Promise<Map<string, string>>;
  /** Sets a ref that has the value `before`, or none; false when it has another one or the name is refused. */
  setRef(ref: string, sha: string, before: string | undefined): Promise<boolean>;
  deleteRef(ref: string): Promise<void>;
  mergeBase(one: string, other: string): Promise<string | undefined>;
  isAncestor(old: string, young: string): Promise<boolean>;
  /** The tree of a merge, undefined when there are conflicts. */
  mergeTrees(base: string, head: string): Promise<string | undefined>;
  diff(from: string, to: string): Promise<FileDiff[]>;
}

const environment = (folder: string) => ({
  PATH: process.env['PATH'],
  HOME: folder,
  LC_ALL: 'C',
  GIT_DIR: folder,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
});

const fieldEnd = '\u001f';
const commitFormat = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x1f');

/** A bare repository in `folder`, through git's plumbing and nothing of the machine's own git configuration. Needs git 2.38. */
export async function createGit(folder: string): Promise<Git> {
  const attempt = async (args: string[], input?: string | Uint8Array, env: Record<string, string> = {}) => {
    const result = await execa('git', args, {
      ...(input === undefined ? {} : { input }),
      env: { ...environment(folder), ...env },
      extendEnv: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      reject: false,
    });
    return {
      failed: result.failed,
      bytes: Buffer.from(result.stdout),
      text: Buffer.from(result.stdout).toString(),
    };
  };
  const git = async (...parameters: Parameters<typeof attempt>) => {
    const result = await attempt(...parameters);
    if (result.failed) throw new Error(`git ${parameters[0][0]} failed`);
    return result;
  };
  const word = async (...parameters: Parameters<typeof attempt>) => (await git(...parameters)).text.trim();
  const lookUp = async (...args: string[]) => {
    const { failed, text } = await attempt(args);
    return failed ? undefined : text.trim();
  };

  // What a sha stands for never changes, and each question costs a process.
  const types = new Map<string, string>();
  const commits = new Map<string, GitCommit>();
  const made = async (type: string, sha: Promise<string>) => {
    types.set(await sha, type);
    return await sha;
  };

  await git(['init', '--quiet', '--bare', '--initial-branch=main', '--template=']);

  return {
    folder,
    writeBlob: content => made('blob', writeBlob(folder, content)),
    readBlob: async sha => (await git(['cat-file', 'blob', sha])).bytes,
    async typeOf(sha) {
      const type = types.get(sha) ?? (await lookUp('cat-file', '-t', sha));
      if (type !== undefined) types.set(sha, type);
      return type;
    },

    async listTree(tree, recursive) {
      const { text } = await git(['ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), tree]);
      return records(text).map(toTreeEntry);
    },

    async writeTree(base, changes) {
      const index = join(folder, `index-${randomUUID()}`);
      const env = { GIT_INDEX_FILE: index };
      try {
        if (base !== undefined) await git(['read-tree', base], undefined, env);
        const lines = changes.map(({ path, mode, sha }) =>
          sha === null ? `0 ${'0'.repeat(40)}\t${path}\0` : `${mode} ${sha}\t${path}\0`,
        );
        const { failed } = await attempt(['update-index', '-z', '--index-info'], lines.join(''), env);
        return failed ? undefined : await made('tree', word(['write-tree'], undefined, env));
      } finally {
        await rm(index, { force: true });
      }
    },

    writeCommit: ({ tree, parents, message, author, committer }) => {
      const args = ['commit-tree', tree, ...parents.flatMap(parent => ['-p', parent]), '-F', '-'];
      const people = { ...identity('AUTHOR', author), ...identity('COMMITTER', committer) };
      return made('commit', word(args, message, people));
    },

    async readCommit(sha) {
      const known = commits.get(sha);
      if (known !== undefined) return known;
      const { text } = await git(['log', '-z', '--no-walk', `--format=${commitFormat}`, sha]);
      const commit = toCommit(text);
      commits.set(sha, commit);
      return commit;
    },

    async commitsBetween(base, head) {
      const range = ['--topo-order', '--reverse', `${base}..${head}`];
      const { text } = await git(['log', '-z', `--format=${commitFormat}`, ...range]);
      return records(text).map(toCommit);
    },

    async refs() {
      const { text } = await git(['for-each-ref', '--format=%(objectname) %(refname)']);
      return new Map(lines(text).map(line => [line.slice(41), line.slice(0, 40)]));
    },

    setRef: async (ref, sha, before) =>
      !(await attempt(['update-ref', ref, sha, before ?? '0'.repeat(40)])).failed,
    deleteRef: async ref => void (await git(['update-ref', '-d', ref])),

    mergeBase: (one, other) => lookUp('merge-base', one, other),
    isAncestor: async (old, young) => !(await attempt(['merge-base', '--is-ancestor', old, young])).failed,
    mergeTrees: (base, head) => lookUp('merge-tree', '--write-tree', base, head),

    async diff(from, to) {
      const { text } = await git(['diff', '--no-renames', '--name-status', '-z', from, to]);
      const words = records(text);
      const files = words.flatMap((status, at) =>
        at % 2 === 0 ? [{ status, path: words[at + 1] ?? '' }] : [],
      );
      const patchOf = async (path: string) => {
        const { text: patch } = await git([
          '--literal-pathspecs',
          'diff',
          '--no-renames',
          from,
          to,
          '--',
          path,
        ]);
        // As GitHub shows it: from the first hunk on; nothing for a binary or an empty file.
        return patch.includes('\n@@') ? patch.slice(patch.indexOf('\n@@') + 1) : '';
      };
      return await Promise.all(files.map(async file => ({ ...file, patch: await patchOf(file.path) })));
    },
  };
}

const records = (text: string): string[] => text.split('\0').filter(record => record !== '');
const lines = (text: string): string[] => text.split('\n').filter(line => line !== '');

function toTreeEntry(record: string): TreeEntry {
  const tab = record.indexOf('\t');
  const [mode = '', type = '', sha = '', size = '-'] = record.slice(0, tab).split(/ +/);
  const path = record.slice(tab + 1);
  return { mode, type, sha, path, ...(size === '-' ? {} : { size: Number(size) }) };
}

function toCommit(record: string): GitCommit {
  const [sha = '', tree = '', parents = '', ...rest] = record.replace(/\0$/, '').split(fieldEnd);
  const [name = '', email = '', date = '', byName = '', byEmail = '', byDate = '', ...message] = rest;
  return {
    sha,
    tree,
    parents: parents.split(' ').filter(parent => parent !== ''),
    author: { name, email, date },
    committer: { name: byName, email: byEmail, date: byDate },
    message: message.join(fieldEnd).replace(/\n+$/, ''),
  };
}

function identity(role: 'AUTHOR' | 'COMMITTER', { name, email, date }: Identity): Record<string, string> {
  return {
    [`GIT_${role}_NAME`]: name,
    [`GIT_${role}_EMAIL`]: email,
    ...(date === undefined ? {} : { [`GIT_${role}_DATE`]: date }),
  };
}
