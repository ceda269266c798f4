/**
 * MPEG audio frames: headers, a walk over all of them, and the length that a Xing, Info or VBRI frame promises.
 * Decodes no sound. Source: ISO 11172-3 / 13818-3 frame header; the LAME tag at http://gabriel.mp3-tech.org/mp3infotag.html.
 */
import { fourCharacters } from './audio.ts'

export interface FrameHeader {
  /** 1, 2 or 2.5. */
  readonly version: number
  readonly layer: 1 | 2 | 3
  readonly sampleRate: number
  readonly channels: 1 | 2
  readonly samples: number
  /** Bytes, header included. */
  readonly length: number
}

export interface MpegWalk {
  readonly first: FrameHeader
  readonly firstOffset: number
  /** Complete frames of sound (the Xing or Info frame is not one). */
  readonly frames: number
  /** Start of a last frame that the file does not hold whole, or null. */
  readonly partial: number | null
  /** First byte of the first stretch between frames that is no MPEG audio, or null. */
  readonly garbage: number | null
  /** What the file itself says of its length, or null. */
  readonly promised: { readonly frames: number; readonly samples: number; readonly offset: number } | null
}

const BITRATES: Record<string, readonly number[]> = {
  '1.1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1.2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1.3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2.1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2.2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}

/** The frame header at `at`, or null where there is none (free-format frames are not taken). */
export function readFrameHeader(bytes: Uint8Array, at: number): FrameHeader | null {
  if (at + 4 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1]! & 0xe0) !== 0xe0) return null
  const version = [2.5, 0, 2, 1][(bytes[at + 1]! >> 3) & 3]!
  const layer = 4 - ((bytes[at + 1]! >> 1) & 3)
  const rate = [44100, 48000, 32000, 0][(bytes[at + 2]! >> 2) & 3]!
  if (version === 0 || layer === 4 || rate === 0) return null
  const table = BITRATES[version === 1 ? `1.${layer}` : layer === 1 ? '2.1' : '2.2']!
  const bitrate = table[(bytes[at + 2]! >> 4) - 1]
  if (!bitrate) return null
  const sampleRate = version === 1 ? rate : version === 2 ? rate / 2 : rate / 4
  const samples = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152
  const padding = (bytes[at + 2]! >> 1) & 1
  const unit = layer === 1 ? 4 : 1
  const length = (Math.floor(((samples / 8 / unit) * bitrate * 1000) / sampleRate) + padding) * unit
  const channels = bytes[at + 3]! >> 6 === 3 ? 1 : 2
  return { version, layer: layer as 1 | 2 | 3, sampleRate, channels, samples, length }
}

/** Walk all frames from `start`; null where no two frames follow each other. */
export function walkFrames(bytes: Uint8Array, start: number): MpegWalk | null {
  const end = bytes.length - trailingTags(bytes)
  const firstOffset = findFirst(bytes, start, end)
  if (firstOffset < 0) return null
  const first = readFrameHeader(bytes, firstOffset)!
  const promised = readPromise(bytes, firstOffset, first)
  let frames = promised ? -1 : 0
  let partial: number | null = null
  let garbage: number | null = firstOffset > start ? start : null
  let at = firstOffset
  while (at < end) {
    const frame = readFrameHeader(bytes, at)
    if (frame && sameStream(frame, first)) {
      if (at + frame.length > end) {
        partial = at
        break
      }
      frames++
      at += frame.length
    } else {
      garbage ??= at
      const next = findFirst(bytes, at + 1, end, first)
      if (next < 0) break
      at = next
    }
  }
  return { first, firstOffset, frames, partial, garbage, promised }
}

/** A frame with a successor, or with a length tag, or that ends the file: a lone sync word is too common in other data. */
function findFirst(bytes: Uint8Array, start: number, end: number, like?: FrameHeader): number {
  for (let at = start; at + 4 <= end; at++) {
    if (bytes[at] !== 0xff) continue
    const frame = readFrameHeader(bytes, at)
    if (!frame || (like && !sameStream(frame, like))) continue
    const after = at + frame.length
    const next = readFrameHeader(bytes, after)
    if (after === end || (next && sameStream(next, frame))) return at
    if (!like && readPromise(bytes, at, frame)) return at
  }
  return -1
}

function sameStream(a: FrameHeader, b: FrameHeader): boolean {
  return a.version === b.version && a.layer === b.layer && a.sampleRate === b.sampleRate
}

/** Xing and Info stand after the side information of layer III, VBRI at a fixed place. */
function readPromise(bytes: Uint8Array, at: number, frame: FrameHeader): MpegWalk['promised'] {
  if (frame.layer !== 3) return null
  const side = frame.version === 1 ? (frame.channels === 1 ? 17 : 32) : frame.channels === 1 ? 9 : 17
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tag = at + 4 + side
  const id = fourCharacters(bytes, tag)
  if ((id === 'Xing' || id === 'Info') && tag + 12 <= bytes.length && view.getUint32(tag + 4) & 1) {
    const frames = view.getUint32(tag + 8)
    return { frames, samples: frames * frame.samples - lameTrim(bytes, tag, view.getUint32(tag + 4)), offset: tag + 8 }
  }
  if (fourCharacters(bytes, at + 36) === 'VBRI' && at + 54 <= bytes.length) {
    const frames = view.getUint32(at + 50)
    return { frames, samples: frames * frame.samples, offset: at + 50 }
  }
  return null
}

/** Samples of encoder delay and padding that a gapless decoder drops, as the LAME tag says them. */
function lameTrim(bytes: Uint8Array, tag: number, flags: number): number {
  const lame = tag + 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0)
  if (lame + 24 > bytes.length || !/^(LAME|Lavf|Lavc)/.test(fourCharacters(bytes, lame))) return 0
  const three = (bytes[lame + 21]! << 16) | (bytes[lame + 22]! << 8) | bytes[lame + 23]!
  return (three >> 12) + (three & 0xfff)
}

/** Bytes of ID3v1 and APEv2 tags at the end. */
function trailingTags(bytes: Uint8Array): number {
  const end = bytes.length
  const id3 = end >= 128 && fourCharacters(bytes, end - 128).startsWith('TAG') ? 128 : 0
  const foot = end - id3 - 32
  if (foot < 0 || fourCharacters(bytes, foot) + fourCharacters(bytes, foot + 4) !== 'APETAGEX') return id3
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = view.getUint32(foot + 12, true) + (view.getUint32(foot + 20, true) & 0x80000000 ? 32 : 0)
  return Math.min(id3 + size, end)
}
