/** Build once before the tests, so that the command lines they start find dist/ as it should be. */
import { fileURLToPath } from 'node:url'

export default async function setup(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { buildIfStale } = (await import('../scripts/stale.cjs' as string)) as {
    buildIfStale: (root: string) => Promise<void>
  }
  await buildIfStale(root)
}
