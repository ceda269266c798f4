/**
 * Ogg pages: a walk over all of them that checks their checksums and adds up the length. Decodes no sound.
 * Sources: RFC 3533 (pages, CRC), RFC 7845 section 4 (Opus pre-skip), Vorbis I appendix A (granule positions).
 */
import { audioError } from './audio.ts'

export interface OggWalk {
  readonly sampleRate: number
  readonly channels: number
  /** Samples a channel that the granule positions promise. */
  readonly samples: number
  /** The last page carries the end-of-stream flag. */
  readonly ended: boolean
}

interface Page {
  readonly flags: number
  readonly granule: bigint
  readonly serial: number
  readonly body: number
  readonly end: number
}

interface Stream {
  readonly sampleRate: number
  readonly channels: number
  readonly preSkip: number
  samples: number
  ended: boolean
}

const FIRST_PAGE = 2
const LAST_PAGE = 4

/** @throws DataError where a page is cut (`truncated`) or fails its checksum (`damaged`), with the page's offset. */
export function walkOgg(bytes: Uint8Array, start: number, path: string): OggWalk {
  const streams = new Map<number, Stream>()
  for (let at = start; at < bytes.length; ) {
    const page = readPage(bytes, at, path, seconds(streams))
    if (page.flags & FIRST_PAGE) streams.set(page.serial, readHead(bytes, page, path))
    const stream = streams.get(page.serial)
    if (stream && page.granule > 0n) stream.samples = Math.max(0, Number(page.granule) - stream.preSkip)
    if (stream && page.flags & LAST_PAGE) stream.ended = true
    at = page.end
  }
  const [first, ...others] = [...streams.values()]
  if (!first) throw audioError(path, start, 'damaged', 'no first page of an Ogg stream, expected one at the start')
  const samples = others.reduce((sum, stream) => sum + stream.samples, first.samples)
  return {
    sampleRate: first.sampleRate,
    channels: first.channels,
    samples,
    ended: [first, ...others].every((s) => s.ended),
  }
}

function readPage(bytes: Uint8Array, at: number, path: string, secondsSoFar: string): Page {
  const cut = (need: number) => {
    const message = `file ends early${secondsSoFar}: its page needs ${need} bytes, found ${bytes.length - at}`
    return audioError(path, at, 'truncated', message, 'copy or export it again')
  }
  if (bytes.length - at < 27) throw cut(27)
  const isPage = bytes[at] === 0x4f && bytes[at + 1] === 0x67 && bytes[at + 2] === 0x67 && bytes[at + 3] === 0x53
  if (!isPage)
    throw audioError(path, at, 'damaged', 'found no "OggS", expected the next Ogg page', 'export the file again')
  const segments = bytes[at + 26]!
  const body = at + 27 + segments
  if (body > bytes.length) throw cut(27 + segments)
  let end = body
  for (let i = at + 27; i < body; i++) end += bytes[i]!
  if (end > bytes.length) throw cut(end - at)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stated = view.getUint32(at + 22, true)
  const found = pageCrc(bytes, at, end)
  if (stated !== found) {
    const message = `checksum of the Ogg page is ${hex(found)}, expected ${hex(stated)}: its bytes were changed`
    throw audioError(path, at, 'damaged', message, 'copy or export it again')
  }
  return {
    flags: bytes[at + 5]!,
    granule: view.getBigInt64(at + 6, true),
    serial: view.getUint32(at + 14, true),
    body,
    end,
  }
}

function readHead(bytes: Uint8Array, page: Page, path: string): Stream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const opus = bytes[page.body] === 0x4f
  if (page.end - page.body < (opus ? 19 : 30))
    throw audioError(path, page.body, 'damaged', 'identification header too short', 'export the file again')
  const channels = bytes[page.body + (opus ? 9 : 11)]!
  const sampleRate = opus ? 48_000 : view.getUint32(page.body + 12, true)
  return { sampleRate, channels, preSkip: opus ? view.getUint16(page.body + 10, true) : 0, samples: 0, ended: false }
}

function seconds(streams: ReadonlyMap<number, Stream>): string {
  const all = [...streams.values()]
  const samples = all.reduce((sum, stream) => sum + stream.samples, 0)
  return samples > 0 ? ` at ${(samples / all[0]!.sampleRate).toFixed(1)} s` : ''
}

/** CRC-32 of RFC 3533: polynomial 0x04c11db7, not reflected, start 0, the page's own checksum field taken as zero. */
function pageCrc(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let i = start; i < end; i++) {
    const byte = i >= start + 22 && i < start + 26 ? 0 : bytes[i]!
    crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte]!
  }
  return crc >>> 0
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value
})

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
