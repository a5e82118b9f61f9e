import { Octokit } from '@octokit/rest';
import { createEmulator } from 'emulate';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GitHubAuth } from '../../src/github/client.ts';
import { TRAILER } from '../../src/github/commit.ts';
import { createRepository } from '../../src/github/repository.ts';
import { startGitHub } from '../../src/sandbox/github.ts';
import { randomId } from '../../src/sandbox/kit.ts';
import { Secret } from '../../src/secret.ts';
import { gitHubUnlimited } from '../support/limits.ts';

/** A GitHub to test against, with a person in it who uses it by himself. */
interface World {
  apiUrl: string;
  token: string;
  /** An App that is installed and may do these things. */
  app(permissions: Record<string, 'read' | 'write'>): Promise<GitHubAuth>;
  /** Its answer is a new repository's name; it has one commit on `main`. */
  newRepository(): Promise<string>;
  archive(repository: string): Promise<void>;
  close(): Promise<void>;
}

const worlds: Record<string, () => Promise<World>> = {
  'the stand-in': standInWorld,
  emulate: emulateWorld,
};

async function standInWorld(): Promise<World> {
  const github = await startGitHub();
  return {
    apiUrl: github.url,
    token: github.token,
    app: async permissions => {
      github.switches.permissions = permissions;
      const { privateKey, ...ids } = github.app();
      return { ...ids, privateKey: new Secret(privateKey) };
    },
    newRepository: async () => {
      // So many tests in a minute are more than the limit; it has tests of its own.
      github.meter.factor = Number.POSITIVE_INFINITY;
      return (await github.addRepository(`acme/${randomId()}`)).name;
    },
    archive: async name => void (github.repository(name).archived = true),
    close: github.close,
  };
}

async function emulateWorld(): Promise<World> {
  const token = randomId();
  const apps = [
    { app_id: 1, slug: 'full', permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' } },
    { app_id: 2, slug: 'less', permissions: { contents: 'write', pull_requests: 'read', metadata: 'read' } },
  ];
  const github = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: { [token]: { login: 'holt-user', scopes: ['repo'] } },
      github: {
        users: [{ login: 'holt-user' }],
        apps: apps.map(app => ({
          ...app,
          name: app.slug,
          installations: [{ installation_id: app.app_id, account: 'holt-user' }],
        })),
      },
    },
  });
  const person = new Octokit({ baseUrl: github.url, auth: token });
  return {
    apiUrl: github.url,
    token,
    app: async permissions => {
      const app = apps.find(each => each.permissions.pull_requests === permissions['pull_requests']);
      const key = github.generatedSecrets.find(({ id }) => id === String(app?.app_id))?.value;
      if (app === undefined || key === undefined) throw new Error('there is no such App');
      return { appId: String(app.app_id), installationId: app.app_id, privateKey: new Secret(key) };
    },
    newRepository: async () => {
      const name = randomId();
      const { data } = await person.rest.repos.createForAuthenticatedUser({ name, auto_init: true });
      return data.full_name;
    },
    archive: async name => {
      const [owner = '', repo = ''] = name.split('/');
      await person.rest.repos.update({ owner, repo, archived: true });
    },
    close: github.close,
  };
}

const pull = { branch: 'holt/a-prod', base: 'main', title: 'Connect a-prod', body: 'Please.' };

describe.each(Object.entries(worlds))('the GitHub adapter with %s', (_, start) => {
  let world: World;
  let repository: string;
  let github: ReturnType<typeof createRepository>;

  beforeAll(async () => {
    world = await start();
  });
  afterAll(async () => await world.close());
  beforeEach(async () => {
    repository = await world.newRepository();
    github = createRepository({
      ...gitHubUnlimited(),
      apiUrl: world.apiUrl,
      auth: { token: async () => new Secret(world.token) },
    });
  });

  /** Somebody's own commit on a branch, by the Git Data API; a link is written as its target. */
  async function somebodyCommits(branch: string, files: Record<string, string | Buffer>, mode = '100644') {
    const [owner = '', repo = ''] = repository.split('/');
    const { git } = new Octokit({ baseUrl: world.apiUrl, auth: world.token }).rest;
    const { object } = (await git.getRef({ owner, repo, ref: `heads/${branch}` })).data;
    const before = (await git.getCommit({ owner, repo, commit_sha: object.sha })).data;
    const entries = Object.entries(files).map(async ([path, content]) => {
      const blob = { content: Buffer.from(content).toString('base64'), encoding: 'base64' };
      const { sha } = (await git.createBlob({ owner, repo, ...blob })).data;
      return { path, sha, mode: mode as '100644', type: 'blob' as const };
    });
    const tree = await Promise.all(entries);
    const made = (await git.createTree({ owner, repo, base_tree: before.tree.sha, tree })).data;
    const commit = { message: 'by hand', tree: made.sha, parents: [object.sha] };
    const { sha } = (await git.createCommit({ owner, repo, ...commit })).data;
    await git.updateRef({ owner, repo, ref: `heads/${branch}`, sha });
    return sha;
  }

  async function commitOf(sha: string) {
    const [owner = '', repo = ''] = repository.split('/');
    const { rest } = new Octokit({ baseUrl: world.apiUrl, auth: world.token });
    return (await rest.git.getCommit({ owner, repo, commit_sha: sha })).data;
  }

  /** Holt's commit on its branch, from where the branch is now or from the base. */
  async function holtCommits(files: Record<string, string>, branch = pull.branch) {
    const { commit: base } = await github.readFiles(repository, 'main', []);
    const head = (await github.findBranch(repository, branch, 'main'))?.commit;
    const parents = [head ?? base];
    return await github.commit(repository, {
      branch,
      head,
      tree: head ?? base,
      parents,
      files,
      message: 'Connect',
    });
  }

  test('texts come back byte for byte', async () => {
    const files = {
      'crlf.yaml': 'a: 1\r\nb: 2\r\n',
      'no-final-newline.yaml': 'a: 1',
      'empty.yaml': '',
      'mark.yaml': '\uFEFFa: 1\n',
      'deep/er/Grüße 🦦.yaml': 'Ünïcode: ☃ 🦦\n',
    };
    const commit = await somebodyCommits('main', files);
    expect(await github.readFiles(repository, 'main', Object.keys(files))).toEqual({ commit, files });
  });

  test('what is committed is what is read', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}[a-z]$/);
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(parts => `x/${parts.join('/')}/f`);
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(path, text, { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
        async files => {
          const branch = `holt/${randomId()}`;
          const { commit } = await holtCommits(files, branch);
          expect(await github.readFiles(repository, branch, Object.keys(files))).toEqual({ commit, files });
        },
      ),
      { numRuns: 8 },
    );
  });

  test('a path that is not there is undefined', async () => {
    const { files } = await github.readFiles(repository, 'main', ['no.yaml', 'no/such/folder.yaml']);
    expect(files).toEqual({ 'no.yaml': undefined, 'no/such/folder.yaml': undefined });
  });

  test('a branch that is not there cannot be read', async () => {
    await expect(github.readFiles(repository, 'no', [])).rejects.toMatchObject({
      status: 404,
      retryable: false,
    });
  });

  test('a symbolic link, a path below one and a folder are refused by name', async () => {
    await somebodyCommits('main', { link: 'README.md' }, '120000');
    await somebodyCommits('main', { 'folder/file': 'text' });
    for (const path of ['link', 'link/file', 'folder', 'folder/file/below']) {
      const refused = { name: 'UserError', code: 'file-not-editable', about: path };
      await expect(github.readFiles(repository, 'main', ['folder/file', path])).rejects.toMatchObject(
        refused,
      );
    }
  });

  test('a file larger than a megabyte is refused, one of a megabyte is not', async () => {
    await somebodyCommits('main', { large: 'x'.repeat(1_000_001), fits: 'x'.repeat(1_000_000) });
    await expect(github.readFiles(repository, 'main', ['large'])).rejects.toMatchObject({ about: 'large' });
    expect((await github.readFiles(repository, 'main', ['fits'])).files['fits']).toHaveLength(1_000_000);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    await somebodyCommits('main', { latin: Buffer.from('gr\u00fcn', 'latin1') });
    await expect(github.readFiles(repository, 'main', ['latin'])).rejects.toMatchObject({ about: 'latin' });
  });

  test('several files become one commit that leaves the others alone', async () => {
    const before = await somebodyCommits('main', { 'kept/file': 'kept', 'changed/file': 'old' });
    const { commit } = await holtCommits({ 'changed/file': 'new', 'added/file': '' });
    const { files } = await github.readFiles(repository, pull.branch, [
      'kept/file',
      'changed/file',
      'added/file',
    ]);
    expect(files).toEqual({ 'kept/file': 'kept', 'changed/file': 'new', 'added/file': '' });
    const made = await commitOf(commit);
    expect(made.parents.map(({ sha }) => sha)).toEqual([before]);
    expect(made.message.trimEnd()).toBe(`Connect\n\n${TRAILER}`);
    expect((await github.readFiles(repository, 'main', ['changed/file'])).files).toEqual({
      'changed/file': 'old',
    });
  });

  test('a branch takes the base in again by a commit with two parents, and stays ours', async () => {
    const { commit: first } = await holtCommits({ ours: '1' });
    const base = await somebodyCommits('main', { theirs: '2' });
    const again = { branch: pull.branch, head: first, tree: base, parents: [first, base] };
    const { commit } = await github.commit(repository, { ...again, files: { ours: '3' }, message: 'Again' });
    const { files } = await github.readFiles(repository, pull.branch, ['ours', 'theirs']);
    expect(files).toEqual({ ours: '3', theirs: '2' });
    expect((await commitOf(commit)).parents.map(({ sha }) => sha)).toEqual([first, base]);
    expect(await github.findBranch(repository, pull.branch, 'main')).toEqual({ commit, ours: true });
  });

  test('a commit may change no file', async () => {
    const { commit: first } = await holtCommits({ ours: '1' });
    const base = await somebodyCommits('main', { ours: '1' });
    const again = {
      branch: pull.branch,
      head: first,
      tree: base,
      parents: [first, base],
      files: {},
      message: 'Again',
    };
    const { commit } = await github.commit(repository, again);
    expect((await commitOf(commit)).tree.sha).toBe((await commitOf(base)).tree.sha);
  });

  test('a commit of somebody else makes a branch not ours', async () => {
    await holtCommits({ ours: '1' });
    const commit = await somebodyCommits(pull.branch, { theirs: '2' });
    expect(await github.findBranch(repository, pull.branch, 'main')).toEqual({ commit, ours: false });
  });

  test('a branch is found by its whole name', async () => {
    await holtCommits({ file: '1' }, `${pull.branch}-2`);
    expect(await github.findBranch(repository, pull.branch, 'main')).toBeUndefined();
  });

  test('a branch that somebody made meanwhile stays as it is', async () => {
    const { commit: theirs } = await holtCommits({ file: '1' });
    const { commit: base } = await github.readFiles(repository, 'main', []);
    const files = { file: '2' };
    const late = {
      branch: pull.branch,
      head: undefined,
      tree: base,
      parents: [base],
      files,
      message: 'Late',
    };
    await expect(github.commit(repository, late)).rejects.toMatchObject({ retryable: true, applied: 'no' });
    expect((await github.findBranch(repository, pull.branch, 'main'))?.commit).toBe(theirs);
  });

  test('a branch that moved meanwhile is not moved back', async () => {
    const { commit: head } = await holtCommits({ file: '1' });
    const theirs = await somebodyCommits(pull.branch, { file: '2' });
    const late = {
      branch: pull.branch,
      head,
      tree: head,
      parents: [head],
      files: { file: '3' },
      message: 'Late',
    };
    await expect(github.commit(repository, late)).rejects.toMatchObject({ retryable: true, applied: 'no' });
    expect((await github.findBranch(repository, pull.branch, 'main'))?.commit).toBe(theirs);
  });

  test('a pull request is found by its branch and base, and its text can be changed', async () => {
    await holtCommits({ file: '1' });
    await holtCommits({ file: '1' }, 'holt/b-prod');
    await github.openPull(repository, { ...pull, branch: 'holt/b-prod' });
    const opened = await github.openPull(repository, pull);
    expect(opened).toMatchObject({ state: 'open', title: pull.title, body: pull.body });
    expect(await github.findPulls(repository, pull.branch, 'main')).toEqual([opened]);
    expect(await github.findPulls(repository, pull.branch, 'other')).toEqual([]);
    const text = { title: 'Änderung', body: 'Line\r\n<b>🦦</b>' };
    expect(await github.updatePull(repository, opened.number, text)).toEqual({ ...opened, ...text });
    expect(await github.findPulls(repository, pull.branch, 'main')).toEqual([{ ...opened, ...text }]);
  });

  test('pull requests come newest first, closed and merged ones too', async () => {
    const [owner = '', repo = ''] = repository.split('/');
    const { rest } = new Octokit({ baseUrl: world.apiUrl, auth: world.token });
    await holtCommits({ file: '1' });
    const closed = await github.openPull(repository, pull);
    await rest.pulls.update({ owner, repo, pull_number: closed.number, state: 'closed' });
    const merged = await github.openPull(repository, pull);
    await rest.pulls.merge({ owner, repo, pull_number: merged.number, merge_method: 'merge' });
    await holtCommits({ file: '2' });
    const open = await github.openPull(repository, pull);
    const found = await github.findPulls(repository, pull.branch, 'main');
    expect(found.map(({ number, state }) => [number, state])).toEqual([
      [open.number, 'open'],
      [merged.number, 'merged'],
      [closed.number, 'closed'],
    ]);
    expect(await github.readFiles(repository, 'main', ['file'])).toMatchObject({ files: { file: '1' } });
  });

  test('a repository that is ready has no problems', async () => {
    expect(await github.check(repository, 'main')).toEqual([]);
  });

  test('a check names the branch that is missing and the archive', async () => {
    await world.archive(repository);
    expect(await github.check(repository, 'trunk')).toEqual([
      expect.stringContaining('is archived'),
      expect.stringContaining('has no branch trunk'),
    ]);
  });

  test('an archive refuses to be written to', async () => {
    const { commit: head } = await holtCommits({ file: '1' });
    await world.archive(repository);
    const late = {
      branch: pull.branch,
      head,
      tree: head,
      parents: [head],
      files: { file: '2' },
      message: 'Late',
    };
    const failure = { status: 403, retryable: false, applied: 'no' };
    await expect(github.commit(repository, late)).rejects.toMatchObject(failure);
  });

  test('a repository that is not there is a problem to a check and a failure to the rest', async () => {
    expect(await github.check('acme/no', 'main')).toEqual([expect.stringContaining('not there')]);
    const failure = { service: 'GitHub', status: 404, retryable: false, applied: 'no' };
    await expect(github.findBranch('acme/no', 'main', 'main')).rejects.toMatchObject(failure);
    await expect(github.openPull('acme/no', pull)).rejects.toMatchObject(failure);
  });

  test('an App works with the rights it has, and a check names those it lacks', async () => {
    const rights = { metadata: 'read', contents: 'write', pull_requests: 'write' } as const;
    const full = createRepository({
      ...gitHubUnlimited(),
      apiUrl: world.apiUrl,
      auth: await world.app(rights),
    });
    // More at once than requests are sent at once, and all of them need the token first.
    const checks = Array.from({ length: 12 }, () => full.check(repository, 'main'));
    expect(await Promise.all(checks)).toEqual(checks.map(() => []));
    await holtCommits({ file: '1' });
    expect(await full.openPull(repository, pull)).toMatchObject({ state: 'open' });
    const less = { ...rights, pull_requests: 'read' } as const;
    const weak = createRepository({
      ...gitHubUnlimited(),
      apiUrl: world.apiUrl,
      auth: await world.app(less),
    });
    expect(await weak.check(repository, 'main')).toEqual([
      expect.stringContaining('may not write pull requests'),
    ]);
    const failure = { status: 403, retryable: false, applied: 'no' };
    await expect(weak.updatePull(repository, 1, pull)).rejects.toMatchObject(failure);
  });
});
