// src/ and stages/ → dist/: bundled with code splitting, so that a run with nothing to do loads one small file, and
// dist/build.json: the hash of each stage kind's code and of all it imports.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourceState } from './stale.mjs'

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
    const bundle = await esbuild.build({
      ...common,
      entryPoints: { cli: 'src/cli.ts', worker: 'src/run/worker.ts', stage: 'src/stage.ts' },
      outdir: temp,
      splitting: true,
      write: true,
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
    const outputs = Object.keys(bundle.metafile.outputs)
      .sort()
      .map((path) => readFileSync(join(root, path), 'utf8'))
    writeFileSync(join(temp, 'build.json'), JSON.stringify({ id: sha256(outputs.join('\0')), version, kinds }, null, 2))
    writeFileSync(join(temp, '.sources'), state)
  } catch (error) {
    rmSync(temp, { recursive: true, force: true })
    for (const { text, location } of error.errors ?? [])
      console.error(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text)
    throw error
  }
  swap(temp, join(root, 'dist'))
}

/** Another process may build at the same time; both results are good, the last rename wins. */
function swap(temp, target) {
  mkdirSync(join(target, '..'), { recursive: true })
  const old = `${temp}.old`
  for (let attempt = 0; ; attempt++) {
    try {
      if (existsSync(target)) renameSync(target, old)
      renameSync(temp, target)
      break
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
  rmSync(old, { recursive: true, force: true })
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
