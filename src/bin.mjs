#!/usr/bin/env node
// Starts kpipe. In a checkout it first builds what changed (a third of a second), so that neither a build step nor an
// install script is needed; an installed package has its dist/ already.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
if (existsSync(`${root}scripts/build.mjs`)) {
  const { buildIfStale } = await import('../scripts/stale.mjs')
  await buildIfStale(root)
}
const { main } = await import('../dist/cli.js')
const code = await main(process.argv.slice(2))
// Worker processes or sockets that linger must not keep the terminal; what was written to a pipe must get out first.
process.exitCode = code
