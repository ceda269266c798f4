/**
 * The chunks of a WAV file: what its header says, checked against the bytes that are there. Decodes no samples.
 * Sources: Microsoft RIFF 1.0 and mmreg.h (WAVEFORMATEX, WAVEFORMATEXTENSIBLE); EBU Tech 3306 (RF64).
 */
import type { DataFault } from '../lib/errors.ts'
import { audioError, audioFault, endsEarly, fourCharacters, MAX_RATE, MIN_RATE } from './audio.ts'
import { sniffAudio } from './sniff.ts'

export interface WavHeader {
  readonly encoding: 'pcm' | 'float'
  readonly bits: number
  readonly channels: number
  readonly sampleRate: number
  readonly dataOffset: number
  /** Whole frames (one sample of every channel) that are really there. */
  readonly frames: number
  readonly warnings: DataFault[]
}

interface Chunk {
  readonly id: string
  /** Offset of the chunk's eight header bytes. */
  readonly at: number
  /** Length its header states. */
  readonly size: number
}

type Format = Pick<WavHeader, 'encoding' | 'bits' | 'channels' | 'sampleRate'>

/** Most channels taken as real. */
const MAX_CHANNELS = 256
const UNKNOWN_LENGTH = 0xffffffff
const CONVERT = 'convert it: ffmpeg -i old.wav -c:a pcm_s16le new.wav'

/** @throws DataError naming what is wrong and where. */
export function readWavHeader(bytes: Uint8Array, path: string): WavHeader {
  const kind = sniffAudio(bytes)
  if (kind.format === 'empty') throw audioError(path, 0, 'empty', 'the file is empty (0 bytes), expected a WAV file')
  if (kind.format !== 'wav') throw notWav(bytes, path, kind.label)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const warnings: DataFault[] = []
  let format: Format | undefined
  let longDataSize: number | undefined
  for (let at = 12; ; ) {
    if (at + 8 > bytes.length) throw noData(bytes, path, format !== undefined)
    const chunk: Chunk = { id: fourCharacters(bytes, at), at, size: view.getUint32(at + 4, true) }
    if (chunk.id === 'data') return { ...dataExtent(bytes, path, chunk, format, longDataSize, warnings), warnings }
    if (at + 8 + chunk.size > bytes.length) throw cutChunk(bytes, path, chunk)
    if (chunk.id === 'fmt ') format = readFormat(view, path, chunk)
    if (chunk.id === 'ds64') longDataSize = readLongSize(view, path, chunk)
    at = nextChunk(bytes, path, chunk, warnings)
  }
}

function readFormat(view: DataView, path: string, chunk: Chunk): Format {
  const body = chunk.at + 8
  if (chunk.size < 16)
    throw audioError(path, chunk.at + 4, 'bad-header', `fmt chunk of ${chunk.size} bytes, expected at least 16`)
  const tag = view.getUint16(body, true)
  const bits = view.getUint16(body + 14, true)
  const channels = view.getUint16(body + 2, true)
  const sampleRate = view.getUint32(body + 4, true)
  const encoding = encodingOf(view, path, chunk, tag)
  if (channels === 0 || channels > MAX_CHANNELS)
    throw audioError(path, body + 2, 'bad-header', `${channels} channels, expected 1 to ${MAX_CHANNELS}`)
  if (sampleRate < MIN_RATE || sampleRate > MAX_RATE)
    throw audioError(path, body + 4, 'bad-header', `sample rate ${sampleRate} Hz, expected ${MIN_RATE} to ${MAX_RATE}`)
  const known = encoding === 'pcm' ? [8, 16, 24, 32] : [32, 64]
  if (!known.includes(bits)) {
    const name = encoding === 'pcm' ? 'integer' : 'float'
    throw audioError(
      path,
      body + 14,
      'bad-header',
      `${bits}-bit ${name} samples, expected ${known.join(', ')}`,
      CONVERT,
    )
  }
  const block = view.getUint16(body + 12, true)
  if (block !== (channels * bits) / 8) {
    const wanted = `${(channels * bits) / 8} (${channels} channels of ${bits} bits)`
    throw audioError(path, body + 12, 'bad-header', `block align ${block}, expected ${wanted}`)
  }
  return { encoding, bits, channels, sampleRate }
}

/** The tail of KSDATAFORMAT_SUBTYPE_*: a format tag in the first two bytes, then always these fourteen. */
const GUID_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]

function encodingOf(view: DataView, path: string, chunk: Chunk, tag: number): 'pcm' | 'float' {
  const body = chunk.at + 8
  if (tag === 1) return 'pcm'
  if (tag === 3) return 'float'
  if (tag !== 0xfffe) throw unknownTag(path, body, tag)
  if (chunk.size < 40)
    throw audioError(path, chunk.at + 4, 'bad-header', `extensible fmt chunk of ${chunk.size} bytes, expected 40`)
  const inner = view.getUint16(body + 24, true)
  if (!GUID_TAIL.every((byte, i) => view.getUint8(body + 26 + i) === byte))
    throw audioError(path, body + 24, 'unsupported-audio', 'unknown sub-format GUID, expected PCM or float', CONVERT)
  if (inner !== 1 && inner !== 3) throw unknownTag(path, body + 24, inner)
  return inner === 1 ? 'pcm' : 'float'
}

const TAGS: Record<number, string> = {
  0x0002: 'Microsoft ADPCM',
  0x0006: 'A-law',
  0x0007: 'mu-law',
  0x0011: 'IMA ADPCM',
  0x0031: 'GSM 6.10',
  0x0050: 'MPEG layer 1 or 2',
  0x0055: 'MP3',
  0x00ff: 'AAC',
  0x0161: 'Windows Media',
  0x2000: 'AC-3',
  0xf1ac: 'FLAC',
}

function unknownTag(path: string, offset: number, tag: number): Error {
  const name = `${TAGS[tag] ?? 'an unknown encoding'} (format tag 0x${tag.toString(16).padStart(4, '0')})`
  const message = `the WAV header says ${name}, expected PCM (0x0001) or float (0x0003)`
  return audioError(path, offset, 'unsupported-audio', message, CONVERT)
}

function readLongSize(view: DataView, path: string, chunk: Chunk): number {
  if (chunk.size < 24)
    throw audioError(path, chunk.at + 4, 'bad-header', `ds64 chunk of ${chunk.size} bytes, expected at least 24`)
  return Number(view.getBigUint64(chunk.at + 16, true))
}

/** Where the samples lie; the stated length decides, except where it says "unknown" (streaming writers). */
function dataExtent(
  bytes: Uint8Array,
  path: string,
  chunk: Chunk,
  format: Format | undefined,
  longSize: number | undefined,
  warnings: DataFault[],
): Omit<WavHeader, 'warnings'> {
  if (!format) throw audioError(path, chunk.at, 'bad-header', 'data chunk before any fmt chunk, expected fmt first')
  const dataOffset = chunk.at + 8
  const there = bytes.length - dataOffset
  const block = (format.channels * format.bits) / 8
  let size = chunk.size === UNKNOWN_LENGTH && longSize !== undefined ? longSize : chunk.size
  const streaming = (size === UNKNOWN_LENGTH && longSize === undefined) || (size === 0 && !chunkAt(bytes, dataOffset))
  if (streaming && there > 0) {
    const message = `data length ${size === 0 ? '0' : '0xffffffff'} (a streaming header): took all ${there} bytes to the end`
    warnings.push(audioFault(path, chunk.at + 4, 'streaming-header', message))
    size = there
  }
  if (size === 0 || there === 0) throw audioError(path, chunk.at + 4, 'empty', 'data chunk without samples')
  if (size > there) {
    const second = block * format.sampleRate
    const early = endsEarly(there / second, size / second)
    throw audioError(
      path,
      bytes.length,
      'truncated',
      `${early} (${there} of ${size} data bytes)`,
      'copy or export it again',
    )
  }
  const frames = Math.floor(size / block)
  if (frames === 0)
    throw audioError(path, dataOffset, 'empty', `${size} data bytes, expected at least one frame of ${block}`)
  if (size % block !== 0) {
    const message = `${size} data bytes are no multiple of the ${block}-byte frame: dropped the last ${size % block}`
    warnings.push(audioFault(path, dataOffset + frames * block, 'partial-frame', message))
  }
  return { ...format, dataOffset, frames }
}

/** True if a chunk that ends within the file begins here (so a data length of 0 means what it says). */
function chunkAt(bytes: Uint8Array, at: number): boolean {
  if (at + 8 > bytes.length || !printableId(bytes, at)) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return at + 8 + view.getUint32(at + 4, true) <= bytes.length
}

/** Chunks are padded to even length; some writers forget it, which shows in what follows. */
function nextChunk(bytes: Uint8Array, path: string, chunk: Chunk, warnings: DataFault[]): number {
  const end = chunk.at + 8 + chunk.size
  if (chunk.size % 2 === 0) return end
  if (printableId(bytes, end + 1) || !printableId(bytes, end)) return end + 1
  const message = `${chunk.id} chunk of odd length ${chunk.size} is not padded, expected a zero byte after it`
  warnings.push(audioFault(path, end, 'no-padding', message))
  return end
}

function printableId(bytes: Uint8Array, at: number): boolean {
  if (at + 4 > bytes.length) return false
  return bytes.subarray(at, at + 4).every((byte) => byte >= 32 && byte < 127)
}

function notWav(bytes: Uint8Array, path: string, label: string): Error {
  if (bytes.length < 12 && 'RIFF'.startsWith(fourCharacters(bytes, 0)))
    return audioError(
      path,
      bytes.length,
      'truncated',
      `file ends after ${bytes.length} bytes, expected a 44-byte WAV header`,
    )
  return audioError(
    path,
    0,
    'not-wav',
    `the file is ${label}, expected a WAV file`,
    'name it by what it is, or convert it',
  )
}

function noData(bytes: Uint8Array, path: string, sawFormat: boolean): Error {
  const message = `file ends after ${bytes.length} bytes without a ${sawFormat ? 'data' : 'fmt'} chunk`
  return audioError(path, bytes.length, 'truncated', message, 'copy or export it again')
}

function cutChunk(bytes: Uint8Array, path: string, chunk: Chunk): Error {
  const there = bytes.length - chunk.at - 8
  const message = `chunk "${chunk.id}" says ${chunk.size} bytes, found ${there} before the end of the file`
  return audioError(path, chunk.at + 4, 'bad-header', message, 'copy or export it again')
}
