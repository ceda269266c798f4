/** Tar entries through the parser of `tar` (ustar, pax, GNU long names), strict: what it would warn about stops us. */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { DataError } from '../lib/errors.ts'
import type { EntryType, Gate } from './archive-gate.ts'

/**
 * One pass: a tar has no directory, so files before a refused entry are already in the temp folder (which the caller
 * removes).
 */
export async function unpackTar(archive: string, folder: string, gate: Gate, gzipped: boolean): Promise<void> {
  const parser = new Parser({ strict: true })
  const failed = new AbortController()
  const pending: Promise<void>[] = []
  parser.on('entry', (entry: ReadEntry) => {
    const done = take(entry, folder, gate).catch((error) => {
      entry.resume()
      failed.abort(error)
    })
    pending.push(done)
  })
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('error', reject)
  })
  const failure = aborted(failed.signal)
  let unpacked = 0
  let tail = Buffer.alloc(0)
  const feed = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      unpacked += chunk.length
      tail = Buffer.concat([tail, chunk.subarray(-512)]).subarray(-512)
      // Told to `failed`, because a pipeline with gunzip in it reports only that it was aborted.
      attempt(() => gate.checkRatio(unpacked), failed)
      if (!parser.write(chunk)) await Promise.race([drained(parser), ended, failure])
      failed.signal.throwIfAborted()
    }
    parser.end()
  }
  try {
    ended.catch(() => {})
    const source = createReadStream(archive)
    await (gzipped ? pipeline(source, createGunzip(), feed) : pipeline(source, feed))
    await ended
    await Promise.all(pending)
    failed.signal.throwIfAborted()
    // A tar that was cut between two entries is well-formed but for its end mark, a block of zeros (POSIX pax, "ustar").
    if (unpacked % 512 !== 0 || tail.some((byte) => byte !== 0))
      throw gate.fault('truncated', 'ends early (it has no end mark)', DOWNLOAD_AGAIN)
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : translate(error, gate)
  }
}

async function take(entry: ReadEntry, folder: string, gate: Gate): Promise<void> {
  const path = gate.admit(entry.path, typeOf(entry), entry.size)
  if (path === null) {
    entry.resume()
    return
  }
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true })
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      gate.wrote(chunk.length)
      yield chunk
    }
  }
  await pipeline(counted(entry), createWriteStream(target, { flags: 'wx' }))
  gate.fileDone()
}

function typeOf(entry: ReadEntry): EntryType {
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return entry.path.endsWith('/') ? 'folder' : 'file'
    case 'Directory':
      return 'folder'
    case 'Link':
    case 'SymbolicLink':
      return 'link'
    case 'CharacterDevice':
    case 'BlockDevice':
    case 'FIFO':
      return 'device'
    default:
      return 'other'
  }
}

function attempt(check: () => void, failed: AbortController): void {
  try {
    check()
  } catch (error) {
    failed.abort(error)
  }
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => parser.once('drain', resolve))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

const DOWNLOAD_AGAIN = 'delete the archive and download it again'

function translate(error: unknown, gate: Gate): unknown {
  if (error instanceof DataError || gate.signal?.aborted || (error as NodeJS.ErrnoException).syscall) return error
  const message = (error as Error).message
  const truncated = /unexpected end of file|truncated/i.test(message)
  return gate.fault(
    truncated ? 'truncated' : 'bad-archive',
    truncated ? `ends early (${message})` : `is damaged (${message})`,
    'delete the archive and download it again',
  )
}
