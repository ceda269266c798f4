/** The files and the command line a plan is made of, as nodes with places. The only file of plan/ that touches files. */
import { readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { sha256 } from '../lib/files.ts'
import type { Problems } from './diagnostic.ts'
import { makeSource, type Node, type Source, type Span } from './node.ts'
import { parseText } from './yaml.ts'

export interface Loaded {
  readonly source: Source
  /** null: the text is not YAML; the mistakes are reported. */
  readonly node: Node | null
}

/** One `--set a.b=1`, taken apart. */
export interface SetArgument {
  readonly path: string
  readonly at: Span
  readonly value: Node
}

export interface Files {
  /** A YAML file, read once; undefined where there is none. */
  read(path: string): Loaded | undefined
  /** Names of the files in a folder, sorted; for "did you mean". */
  list(folder: string): string[]
  /** Everything read or looked for, with its sha256 ('' = absent). */
  readonly sources: Readonly<Record<string, string>>
  /** The path as users know it: inside the project relative to it, `/`-separated. */
  nameOf(path: string): string
}

/** What a file of another tool may hold that a pipeline may not. */
export interface Dialect {
  /** `${}` in keys, too. */
  readonly templateKeys?: boolean
}

export function openFiles(root: string, problems: Problems, dialect: Dialect = {}): Files {
  const loaded = new Map<string, Loaded | undefined>()
  const sources: Record<string, string> = {}
  const nameOf = (path: string) => {
    if (PLAIN_PATH.test(path)) return path
    const below = relative(root, resolve(root, path))
    return below.startsWith('..') || isAbsolute(below) ? resolve(root, path) : below.split(sep).join('/')
  }
  const read = (path: string) => {
    const file = nameOf(path)
    if (loaded.has(file)) return loaded.get(file)
    const text = readText(resolve(root, path))
    sources[file] = text === undefined ? '' : sha256(text)
    const source = makeSource(file, (text ?? '').replace(/^\uFEFF/, ''))
    const result = text === undefined ? undefined : parseFile(source, problems, dialect)
    loaded.set(file, result)
    return result
  }
  return { read, list: (folder) => listFolder(join(root, folder)), sources, nameOf }
}

/** Names joined by `/`, none of them beginning with a dot: nothing to work out. */
const PLAIN_PATH = /^[^./\\][^/\\]*(?:\/[^./\\][^/\\]*)*$/

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function parseFile(source: Source, problems: Problems, { templateKeys = false }: Dialect): Loaded {
  const before = problems.count
  const node = parseText(source.text, source, 0, problems, templateKeys)
  return { source, node: problems.count > before && node?.type !== 'map' ? null : node }
}

/** `--set` arguments, each a line of a text named `--set`, so that a mistake in one has a place. */
export function parseSets(set: readonly string[], problems: Problems): SetArgument[] {
  const source = makeSource('--set', set.map((argument) => argument.replaceAll('\n', ' ')).join('\n'))
  let start = 0
  const found: SetArgument[] = []
  for (const argument of set) {
    const at = { source, start, end: start + argument.length }
    const equals = argument.indexOf('=')
    if (equals < 1)
      problems.add(at, '', `--set takes NAME=VALUE, got ${JSON.stringify(argument)}`, 'e.g. --set epochs=80')
    else {
      const value = parseText(argument.slice(equals + 1), source, start + equals + 1, problems)
      if (value)
        found.push({
          path: argument.slice(0, equals).trim(),
          at: { source, start, end: start + equals },
          value: value.start === value.end ? { ...value, start } : value,
        })
    }
    start += argument.length + 1
  }
  return found
}
