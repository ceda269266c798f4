import { defineConfig } from 'vitest/config'

/** The slower suites that only `.ci/run` runs: crash and oracle tests, real training, fuzzing. */
export default defineConfig({
  test: {
    dir: 'test/slow',
    include: ['**/*.test.ts'],
    globalSetup: ['test/setup-build.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
