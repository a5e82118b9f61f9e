import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const read = (file: string): string => readFileSync(file, 'utf8');
const texts = readdirSync('docs').filter(file => file.endsWith('.md'));
const pages = ['README.md', ...texts.map(file => `docs/${file}`)];
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => read(join('test', file)))
  .join('\n');

/** `npm run x` and `npm x`, as they stand in blocks and between backticks. */
const commandsIn = (page: string): string[] => [
  ...new Set([...read(page).matchAll(/(?<=`|^|\n)npm (?:run )?[a-z]+/g)].map(match => match[0])),
];

/** Whether CI or a test runs it: by its own name, or by the entry that it starts. */
function isRun(command: string): boolean {
  if (read('.ci/run').includes(command)) return true;
  const script = scripts[command.split(' ').at(-1) ?? ''];
  const entry = /src\/(\w+)\.ts/.exec(script ?? '')?.[1];
  return entry !== undefined && new RegExp(`(launch|start)\\('${entry}'`).test(tests);
}

describe('the documentation', () => {
  it.each(pages.flatMap(page => commandsIn(page).map(command => [page, command] as const)))(
    'says in %s only what CI or a test runs: %s',
    (_page, command) => {
      expect(isRun(command)).toBe(true);
    },
  );

  it.each(pages)('links in %s to what is there', page => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(match => match[1] ?? '');
    expect(targets.filter(target => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  it.each(pages)('names in %s only benchmarks that CI runs', page => {
    const run = [...read('.ci/run').matchAll(/npm run bench -- ([a-z ]+?) --/g)].flatMap(match =>
      match[1]?.split(' '),
    );
    const named = [...read(page).matchAll(/npm run bench -- ([a-z]+)/g)].map(match => match[1]);
    expect(named.filter(name => !run.includes(name))).toEqual([]);
  });

  it('has the first command within the README’s first screen', () => {
    expect(read('README.md').split('\n').slice(0, 40).join('\n')).toContain('npm ci\nnpm run demo -- --once');
  });
});
