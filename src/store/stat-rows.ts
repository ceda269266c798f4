/**
 * What the stat index knows of the entries of one folder: their stats and content hashes in flat arrays, in the order in
 * which the folder listed them when it was walked last. A walk that meets the same names and the same stats has the hash of
 * the whole folder without building a string a file: that is most of what a run with nothing to do costs.
 */
import type { Stats } from 'node:fs'
import { sha256 } from '../lib/files.ts'

/** Clock ticks of local file systems are at most 10 ms; files with whole-second times get two seconds (FAT, some network disks). */
const TICK_MS = 20
const COARSE_TICK_MS = 2000
/** ino, size, mtimeMs, ctimeMs, indexedAtMs, kind. A folder has only its number of files (as size) and its kind. */
export const FIELDS = 6
export const HASH_BYTES = 32
const MODE = 0o170000
const REGULAR = 0o100000

/** Letters of the tree text by kind; 0: nothing that counts (a socket, a file that vanished). */
const LETTERS = ['', 'F', 'X', 'D', 'L'] as const
export type EntryKind = 0 | 1 | 2 | 3 | 4
export const FOLDER: EntryKind = 3
export const LINK: EntryKind = 4

export const isRegular = (stats: Stats): boolean => (stats.mode & MODE) === REGULAR
const kindOf = (stats: Stats): EntryKind => ((stats.mode & 0o100) !== 0 ? 2 : 1)

export class StatRows {
  /** Names of the rows, joined by NUL (which no name can hold). Valid while `#names` is null. */
  #joined: string
  #names: string[] | null = null
  #byName: Map<string, number> | null = null
  #numbers: Float64Array
  #hashes: Buffer<ArrayBufferLike>
  #count: number
  /** Hash of the folder's tree text; '' where rows changed since, or the folder was never walked. */
  #tree: string
  #files: number
  #keepText: ((text: string) => void) | null = null

  constructor(
    joined = '',
    numbers = new Float64Array(0),
    hashes: Buffer<ArrayBufferLike> = Buffer.alloc(0),
    tree: { readonly hash: string; readonly files: number } = { hash: '', files: 0 },
  ) {
    this.#joined = joined
    this.#numbers = numbers
    this.#hashes = hashes
    this.#count = numbers.length / FIELDS
    this.#tree = tree.hash
    this.#files = tree.files
  }

  get count(): number {
    return this.#count
  }

  /** Hash and number of files of the whole folder as it was walked last; hash '' if something changed since. */
  get tree(): { readonly hash: string; readonly files: number } {
    return { hash: this.#tree, files: this.#files }
  }

  row(name: string): number | undefined {
    this.#byName ??= new Map(this.#allNames().map((known, row) => [known, row]))
    return this.#byName.get(name)
  }

  hash(row: number): string {
    return this.#hashes.toString('hex', row * HASH_BYTES, (row + 1) * HASH_BYTES)
  }

  /** The rows become those of `names`, in that order; rows of other names go. False: they were so already. */
  list(names: readonly string[]): boolean {
    const joined = names.join('\0')
    if (this.#tree !== '' && joined === this.#text()) return false
    this.#change()
    const numbers = new Float64Array(names.length * FIELDS)
    const hashes = Buffer.alloc(names.length * HASH_BYTES)
    names.forEach((name, i) => {
      const row = this.row(name)
      if (row === undefined) return
      this.#copyRow(row, numbers, hashes, i)
    })
    this.#joined = joined
    this.#names = null
    this.#byName = null
    this.#numbers = numbers
    this.#hashes = hashes
    this.#count = names.length
    return true
  }

  /** True: the file of this row cannot have changed since it was hashed. */
  vouches(row: number, stats: Stats): boolean {
    const at = row * FIELDS
    const n = this.#numbers
    const { mtimeMs, ctimeMs } = stats
    if (n[at] !== stats.ino || n[at + 1] !== stats.size || n[at + 2] !== mtimeMs || n[at + 3] !== ctimeMs) return false
    const tick = mtimeMs % 1000 === 0 && ctimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS
    return (mtimeMs > ctimeMs ? mtimeMs : ctimeMs) + tick <= n[at + 4]!
  }

  /** What was read of a file. */
  record(name: string, stats: Stats, size: number, hash: string, indexedAt: number): void {
    this.#change()
    const row = this.#rowFor(name)
    this.#numbers.set([stats.ino, size, stats.mtimeMs, stats.ctimeMs, indexedAt, kindOf(stats)], row * FIELDS)
    this.#hashes.write(hash, row * HASH_BYTES, 'hex')
  }

  /** True if this row is that kind of entry already, and is so from now on. A file's kind is that of its stats. */
  isKind(row: number, kind: EntryKind | Stats): boolean {
    const wanted = typeof kind === 'number' ? kind : kindOf(kind)
    if (this.#numbers[row * FIELDS + 5] === wanted) return true
    this.#change()
    this.#numbers[row * FIELDS + 5] = wanted
    return false
  }

  /** True if this row is that folder with that content already, and is so from now on. */
  isFolder(row: number, kind: EntryKind, hash: string, files: number): boolean {
    if (this.isKind(row, kind) && this.#numbers[row * FIELDS + 1] === files && this.hash(row) === hash) return true
    this.#change()
    this.#numbers.set([0, files, 0, 0, 0, kind], row * FIELDS)
    this.#hashes.write(hash, row * HASH_BYTES, 'hex')
    return false
  }

  /** Move one row to another folder's rows (a file was renamed). */
  moveTo(name: string, other: StatRows, otherName: string): boolean {
    const row = this.row(name)
    if (row === undefined) return false
    other.#change()
    const target = other.#rowFor(otherName)
    this.#copyRow(row, other.#numbers, other.#hashes, target)
    this.remove(name)
    return true
  }

  remove(name: string): void {
    const row = this.row(name)
    if (row === undefined) return
    this.#change()
    this.#byName!.delete(name)
    this.#numbers.fill(0, row * FIELDS, (row + 1) * FIELDS)
  }

  /** Names of the files that have a row. */
  names(): string[] {
    this.row('')
    return [...this.#byName!.keys()].filter((name) => {
      const kind = this.#numbers[this.#byName!.get(name)! * FIELDS + 5]
      return kind === 1 || kind === 2
    })
  }

  /** The tree text of the rows as they stand, sorted by name; `walked` remembers its hash. */
  treeText(): string {
    const names = this.#allNames()
    const rows = names.map((_, row) => row)
    rows.sort((a, b) => (names[a]! < names[b]! ? -1 : 1))
    let text = ''
    for (const row of rows) {
      const kind = this.#numbers[row * FIELDS + 5]!
      if (kind !== 0)
        text += `${LETTERS[kind]} ${this.hash(row)} ${this.#numbers[row * FIELDS + 1]} ${escapeName(names[row]!)}\n`
    }
    return text
  }

  /** Every row was looked at: returns the tree text, hash and number of files. */
  walked(): { readonly text: string; readonly hash: string; readonly files: number } {
    const text = this.treeText()
    let files = 0
    for (let row = 0; row < this.#count; row++) {
      const kind = this.#numbers[row * FIELDS + 5]!
      files += kind === FOLDER || kind === LINK ? this.#numbers[row * FIELDS + 1]! : kind === 0 ? 0 : 1
    }
    this.#tree = sha256(text)
    this.#files = files
    return { text, hash: this.#tree, files }
  }

  /** The tree hash was handed out without its text: `keep` gets the text before the rows change. */
  keepText(keep: (text: string) => void): void {
    this.#keepText = keep
  }

  /** For the index file: rows as they are, or only those of files where the folder's listing is not known. */
  forSaving(): StatRows {
    if (this.#tree !== '') return this
    const kept = new StatRows()
    for (const name of this.names()) {
      const at = kept.#rowFor(name)
      this.#copyRow(this.row(name)!, kept.#numbers, kept.#hashes, at)
    }
    return kept
  }

  get packed(): { readonly joined: string; readonly numbers: Float64Array; readonly hashes: Buffer } {
    return {
      joined: this.#text(),
      numbers: this.#numbers.subarray(0, this.#count * FIELDS),
      hashes: this.#hashes.subarray(0, this.#count * HASH_BYTES),
    }
  }

  #copyRow(row: number, numbers: Float64Array, hashes: Buffer, at: number): void {
    numbers.set(this.#numbers.subarray(row * FIELDS, (row + 1) * FIELDS), at * FIELDS)
    this.#hashes.copy(hashes, at * HASH_BYTES, row * HASH_BYTES, (row + 1) * HASH_BYTES)
  }

  #change(): void {
    if (this.#tree === '') return
    this.#keepText?.(this.treeText())
    this.#keepText = null
    this.#tree = ''
  }

  #text(): string {
    return this.#names ? this.#names.join('\0') : this.#joined
  }

  #allNames(): string[] {
    this.#names ??= this.#count === 0 ? [] : this.#joined.split('\0')
    return this.#names
  }

  #rowFor(name: string): number {
    const known = this.row(name)
    if (known !== undefined) return known
    const row = this.#count++
    this.#allNames()[row] = name
    this.#byName!.set(name, row)
    if (this.#count * FIELDS > this.#numbers.length) {
      const room = Math.max(8, this.#count * 2)
      const numbers = new Float64Array(room * FIELDS)
      numbers.set(this.#numbers)
      const hashes = Buffer.alloc(room * HASH_BYTES)
      this.#hashes.copy(hashes)
      this.#numbers = numbers
      this.#hashes = hashes
    }
    return row
  }
}

/** Names in a tree text: one line each. */
export const escapeName = (name: string) =>
  /[\n\\]/.test(name) ? name.replace(/\\/g, '\\\\').replace(/\n/g, '\\n') : name
