/**
 * The stage kinds at hand: the built-in ones of `stages/index.ts` and a project's own `stages/*.ts`, which esbuild bundles
 * into the cache. The hash of a kind's code covers all it imports from its own repository and the versions of its packages.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UserError } from './lib/errors.ts'
import { readJson, sha256, writeAtomic } from './lib/files.ts'
import type { StageKind } from './stage.ts'

export interface KindEntry {
  readonly kind: StageKind
  /** Hash of the code. */
  readonly code: string
  /** Bundle of a user's own kind, '' for a built-in one. */
  readonly file: string
}

export interface BuildInfo {
  /** Changes with every change of kpipe's code. */
  readonly id: string
  readonly version: string
  /** kind → hash of its code and all it imports */
  readonly kinds: Readonly<Record<string, string>>
}

/** The folder of kpipe's own package. */
export const packageRoot = findPackageRoot()

export const buildInfo = (): BuildInfo =>
  (info ??= readJson<BuildInfo>(join(packageRoot, 'dist', 'build.json')) ?? { id: 'unbuilt', version: '0', kinds: {} })
let info: BuildInfo | undefined

/** One kind by name; for the worker. */
export async function loadKind(name: string, file: string): Promise<StageKind> {
  if (file) return kindOf(await import(pathToFileURL(file).href), file)
  const { kinds } = await import('../stages/index.ts')
  const kind = (kinds as Record<string, StageKind>)[name]
  if (!kind) throw new UserError(`there is no stage kind ${name}`, { hint: 'kpipe list kinds' })
  return kind
}

/** All kinds of a project, and the source files of its own ones (relative to `root`), which a plan depends on. */
export async function allKinds(
  root: string,
  bundles: string,
): Promise<{ kinds: Record<string, KindEntry>; sources: string[] }> {
  const { kinds } = await import('../stages/index.ts')
  const found: Record<string, KindEntry> = {}
  for (const [name, kind] of Object.entries(kinds as Record<string, StageKind>))
    found[name] = { kind, code: buildInfo().kinds[name] ?? buildInfo().id, file: '' }
  const sources: string[] = []
  for (const path of ownKindFiles(root)) {
    const bundle = await bundleKind(root, path, bundles)
    const kind = await importKind(bundle.file, relative(root, path))
    if (found[kind.kind])
      throw new UserError(`${relative(root, path)} defines the stage kind ${kind.kind}, which exists already`, {
        hint: 'give it another name',
        exitCode: 2,
      })
    found[kind.kind] = { kind, code: bundle.code, file: bundle.file }
    sources.push(...bundle.sources)
  }
  return { kinds: found, sources }
}

/** `stages/*.ts` of the project, sorted; none in kpipe's own repository, where they are the built-in ones. */
export function ownKindFiles(root: string): string[] {
  if (root === packageRoot) return []
  const folder = join(root, 'stages')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /\.(ts|mts|js|mjs)$/.test(name) && !/\.(d|test)\.ts$/.test(name) && basename(name) !== 'index.ts')
    .sort()
    .map((name) => join(folder, name))
}

async function bundleKind(
  root: string,
  path: string,
  bundles: string,
): Promise<{ file: string; code: string; sources: string[] }> {
  const { build } = await import('esbuild')
  const stageContract = pathToFileURL(join(packageRoot, 'dist', 'stage.js')).href
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    minifyWhitespace: true, // comments and layout are not code
    absWorkingDir: root,
    logLevel: 'silent',
    plugins: [
      {
        name: 'kpipe',
        setup: (setup) => setup.onResolve({ filter: /^kpipe$/ }, () => ({ path: stageContract, external: true })),
      },
    ],
  }).catch((error: { errors?: readonly BuildMistake[] }) => {
    throw new UserError((error.errors ?? []).map(mistakeText).join('\n') || String(error), {
      hint: 'mend the file; a stage kind is checked each time a pipeline is read',
      exitCode: 2,
    })
  })
  const text = result.outputFiles[0]!.text
  const packages = Object.values(result.metafile.inputs).flatMap((input) =>
    input.imports.filter((one) => one.external && !one.path.startsWith('node:')).map((one) => one.path),
  )
  // Where kpipe is installed must not matter to the key.
  const manifests = [...new Set(packages)].sort().map((name) => ({ name, file: packageManifest(root, name) }))
  const versions = manifests.map(({ name, file }) => `\n${name}@${readJson<{ version: string }>(file)?.version ?? ''}`)
  const code = sha256(text.replaceAll(stageContract, 'kpipe') + versions.join(''))
  const file = join(bundles, `${basename(path).replace(/\.\w+$/, '')}-${sha256(text).slice(0, 16)}.mjs`)
  if (!existsSync(file)) writeAtomic(file, text)
  const installed = manifests.filter(({ file }) => file !== '').map((one) => relative(root, one.file))
  return { file, code, sources: [...Object.keys(result.metafile.inputs), ...installed] }
}

interface BuildMistake {
  readonly text: string
  readonly location?: { file: string; line: number; column: number; length: number; lineText: string } | null
}

/** As mistakes in a pipeline are shown: place, message, the line with a caret under the text. */
function mistakeText({ text, location }: BuildMistake): string {
  if (!location) return text
  const { file, line, column, length, lineText } = location
  const indent = ' '.repeat(4)
  const before = lineText.slice(0, column).replace(/[^\t]/g, ' ')
  return `${file}:${line}:${column + 1}: ${text}\n${indent}${lineText}\n${indent}${before}${'^'.repeat(Math.max(1, length))}`
}

/** package.json of the package an import names, '' where it is not found (a Node built-in). */
function packageManifest(root: string, specifier: string): string {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  for (let folder = root; ; folder = dirname(folder)) {
    const manifest = join(folder, 'node_modules', name, 'package.json')
    if (existsSync(manifest)) return manifest
    if (folder === dirname(folder)) return ''
  }
}

async function importKind(bundle: string, source: string): Promise<StageKind> {
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(bundle).href)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UserError(`${source} cannot be loaded: ${why}`, {
      hint: 'what a kind imports must be installed in your project: npm install NAME',
      exitCode: 2,
    })
  }
  return kindOf(module, source)
}

function kindOf(module: Record<string, unknown>, file: string): StageKind {
  const kinds = [...new Set(Object.values(module))].filter(
    (value): value is StageKind => typeof value === 'object' && value !== null && 'kind' in value && 'run' in value,
  )
  if (kinds.length !== 1)
    throw new UserError(`${file} must export one stage kind, found ${kinds.length}`, {
      hint: 'export default defineStage({ kind, summary, options, run }); helpers belong in a folder below stages/',
      exitCode: 2,
    })
  const kind = kinds[0]!
  const wrong =
    typeof kind.kind !== 'string' || !/^[\w.-]+$/.test(kind.kind)
      ? 'kind must be a name of letters, digits, _, - and dots'
      : typeof kind.run !== 'function'
        ? 'run must be a function'
        : typeof kind.options !== 'object' || kind.options === null
          ? 'options must be a JSON Schema'
          : typeof kind.summary !== 'string'
            ? 'summary must be a text'
            : ''
  if (wrong)
    throw new UserError(`${file}: ${wrong}`, { hint: "options: { type: 'object', properties: {} }", exitCode: 2 })
  return kind
}

function findPackageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'kpipe')
      return folder
    if (folder === dirname(folder)) throw new Error('kpipe cannot find its own package.json')
  }
}
