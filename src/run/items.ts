/**
 * The per-item cache behind `ctx.each`: results of single items, appended to a segment file of this job alone as they are
 * computed, so that a killed job loses at most the item it was at. A record is
 *
 *   32 bytes key | u32 length | u32 crc32 of the value | value          (little endian)
 *
 * and reading stops at the first torn one.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { createHash, randomBytes } from 'node:crypto'
import type { EachItem, EachResult } from '../stage.ts'

const HEAD = 40
/** Past this many segments the next job writes them into one. */
const MOST_SEGMENTS = 16

export interface EachRequest {
  /** Folder of this table, '' = compute all. */
  readonly folder: string
  /** Part of every item's key: kind, code, table. */
  readonly salt: string
  readonly items: readonly EachItem[]
  readonly compute: (item: EachItem, index: number) => Uint8Array | Promise<Uint8Array>
  readonly onItem: (done: number, total: number, computed: number) => void
  readonly signal: AbortSignal
}

export async function computeEach(request: EachRequest): Promise<EachResult> {
  const { items, signal } = request
  const table = request.folder ? openTable(request.folder) : null
  const values: Uint8Array[] = []
  let computed = 0
  try {
    for (const [i, item] of items.entries()) {
      signal.throwIfAborted()
      const key = createHash('sha256').update(`${request.salt}\0${item.key}`).digest()
      const known = table?.get(key)
      if (known) values.push(known)
      else {
        const value = await request.compute(item, i)
        values.push(value)
        table?.put(key, value)
        computed++
      }
      request.onItem(i + 1, items.length, computed)
    }
  } finally {
    table?.close()
  }
  return { values, computed, reused: items.length - computed }
}

interface Table {
  get(key: Buffer): Uint8Array | undefined
  put(key: Buffer, value: Uint8Array): void
  close(): void
}

function openTable(folder: string): Table {
  mkdirSync(folder, { recursive: true })
  const segments = readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
  const known = new Map<string, Uint8Array>()
  for (const name of segments) {
    for (const [key, value] of records(readFileSync(join(folder, name)))) known.set(key, value)
  }
  if (segments.length > MOST_SEGMENTS) merge(folder, segments, known)
  const now = new Date()
  utimesSync(folder, now, now) // gc goes by the time of last use
  let fd: number | null = null
  return {
    get: (key) => known.get(key.toString('latin1')),
    put: (key, value) => {
      fd ??= openSync(join(folder, segmentName()), 'wx')
      writeWhole(fd, record(key, value))
      known.set(key.toString('latin1'), value)
    },
    close: () => {
      if (fd !== null) closeSync(fd)
      fd = null
    },
  }
}

const segmentName = () => `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}.seg`

function record(key: Buffer, value: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD)
  key.copy(head)
  head.writeUInt32LE(value.length, 32)
  head.writeUInt32LE(crc32(value), 36)
  return Buffer.concat([head, value])
}

function* records(bytes: Buffer): Generator<readonly [string, Uint8Array]> {
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 32)
    const end = at + HEAD + length
    if (end > bytes.length) return
    // A copy per value would double the memory; a view keeps its segment alive, which is what we want anyway.
    const value = bytes.subarray(at + HEAD, end)
    if (crc32(value) !== bytes.readUInt32LE(at + 36)) return
    yield [bytes.toString('latin1', at, at + 32), value]
    at = end
  }
}

/** All records in one new segment, written whole before the old ones go. */
function merge(folder: string, segments: readonly string[], known: ReadonlyMap<string, Uint8Array>): void {
  const name = segmentName()
  const temp = join(folder, `${name}.tmp`)
  const fd = openSync(temp, 'wx')
  for (const [key, value] of known) writeWhole(fd, record(Buffer.from(key, 'latin1'), value))
  closeSync(fd)
  renameSync(temp, join(folder, name))
  for (const segment of segments) rmSync(join(folder, segment), { force: true })
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}
