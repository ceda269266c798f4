// `require` of one CommonJS file with V8's compiled code kept beside it: compiling is a fifth of what a run with nothing to
// do takes. (Node's own compile cache does the same from 22.1 on.) Where the file cannot be kept, it is compiled each time.
const { createHash } = require('node:crypto')
const { readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname, join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

exports.load = (file) => {
  const source = readFileSync(file, 'utf8')
  // V8 itself compares only the length of the source, its own version and its flags.
  const kept = `${file}.${createHash('sha256').update(source).digest('hex').slice(0, 16)}-${process.versions.v8}.cache`
  const cachedData = readIfThere(kept)
  const head = 'exports, require, module, __filename, __dirname, __import'
  const script = new Script(`(function (${head}) { ${source}\n})`, { filename: file, cachedData })
  const module = { exports: {} }
  const below = dirname(file)
  // A script has no module loader of its own; scripts/build.mjs writes `__import` for each `import()`.
  const importModule = (name) => import(name.startsWith('.') ? pathToFileURL(join(below, name)).href : name)
  script.runInThisContext()(module.exports, createRequire(file), module, file, below, importModule)
  // At the end, when the functions that were used have been compiled.
  if (!cachedData || script.cachedDataRejected) process.once('exit', () => keep(kept, script))
  return module.exports
}

function readIfThere(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function keep(path, script) {
  const temp = `${path}.${process.pid}`
  try {
    writeFileSync(temp, script.createCachedData())
    renameSync(temp, path)
  } catch {
    // A folder that may not be written, a full disk: the next start compiles again.
    rmSync(temp, { force: true })
  }
}
