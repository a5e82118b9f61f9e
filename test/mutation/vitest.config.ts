import { defineConfig } from 'vitest/config';

/** The unit tests alone: they are fast, and what is tested here must be tested there. */
export default defineConfig({
  test: { include: ['test/unit/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 60_000 },
});
