import { defineConfig } from 'vitest/config'

/** The fast suites; the slow ones (crash, oracle, real training) have their own configuration beside this file. */
export default defineConfig({
  test: {
    dir: 'test',
    include: ['**/*.test.ts'],
    exclude: ['slow/**', '**/slow/**'],
    globalSetup: ['test/setup-build.ts'],
    // By default one core is left idle, which on two cores is half of the machine.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
