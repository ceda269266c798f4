/**
 * Content hashes of files, remembered by stat: a file is read again only if its size, mtime, ctime or inode differ, or if
 * it was written so shortly before it was hashed that a second write in the same clock tick could have gone unseen
 * ("racily clean", as git calls it). Losing the index costs a re-hash, never a wrong answer.
 */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readSync, type Stats } from 'node:fs'
import { sha256, writeAtomic } from '../lib/files.ts'

/** Clock ticks of local file systems are at most 10 ms; files with whole-second times get two seconds (FAT, some network disks). */
const TICK_MS = 20
const COARSE_TICK_MS = 2000
/** Contents up to this size are handed on instead of being read again. */
const SMALL_BYTES = 2048
const MAGIC = 'kpipe-index-2\n'
/** ino, size, mtimeMs, ctimeMs, indexedAtMs */
const FIELDS = 5

export class StatIndex {
  readonly #file: string
  /** path → row number */
  readonly #rows = new Map<string, number>()
  #numbers = new Float64Array(0)
  #hashes: string[] = []
  #count = 0
  #dirty = false
  #last: { readonly hash: string; readonly bytes: Buffer } | null = null
  /** Files whose content was read since the start, for tests and `--json`. */
  filesRead = 0

  constructor(file: string) {
    this.#file = file
    this.#load()
  }

  /** sha256 of the file's content. Throws what `fs` throws. */
  hashFile(path: string, stats: Stats = lstatSync(path)): string {
    const row = this.#rows.get(path)
    if (row !== undefined && this.#vouches(row, stats)) return this.#hashes[row]!
    const indexedAt = Date.now()
    const { hash, size, bytes } = readAndHash(path, stats.isSymbolicLink() ? undefined : stats.size)
    this.#last = bytes && bytes.length <= SMALL_BYTES ? { hash, bytes } : null
    this.filesRead++
    this.#record(path, stats, size, hash, indexedAt)
    return hash
  }

  /** Bytes of the small file that was read last, if they have this hash: the caller is about to store them. */
  smallContent(hash: string): Buffer | undefined {
    return this.#last?.hash === hash ? this.#last.bytes : undefined
  }

  /** A file was renamed (its inode and mtime stay): its row goes with it. */
  moved(from: string, to: string): void {
    const row = this.#rows.get(from)
    if (row === undefined) return
    this.#rows.delete(from)
    this.#rows.set(to, row)
    this.#dirty = true
  }

  /** Drop the rows of files that are gone; for gc, since it looks at every one. */
  prune(): void {
    for (const path of this.#rows.keys()) {
      if (lstatSync(path, { throwIfNoEntry: false })) continue
      this.#rows.delete(path)
      this.#dirty = true
    }
  }

  /**
   * Write the index if anything changed. Where the cache may not be written (a read-only checkout, a full disk) it is not:
   * that costs a re-hash next time, and commands that only look must work there.
   */
  save(): void {
    if (!this.#dirty) return
    const paths = [...this.#rows.keys()]
    const numbers = new Float64Array(paths.length * FIELDS)
    const hashes: string[] = []
    paths.forEach((path, i) => {
      const row = this.#rows.get(path)!
      numbers.set(this.#numbers.subarray(row * FIELDS, row * FIELDS + FIELDS), i * FIELDS)
      hashes.push(this.#hashes[row]!)
    })
    const body = Buffer.concat([
      Buffer.from(numbers.buffer),
      Buffer.from(hashes.join(''), 'latin1'),
      Buffer.from(paths.join('\0')),
    ])
    const head = Buffer.from(`${MAGIC}${sha256(body)} ${paths.length}\n`.padEnd(120, ' '))
    try {
      writeAtomic(this.#file, Buffer.concat([head, body]))
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error
    }
    this.#dirty = false
  }

  #vouches(row: number, stats: Stats): boolean {
    const at = row * FIELDS
    const n = this.#numbers
    if (n[at] !== stats.ino || n[at + 1] !== stats.size || n[at + 2] !== stats.mtimeMs || n[at + 3] !== stats.ctimeMs)
      return false
    const tick = stats.mtimeMs % 1000 === 0 && stats.ctimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS
    return Math.max(stats.mtimeMs, stats.ctimeMs) + tick <= n[at + 4]!
  }

  #record(path: string, stats: Stats, size: number, hash: string, indexedAt: number): void {
    let row = this.#rows.get(path)
    if (row === undefined) {
      row = this.#count++
      if (this.#count * FIELDS > this.#numbers.length) {
        const grown = new Float64Array(Math.max(1024, this.#numbers.length * 2))
        grown.set(this.#numbers)
        this.#numbers = grown
      }
      this.#rows.set(path, row)
    }
    this.#numbers.set([stats.ino, size, stats.mtimeMs, stats.ctimeMs, indexedAt], row * FIELDS)
    this.#hashes[row] = hash
    this.#dirty = true
  }

  #load(): void {
    let bytes: Buffer
    try {
      bytes = readFileSync(this.#file)
    } catch {
      return
    }
    const head = bytes.toString('latin1', 0, 120)
    if (!head.startsWith(MAGIC)) return
    const [digest, countText] = head.slice(MAGIC.length).trim().split(' ')
    const body = bytes.subarray(120)
    if (sha256(body) !== digest) return // torn or damaged: hash again
    const count = Number(countText)
    const numbers = new Float64Array(Math.ceil(count * 1.1) * FIELDS + 1024 * FIELDS)
    Buffer.from(numbers.buffer).set(body.subarray(0, count * FIELDS * 8))
    const hashes = body.toString('latin1', count * FIELDS * 8, count * (FIELDS * 8 + 64))
    const paths = body.toString('utf8', count * (FIELDS * 8 + 64)).split('\0')
    for (let i = 0; i < count; i++) {
      this.#rows.set(paths[i]!, i)
      this.#hashes.push(hashes.slice(i * 64, i * 64 + 64))
    }
    this.#numbers = numbers
    this.#count = count
  }
}

/** Hash a file in pieces of 1 MiB, so that a 10 GB WAV costs no memory. */
function readAndHash(path: string, expected: number | undefined): { hash: string; size: number; bytes?: Buffer } {
  if (expected !== undefined && expected <= 1 << 20) {
    const bytes = readFileSync(path)
    return { hash: sha256(bytes), size: bytes.length, bytes }
  }
  const fd = openSync(path, 'r')
  try {
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafe(1 << 20)
    let size = 0
    for (;;) {
      const got = readSync(fd, piece, 0, piece.length, null)
      if (got === 0) break
      hash.update(piece.subarray(0, got))
      size += got
    }
    return { hash: hash.digest('hex'), size: Math.max(size, fstatSync(fd).size) }
  } finally {
    closeSync(fd)
  }
}

/** sha256 of a file's content, read now. */
export const hashOfFile = (path: string): string => readAndHash(path, undefined).hash

/** What is wrong with a stored index, '' where nothing is or there is none. Such an index is not used. */
export function indexFault(file: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : `cannot be read (${(error as Error).message})`
  }
  const head = bytes.toString('latin1', 0, 120)
  if (!head.startsWith(MAGIC)) return 'was written by another kpipe'
  return sha256(bytes.subarray(120)) === head.slice(MAGIC.length).trim().split(' ')[0] ? '' : 'is damaged'
}
