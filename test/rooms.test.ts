/**
 * The rooms of the house (docs/architecture.md): who may import whom, and which room is the one door to each package.
 * Reads the import lines of src/ and stages/ and fails with the offending one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const repository = fileURLToPath(new URL('..', import.meta.url))

/** Contracts at the root of src/: anybody may import them; they import each other's types and nothing else. */
const CONTRACTS = ['callback.ts', 'stage', 'events', 'executor', 'exporter', 'io', 'network.ts', 'plan.ts']
/** Where both houses are put together. */
const FRONT_DOOR = ['cli', 'worker', 'kinds', 'commands']

/** Room → rooms it may import besides contracts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  // the runner: knows stages, files, time and machines, never music
  plan: ['lib'],
  store: ['lib'],
  run: ['store', 'lib'],
  executors: ['lib'],
  reporters: ['lib'],
  // the music: knows audio, MIDI, models and exports, never a cache
  audio: ['lib'],
  midi: ['lib'],
  data: ['audio', 'midi', 'lib'],
  features: ['data', 'audio', 'midi', 'lib'],
  network: ['lib'],
  models: ['network', 'lib'],
  compute: ['network', 'lib'],
  train: ['compute', 'models', 'network', 'data', 'lib'],
  exporters: ['compute', 'network', 'lib'],
  registry: ['lib'],
  // the bridge
  stages: [
    'audio',
    'midi',
    'data',
    'features',
    'network',
    'models',
    'compute',
    'train',
    'exporters',
    'registry',
    'lib',
  ],
  // what people look at and come from: pictures, the report of a run, pipelines of other tools
  plot: ['lib'],
  report: ['plot', 'stages', 'audio', 'midi', 'data', 'features', 'network', 'train', 'registry', 'reporters', 'lib'],
  import: ['plan', 'lib'],
}

/** Package → the only places that may import it. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  '@audio': ['src/audio/'],
  '@tensorflow': ['src/compute/'],
  '@tonejs/midi': ['src/midi/interchange.ts'],
  ajv: ['src/lib/schema.ts'],
  chokidar: ['src/run/watch.ts', 'src/commands/watch.ts'],
  'csv-parse': ['src/data/csv.ts'],
  esbuild: ['src/kinds.ts', 'src/train/own-callback.ts'], // what users write in TypeScript: a stage kind, a callback
  ink: ['src/reporters/'],
  meyda: ['src/audio/meyda.ts'],
  'onnxruntime-node': ['src/compute/'],
  'p-queue': ['src/executors/local.ts'],
  picocolors: ['src/reporters/'],
  react: ['src/reporters/'],
  tar: ['src/data/archive-tar.ts'],
  yaml: ['src/plan/yaml.ts'],
  yauzl: ['src/data/archive-zip.ts'],
}

interface Import {
  readonly file: string
  readonly line: number
  readonly text: string
  readonly specifier: string
  readonly typeOnly: boolean
}

const files = ['src', 'stages'].flatMap(sourceFiles).filter((file) => !/\.(mjs|md)$/.test(file))
const imports = files.flatMap(importsOf)
const roomNames = [...Object.keys(MAY_IMPORT), ...FRONT_DOOR, ...CONTRACTS]

test('every file lies in a room that has rules', () => {
  expect(files.filter((file) => !roomNames.includes(roomOf(file)))).toEqual([])
  expect(files.length).toBeGreaterThan(100)
  expect(imports.length).toBeGreaterThan(500)
})

test('rooms import only what they may', () => {
  const wrong = imports.filter((one) => {
    const target = targetOf(one)
    if (target === null) return false
    const [from, to] = [roomOf(one.file), roomOf(target)]
    if (from === to || FRONT_DOOR.includes(from)) return false
    if (CONTRACTS.includes(from)) return !(CONTRACTS.includes(to) && one.typeOnly)
    return !CONTRACTS.includes(to) && !MAY_IMPORT[from]?.includes(to)
  })
  expect(wrong.map(place)).toEqual([])
})

test('nobody but the front door imports the front door', () => {
  const wrong = imports.filter((one) => {
    const target = targetOf(one)
    return target !== null && FRONT_DOOR.includes(roomOf(target)) && !FRONT_DOOR.includes(roomOf(one.file))
  })
  expect(wrong.map(place)).toEqual([])
})

test('rooms do not import each other in a circle', () => {
  const edges = new Map<string, Set<string>>()
  for (const one of imports) {
    const target = targetOf(one)
    if (target === null) continue
    const [from, to] = [roomOf(one.file), roomOf(target)]
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  }
  expect(circle(edges)).toBe('')
})

test('each package has one door', () => {
  const wrong = imports.filter((one) => {
    const name = packageOf(one.specifier)
    if (name === null) return false
    return !DOORS[name]?.some((door) => one.file.startsWith(door))
  })
  expect(wrong.map(place)).toEqual([])
})

test('heavy packages are loaded on use, never with the module', () => {
  const heavy = ['@tensorflow', 'onnxruntime-node', 'esbuild', 'ink', 'react']
  const wrong = imports.filter(
    (one) =>
      heavy.includes(packageOf(one.specifier) ?? '') &&
      !one.typeOnly &&
      !one.text.includes('import(') &&
      one.file !== 'src/reporters/dashboard.ts', // itself loaded on use
  )
  expect(wrong.map(place)).toEqual([])
})

test('nobody prints behind the reporters', () => {
  const allowed = ['src/reporters/', 'src/cli.ts', 'src/commands/terminal.ts']
  const wrong = files
    .filter((file) => !allowed.some((one) => file.startsWith(one)))
    .flatMap((file) =>
      linesOf(file).filter(({ text }) => /(^|[^\w.'])console\.\w+\(|process\.std(out|err)\.write/.test(text)),
    )
  expect(wrong.map(place)).toEqual([])
})

test('no path of one machine stands in the sources', () => {
  const machine = /(['"`\s(])(\/(home|Users|root|work|mnt|media|opt|tmp|var\/folders)\/|[A-Z]:\\\\)/
  const wrong = [...files, ...['scripts', 'bench', 'docs'].flatMap(sourceFiles)].flatMap((file) =>
    linesOf(file).filter(({ text }) => machine.test(text)),
  )
  expect(wrong.map(place)).toEqual([])
})

test('nothing is random or dated but by a seed or a name', () => {
  const wrong = files.flatMap((file) => linesOf(file).filter(({ text }) => /\bMath\.random\(/.test(text)))
  expect(wrong.map(place)).toEqual([])
})

const place = (one: { file: string; line: number; text: string }) => `${one.file}:${one.line}: ${one.text.trim()}`

function sourceFiles(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.name.startsWith('.') || entry.name === 'golden' || entry.name === 'node_modules') return []
    return entry.isDirectory() ? sourceFiles(path) : /\.(tsx?|mjs|md)$/.test(entry.name) ? [path] : []
  })
}

/** `src/audio/wav.ts` → audio, `stages/train.ts` → stages, `src/cli.ts` → cli, `src/plan.ts` → plan.ts (beside plan/). */
function roomOf(file: string): string {
  const [top, second = '', third] = file.split('/')
  if (top === 'stages') return 'stages'
  if (third !== undefined) return second
  return CONTRACTS.includes(second) ? second : second.replace(/\.tsx?$/, '')
}

function linesOf(file: string): { file: string; line: number; text: string }[] {
  return readFileSync(join(repository, file), 'utf8')
    .split('\n')
    .map((text, i) => ({ file, line: i + 1, text }))
}

/** Static, dynamic and re-exporting imports, with the line the specifier stands on. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(repository, file), 'utf8')
  const pattern =
    /^[ \t]*(?:import|export)\b(?<what>[^'"`;]*?)\bfrom\s*'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'|\b(?:import|require)\(\s*'(?<dynamic>[^']+)'|\btypeof import\('(?<type>[^']+)'\)/gm
  return [...text.matchAll(pattern)].map((match) => {
    const { what = '', from, bare, dynamic, type } = match.groups as Record<string, string | undefined>
    const line = text.slice(0, match.index + match[0].length).split('\n').length
    const names = /\{([\s\S]*)\}/.exec(what)?.[1]?.split(',') ?? []
    const allTypes = names.length > 0 && names.every((name) => name.trim() === '' || /^\s*type\s/.test(name))
    const typeOnly = /^\s*type\b/.test(what) || (allTypes && /^\s*\{/.test(what)) || type !== undefined
    return { file, line, text: text.split('\n')[line - 1]!, specifier: (from ?? bare ?? dynamic ?? type)!, typeOnly }
  })
}

/** File of ours that an import names, or null for a package. */
function targetOf({ file, specifier }: Import): string | null {
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : null
}

function packageOf(specifier: string): string | null {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier)) return null
  if (specifier === 'kpipe') return null // what a user's kind imports: only named in texts
  if (specifier.startsWith('@audio/') || specifier.startsWith('@tensorflow/')) return specifier.split('/')[0]!
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** `run -> store -> run`, or ''. */
function circle(edges: ReadonlyMap<string, ReadonlySet<string>>): string {
  const done = new Set<string>()
  const walk = (room: string, path: readonly string[]): string => {
    const at = path.indexOf(room)
    if (at >= 0) return [...path.slice(at), room].join(' -> ')
    if (done.has(room)) return ''
    for (const next of edges.get(room) ?? []) {
      const found = walk(next, [...path, room])
      if (found) return found
    }
    done.add(room)
    return ''
  }
  for (const room of edges.keys()) {
    const found = walk(room, [])
    if (found) return found
  }
  return ''
}
