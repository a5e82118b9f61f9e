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

  it('keeps its files short enough to read', () => {
    const long = files
      .map(file => [file, readFileSync(join('src', file), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 250);
    expect(long).toEqual([]);
  });
});
