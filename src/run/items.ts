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
  existsSync,
  fstatSync,
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
import { UserError } from '../lib/errors.ts'
import { sha256 } from '../lib/files.ts'
import type { EachItem, EachResult } from '../stage.ts'
import { hashOfFile } from '../store/stat-index.ts'

const HEAD = 40
/** Past this many segments the next job writes them into one. */
const MOST_SEGMENTS = 16
const MOST_ATTEMPTS = 10

export interface EachRequest {
  /** Folder of this table, '' = compute all. */
  readonly folder: string
  /** Part of every item's key: kind, code, table. */
  readonly salt: string
  readonly items: readonly EachItem[]
  readonly compute: (item: EachItem, index: number) => Uint8Array | Promise<Uint8Array>
  readonly onItem: (done: number, total: number, computed: number) => void
  readonly signal: AbortSignal
  /** Items under way at a time. Default 1. */
  readonly atOnce?: number
  /** Names the job (its log) whose items without `reads` wait for `settleItems`. Left out, they are kept at once. */
  readonly job?: string
}

export async function computeEach(request: EachRequest): Promise<EachResult> {
  const { items, signal, atOnce = 1 } = request
  const table = request.folder ? openTable(request.folder, request.job ?? '') : null
  const values: Uint8Array[] = []
  const underWay = new Map<string, Promise<void>>()
  let computed = 0
  let done = 0
  const finish = (i: number, value: Uint8Array) => {
    values[i] = value
    request.onItem(++done, items.length, computed)
  }
  const work = async (item: EachItem, i: number, key: Buffer) => {
    const value = await request.compute(item, i)
    checkReads(item)
    table?.put(key, value, item.reads !== undefined)
    computed++
    finish(i, value)
  }
  try {
    for (const [i, item] of items.entries()) {
      signal.throwIfAborted()
      const key = createHash('sha256').update(`${request.salt}\0${item.key}`).digest()
      const name = key.toString('latin1')
      await underWay.get(name) // the same item a second time
      const known = table?.get(key)
      if (known) finish(i, known)
      else {
        const one = work(item, i, key).finally(() => underWay.delete(name))
        underWay.set(name, one)
        while (underWay.size >= atOnce) await Promise.race(underWay.values())
      }
    }
    await Promise.all(underWay.values())
  } finally {
    // What others still work on is kept, as far as it succeeds.
    await Promise.allSettled(underWay.values())
    table?.close()
  }
  return { values, computed, reused: items.length - computed }
}

function checkReads({ id, reads = [] }: EachItem): void {
  for (const { path, hash } of reads)
    if (hashOfFile(path) !== hash)
      throw new UserError(`${path} changed while ${id} was computed from it`, { hint: 'run again' })
}

/** Items of a job that computed without saying from which files: kept if its inputs are still what they were. */
export function settleItems(folder: string, kind: string, job: string, inputsStand: () => boolean): void {
  const parts = partsBelow(folder, (table) => table.startsWith(`${kind}.`)).filter((path) =>
    path.endsWith(partName(job)),
  )
  if (parts.length === 0) return
  const keep = inputsStand()
  for (const path of parts) {
    if (keep) renameSync(path, `${path.slice(0, -partName(job).length)}.seg`)
    else rmSync(path)
  }
}

/** Those of jobs that were killed: nobody can tell any more what they were computed from. */
export function dropUnsettled(folder: string): void {
  for (const path of partsBelow(folder, () => true)) rmSync(path, { force: true })
}

function partsBelow(folder: string, wanted: (table: string) => boolean): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(wanted)
    .flatMap((table) => readdirSync(join(folder, table)).map((name) => join(folder, table, name)))
    .filter((path) => path.endsWith('.part'))
}

const partName = (job: string) => `.${sha256(job).slice(0, 16)}.part`

interface Table {
  get(key: Buffer): Uint8Array | undefined
  /** @param certain it was checked what the value was computed from */
  put(key: Buffer, value: Uint8Array, certain: boolean): void
  close(): void
}

/** Several jobs may work with one table at a time, each with a segment of its own, and one of them may merge them all. */
function openTable(folder: string, job: string): Table {
  mkdirSync(folder, { recursive: true })
  const known = readTable(folder)
  // What an earlier `each` of this very job found.
  for (const name of job ? readdirSync(folder).filter((file) => file.endsWith(partName(job))) : [])
    for (const [key, value] of records(readFileSync(join(folder, name)))) known.set(key, value)
  const now = new Date()
  utimesSync(folder, now, now) // gc goes by the time of last use
  const mine = new Map<string, Uint8Array>()
  let fd: number | null = null
  let partFd: number | null = null
  const write = (key: string, value: Uint8Array) => {
    fd ??= openSync(join(folder, segmentName()), 'wx')
    writeWhole(fd, record(Buffer.from(key, 'latin1'), value))
  }
  /** Another job has merged our segment while we were writing to it: what it may not have seen is written again. */
  const rewriteMerged = () => {
    if (fd === null || fstatSync(fd).nlink > 0) return
    closeSync(fd)
    fd = null
    for (const [key, value] of mine) write(key, value)
  }
  return {
    get: (key) => known.get(key.toString('latin1')),
    put: (key, value, certain) => {
      const id = key.toString('latin1')
      known.set(id, value)
      if (job && !certain) {
        partFd ??= openSync(join(folder, segmentName().replace(/\.seg$/, partName(job))), 'wx')
        return writeWhole(partFd, record(key, value))
      }
      rewriteMerged()
      mine.set(id, value)
      write(id, value)
    },
    close: () => {
      rewriteMerged()
      if (fd !== null) closeSync(fd)
      if (partFd !== null) closeSync(partFd)
      fd = null
      partFd = null
    },
  }
}

/** All records, merged into one segment where there are many. Segments that go meanwhile are in another job's merged one. */
function readTable(folder: string): Map<string, Uint8Array> {
  for (let attempt = 0; ; attempt++) {
    const known = new Map<string, Uint8Array>()
    const segments = readdirSync(folder)
      .filter((name) => name.endsWith('.seg'))
      .sort()
    try {
      for (const name of segments)
        for (const [key, value] of records(readFileSync(join(folder, name)))) known.set(key, value)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw error
      continue
    }
    if (segments.length > MOST_SEGMENTS) merge(folder, segments, known)
    return known
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
