import { defineConfig } from 'vitest/config';

const reporters = ['default', './test/support/closing-line.ts'];

export default defineConfig({
  test: {
    reporters,
    // Most of what tests do is to wait for processes: two at a time would leave half of two cores idle.
    maxWorkers: 4,
    // A busy machine may take its time; how fast things are is not tested.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
