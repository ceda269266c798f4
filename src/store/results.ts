/**
 * Manifests of results by key. Each run appends to a segment file of its own, one JSON line a result, because making a file
 * costs more than everything else a small stage does; all segments are read at the first question. A torn last line counts
 * as not written. A line `{"drop": key}` forgets, a line `{"used": key}` remembers a hit, for gc.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { writeAtomic } from '../lib/files.ts'
import type { StoredResult } from './store.ts'

/** Past this many segments the next run, which holds the lock, writes them into one. */
const MOST_SEGMENTS = 64

interface Entry {
  /** The line, parsed when somebody asks. */
  text: string
  usedMs: number
}

export class Results {
  readonly #folder: string
  #entries: Map<string, Entry> | null = null
  #fd: number | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  get(key: string): StoredResult | undefined {
    const entry = this.#all().get(key)
    if (!entry) return undefined
    try {
      const result = JSON.parse(entry.text) as StoredResult
      return result.v === 1 && result.key === key ? result : undefined
    } catch {
      return undefined
    }
  }

  put(result: StoredResult): void {
    // The key stands first in the line, so that loading need not parse.
    const { key, ...rest } = result
    const text = JSON.stringify({ key, ...rest })
    this.#append(text)
    this.#all().set(result.key, { text, usedMs: Date.now() })
  }

  drop(key: string): void {
    if (!this.#all().delete(key)) return
    this.#append(JSON.stringify({ drop: key }))
  }

  used(key: string): void {
    const entry = this.#all().get(key)
    if (!entry) return
    entry.usedMs = Date.now()
    this.#append(JSON.stringify({ used: key, at: entry.usedMs }))
  }

  /** Every result with the time of its last use (ms since 1970). */
  *list(): Generator<{ readonly result: StoredResult; readonly usedMs: number; readonly bytes: number }> {
    for (const [key, entry] of this.#all()) {
      const result = this.get(key)
      if (result) yield { result, usedMs: entry.usedMs, bytes: entry.text.length }
    }
  }

  /** One segment instead of many. Only the holder of the run lock may call this. */
  compact(least = MOST_SEGMENTS): void {
    const names = segments(this.#folder)
    if (names.length <= least) return
    const lines = [...this.#all()].map(
      ([key, entry]) => `${entry.text}\n${JSON.stringify({ used: key, at: entry.usedMs })}\n`,
    )
    this.close()
    writeAtomic(join(this.#folder, segmentName()), lines.join(''))
    for (const name of names) rmSync(join(this.#folder, name), { force: true })
  }

  /** Another process may have written since. */
  reload(): void {
    this.#entries = null
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #all(): Map<string, Entry> {
    if (this.#entries) return this.#entries
    const entries = new Map<string, Entry>()
    for (const name of segments(this.#folder))
      for (const line of wholeLines(join(this.#folder, name))) addLine(entries, line)
    this.#entries = entries
    return entries
  }

  #append(line: string): void {
    if (this.#fd === null) {
      mkdirSync(this.#folder, { recursive: true })
      this.#fd = openSync(join(this.#folder, segmentName()), 'wx')
    }
    writeSync(this.#fd, `${line}\n`)
  }
}

function addLine(entries: Map<string, Entry>, line: string): void {
  const key = /^\{"key":"([0-9a-f]{64})"/.exec(line)?.[1]
  if (key) {
    const usedMs = Date.parse(/"createdAt":"([^"]+)"/.exec(line)?.[1] ?? '')
    entries.delete(key)
    entries.set(key, { text: line, usedMs: Number.isNaN(usedMs) ? 0 : usedMs })
    return
  }
  try {
    const { drop, used, at } = JSON.parse(line) as { drop?: string; used?: string; at?: number }
    if (drop !== undefined) entries.delete(drop)
    const entry = used === undefined ? undefined : entries.get(used)
    if (entry && typeof at === 'number') entry.usedMs = at
  } catch {
    // torn
  }
}

function wholeLines(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const lines = text.split('\n')
  lines.pop() // '' after the last newline, or a torn line
  return lines
}

function segments(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
    : []
}

/** Sorts by time, so that a later line about a key wins. */
const segmentName = () => `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}.jsonl`
