#!/usr/bin/env node
// Starts kpipe. In a checkout it first builds what changed (a third of a second), so that neither a build step nor an
// install script is needed; an installed package has its dist/ already. CommonJS on purpose: Node's loader for ES modules
// costs 15 ms to start and a millisecond or two a file, which is most of what a run with nothing to do takes.
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')

async function start() {
  if (existsSync(join(root, 'scripts', 'stale.cjs'))) await require('../scripts/stale.cjs').buildIfStale(`${root}/`)
  const { load } = require('./load.cjs')
  const { main } = load(join(root, 'dist', 'kpipe.cjs'))
  // Not process.exit: what was written to a pipe must get out first.
  process.exitCode = await main(process.argv.slice(2))
}

start().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
