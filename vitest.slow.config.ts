import { defineConfig } from 'vitest/config'

/** The slower suites that only `.ci/run` runs: crash and oracle tests, real training, fuzzing. */
export default defineConfig({
  test: {
    dir: 'test/slow',
    // The crash suite kills some hundreds of runs and takes minutes of its own: KPIPE_CRASH=1 npm run test:slow
    include: process.env['KPIPE_CRASH'] ? ['crash.test.ts'] : ['**/*.test.ts'],
    exclude: process.env['KPIPE_CRASH'] ? [] : ['crash.test.ts'],
    globalSetup: ['test/setup-build.ts'],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
