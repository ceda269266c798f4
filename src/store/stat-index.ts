/**
 * Content hashes of files, remembered by stat: a file is read again only if its size, mtime, ctime or inode differ, or if
 * it was written so shortly before it was hashed that a second write in the same clock tick could have gone unseen
 * ("racily clean", as git calls it). Losing the index costs a re-hash, never a wrong answer.
 */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readSync, type Stats } from 'node:fs'
import { sep } from 'node:path'
import { sha256, writeAtomic } from '../lib/files.ts'
import { FIELDS, HASH_BYTES, StatRows } from './stat-rows.ts'

/** Contents up to this size are handed on instead of being read again. */
const SMALL_BYTES = 2048
const MAGIC = 'kpipe-index-3\n'
const HEAD_BYTES = 120

/**
 * The file: a head of 120 bytes (magic, sha256 of the rest, number of rows, number of folders); the numbers of all rows;
 * their hashes, 32 bytes each; then for each folder its path, number of rows, tree hash, files below, and the rows' names,
 * joined by NUL, folders parted by two NULs. A folder's names stay one string until a name is asked for.
 */
export class StatIndex {
  readonly #file: string
  readonly #folders = new Map<string, StatRows>()
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
    const at = path.lastIndexOf(sep)
    const name = path.slice(at + 1)
    const rows = this.folder(path.slice(0, at))
    const row = rows.row(name)
    return row !== undefined && rows.vouches(row, stats) ? rows.hash(row) : this.read(rows, name, path, stats)
  }

  /** sha256 of a file that no row vouches for: it is read, and its row says so from now on. Throws what `fs` throws. */
  read(rows: StatRows, name: string, path: string, stats: Stats): string {
    const indexedAt = Date.now()
    const { hash, size, bytes } = readAndHash(path, stats.isSymbolicLink() ? undefined : stats.size)
    this.#last = bytes && bytes.length <= SMALL_BYTES ? { hash, bytes } : null
    this.filesRead++
    rows.record(name, stats, size, hash, indexedAt)
    this.#dirty = true
    return hash
  }

  /** What is known of a folder's entries; whoever changes them says `changed`. */
  folder(path: string): StatRows {
    let rows = this.#folders.get(path)
    if (!rows) {
      rows = new StatRows()
      this.#folders.set(path, rows)
    }
    return rows
  }

  /** Rows were changed: the index is to be saved. */
  changed(): void {
    this.#dirty = true
  }

  /** Bytes of the small file that was read last, if they have this hash: the caller is about to store them. */
  smallContent(hash: string): Buffer | undefined {
    return this.#last?.hash === hash ? this.#last.bytes : undefined
  }

  /** A file was renamed (its inode and mtime stay): its row goes with it. */
  moved(from: string, to: string): void {
    const a = from.lastIndexOf(sep)
    const b = to.lastIndexOf(sep)
    const rows = this.#folders.get(from.slice(0, a))
    if (rows?.moveTo(from.slice(a + 1), this.folder(to.slice(0, b)), to.slice(b + 1))) this.#dirty = true
  }

  /** Drop the rows of files that are gone; for gc, since it looks at every one. */
  prune(): void {
    for (const [folder, rows] of this.#folders) {
      for (const name of rows.names()) {
        if (lstatSync(`${folder}${sep}${name}`, { throwIfNoEntry: false })) continue
        rows.remove(name)
        this.#dirty = true
      }
    }
  }

  /**
   * Write the index if anything changed. Where the cache may not be written (a read-only checkout, a full disk) it is not:
   * that costs a re-hash next time, and commands that only look must work there.
   */
  save(): void {
    if (!this.#dirty) return
    const numbers: Uint8Array[] = []
    const hashes: Uint8Array[] = []
    const folders: string[] = []
    let count = 0
    for (const [path, all] of this.#folders) {
      const rows = all.forSaving()
      if (rows.count === 0) continue
      const packed = rows.packed
      numbers.push(Buffer.from(packed.numbers.buffer, packed.numbers.byteOffset, packed.numbers.byteLength))
      hashes.push(packed.hashes)
      folders.push([path, rows.count, rows.tree.hash || '-', rows.tree.files, packed.joined].join('\0'))
      count += rows.count
    }
    const body = Buffer.concat([...numbers, ...hashes, Buffer.from(folders.join('\0\0'))])
    const head = Buffer.from(`${MAGIC}${sha256(body)} ${count} ${folders.length}\n`.padEnd(HEAD_BYTES, ' '))
    try {
      writeAtomic(this.#file, Buffer.concat([head, body]))
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error
    }
    this.#dirty = false
  }

  #load(): void {
    let bytes: Buffer
    try {
      bytes = readFileSync(this.#file)
    } catch {
      return
    }
    const head = bytes.toString('latin1', 0, HEAD_BYTES)
    if (!head.startsWith(MAGIC)) return
    const [digest, countText, foldersText] = head.slice(MAGIC.length).trim().split(' ')
    const body = bytes.subarray(HEAD_BYTES)
    if (sha256(body) !== digest) return // torn or damaged: hash again
    const count = Number(countText)
    const numbers = new Float64Array(count * FIELDS)
    Buffer.from(numbers.buffer).set(body.subarray(0, numbers.byteLength))
    const hashes = body.subarray(numbers.byteLength, numbers.byteLength + count * HASH_BYTES)
    if (Number(foldersText) === 0) return
    let at = 0
    for (const folder of body.toString('utf8', numbers.byteLength + hashes.length).split('\0\0')) {
      const [path, rows, hash, files, joined] = splitHead(folder)
      const end = at + Number(rows)
      this.#folders.set(
        path,
        new StatRows(
          joined,
          numbers.subarray(at * FIELDS, end * FIELDS),
          hashes.subarray(at * HASH_BYTES, end * HASH_BYTES),
          { hash: hash === '-' ? '' : hash, files: Number(files) },
        ),
      )
      at = end
    }
  }
}

/** The first four fields and the rest. */
function splitHead(text: string): [string, string, string, string, string] {
  const fields: string[] = []
  let at = 0
  for (let i = 0; i < 4; i++) {
    const end = text.indexOf('\0', at)
    fields.push(text.slice(at, end))
    at = end + 1
  }
  return [fields[0]!, fields[1]!, fields[2]!, fields[3]!, text.slice(at)]
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
  const head = bytes.toString('latin1', 0, HEAD_BYTES)
  if (!head.startsWith(MAGIC)) return 'was written by another kpipe'
  return sha256(bytes.subarray(HEAD_BYTES)) === head.slice(MAGIC.length).trim().split(' ')[0] ? '' : 'is damaged'
}
