import { defineConfig } from 'vitest/config'

/** The fast suites; the slow ones (crash, oracle, real training) have their own configuration beside this file. */
export default defineConfig({
  test: {
    dir: 'test',
    include: ['**/*.test.ts'],
    exclude: ['slow/**', '**/slow/**'],
    globalSetup: ['test/setup-build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
