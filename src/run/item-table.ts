/**
 * Results of single items on disk: segments of records, each segment written by one job. A record is
 *
 *   32 bytes key | u32 length | u32 crc32 of the value | value          (little endian)
 *
 * and reading stops at the first torn one. Only keys and places are held in memory, packed; a value is read when it is asked
 * for, so that a hundred thousand of any size cost the same few megabytes. The name of a segment carries the salt of its
 * keys: records made by other code are not read, and those of code before the last one are deleted.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { sha256 } from '../lib/files.ts'

const HEAD = 40
/** Past this many segments the next job writes them into one. */
const MOST_SEGMENTS = 16
const MOST_ATTEMPTS = 10
/** Read ahead where records follow each other. */
const WINDOW = 1 << 18

export interface ItemTable {
  /** The stored value, or undefined where there is none or its bytes are damaged. */
  get(key: Buffer): Uint8Array | undefined
  /** @param certain it was checked what the value was computed from */
  put(key: Buffer, value: Uint8Array, certain: boolean): void
  close(): void
}

/**
 * Several jobs may work with one table at a time, each with a segment of its own, and one of them may merge them all.
 * @param job whose uncertain values are kept apart until `settle`; '' = kept at once
 */
export function openItemTable(folder: string, salt: string, job: string): ItemTable {
  mkdirSync(folder, { recursive: true })
  const mark = sha256(salt).slice(0, 12)
  forgetOlderCode(folder, mark)
  const places = openPlaces(folder, mark)
  // What an earlier `each` of this very job found.
  for (const name of job ? readdirSync(folder).filter((file) => file.endsWith(partName(mark, job))) : [])
    places.add(join(folder, name))
  const now = new Date()
  utimesSync(folder, now, now) // gc goes by the time of last use
  return new Table(folder, mark, job, places)
}

const partName = (mark: string, job: string) => `.${mark}.${sha256(job).slice(0, 16)}.part`
/** Names sort by time; two segments that this process makes in one millisecond stay in their order. */
function segmentName(mark: string): string {
  lastSegment = Math.max(Date.now(), lastSegment + 1)
  return `${lastSegment.toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}.${mark}.seg`
}
let lastSegment = 0

/** Uncertain values of a job: made certain, or thrown away. */
export function settleParts(folder: string, job: string, keep: boolean): void {
  const ending = `.${sha256(job).slice(0, 16)}.part`
  for (const name of readdirSync(folder).filter((file) => file.endsWith(ending))) {
    if (keep) renameSync(join(folder, name), join(folder, `${name.slice(0, -ending.length)}.seg`))
    else rmSync(join(folder, name), { force: true })
  }
}

/** True if a job left values there that wait for `settleParts`. */
export function hasParts(folder: string, job: string): boolean {
  const ending = `.${sha256(job).slice(0, 16)}.part`
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(ending))
}

export function dropParts(folder: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith('.part')) rmSync(join(folder, name), { force: true })
}

class Table implements ItemTable {
  readonly #folder: string
  readonly #mark: string
  readonly #job: string
  readonly #places: Places
  #segment: Writer | null = null
  #part: Writer | null = null

  constructor(folder: string, mark: string, job: string, places: Places) {
    this.#folder = folder
    this.#mark = mark
    this.#job = job
    this.#places = places
  }

  get(key: Buffer): Uint8Array | undefined {
    return this.#places.read(key.toString('latin1'))
  }

  put(key: Buffer, value: Uint8Array, certain: boolean): void {
    const bytes = record(key, value)
    if (this.#job && !certain) {
      this.#part ??= new Writer(
        join(this.#folder, segmentName(this.#mark).replace(`.${this.#mark}.seg`, partName(this.#mark, this.#job))),
      )
      this.#write(this.#part, key, bytes)
      return
    }
    this.#rewriteMerged()
    this.#segment ??= this.#newSegment()
    this.#write(this.#segment, key, bytes)
  }

  close(): void {
    this.#rewriteMerged()
    this.#places.close()
    this.#segment?.close()
    this.#part?.close()
    this.#segment = null
    this.#part = null
  }

  #newSegment = () => new Writer(join(this.#folder, segmentName(this.#mark)))

  #write(writer: Writer, key: Buffer, bytes: Buffer): void {
    const at = writer.write(bytes)
    this.#places.note(key.toString('latin1'), writer.reader, at + HEAD, bytes.length - HEAD, bytes.readUInt32LE(36))
  }

  /** Another job has merged our segment while we were writing to it: what it may not have seen is written again. */
  #rewriteMerged(): void {
    if (this.#segment === null || !this.#segment.isGone()) return
    const old = this.#segment
    this.#segment = this.#newSegment()
    for (const bytes of old.records()) this.#write(this.#segment, bytes.subarray(0, 32), bytes)
    old.close()
  }
}

/** Where every known value lies: arrays of numbers, one entry a record. */
class Places {
  readonly #rows = new Map<string, number>()
  readonly #readers: Reader[] = []
  readonly #opened: Reader[] = []
  #reader = new Uint16Array(1024)
  #at = new Float64Array(1024)
  #length = new Uint32Array(1024)
  #crc = new Uint32Array(1024)
  #count = 0

  /** All whole records of a segment file. @throws where the file is gone */
  add(path: string): void {
    const reader = new Reader(openSync(path, 'r'))
    this.#opened.push(reader)
    for (const { key, at, length, crc } of reader.heads()) this.note(key, reader, at, length, crc)
  }

  note(key: string, reader: Reader, at: number, length: number, crc: number): void {
    let number = this.#readers.indexOf(reader)
    if (number < 0) number = this.#readers.push(reader) - 1
    if (this.#count === this.#at.length) this.#grow()
    const row = this.#count++
    this.#reader[row] = number
    this.#at[row] = at
    this.#length[row] = length
    this.#crc[row] = crc
    this.#rows.set(key, row)
  }

  read(key: string): Uint8Array | undefined {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    const value = this.#readers[this.#reader[row]!]!.bytes(this.#at[row]!, this.#length[row]!)
    return value && crc32(value) === this.#crc[row] ? value : undefined
  }

  /** The newest whole record of every key, in the order in which they were met first. */
  *records(): Generator<Buffer> {
    for (const key of this.#rows.keys()) {
      const value = this.read(key)
      if (value) yield record(Buffer.from(key, 'latin1'), value)
    }
  }

  close(): void {
    for (const reader of this.#opened) reader.close()
  }

  #grow(): void {
    const size = this.#at.length * 2
    const grown = <T extends Uint16Array | Uint32Array | Float64Array>(bigger: T, old: T) => {
      bigger.set(old as never)
      return bigger
    }
    this.#reader = grown(new Uint16Array(size), this.#reader)
    this.#at = grown(new Float64Array(size), this.#at)
    this.#length = grown(new Uint32Array(size), this.#length)
    this.#crc = grown(new Uint32Array(size), this.#crc)
  }
}

/** An open file read at places, mostly one after the other. */
class Reader {
  readonly fd: number
  #window = Buffer.alloc(0)
  #from = 0
  /** Where the last value ended. */
  #end = 0

  constructor(fd: number) {
    this.fd = fd
  }

  /** A copy of these bytes, or null where the file ends before them. */
  bytes(at: number, length: number): Uint8Array | null {
    const inside = at >= this.#from && at + length <= this.#from + this.#window.length
    // Reading ahead pays where the last value stood just before; in any other order it would read a thousand times too much.
    const follows = at >= this.#end && at - this.#end <= HEAD
    this.#end = at + length
    if (!inside && (length > WINDOW || !follows)) {
      const whole = Buffer.alloc(length)
      return readFull(this.fd, whole, at) === length ? whole : null
    }
    if (!inside) this.#fill(at)
    const start = at - this.#from
    return start + length <= this.#window.length ? Uint8Array.from(this.#window.subarray(start, start + length)) : null
  }

  /** Key and place of every record, up to the first torn one; values are skipped. */
  *heads(): Generator<{ key: string; at: number; length: number; crc: number }> {
    const { size } = fstatSync(this.fd)
    for (let at = 0; at + HEAD <= size; ) {
      if (at < this.#from || at + HEAD > this.#from + this.#window.length) this.#fill(at)
      const head = this.#window.subarray(at - this.#from, at - this.#from + HEAD)
      const length = head.readUInt32LE(32)
      if (at + HEAD + length > size) return
      yield { key: head.toString('latin1', 0, 32), at: at + HEAD, length, crc: head.readUInt32LE(36) }
      at += HEAD + length
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  #fill(at: number): void {
    if (this.#window.length < WINDOW) this.#window = Buffer.alloc(WINDOW)
    const got = readFull(this.fd, this.#window, at)
    this.#window = this.#window.subarray(0, got)
    this.#from = at
  }
}

/** A segment that this job alone appends to. */
class Writer {
  readonly reader: Reader
  readonly #fd: number
  #size = 0

  constructor(path: string) {
    this.#fd = openSync(path, 'wx+')
    this.reader = new Reader(this.#fd)
  }

  /** Place of the record in the file. */
  write(bytes: Buffer): number {
    const at = this.#size
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done)
    this.#size += bytes.length
    return at
  }

  isGone(): boolean {
    return fstatSync(this.#fd).nlink === 0
  }

  *records(): Generator<Buffer> {
    for (const { key, at, length } of new Reader(this.#fd).heads()) {
      const value = Buffer.alloc(length)
      readFull(this.#fd, value, at)
      yield record(Buffer.from(key, 'latin1'), value)
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** All segments of this code, merged into one where there are many. Those that go meanwhile are in another job's merged one. */
function openPlaces(folder: string, mark: string): Places {
  for (let attempt = 0; ; attempt++) {
    const places = new Places()
    const segments = readdirSync(folder)
      .filter((name) => name.endsWith(`.${mark}.seg`))
      .sort()
    try {
      for (const name of segments) places.add(join(folder, name))
    } catch (error) {
      places.close()
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw error
      continue
    }
    if (segments.length > MOST_SEGMENTS) merge(folder, mark, segments, places)
    return places
  }
}

/** All records in one new segment, written whole before the old ones go (whose open files stay readable). */
function merge(folder: string, mark: string, segments: readonly string[], places: Places): void {
  const name = segmentName(mark)
  const temp = join(folder, `${name}.tmp`)
  const fd = openSync(temp, 'wx')
  for (const bytes of places.records()) for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  closeSync(fd)
  renameSync(temp, join(folder, name))
  for (const segment of segments) rmSync(join(folder, segment), { force: true })
}

/** Codes before this one whose records are kept: going back and forth between two versions computes nothing twice. */
const OLDER_CODES = 1

/** Deletes the segments of code that was in use before those that are kept; names begin with the time they were made. */
function forgetOlderCode(folder: string, mark: string): void {
  const newest = new Map<string, string[]>()
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.seg'))
    .sort()
    .reverse()) {
    const code = /\.([0-9a-f]{12})\.seg$/.exec(name)?.[1] ?? ''
    if (code !== mark) newest.set(code, [...(newest.get(code) ?? []), name])
  }
  for (const names of [...newest.values()].slice(OLDER_CODES))
    for (const name of names) rmSync(join(folder, name), { force: true })
}

function record(key: Buffer, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + value.length)
  key.copy(bytes, 0, 0, 32)
  bytes.writeUInt32LE(value.length, 32)
  bytes.writeUInt32LE(crc32(value), 36)
  bytes.set(value, HEAD)
  return bytes
}

/** Bytes read; fewer than asked for only at the end of the file. */
function readFull(fd: number, into: Buffer, at: number): number {
  let done = 0
  while (done < into.length) {
    const got = readSync(fd, into, done, into.length - done, at + done)
    if (got === 0) break
    done += got
  }
  return done
}
