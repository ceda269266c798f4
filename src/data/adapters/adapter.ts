/** What every adapter is given and gives back, and the few things they share. An adapter moves files; it decodes none. */
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../lib/errors.ts'
import { writeAtomic } from '../../lib/files.ts'
import { readCsv } from '../csv.ts'
import type { Room } from '../manifest.ts'

export interface Adapter {
  /** Files of the publisher's archive that are needed; paths as in the archive. */
  readonly keep: (path: string) => boolean
  /** How the unpacked set looks, for messages. */
  readonly layout: string
  /** @throws UserError where `from` does not hold the set, DataError where its labels cannot be read. */
  readonly adapt: (job: AdaptJob) => Promise<AdaptResult> | AdaptResult
}

export interface AdaptJob {
  /** The unpacked set, or a folder that has it somewhere inside. */
  readonly from: string
  /** The folder to fill, in the Kelly layout. */
  readonly data: string
  /** An empty folder on the same disk as `data`. */
  readonly scratch: string
  /** `move` where `from` is ours, `copy` where it is the user's. */
  readonly take: 'move' | 'copy'
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface AdaptResult {
  readonly counts: Readonly<Record<Room, number>>
  /** Items with a valence and arousal. */
  readonly labelled: number
  /** Sentences on what was left out, and why. */
  readonly notes: readonly string[]
}

/**
 * Folder below `from` (or `from` itself) that holds `name`, nearest to the top.
 * @throws UserError with the layout that was expected
 */
export function findBeside(from: string, name: string, layout: string): string {
  for (let level = [from], depth = 0; level.length > 0 && depth < 6; depth++) {
    const found = level.find((folder) => existsSync(join(folder, name)))
    if (found) return found
    level = level.flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(folder, entry.name))
        .sort(),
    )
  }
  throw new UserError(`the folder does not hold this data set: there is no ${name} in it`, {
    hint: `expected: ${layout}`,
  })
}

/** Files below a folder with one of these endings, relative, `/`-separated, sorted. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  const walk = (path: string): string[] =>
    readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
      const inner = path ? `${path}/${entry.name}` : entry.name
      if (entry.isDirectory()) return walk(inner)
      return endings.some((ending) => entry.name.toLowerCase().endsWith(ending)) ? [inner] : []
    })
  return existsSync(folder) ? walk('').sort() : []
}

export interface Move {
  /** Absolute. */
  readonly from: string
  /** Below the data folder. */
  readonly to: string
}

/** Bring files into the data folder, in order. */
export function takeFiles(job: AdaptJob, moves: readonly Move[]): void {
  for (const [index, { from, to }] of moves.entries()) {
    if (index % 64 === 0) {
      job.signal?.throwIfAborted()
      job.onProgress?.(index, moves.length)
    }
    const target = join(job.data, to)
    mkdirSync(dirname(target), { recursive: true })
    if (job.take === 'copy') copyFileSync(from, target, constants.COPYFILE_FICLONE)
    else moveFile(from, target)
  }
  job.onProgress?.(moves.length, moves.length)
}

/** Name of a MIDI file in the data folder: `.midi` becomes `.mid`, so that one set has one ending. */
export function asMid(name: string): string {
  return name.replace(/\.midi?$/i, '.mid')
}

/** Rows of a CSV file, column names in lower case. @throws DataError */
export function readRows(path: string, name: string, required: readonly string[]): Record<string, string>[] {
  const table = readCsv(readFileSync(path, 'utf8'), name)
  for (const column of required) table.column([column])
  return table.rows.map(({ cells }) => table.facts(cells, []))
}

/** RFC 4180, `\n` at line ends. */
export function writeRows(
  path: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number>>[],
): void {
  const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
  const lines = rows.map((row) => columns.map((column) => cell(String(row[column] ?? ''))).join(','))
  writeAtomic(path, `${[columns.join(','), ...lines].join('\n')}\n`)
}

/** @throws UserError: a folder that has the label file but none of the files is not the set */
export function requireSome(count: number, what: string, layout: string): void {
  if (count === 0)
    throw new UserError(`the folder holds none of the ${what} of this data set`, { hint: `expected: ${layout}` })
}

export const NONE: Readonly<Record<Room, number>> = { audio: 0, midi: 0, chords: 0, drums: 0 }

/** `1,276`: figures in notes are read by people. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

function moveFile(from: string, target: string): void {
  try {
    renameSync(from, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    copyFileSync(from, target)
    rmSync(from)
  }
}
