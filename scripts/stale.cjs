// Is dist/ older than the sources? One stat a file, no content read. Kept apart from build.mjs so that the usual answer
// ("no") loads no bundler.
const { readdirSync, readFileSync, statSync } = require('node:fs')

/** Text that changes when any source file does. */
function sourceState(root) {
  const parts = []
  const walk = (folder) => {
    for (const entry of readdirSync(`${root}${folder}`, { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(path)
      else {
        const stats = statSync(`${root}${path}`)
        parts.push(`${path} ${stats.size} ${stats.mtimeMs}`)
      }
    }
  }
  for (const folder of ['src', 'stages', 'scripts']) walk(folder)
  const { size, mtimeMs } = statSync(`${root}package.json`)
  parts.push(`package.json ${size} ${mtimeMs}`)
  return parts.sort().join('\n')
}

async function buildIfStale(root) {
  let built = ''
  try {
    built = readFileSync(`${root}dist/.sources`, 'utf8')
  } catch {
    // never built
  }
  if (built === sourceState(root)) return
  const { build } = await import('./build.mjs')
  await build(root)
}

exports.sourceState = sourceState
exports.buildIfStale = buildIfStale
