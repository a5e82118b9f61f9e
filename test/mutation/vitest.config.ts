import { defineConfig } from 'vitest/config';

const tests = (process.env['HOLT_MUTATION_TESTS'] ?? '*').split(',');

/** The unit tests of the file that is mutated: they are fast, and what is mutated must be tested there. */
export default defineConfig({
  test: {
    include: tests.map(name => `test/unit/${name}.test.ts`),
    setupFiles: ['test/mutation/setup.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 300_000,
  },
});
