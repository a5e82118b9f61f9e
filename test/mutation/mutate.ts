import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

/** How many of a hundred mutants the unit tests must notice. */
const targets: Readonly<Record<string, number>> = {
  'src/slack/guard.ts': 100,
  'src/onboarding/policy.ts': 100,
  'src/onboarding/approvals.ts': 95,
  'src/onboarding/command.ts': 95,
  'src/onboarding/normalise.ts': 95,
  'src/otterize/answers.ts': 95,
  'src/onboarding/leased.ts': 95,
  'src/onboarding/session.ts': 95,
  'src/onboarding/engine.ts': 95,
};

const { values } = parseArgs({
  options: {
    mutate: { type: 'string', default: Object.keys(targets).join() },
    json: { type: 'boolean', default: false },
  },
});

const started = performance.now();
const stryker = new Stryker({
  mutate: values.mutate.split(','),
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 60_000,
  tempDirName: '.stryker-tmp',
  // Stryker rewrites tsconfig.json with a part of TypeScript that version 7 does not have; nothing here needs it.
  tsconfigFile: 'none',
  reporters: ['dots'],
  allowConsoleColors: false,
});
const results = (await stryker.runMutationTest()).filter(({ status }) => status !== 'Ignored');
type Mutant = (typeof results)[number];
const isNoticed = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';

const scores = Object.entries(Object.groupBy(results, ({ fileName }) => relative('.', fileName))).map(
  ([file, mutants = []]) => {
    const survivors = mutants.filter(mutant => !isNoticed(mutant));
    const score = (100 * (mutants.length - survivors.length)) / mutants.length;
    const target = targets[file] ?? 100;
    return { file, mutants: mutants.length, score: Math.floor(score * 100) / 100, target, survivors };
  },
);
for (const { file, mutants, score, target, survivors } of scores) {
  console.log(
    `${score < target ? 'below' : 'ok   '} ${file}: ${score} % of ${mutants}, at least ${target} %`,
  );
  for (const { location, mutatorName, replacement, status } of survivors)
    console.log(
      `      ${file}:${location.start.line}:${location.start.column} ${mutatorName} ${status}: ${replacement}`,
    );
}
if (values.json) {
  const files = scores.map(({ survivors, ...score }) => ({ ...score, survived: survivors.length }));
  console.log(JSON.stringify({ files, seconds: Math.round((performance.now() - started) / 1000) }));
}
const asked = values.mutate.split(',').filter(file => !scores.some(score => score.file === file));
for (const file of asked) console.log(`below ${file}: it has no mutants, or is not there`);
process.exitCode = asked.length > 0 || scores.some(({ score, target }) => score < target) ? 1 : 0;
