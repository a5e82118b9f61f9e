import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { TRAILER } from '../../src/github/commit.ts';
import { createRepository } from '../../src/github/repository.ts';
import { type GitHubStandIn, startGitHub } from '../../src/sandbox/github.ts';
import type { RepositoryStandIn } from '../../src/sandbox/github-repository.ts';
import { randomId } from '../../src/sandbox/kit.ts';
import { Secret } from '../../src/secret.ts';
import { gitHubUnlimited, turns } from '../support/limits.ts';

const pull = { branch: 'holt/a-prod', base: 'main', title: 'Connect a-prod', body: 'Please.' };

/**
 * What emulate cannot answer, and why: a second pull request of a branch (it opens it), a pull request without commits
 * (it opens it), a token that it does not know (it takes it for somebody), a repository's new name (it forgets the old
 * one), limits (it has none), faults of the network (it makes none), a tree too large for one answer (it has no such
 * bound), hundreds of commits at once (it makes one a request), a page of a pull request and a clone (it has neither).
 */
describe('the GitHub adapter with what only the stand-in does', () => {
  let github: GitHubStandIn;
  let repository: RepositoryStandIn;
  let adapter: ReturnType<typeof createRepository>;

  const name = 'acme/clusters';
  const token = async () => new Secret(github.token);

  beforeAll(async () => {
    github = await startGitHub({ repositories: { [name]: { files: { 'values.yaml': 'a: 1\n' } } } });
  });
  afterAll(async () => await github.close());
  beforeEach(async () => {
    await github.reset();
    repository = github.repository(name);
    adapter = createRepository({ ...gitHubUnlimited(), apiUrl: github.url, auth: { token } });
  });

  async function commits(branch = pull.branch, by = adapter) {
    const { commit: base } = await by.readFiles(name, 'main', []);
    const files = { 'values.yaml': 'a: 2\n' };
    return await by.commit(name, {
      branch,
      head: undefined,
      tree: base,
      parents: [base],
      files,
      message: 'Connect',
    });
  }

  test('a pull request whose answer was lost is found when it is opened again', async () => {
    await commits();
    github.faults.push({ operation: 'createPull', kind: 'lose', times: 1 });
    const lost = { retryable: true, applied: 'unknown', status: undefined };
    await expect(adapter.openPull(name, pull)).rejects.toMatchObject(lost);
    expect(await adapter.openPull(name, pull)).toMatchObject({ number: 1, state: 'open' });
    expect(repository.pulls).toHaveLength(1);
  });

  test('each call has the time limit to itself, not what the calls before left of it', async () => {
    const limit = 300;
    const hurried = createRepository({
      ...gitHubUnlimited(),
      apiUrl: github.url,
      auth: { token },
      requestTimeoutMs: limit,
    });
    const until = performance.now() + 2 * limit;
    let calls = 0;
    while (performance.now() < until) {
      expect(await hurried.findPulls(name, pull.branch, 'main')).toEqual([]);
      calls += 1;
    }
    expect(calls).toBeGreaterThan(1);
  });

  test('a commit whose answer was lost is on the branch, and is not made twice', async () => {
    github.faults.push({ operation: 'createRef', kind: 'lose', times: 1 });
    await expect(commits()).rejects.toMatchObject({ retryable: true, applied: 'unknown' });
    const found = await adapter.findBranch(name, pull.branch, 'main');
    expect(found).toEqual({ commit: await repository.head(pull.branch), ours: true });
    await expect(commits()).rejects.toMatchObject({ retryable: true, applied: 'no' });
  });

  test('a branch that was deleted meanwhile is not made again', async () => {
    const { commit: head } = await commits();
    await repository.deleteBranch(pull.branch);
    const late = {
      branch: pull.branch,
      head,
      tree: head,
      parents: [head],
      files: { f: '' },
      message: 'Late',
    };
    await expect(adapter.commit(name, late)).rejects.toMatchObject({ retryable: true, applied: 'no' });
    expect(await repository.head(pull.branch)).toBeUndefined();
  });

  test('a pull request without commits says so', async () => {
    await repository.seed('main', { 'more.yaml': '' });
    await repository.seed(pull.branch, {});
    await repository.merge((await adapter.openPull(name, pull)).number);
    const failure = {
      status: 422,
      retryable: false,
      applied: 'no',
      message: expect.stringContaining('no commit'),
    };
    await expect(adapter.openPull(name, pull)).rejects.toMatchObject(failure);
  });

  test('more commits than one comparison shows are not ours, whoever made them', async () => {
    const { commit: head } = await commits();
    const message = `data <<end\nMore\n\n${TRAILER}\nend\n`;
    const one = `commit refs/heads/${pull.branch}\ncommitter Holt <holt@example.com> 0 +0000\n${message}`;
    const input = one + `from ${head}\n\n` + `${one}\n`.repeat(249);
    await execa('git', ['fast-import', '--quiet'], { cwd: repository.git.folder, input });
    const last = await repository.head(pull.branch);
    expect(await adapter.findBranch(name, pull.branch, 'main')).toEqual({ commit: last, ours: false });
  });

  test('a secondary limit carries its pause, and nothing more is asked until it is over', async () => {
    const headers = { 'retry-after': '40' };
    github.faults.push({ operation: 'compare', kind: 'answer', status: 403, headers, times: 1 });
    const limited = { status: 403, retryable: true, retryAfter: 40_000, applied: 'no' };
    await expect(adapter.findBranch(name, 'main', 'main')).rejects.toMatchObject(limited);
    const asked = github.calls.length;
    const rests = { retryable: true, retryAfter: expect.any(Number), applied: 'no', status: undefined };
    await expect(adapter.findPulls(name, 'main', 'main')).rejects.toMatchObject(rests);
    expect(github.calls).toHaveLength(asked);
  });

  test('the primary limit carries the time until its reset', async () => {
    const reset = Math.floor(Date.now() / 1000) + 600;
    Object.assign(github.switches.primary, { remaining: 0, reset });
    const failure = await adapter.findBranch(name, 'main', 'main').catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 403, retryable: true, applied: 'no' });
    const { retryAfter } = failure as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(590_000);
    expect(retryAfter).toBeLessThanOrEqual(602_000);
  });

  test('the primary limit is not used up while limits are lifted', async () => {
    github.meter.factor = Number.POSITIVE_INFINITY;
    onTestFinished(() => void Object.assign(github.meter, { factor: 1 }));
    github.switches.primary.remaining = 1;
    for (const _ of [1, 2, 3]) await adapter.findBranch(name, 'main', 'main');
    expect(github.switches.primary.remaining).toBe(1);
  });

  test('many onboardings keep within the limit of writes, whatever the process; who does not count with them meets it', async () => {
    const shared = { turns: turns(), limits: { writesPerHour: 500, requestsPerHour: 5_000 } };
    const [first, second] = [1, 2].map(() =>
      createRepository({ ...shared, apiUrl: github.url, auth: { token } }),
    );
    const jobs = Array.from({ length: 30 }, (_, at) => commits(`holt/c${at}`, at % 2 === 0 ? first : second));
    const ends = await Promise.allSettled(jobs);
    const rested = ends.filter(({ status }) => status === 'rejected');
    expect(github.calls.filter(({ mutating }) => mutating)).toHaveLength(78);
    expect(github.meter.breaches).toEqual([]);
    expect(rested).toHaveLength(4);
    for (const { reason } of rested as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ name: 'HeldBack', operation: 'commit the files', status: undefined });
    }
    const limited = { status: 403, retryable: true, retryAfter: 60_000, applied: 'no' };
    await expect(commits('holt/late')).rejects.toMatchObject(limited);
    expect(github.meter.breaches).toMatchObject([
      { limit: 'content', most: 80, count: 81, windowMs: 60_000 },
    ]);
  });

  test('a renamed repository is read, but not written to', async () => {
    await commits();
    repository.name = 'acme/fleet';
    expect(await adapter.readFiles(name, 'main', ['values.yaml'])).toMatchObject({
      files: { 'values.yaml': 'a: 1\n' },
    });
    expect(await adapter.check(name, 'main')).toEqual([expect.stringContaining('is now called acme/fleet')]);
    const renamed = {
      name: 'UserError',
      code: 'repository-renamed',
      message: expect.stringContaining('acme/fleet'),
    };
    await expect(adapter.openPull(name, pull)).rejects.toMatchObject(renamed);
    await expect(commits('holt/b')).rejects.toMatchObject(renamed);
    expect(repository.pulls).toEqual([]);
  });

  test('a token that is not accepted is a problem to a check and a failure to the rest, and is not shown', async () => {
    const wrong = `ghp_${randomId(36)}`;
    const stranger = createRepository({
      ...gitHubUnlimited(),
      apiUrl: github.url,
      auth: { token: async () => new Secret(wrong) },
    });
    expect(await stranger.check(name, 'main')).toEqual([expect.stringContaining('token was not accepted')]);
    const failure = await stranger.openPull(name, pull).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ status: 401, retryable: false, applied: 'no' });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(wrong);
  });

  test('a token that cannot be read is a failure that names no file', async () => {
    const auth = { token: () => Promise.reject(new Error('ENOENT: /secret/place')) };
    const failure = createRepository({ ...gitHubUnlimited(), apiUrl: github.url, auth }).findBranch(
      name,
      'main',
      'main',
    );
    await expect(failure).rejects.toMatchObject({
      message: 'GitHub could not let Holt sign in: its token could not be read',
      applied: 'no',
    });
  });

  test('an App that is not installed there says so, and a key that is no key is refused at once', async () => {
    const { appId, privateKey } = github.app();
    const auth = { appId, installationId: 1, privateKey: new Secret(privateKey) };
    const failure = createRepository({ ...gitHubUnlimited(), apiUrl: github.url, auth }).findBranch(
      name,
      'main',
      'main',
    );
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining('the App'),
      retryable: false,
    });
    const broken = { ...auth, privateKey: new Secret('no key') };
    expect(() => createRepository({ ...gitHubUnlimited(), apiUrl: github.url, auth: broken })).toThrow(
      /not a private key/,
    );
  });

  test('a token without the right to write is a problem, and is refused', async () => {
    repository.writable = false;
    expect(await adapter.check(name, 'main')).toEqual([expect.stringContaining('may not write')]);
    await expect(commits()).rejects.toMatchObject({ status: 403, retryable: false, applied: 'no' });
  });

  test.each([
    ['an error of the server', { kind: 'answer', status: 502 } as const, 502],
    ['a closed connection', { kind: 'drop' } as const, undefined],
    ['an answer that is no JSON', { kind: 'answer', status: 200, body: 'text' } as const, undefined],
    [
      'an answer that breaks Octokit',
      { kind: 'answer', status: 400, body: { errors: [2 ** 60] } } as const,
      undefined,
    ],
    ['silence', { kind: 'hang' } as const, undefined],
  ])('%s may be tried again, and leaves open only whether a write was done', async (_, fault, status) => {
    const impatient = createRepository({
      ...gitHubUnlimited(),
      apiUrl: github.url,
      auth: { token },
      requestTimeoutMs: 300,
    });
    await commits();
    github.faults.push({ ...fault, operation: 'listRefs', times: 1 });
    const read = impatient.findBranch(name, 'main', 'main');
    await expect(read).rejects.toMatchObject({ status, retryable: true, applied: 'no' });
    github.faults.push({ ...fault, operation: 'createPull', times: 1 });
    const write = impatient.openPull(name, pull);
    await expect(write).rejects.toMatchObject({ status, retryable: true, applied: 'unknown' });
  });

  test('an answer of an unknown form names the place and not the value', async () => {
    const body = [{ ref: 'refs/heads/main', object: { type: 'commit', sha: 'hidden value' } }];
    github.faults.push({ operation: 'listRefs', kind: 'answer', status: 200, body, times: 1 });
    const failure = {
      name: 'ContractError',
      message: expect.stringMatching(/^(?!.*hidden).*0\.object\.sha/),
    };
    await expect(adapter.findBranch(name, 'main', 'main')).rejects.toMatchObject(failure);
  });

  test('files are found too when the tree is too large for one answer', async () => {
    github.switches.truncateTrees = true;
    const files = { 'a/b/c.yaml': '1', 'a/d.yaml': '2' };
    await repository.seed('main', files);
    const paths = [...Object.keys(files), 'values.yaml', 'a/no/c.yaml', 'a/d.yaml'];
    const read = await adapter.readFiles(name, 'main', paths);
    expect(read.files).toEqual({ ...files, 'values.yaml': 'a: 1\n', 'a/no/c.yaml': undefined });
    await expect(adapter.readFiles(name, 'main', ['a/d.yaml/e'])).rejects.toMatchObject({
      about: 'a/d.yaml/e',
    });
  });

  test("an App's commits name nobody, so that they are signed", async () => {
    const { privateKey, ...ids } = github.app();
    adapter = createRepository({
      ...gitHubUnlimited(),
      apiUrl: github.url,
      auth: { ...ids, privateKey: new Secret(privateKey) },
    });
    const { commit } = await commits();
    expect((await repository.git.readCommit(commit)).author.name).toBe('holt[bot]');
  });

  test('a person finds the pull request on its page, escaped, and can clone and merge', async () => {
    const { commit } = await commits();
    const { url } = await adapter.openPull(name, { ...pull, title: '<script>alert(1)</script>' });
    const page = await (await fetch(url)).text();
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script>');
    expect(page).toContain('+a: 2');
    expect((await fetch(`${url}/merge`, { method: 'POST' })).status).toBe(403);
    expect((await fetch(`${url}/merge`, { method: 'POST', headers: { origin: github.url } })).url).toBe(url);
    expect(await adapter.findPulls(name, pull.branch, 'main')).toMatchObject([{ state: 'merged' }]);
    const folder = await mkdtemp(join(tmpdir(), 'holt-clone-'));
    await execa('git', ['clone', '--quiet', `${github.url}/${name}.git`, folder]);
    expect(await readFile(join(folder, 'values.yaml'), 'utf8')).toBe('a: 2\n');
    const { stdout } = await execa('git', ['log', '--format=%H'], { cwd: folder });
    expect(stdout).toContain(commit);
    await rm(folder, { recursive: true });
  });
});
