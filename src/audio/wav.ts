/**
 * WAV files to samples and back: PCM of 8, 16, 24 and 32 bits, float of 32 and 64, extensible, RF64, streaming headers.
 * Leaves out compressed encodings inside WAV (ADPCM, A-law, MP3): those are named with how to convert them.
 */
import { type Audio, audioError } from './audio.ts'
import { readWavHeader, type WavHeader } from './wav-header.ts'

export type { Audio } from './audio.ts'

/**
 * Samples of a WAV file. Integers are scaled by 2^(1-bits), as libsndfile (soundfile, librosa) does: 16 bits by 1/32768.
 * @throws DataError with path and byte offset: not a WAV, truncated, empty, bad header, NaN or absurd float samples.
 */
export function decodeWav(bytes: Uint8Array, path: string): Audio {
  const header = readWavHeader(bytes, path)
  const channels = wavSamples(bytes, header, path)
  const format = wavFormat(header)
  return { sampleRate: header.sampleRate, channels, format, warnings: header.warnings }
}

/** `wav pcm16`, `wav float32`, … */
export function wavFormat(header: WavHeader): string {
  return `wav ${header.encoding}${header.bits}`
}

/**
 * Samples of every channel from frame `first` to before frame `end`.
 * @throws DataError for NaN or absurd float samples
 */
export function wavSamples(
  bytes: Uint8Array,
  header: WavHeader,
  path: string,
  first = 0,
  end = header.frames,
): Float32Array[] {
  const channels = Array.from({ length: header.channels }, () => new Float32Array(end - first))
  const view = new DataView(bytes.buffer, bytes.byteOffset + header.dataOffset, bytes.byteLength - header.dataOffset)
  const width = header.bits / 8
  const stride = width * header.channels
  channels.forEach((samples, c) => {
    const read = header.encoding === 'pcm' ? INTEGER[header.bits]! : FLOAT[header.bits]!
    for (let i = 0, at = first * stride + c * width; i < samples.length; i++, at += stride) samples[i] = read(view, at)
    if (header.encoding === 'float') checkFloats(samples, first, c, header, path)
  })
  return channels
}

export interface WavOptions {
  /** 16 and 24: integers, rounded and clipped at full scale; 32: float as it is. Default 16. */
  readonly bitDepth?: 16 | 24 | 32
}

/** A WAV file of one channel (a Float32Array) or several of equal length (an array of them); full scale is ±1. */
export function encodeWav(
  samples: Float32Array | readonly Float32Array[],
  sampleRate: number,
  options: WavOptions = {},
): Uint8Array {
  const channels = samples instanceof Float32Array ? [samples] : samples
  const bits = options.bitDepth ?? 16
  const frames = channels[0]?.length ?? 0
  if (channels.some((channel) => channel.length !== frames)) throw new RangeError('channels differ in length')
  const stride = (channels.length * bits) / 8
  const bytes = new Uint8Array(44 + frames * stride + ((frames * stride) % 2))
  const view = new DataView(bytes.buffer)
  writeHeader(view, channels.length, bits, sampleRate, frames * stride)
  const write = WRITE[bits]
  channels.forEach((channel, c) => {
    for (let i = 0, at = 44 + (c * bits) / 8; i < frames; i++, at += stride) write(view, at, channel[i]!)
  })
  return bytes
}

type Read = (view: DataView, at: number) => number

const INTEGER: Record<number, Read> = {
  8: (view, at) => (view.getUint8(at) - 128) / 128,
  16: (view, at) => view.getInt16(at, true) / 32768,
  24: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8388608,
  32: (view, at) => view.getInt32(at, true) / 2147483648,
}

const FLOAT: Record<number, Read> = {
  32: (view, at) => view.getFloat32(at, true),
  64: (view, at) => view.getFloat64(at, true),
}

/** Full scale is 1; integers stored as floats reach 2^31. Beyond that squares would leave float32, so it is damage. */
const LARGEST = 2 ** 31

function checkFloats(samples: Float32Array, first: number, channel: number, header: WavHeader, path: string): void {
  const index = samples.findIndex((value) => !(Math.abs(value) <= LARGEST))
  if (index < 0) return
  const at = first + index
  const width = header.bits / 8
  const offset = header.dataOffset + (at * header.channels + channel) * width
  const found = `sample ${at} (${(at / header.sampleRate).toFixed(3)} s) of channel ${channel + 1} is ${samples[index]}`
  throw audioError(path, offset, 'bad-sample', `${found}, expected a number within ±1`, 'export the file again')
}

type Write = (view: DataView, at: number, value: number) => void

const WRITE: Record<16 | 24 | 32, Write> = {
  16: (view, at, value) => view.setInt16(at, quantize(value, 32768), true),
  24: (view, at, value) => {
    const whole = quantize(value, 8388608)
    view.setInt16(at, whole & 0xffff, true)
    view.setInt8(at + 2, whole >> 16)
  },
  32: (view, at, value) => view.setFloat32(at, value, true),
}

/** Rounds half away from zero like libsndfile's lrint on all but exact halves; NaN becomes 0. */
function quantize(value: number, scale: number): number {
  return Math.max(-scale, Math.min(scale - 1, Math.round(value * scale))) || 0
}

function writeHeader(view: DataView, channels: number, bits: number, sampleRate: number, dataBytes: number): void {
  const text = (at: number, word: string) => [...word].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)))
  const stride = (channels * bits) / 8
  text(0, 'RIFF')
  view.setUint32(4, view.byteLength - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, bits === 32 ? 3 : 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * stride, true)
  view.setUint16(32, stride, true)
  view.setUint16(34, bits, true)
  text(36, 'data')
  view.setUint32(40, dataBytes, true)
}
