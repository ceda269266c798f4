/**
 * Unpack zip (zip64 too), tar and tar.gz that somebody else made. All names are looked at before a zip writes its first
 * byte; everything is unpacked beside the target and renamed at the end, so a refused archive leaves nothing behind.
 * Refuses paths that lead out, links and devices, names that collide on some disk, and bombs. Writes plain files only:
 * no modes, no times, no owners. Does not create archives; knows no other formats (7z, rar: unpack by hand).
 */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DataError } from '../lib/errors.ts'
import { BY_HAND, Gate, type UnpackOptions } from './archive-gate.ts'
import { unpackTar } from './archive-tar.ts'
import { unpackZip } from './archive-zip.ts'

export { DEFAULT_LIMITS, type UnpackLimits, type UnpackOptions } from './archive-gate.ts'

export interface Unpacked {
  readonly files: number
  readonly bytes: number
  /** Files the filter did not want. */
  readonly skipped: number
  /** Files left out because an earlier one has the same name on some disk. */
  readonly collisions: readonly string[]
}

/**
 * Unpack `archive` into `target`, a folder that does not exist yet or is empty.
 * @throws DataError `unsafe-path`, `link`, `device`, `collision`, `bomb`, `truncated`, `bad-archive`, `unsupported`.
 */
export async function unpack(archive: string, target: string, options: UnpackOptions = {}): Promise<Unpacked> {
  const name = options.name ?? basename(archive)
  const format = detectFormat(archive, name)
  const gate = new Gate(name, statSync(archive).size, options)
  const temp = `${target}.unpack-${process.pid}-${randomBytes(4).toString('hex')}`
  mkdirSync(temp, { recursive: true })
  try {
    await (format === 'zip' ? unpackZip(archive, temp, gate) : unpackTar(archive, temp, gate, format === 'tar.gz'))
    if (readdirSync(dirname(target)).includes(basename(target))) rmdirSync(target)
    renameSync(temp, target)
  } catch (error) {
    // A reader that failed may still be writing its last file.
    rmSync(temp, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
    if (options.signal?.aborted) throw options.signal.reason
    throw error
  }
  return { files: gate.files, bytes: gate.bytes, skipped: gate.skipped, collisions: gate.collisions }
}

/** By content, not by name: a sign-in page saved as `x.zip` is named as such. */
function detectFormat(archive: string, name: string): 'zip' | 'tar' | 'tar.gz' {
  const head = Buffer.alloc(512)
  const file = openSync(archive, 'r')
  const bytes = readSync(file, head, 0, 512, 0)
  closeSync(file)
  if (head.readUInt32LE(0) === 0x04034b50 || head.readUInt32LE(0) === 0x06054b50) return 'zip'
  if (head[0] === 0x1f && head[1] === 0x8b) return 'tar.gz'
  if (bytes === 512 && head.toString('latin1', 257, 262) === 'ustar') return 'tar'
  const looks = /^\s*<(!doctype|html)/i.test(head.toString('latin1'))
    ? 'it is a web page'
    : `it begins with ${head.toString('hex', 0, 4)}`
  throw new DataError({
    path: name,
    offset: 0,
    code: 'bad-archive',
    message: `is no zip, tar or tar.gz: ${bytes === 0 ? 'it is empty' : looks}`,
    hint: BY_HAND,
  })
}
