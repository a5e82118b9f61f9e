import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const entries = ['main.ts', 'bot.ts', 'worker.ts', 'demo.ts', 'schema.ts', 'manifest.ts'];
const adapters = ['slack', 'store', 'otterize', 'azure', 'gitops', 'github'];
const common = ['errors.ts', 'secret.ts', 'log.ts'];

/** What the domain may use from outside: pure, and no SDK. */
const domainPackages = ['zod', 'fastest-levenshtein', 'node:crypto'];

function importsOf(file: string): string[] {
  const text = readFileSync(join('src', file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '');
}

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file);

function mayImport(from: string, specifier: string): boolean {
  const home = folderOf(from);
  if (!specifier.startsWith('.')) return home !== 'onboarding' || domainPackages.includes(specifier);
  const target = relative('.', normalize(join(dirname(from), specifier)));
  const there = folderOf(target);
  if (entries.includes(target) || target.startsWith('..')) return false;
  if (there === 'sandbox') return home === 'sandbox' || home === 'demo.ts';
  if (home === 'onboarding') return there === 'onboarding' || common.includes(target);
  if (adapters.includes(home)) return there === home || there === 'onboarding' || common.includes(target);
  return true;
}

/** The packages that speak to one outside system, by the process that speaks to it. */
const sdks: Readonly<Record<string, readonly string[]>> = {
  bot: ['@slack/bolt', '@slack/web-api'],
  worker: [
    '@azure/identity',
    '@azure/keyvault-secrets',
    '@microsoft/microsoft-graph-client',
    '@octokit/auth-app',
    '@octokit/rest',
  ],
  'otterize/starter-process': ['execa'],
};

/** All packages that a file and what it imports take in when they are loaded; imports of types alone are gone by then. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return new Set();
  seen.add(file);
  const text = readFileSync(join('src', file), 'utf8').replaceAll(/^import type [^;]*;/gm, '');
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '');
  const own = imports.filter(specifier => !specifier.startsWith('.'));
  const others = imports
    .filter(specifier => specifier.startsWith('.'))
    .flatMap(specifier => [...packagesOf(relative('.', normalize(join(dirname(file), specifier))), seen)]);
  return new Set([...own, ...others]);
}

describe('the house', () => {
  it.each(files)('lets %s import only what its room may use', file => {
    expect(importsOf(file).filter(specifier => !mayImport(file, specifier))).toEqual([]);
  });

  it('refuses what the rules forbid', () => {
    expect(mayImport('onboarding/run.ts', '../slack/app.ts')).toBe(false);
    expect(mayImport('onboarding/run.ts', 'execa')).toBe(false);
    expect(mayImport('slack/app.ts', '../github/repository.ts')).toBe(false);
    expect(mayImport('config.ts', './sandbox/kit.ts')).toBe(false);
    expect(mayImport('process.ts', './main.ts')).toBe(false);
  });

  it.each(Object.entries(sdks))('loads in %s no SDK but its own', (entry, own) => {
    const loaded = packagesOf(`${entry}.ts`);
    const foreign = Object.values(sdks)
      .flat()
      .filter(name => !own.includes(name));
    expect(own.filter(name => !loaded.has(name))).toEqual([]);
    expect(foreign.filter(name => loaded.has(name))).toEqual([]);
  });

  it('keeps its files short enough to read', () => {
    const long = files
      .map(file => [file, readFileSync(join('src', file), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 250);
    expect(long).toEqual([]);
  });
});

/** What operators read: why a process is not ready, and the log. */
const forOperators: ReadonlySet<string> = new Set([
  'The bot has not signed in to Slack yet.',
  'The members of the Slack user groups are not known yet.',
  'Install the app in the workspace again and give Holt the new SLACK_BOT_TOKEN.',
  'Nothing listens for Slack’s requests.',
  'There is no connection to Slack.',
  'Slack refuses',
  'Slack refuses the root message',
  'Slack refuses a direct message to the requester',
  'Slack refuses a direct message',
]);

/** Sentences, and markup with words in it. */
function proseIn(file: string): string[] {
  const code = readFileSync(join('src', file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '')
    .replaceAll(/^import [\s\S]*?;$/gm, '');
  const literals = [...code.matchAll(/'([^'\n]*)'/g)].map(match => match[1] ?? '');
  const marked = [...code.matchAll(/markup`([^`]*)`/g)].map(match => match[1] ?? '');
  return [
    ...literals.filter(text => /^[A-Z][a-z]+ [a-z]/.test(text)),
    ...marked.filter(text => /[A-Za-z]{3,}/.test(text.replaceAll(/\$\{[^}]*\}?/g, ''))),
  ];
}

describe('what people read in Slack', () => {
  const outside = files.filter(file => file.startsWith('slack/') && !file.startsWith('slack/words/'));

  it.each(outside)('is said in slack/words, and not in %s', file => {
    expect(proseIn(file).filter(text => !forOperators.has(text))).toEqual([]);
  });

  it('is seen where it stands', () => {
    expect(proseIn('slack/words/run.ts').length).toBeGreaterThan(30);
  });
});
