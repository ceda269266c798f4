/**
 * Any audio file to samples, by its first bytes and never by its name: WAV by our own reader, MP3, FLAC, Ogg Vorbis and
 * Opus by wasm codecs. Every result is checked against the length that the file itself states, because the codecs
 * give what they could read of a cut file without a word. m4a, AIFF and others are named with how to convert them.
 */
import { extname } from 'node:path'
import { DataError, type DataFault } from '../lib/errors.ts'
import { type Audio, audioError, audioFault, MAX_RATE, MIN_RATE } from './audio.ts'
import { mp3Stated } from './mp3.ts'
import { walkOgg } from './ogg.ts'
import { type Sniffed, sniffAudio } from './sniff.ts'
import { allFinite, checkDecoded, codecFailed, type Stated } from './stated.ts'
import { decodeWav } from './wav.ts'

export type { Audio } from './audio.ts'

interface Decoded {
  readonly channelData: Float32Array[]
  readonly sampleRate: number
}

/**
 * @param bytes the whole file
 * @param path as the user knows it, for messages
 * @throws DataError: not audio, unsupported, truncated ("file ends early at 3.2 s of 5.0 s"), damaged, empty
 */
export async function decodeAudio(bytes: Uint8Array, path: string): Promise<Audio> {
  const kind = sniffAudio(bytes)
  const audio = await decodeKind(kind, bytes, path)
  audio.warnings.push(...misnamed(kind, path))
  return audio
}

/** A warning where the name promises another format. */
export function misnamed({ format, label }: Sniffed, path: string): DataFault[] {
  const expected = EXTENSIONS[extname(path).toLowerCase()]
  if (!expected || format.startsWith(expected)) return []
  const message = `named ${extname(path)}, but it is ${label}: read as what it is`
  return [audioFault(path, 0, 'extension', message, 'name it by what it is')]
}

/** Extensions that promise a format, with the beginning of its name. */
const EXTENSIONS: Record<string, string> = {
  '.wav': 'wav',
  '.wave': 'wav',
  '.mp3': 'mp3',
  '.flac': 'flac',
  '.ogg': 'ogg',
  '.oga': 'ogg',
  '.opus': 'ogg opus',
}

async function decodeKind(kind: Sniffed, bytes: Uint8Array, path: string): Promise<Audio> {
  switch (kind.format) {
    case 'wav':
      return decodeWav(bytes, path)
    case 'mp3':
      return finish('mp3', path, mp3Stated(bytes, kind.start, path), await mp3(bytes, path))
    case 'flac': {
      const { bits, ...stated } = flacStated(bytes, kind.start, path)
      return finish('flac', path, stated, exactScale(await flac(bytes.subarray(kind.start), path), bits))
    }
    case 'ogg vorbis':
    case 'ogg opus': {
      const stated = oggStated(bytes, kind, path)
      const decode = kind.format === 'ogg opus' ? opus : vorbis
      return finish(kind.format, path, stated, await decode(bytes.subarray(kind.start), path))
    }
    default:
      throw refusal(kind, path)
  }
}

function refusal(kind: Sniffed, path: string): DataError {
  if (kind.format === 'empty') return audioError(path, 0, 'empty', 'the file is empty (0 bytes), expected audio')
  const known = 'expected WAV, MP3, FLAC, Ogg Vorbis or Opus'
  if (!kind.convertible) return audioError(path, 0, 'not-audio', `the file is ${kind.label}, ${known}`)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const wav = `${name.slice(0, name.length - extname(name).length)}.wav`
  const hint = `install ffmpeg (ffmpeg.org) and convert it: ffmpeg -i "${name}" "${wav}"`
  return audioError(path, 0, 'unsupported-audio', `${kind.label}, ${known}`, hint)
}

const mp3 = codec('MP3', () => import('@audio/decode-mp3'))
const flac = codec('FLAC', () => import('@audio/decode-flac'))
const vorbis = codec('Ogg Vorbis', () => import('@audio/decode-vorbis'))
const opus = codec('Ogg Opus', () => import('@audio/decode-opus'))

/** A decoder whose every failure is a DataError. It is loaded at first use. */
function codec(name: string, load: () => Promise<{ default: (bytes: Uint8Array) => Promise<Decoded> }>) {
  return async (bytes: Uint8Array, path: string): Promise<Decoded> => {
    const { default: decode } = await load()
    try {
      return await decode(bytes)
    } catch (error) {
      throw codecFailed(name, path, error)
    }
  }
}

function finish(format: string, path: string, stated: Stated, decoded: Decoded): Audio {
  const { warnings, sampleRate } = stated
  const channels = decoded.channelData.slice(0, stated.channels)
  const length = channels[0]?.length ?? 0
  checkDecoded(stated, { channels: channels.length, length, sampleRate: decoded.sampleRate }, path)
  if (!channels.every(allFinite))
    throw audioError(path, stated.offset, 'damaged', 'decoded to NaN or infinite samples', 'export the file again')
  return { sampleRate, channels, format, warnings }
}

/** STREAMINFO: 20 bits of rate, 3 of channels - 1, 5 of bits - 1, 36 of samples (RFC 9639 section 8.2). */
function flacStated(bytes: Uint8Array, start: number, path: string): Stated & { bits: number } {
  const at = start + 8
  if (bytes.length < at + 34)
    throw audioError(path, bytes.length, 'truncated', `file ends after ${bytes.length} bytes, inside the FLAC header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const packed = view.getUint32(at + 10)
  const samples = (packed & 15) * 2 ** 32 + view.getUint32(at + 14)
  const sampleRate = packed >>> 12
  if ((bytes[start + 4]! & 0x7f) !== 0 || sampleRate < MIN_RATE || sampleRate > MAX_RATE) {
    const message = `STREAMINFO with a sample rate of ${sampleRate} Hz, expected ${MIN_RATE} to ${MAX_RATE}`
    throw audioError(path, at + 10, 'bad-header', message, 'export the file again')
  }
  const channels = ((packed >>> 9) & 7) + 1
  const bits = ((packed >>> 4) & 31) + 1
  return {
    bits,
    sampleRate,
    channels,
    samples: samples || null,
    offset: at + 13,
    end: bytes.length,
    slack: 0,
    warnings: [],
  }
}

/** The FLAC codec divides by 2^(bits-1) - 1; back to whole numbers and by 2^(bits-1), as libsndfile does. */
function exactScale(decoded: Decoded, bits: number): Decoded {
  const full = 2 ** (bits - 1)
  for (const samples of decoded.channelData) {
    for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * (full - 1)) / full
  }
  return decoded
}

function oggStated(bytes: Uint8Array, kind: Sniffed, path: string): Stated {
  const walk = walkOgg(bytes, kind.start, path)
  const warnings: DataFault[] = []
  if (!walk.ended) {
    const message = 'the last Ogg page is not marked as the end; the file does not say how long it should be'
    warnings.push(audioFault(path, bytes.length, 'no-end', message, 'copy it again if it should be longer'))
  }
  return {
    sampleRate: walk.sampleRate,
    channels: walk.channels,
    samples: walk.samples,
    offset: kind.start,
    end: bytes.length,
    slack: 0,
    warnings,
  }
}
