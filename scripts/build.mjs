// src/ and stages/ → dist/:
//   kpipe.cjs   the command line and `kpipe run` in one CommonJS file: all that a run with nothing to do loads
//   m/*.js      everything that is imported on use, as ES modules with shared chunks
//   worker.js, stage.js (what `import 'kpipe'` gives a user's own stage kind), extract.js (a thread of featurize)
//   build.json  the hash of each stage kind's code and of all it imports
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourceState } from './stale.cjs'

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

export async function build(root) {
  const esbuild = await import('esbuild')
  const state = sourceState(root) // before the files are read: a later edit builds again
  const temp = join(root, `dist.tmp-${process.pid}`)
  rmSync(temp, { recursive: true, force: true })
  const common = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    absWorkingDir: root,
    logLevel: 'silent',
    loader: { '.json': 'json' },
  }
  try {
    const later = {}
    const hot = await esbuild.build({
      ...common,
      format: 'cjs',
      entryPoints: ['src/cli.ts'],
      outfile: join(temp, 'kpipe.cjs'),
      metafile: true,
      define: { 'import.meta.url': '__moduleUrl' },
      banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
      plugins: [importsOnUse(root, later)],
    })
    // The one file is compiled by load.cjs, which hands in `__import`: V8's kept code knows no module loader.
    const hotFile = join(temp, 'kpipe.cjs')
    writeFileSync(hotFile, readFileSync(hotFile, 'utf8').replace(/\bimport\(/g, '__import('))
    const modules = await esbuild.build({
      ...common,
      entryPoints: { worker: 'src/worker.ts', stage: 'src/stage.ts', extract: 'src/features/thread.ts', ...later },
      outdir: temp,
      splitting: true,
      metafile: true,
    })
    const kinds = {}
    for (const name of readdirSync(join(root, 'stages')).sort()) {
      if (!name.endsWith('.ts') || name === 'index.ts') continue
      // Whitespace and comments are not code; package versions are.
      const one = await esbuild.build({
        ...common,
        entryPoints: [`stages/${name}`],
        write: false,
        metafile: true,
        minifyWhitespace: true,
      })
      kinds[name.replace(/\.ts$/, '')] = sha256(one.outputFiles[0].text + packageVersions(root, one.metafile))
    }
    const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
    const outputs = [...Object.keys(hot.metafile.outputs), ...Object.keys(modules.metafile.outputs)]
      .sort()
      .map((path) => readFileSync(join(root, path), 'utf8'))
    // With the kinds: a package of another version changes their hashes and none of our files.
    const id = sha256([...outputs, JSON.stringify(kinds)].join('\0'))
    writeFileSync(join(temp, 'build.json'), JSON.stringify({ id, version, kinds }, null, 2))
    writeFileSync(join(temp, '.sources'), state)
  } catch (error) {
    rmSync(temp, { recursive: true, force: true })
    for (const { text, location } of error.errors ?? [])
      console.error(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text)
    throw error
  }
  swap(temp, join(root, 'dist'))
}

/** `import('./x.ts')` in the one file becomes an import of a module beside it, except for the command that must start fast. */
function importsOnUse(root, found) {
  return {
    name: 'imports-on-use',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import' || path === './commands/run.ts') return undefined
        const source = relative(root, resolve(resolveDir, path))
        const name = `m/${source.replace(/\.tsx?$/, '').replaceAll('/', '-')}`
        found[name] = source
        return { path: `./${name}.js`, external: true }
      }),
  }
}

/** Another process may build at the same time; both results are good, the last rename wins. */
function swap(temp, target) {
  mkdirSync(join(target, '..'), { recursive: true })
  for (let attempt = 0; ; attempt++) {
    const old = `${temp}.old-${attempt}`
    try {
      if (existsSync(target)) renameSync(target, old)
      renameSync(temp, target)
      return
    } catch (error) {
      if (attempt === 20) throw error
    } finally {
      rmSync(old, { recursive: true, force: true })
    }
  }
}

function packageVersions(root, metafile) {
  const names = new Set()
  for (const input of Object.values(metafile.inputs)) {
    for (const one of input.imports) {
      if (one.external && !one.path.startsWith('node:'))
        names.add(
          one.path
            .split('/')
            .slice(0, one.path.startsWith('@') ? 2 : 1)
            .join('/'),
        )
    }
  }
  return [...names]
    .sort()
    .map((name) => {
      const manifest = join(root, 'node_modules', name, 'package.json')
      return `\n${name}@${existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : '?'}`
    })
    .join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(fileURLToPath(new URL('..', import.meta.url)))
