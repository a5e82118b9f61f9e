import { defineConfig } from 'vitest/config';

/** The unit tests alone: they are fast, and what is mutated must be tested there. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    setupFiles: ['test/mutation/setup.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 300_000,
  },
});
