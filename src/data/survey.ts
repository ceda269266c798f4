/** A folder looked at whole, without a pipeline: which sets it holds, what of them can be used, and all of it in figures. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, sha256 } from '../lib/files.ts'
import type { CheckOptions } from './check-file.ts'
import { type DataReading, readExamples } from './examples.ts'
import type { DataFile } from './layouts/layout.ts'
import type { Dropped, SourceInfo } from './manifest.ts'
import { type DataStats, statsBuilder } from './stats.ts'

export interface Surveyed {
  /** Folder that ids of examples are relative to. */
  readonly root: string
  /** Of the output of `download`; null for a folder of the user's. */
  readonly source: SourceInfo | null
  readonly reading: DataReading
  readonly bytes: number
}

/** Names, labels and hashes; nothing is decoded. @param onFile told of each file that was hashed */
export async function surveyFolder(
  path: string,
  onFile: (done: number, total: number) => void = () => {},
): Promise<Surveyed> {
  const source = readJson<SourceInfo>(join(path, 'source.json'))
  const downloaded = source?.format === 'kpipe-source/1'
  const root = downloaded ? join(path, 'data') : path
  const names = namesBelow(root)
  let bytes = 0
  const files = names.map((name, i): DataFile => {
    const content = readFileSync(join(root, name))
    bytes += content.length
    onFile(i + 1, names.length)
    return { path: name, hash: sha256(content) }
  })
  return { root, source: downloaded ? source : null, reading: await readExamples(root, files), bytes }
}

/** Names only, so that a folder of gigabytes is listed at once: copies are not told. */
export async function glanceFolder(root: string): Promise<DataReading> {
  return readExamples(
    root,
    namesBelow(root).map((path) => ({ path, hash: path })),
  )
}

export interface Measured {
  readonly stats: DataStats
  /** Files that cannot be used, with the reason. */
  readonly dropped: readonly Dropped[]
}

/** Decodes every file once, as `validate` does. */
export async function measureExamples(
  { root, reading }: Surveyed,
  options: CheckOptions,
  onFile: (done: number, total: number) => void = () => {},
): Promise<Measured> {
  const { checkFile } = await import('./check-file.ts')
  const stats = statsBuilder()
  const dropped: Dropped[] = []
  for (const [i, example] of reading.examples.entries()) {
    const { room, id } = example
    const check = room === 'chords' ? null : await checkFile(room, readFileSync(join(root, id)), id, options)
    onFile(i + 1, reading.examples.length)
    if (check?.fault) dropped.push({ room, id, fault: check.fault })
    else stats.add(example, check?.measure ?? null)
  }
  return { stats: stats.result(), dropped }
}

/** Files below a folder, links to folders walked through, sorted. */
function namesBelow(root: string, at = ''): string[] {
  return readdirSync(join(root, at), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = at ? `${at}/${entry.name}` : entry.name
      if (entry.isDirectory()) return namesBelow(root, path)
      const stat = entry.isSymbolicLink() ? statSync(join(root, path), { throwIfNoEntry: false }) : null
      if (stat?.isDirectory()) return namesBelow(root, path)
      return entry.isFile() || stat?.isFile() ? [path] : []
    })
}
