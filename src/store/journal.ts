/**
 * What each stage was last time, in an append-only file: one JSON line a change, the last line of a stage wins, a torn last
 * line is ignored. `dirty` is written before a stage starts and `clean` after its outputs stand, so that a crash can only
 * cause extra work.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeAtomic } from '../lib/files.ts'
import type { KeyDocument } from './fingerprint.ts'

export interface StageRecord {
  /** `<pipeline>/<stage id>` */
  readonly stage: string
  /** Key of the last good result, '' where there is none. */
  readonly key: string
  /** Content hash of each output as committed: '' = the output folder, else a path of a command's out. */
  readonly outs: Readonly<Record<string, string>>
  /** Seconds the stage took when it really ran. */
  readonly seconds: number
  readonly createdAt: string
  /** What stands at `to:`: the output it is a copy of, or, of a kind with a rule of its own, the target after the rule ran. '' = nothing yet. */
  readonly published: string
  /** Resume key of its newest checkpoint folder, or ''. */
  readonly resumeKey: string
  /** What the attempt that made that folder depended on, until one ends well: tells why a later one cannot go on from it. */
  readonly attempt?: KeyDocument
  /** Set while it runs: the run, and the process group once it is known. */
  readonly dirty: { readonly run: string; readonly pid: number; readonly started: string } | null
}

export class Journal {
  readonly #file: string
  readonly #records = new Map<string, StageRecord>()
  #lines = 0
  /** Bytes of the file when it was read; differs once another run has worked. */
  readonly size: number
  #fd: number | null = null

  constructor(file: string) {
    this.#file = file
    let text = ''
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      // no run yet
    }
    this.size = Buffer.byteLength(text)
    for (const line of text.split('\n')) {
      if (!line) continue
      this.#lines++
      try {
        const record = JSON.parse(line) as StageRecord
        if (record.outs) this.#records.set(record.stage, record)
        else this.#records.delete(record.stage)
      } catch {
        // A torn line: its stage keeps the record before, whose `dirty` mark makes it run again.
      }
    }
  }

  get(stage: string): StageRecord | undefined {
    return this.#records.get(stage)
  }

  all(): IterableIterator<StageRecord> {
    return this.#records.values()
  }

  put(record: StageRecord): void {
    this.#records.set(record.stage, record)
    this.#append(JSON.stringify(record))
  }

  /** Drop what is known of a stage. */
  delete(stage: string): void {
    if (this.#records.delete(stage)) this.#append(JSON.stringify({ stage }))
  }

  /** Rewrite the file when most of it is history. Only the holder of the run lock may call this. */
  compact(): void {
    if (this.#lines < 2 * this.#records.size + 64) return
    this.close()
    writeAtomic(this.#file, [...this.#records.values()].map((record) => `${JSON.stringify(record)}\n`).join(''))
    this.#lines = this.#records.size
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #append(line: string): void {
    if (this.#fd === null) {
      mkdirSync(dirname(this.#file), { recursive: true })
      this.#fd = openSync(this.#file, 'a+')
      endTornLine(this.#fd)
    }
    writeSync(this.#fd, `${line}\n`)
    this.#lines++
  }
}

/** After a crash in the middle of a write the next line must not be glued to the torn one. */
function endTornLine(fd: number): void {
  const { size } = fstatSync(fd)
  if (size === 0) return
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  if (last[0] !== 10) writeSync(fd, '\n')
}
