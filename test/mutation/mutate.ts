import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

interface Aim {
  /** How many of a hundred mutants must be noticed. */
  target: number;
  /** The unit tests of this file: what is noticed elsewhere alone is not tested. */
  tests: readonly string[];
}

const aims: Readonly<Record<string, Aim>> = {
  'src/slack/guard.ts': { target: 100, tests: ['guard'] },
  'src/onboarding/policy.ts': { target: 100, tests: ['policy'] },
  'src/onboarding/approvals.ts': { target: 95, tests: ['approvals', 'approval-machine'] },
  'src/onboarding/command.ts': { target: 95, tests: ['command', 'selection'] },
  'src/onboarding/normalise.ts': { target: 95, tests: ['normalise'] },
  'src/otterize/answers.ts': { target: 95, tests: ['otterize-answers'] },
  'src/onboarding/leased.ts': { target: 95, tests: ['leased'] },
  'src/onboarding/session.ts': { target: 95, tests: ['session'] },
  'src/onboarding/engine.ts': { target: 95, tests: ['engine', 'effects', 'onboarding', 'invites'] },
};

const { values } = parseArgs({
  options: {
    mutate: { type: 'string', default: Object.keys(aims).join() },
    json: { type: 'boolean', default: false },
  },
});

const started = performance.now();

/** A mutant with which nothing can be loaded says nothing of the tests; Stryker does not count it either. */
const isValid = (status: string): boolean => !['Ignored', 'CompileError', 'RuntimeError'].includes(status);

async function mutantsOf(file: string) {
  process.env['HOLT_MUTATION_TESTS'] = aims[file]?.tests.join();
  const stryker = new Stryker({
    mutate: [file],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts' },
    plugins: ['@stryker-mutator/vitest-runner'],
    coverageAnalysis: 'perTest',
    concurrency: 2,
    timeoutMS: 10_000,
    tempDirName: '.stryker-tmp',
    // Stryker rewrites tsconfig.json with a part of TypeScript that version 7 does not have; nothing here needs it.
    tsconfigFile: 'none',
    reporters: ['dots'],
    allowConsoleColors: false,
  });
  return (await stryker.runMutationTest()).filter(({ status }) => isValid(status));
}

type Mutant = Awaited<ReturnType<typeof mutantsOf>>[number];
const isNoticed = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';

async function scoreOf(file: string) {
  const mutants = await mutantsOf(file);
  const survivors = mutants.filter(mutant => !isNoticed(mutant));
  const score = (100 * (mutants.length - survivors.length)) / Math.max(1, mutants.length);
  const target = aims[file]?.target ?? 100;
  return { file, mutants: mutants.length, score: Math.floor(score * 100) / 100, target, survivors };
}

const scores: Awaited<ReturnType<typeof scoreOf>>[] = [];
for (const each of values.mutate.split(',')) {
  const result = await scoreOf(each);
  scores.push(result);
  const { file, mutants, score, target, survivors } = result;
  const verdict = score < target ? 'below' : 'ok   ';
  console.log(`\n${verdict} ${file}: ${score} % of ${mutants}, at least ${target} %`);
  for (const { location, mutatorName, replacement, status } of survivors)
    console.log(
      `      ${file}:${location.start.line}:${location.start.column} ${mutatorName} ${status}: ${replacement}`,
    );
}
if (values.json) {
  const files = scores.map(({ survivors, ...score }) => ({ ...score, survived: survivors.length }));
  console.log(JSON.stringify({ files, seconds: Math.round((performance.now() - started) / 1000) }));
}
process.exitCode = scores.some(({ score, target }) => score < target) ? 1 : 0;
