/**
 * What may leave an archive: one gate for every format, asked once an entry and once a written piece.
 * Knows names, types and sizes; reads and writes nothing.
 */
import { DataError } from '../lib/errors.ts'

export interface UnpackLimits {
  /** Sum of the sizes of all unpacked files. */
  readonly maxBytes: number
  /** Files and folders in the archive, kept or not. */
  readonly maxEntries: number
  /** Unpacked bytes per archive byte; text and MIDI stay under 30. */
  readonly maxRatio: number
}

export const DEFAULT_LIMITS: UnpackLimits = { maxBytes: 20e9, maxEntries: 250_000, maxRatio: 200 }

export interface UnpackOptions {
  readonly limits?: Partial<UnpackLimits>
  /** Which files to write; default all. Litter of macOS (`__MACOSX/`, `.DS_Store`) is never written. */
  readonly keep?: (path: string) => boolean
  /** Two names that one disk cannot tell apart: refuse the archive (default), or keep the first and count the rest. */
  readonly onCollision?: 'refuse' | 'skip'
  /** Name of the archive in messages; default its base name. */
  readonly name?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (files: number, bytes: number) => void
}

/** What both formats are checked against, entry by entry. */
export type EntryType = 'file' | 'folder' | 'link' | 'device' | 'other'

/** Every decision about an entry, for both formats. */
export class Gate {
  readonly archive: string
  readonly signal: AbortSignal | undefined
  readonly collisions: string[] = []
  files = 0
  bytes = 0
  skipped = 0
  readonly #options: UnpackOptions
  readonly #limits: UnpackLimits
  readonly #archiveBytes: number
  readonly #taken = new Map<string, 'file' | 'folder'>()
  #entries = 0
  #announced = 0

  constructor(archive: string, archiveBytes: number, options: UnpackOptions) {
    this.archive = archive
    this.signal = options.signal
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#archiveBytes = archiveBytes
  }

  /** The path to write, or null for an entry that is not wanted. `bytes` is what the archive says of itself. */
  admit(path: string, type: EntryType, bytes: number): string | null {
    this.signal?.throwIfAborted()
    if (++this.#entries > this.#limits.maxEntries)
      throw this.fault('bomb', `has more than ${this.#limits.maxEntries} entries`, RAISE)
    const clean = this.#safe(path)
    if (type === 'device') throw this.fault('device', `holds a device or pipe, ${JSON.stringify(path)}`, HOSTILE)
    if (type === 'folder' || clean === '' || isLitter(clean)) return null
    if (this.#options.keep && !this.#options.keep(clean)) {
      this.skipped++
      return null
    }
    if (type === 'link')
      throw this.fault('link', `holds a link, ${JSON.stringify(path)}; links can lead out of the folder`, HOSTILE)
    if (type === 'other')
      throw this.fault('unsupported', `holds an entry of unknown type, ${JSON.stringify(path)}`, BY_HAND)
    this.#announced += bytes
    this.#checkSize(this.#announced)
    return this.#claim(clean) ? clean : null
  }

  /** Called for every piece that is really written. */
  wrote(bytes: number): void {
    this.bytes += bytes
    this.#checkSize(this.bytes)
    this.signal?.throwIfAborted()
  }

  fileDone(): void {
    this.files++
    this.#options.onProgress?.(this.files, this.bytes)
    this.signal?.throwIfAborted()
  }

  /** Unpacked bytes, written or passed over, against the archive's own length. */
  checkRatio(unpacked: number): void {
    const { maxRatio } = this.#limits
    if (unpacked > 1e6 && unpacked > this.#archiveBytes * maxRatio) {
      throw this.fault('bomb', `unpacks to more than ${maxRatio} times its own size`, RAISE)
    }
  }

  fault(code: string, message: string, hint: string, offset: number | null = null): DataError {
    return new DataError({ path: this.archive, offset, code, message, hint })
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#limits.maxBytes)
      throw this.fault('bomb', `unpacks to more than ${this.#limits.maxBytes} bytes`, RAISE)
    this.checkRatio(bytes)
  }

  #safe(path: string): string {
    const refuse = (why: string) => this.fault('unsafe-path', `holds ${JSON.stringify(path)}, ${why}`, HOSTILE)
    if (path.includes('\0')) throw refuse('a name with a zero byte')
    if (path.includes('\\')) throw refuse('a name with a backslash')
    if (path.startsWith('/') || /^[a-zA-Z]:/.test(path)) throw refuse('an absolute path')
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw refuse('a path that leads out of the folder')
    return parts.join('/')
  }

  /** Names are compared as a disk does that ignores case and stores NFC or NFD. */
  #claim(path: string): boolean {
    const fold = (text: string) => text.normalize('NFC').toLowerCase()
    const parts = fold(path).split('/')
    const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
    const clash = this.#taken.has(parts.join('/')) || parents.some((parent) => this.#taken.get(parent) === 'file')
    if (clash && this.#options.onCollision === 'skip') {
      this.collisions.push(path)
      return false
    }
    if (clash)
      throw this.fault(
        'collision',
        `holds ${JSON.stringify(path)} twice, or under names that differ only in case`,
        BY_HAND,
      )
    this.#taken.set(parts.join('/'), 'file')
    for (const parent of parents) this.#taken.set(parent, 'folder')
    return true
  }
}

export const HOSTILE =
  'nothing was unpacked: an honest data set has no such entry; get the archive from its publisher again'
export const BY_HAND = 'unpack it by hand and pass the folder as `raw:`'
const RAISE = 'nothing was unpacked: if the archive is honest, unpack it by hand and pass the folder as `raw:`'

function isLitter(path: string): boolean {
  return /(^|\/)(__MACOSX\/|\.DS_Store$|\._[^/]*$)/.test(path)
}
