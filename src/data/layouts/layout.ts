/**
 * A layout is how a data set lies on disk: which files are its music, and which tables say what of them. It reads names and
 * tables where they are and moves nothing; whether a file can be decoded is the validate stage's question.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DataError, type DataFault } from '../../lib/errors.ts'
import { readCsv } from '../csv.ts'
import { parseJson, plain } from '../json.ts'
import { portable } from '../labels.ts'
import type { Dropped, Emotion, Example, Room } from '../manifest.ts'

/** A file below the data folder. */
export interface DataFile {
  /** Relative to the data folder, `/`-separated. */
  readonly path: string
  /** Hash of the content: equal hashes are copies. */
  readonly hash: string
}

export interface Layout {
  /** How the set lies on disk, for messages and `kpipe data show`. */
  readonly shape: string
  /** Files of the publisher's archive that are needed; paths as in the archive. Left out where there is no archive. */
  readonly keep?: (path: string) => boolean
  /** Archives inside the publisher's archive that hold music: unpacked beside themselves. */
  readonly inner?: RegExp
  /** Does the folder lie like this? Looks at names, at most at the head of a table. */
  readonly matches: (folder: LayoutFolder) => boolean
  /** @throws DataError where a table cannot be read or is not the published one */
  readonly read: (folder: LayoutFolder) => LayoutReading | Promise<LayoutReading>
}

/** What a layout found. Copies of files are looked for by the caller, over all that was read. */
export interface LayoutReading {
  readonly examples: readonly Example[]
  readonly dropped?: readonly Dropped[]
  readonly warnings?: readonly Dropped[]
  /** Tables that cannot be read: nothing can be said of what they describe until they are mended. */
  readonly unreadable?: readonly DataFault[]
  /** Sentences on what was left out, and why. */
  readonly notes?: readonly string[]
}

/** The files below a folder as layouts look at them. Paths in and out are relative to `root`. */
export class LayoutFolder {
  readonly root: string
  /** Sorted by path; what systems leave behind (`.DS_Store`, `__MACOSX/`) is not among them. */
  readonly files: readonly DataFile[]
  #byPath: ReadonlyMap<string, DataFile> | undefined

  constructor(root: string, files: readonly DataFile[]) {
    this.root = root
    this.files = inOrder(files.filter((file) => !hidden(file.path)))
  }

  /** The file of a table's name for it: `./a\b.mid`, or with decomposed letters, is found too. */
  file(path: string): DataFile | undefined {
    this.#byPath ??= new Map(this.files.map((file) => [portable(file.path), file]))
    return this.#byPath.get(portable(path))
  }

  has(pattern: RegExp): boolean {
    return this.files.some((file) => pattern.test(file.path))
  }

  where(pattern: RegExp): readonly DataFile[] {
    return this.files.filter((file) => pattern.test(file.path))
  }

  bytes(path: string): Buffer {
    return readFileSync(join(this.root, path))
  }

  text(path: string): string {
    return this.bytes(path).toString('utf8')
  }

  /** @throws DataError with line and column where the file is no JSON */
  json(path: string): unknown {
    const text = this.text(path)
    try {
      return JSON.parse(text)
    } catch {
      // The reader that knows places is slower: it is asked only where there is something to say.
      return plain(parseJson(text, path))
    }
  }
}

/** One line of a table, by column name in lower case. */
export interface TableLine {
  readonly cells: Readonly<Record<string, string>>
  /** Byte offset of the line. */
  readonly offset: number
  /** `line 17` */
  readonly place: string
}

export interface SetTable {
  readonly path: string
  /** Folder of the table, '' or with a `/` at its end: most tables name files from there. */
  readonly base: string
  readonly lines: readonly TableLine[]
}

/** @throws DataError where it is no CSV or lacks one of `columns` */
export function openTable(folder: LayoutFolder, path: string, columns: readonly string[]): SetTable {
  const table = readCsv(folder.text(path), path)
  for (const column of columns) table.column([column])
  const lines = table.rows.map(({ cells, line, offset }) => {
    return { cells: table.facts(cells, []), offset, place: `line ${line}` }
  })
  return { path, base: folderOf(path), lines }
}

/** '' or the folder with a `/` at its end. */
export function folderOf(path: string): string {
  return path.includes('/') ? `${dirname(path)}/` : ''
}

/** Name without folder and ending. */
export const stemOf = (path: string): string => basename(path).replace(/\.[^.]+$/, '')

export function example(
  room: Room,
  id: string,
  source: string,
  more: { emotion?: Emotion | null; facts?: Readonly<Record<string, unknown>> } = {},
): Example {
  return { room, id, source, emotion: more.emotion ?? null, facts: more.facts ?? {} }
}

/**
 * Lines of a table with the files that one of their columns names; lines whose file is not here are told in one warning.
 * @param find where the file of a name is; left out, names start at the table's folder
 */
export function filesNamed(
  folder: LayoutFolder,
  table: SetTable,
  room: Room,
  column: string,
  find: (name: string) => DataFile | undefined = (name) => folder.file(table.base + name),
): { found: { line: TableLine; file: DataFile }[]; warnings: Dropped[] } {
  const absent: TableLine[] = []
  const found = table.lines.flatMap((line) => {
    const file = find(line.cells[column]!)
    if (!file) absent.push(line)
    return file ? [{ line, file }] : []
  })
  return { found, warnings: absentLines(table, room, absent, (line) => line.cells[column]!) }
}

/** A part of a set with the whole table is usual: one warning, with the first name. */
export function absentLines(
  table: Pick<SetTable, 'path' | 'lines'>,
  room: Room,
  absent: readonly TableLine[],
  nameOf: (line: TableLine) => string,
): Dropped[] {
  const [first] = absent
  if (!first) return []
  const message = `${absent.length} of ${table.lines.length} rows name files that are not here, the first "${nameOf(first)}" (${first.place})`
  const fault = { path: table.path, offset: first.offset, code: 'absent-rows', message, hint: '' }
  return [{ room, id: table.path, fault }]
}

/** Where a set's table says something it never says: it is not the published one. */
export function notThePublished(path: string, line: TableLine, message: string): DataError {
  const hint = 'this is not the table the set is published with'
  return new DataError({ path, offset: line.offset, code: 'label-range', message: `${line.place}: ${message}`, hint })
}

/** `1,276`: figures in notes are read by people. */
export const count = (value: number): string => value.toLocaleString('en-US')

/** Trees list their files in order: a hundred thousand need not be sorted again. */
function inOrder(files: DataFile[]): DataFile[] {
  const sorted = files.every((file, i) => i === 0 || files[i - 1]!.path < file.path)
  return sorted ? files : files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** `.DS_Store`, `._x.wav`, `__MACOSX/`: left by systems, never data. */
function hidden(path: string): boolean {
  return /(^|\/)(\.|__MACOSX\/|Thumbs\.db$)/.test(path)
}
