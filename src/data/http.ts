/**
 * Download one file over HTTP(S): goes on where it stopped, retries with back-off, checks length and checksum, renames at
 * the end. Does not unpack, does not know data sets, and speaks to no proxy.
 * State beside the target: `target.part` (bytes so far) and `target.part.json` (what they are a part of).
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../lib/errors.ts'
import { random } from '../lib/random.ts'
import { attempt, type DownloadOptions, size } from './http-attempt.ts'
import { systemClock } from './http-clock.ts'
import { Restart, Retry } from './http-response.ts'

export type { DownloadOptions } from './http-attempt.ts'
export type { Clock } from './http-clock.ts'

export interface Downloaded {
  readonly bytes: number
  /** Requests made, 0 if the file was already there. */
  readonly attempts: number
  /** Bytes an earlier, interrupted download had left and that were kept. */
  readonly resumedFrom: number
}

const MEANINGFUL_PROGRESS = 1 << 20
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 60_000

/**
 * Fetch `url` into `target`. A finished target is checked and kept; a `.part` is continued (RFC 9110 Range + If-Range).
 * @throws UserError naming the URL and what to do; the signal's reason when aborted (the part stays for the next time).
 */
export async function download(url: string, target: string, options: DownloadOptions = {}): Promise<Downloaded> {
  const clock = options.clock ?? systemClock
  const signal = options.signal ?? new AbortController().signal
  const retries = options.retries ?? 5
  mkdirSync(dirname(target), { recursive: true })
  if (size(target) >= 0) {
    const wrong = await mismatch(target, options)
    if (!wrong) return { bytes: size(target), attempts: 0, resumedFrom: 0 }
    rmSync(target)
  }
  const part = `${target}.part`
  checkSpace(dirname(target), (options.expectedBytes ?? 0) - Math.max(size(part), 0))
  const jitter = random(`retry:${url}`)
  let attempts = 0
  let resumedFrom = Math.max(size(part), 0)
  for (let failures = 0; ; ) {
    signal.throwIfAborted()
    const before = Math.max(size(part), 0)
    try {
      attempts++
      const got = await attempt({ url, part, signal, clock, options })
      if (got.from === 0) resumedFrom = 0
      const wrong = await mismatch(part, options)
      if (!wrong) break
      discard(part)
      // A continued file may have been stitched from two versions; one that came in a single piece is what the server has.
      if (got.from === 0) throw new UserError(`${url}: ${wrong}`, { hint: WRONG_CONTENT })
      throw new Restart(`${wrong}, after continuing an earlier download`)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!(error instanceof Retry)) throw fatal(error, url, target)
      if (error instanceof Restart) {
        discard(part)
        resumedFrom = 0
      }
      failures = size(part) - before >= MEANINGFUL_PROGRESS ? 1 : failures + 1
      if (failures > retries)
        throw new UserError(`${url}: ${error.message}; gave up after ${attempts} attempts`, { hint: GAVE_UP })
      const backoff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)) * jitter.uniform(0.5, 1)
      const wait = Math.max(backoff, Math.min(error.afterMs, 5 * LONGEST_DELAY_MS))
      options.onRetry?.(`${error.message}; next try in ${(wait / 1000).toFixed(1)} s (${failures} of ${retries})`)
      await clock.delay(wait, signal)
    }
  }
  renameSync(part, target)
  rmSync(`${part}.json`, { force: true })
  return { bytes: size(target), attempts, resumedFrom }
}

/** Hex digest of a file, read in one pass. */
export async function fileDigest(path: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

const WRONG_CONTENT =
  'the publisher may have replaced the file, or something between you and the server changes it; if you trust another copy, unpack it and pass its folder as `raw:`'
const GAVE_UP = 'what arrived is kept: run again to go on from there, or set `mirror:` to another server'

/** Why the file is not the published one, or ''. */
async function mismatch(path: string, options: DownloadOptions): Promise<string> {
  const bytes = size(path)
  if (options.expectedBytes != null && bytes !== options.expectedBytes)
    return `${bytes} bytes arrived, ${options.expectedBytes} are published`
  for (const algorithm of ['sha256', 'md5'] as const) {
    const expected = options[algorithm]?.toLowerCase()
    if (!expected) continue
    const found = await fileDigest(path, algorithm)
    if (found !== expected) return `${algorithm} is ${found}, published is ${expected}`
  }
  return ''
}

function fatal(error: unknown, url: string, target: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC')
    return new UserError(`${url}: the disk of ${dirname(target)} is full`, {
      hint: 'make room and run again: it goes on where it stopped',
    })
  return error
}

function checkSpace(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (needed <= free) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new UserError(`the download needs ${gigabytes(needed)}, the disk has ${gigabytes(free)} free`, {
    hint: 'make room, or move the cache to a larger disk',
  })
}

function discard(part: string): void {
  rmSync(part, { force: true })
  rmSync(`${part}.json`, { force: true })
}
