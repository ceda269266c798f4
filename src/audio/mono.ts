/**
 * A file as one channel at a rate of choice: what features are computed from. WAV and MP3 are decoded part by part, mixed
 * and resampled on the way, so that of a long recording only the result is ever held whole, and no more is decoded than
 * asked for. FLAC and Ogg are decoded whole first. Checks are those of decode.ts and wav.ts.
 */
import type { DataFault } from '../lib/errors.ts'
import { audioError } from './audio.ts'
import { decodeAudio, misnamed } from './decode.ts'
import { decodeMp3, mp3Stated } from './mp3.ts'
import { makeResampler } from './resample.ts'
import { sniffAudio } from './sniff.ts'
import { allFinite, checkDecoded } from './stated.ts'
import { wavFormat, wavSamples } from './wav.ts'
import { readWavHeader } from './wav-header.ts'

export interface MonoOptions {
  /** Hz; the file's own where not given. */
  readonly sampleRate?: number
  /** Only so much from the start. The headers are still checked to the end of the file, the sound is not. */
  readonly seconds?: number
}

export interface Mono {
  readonly samples: Float32Array
  /** Hz, of `samples`. */
  readonly sampleRate: number
  /** As in Audio. */
  readonly format: string
  readonly warnings: readonly DataFault[]
}

/** Frames of WAV read at a time. */
const PART = 65_536
/** The resampler looks ahead; so much more than asked for is decoded, in seconds. */
const AHEAD = 0.5

/**
 * @param bytes the whole file
 * @param path as the user knows it, for messages
 * @throws DataError as decodeAudio
 */
export async function decodeMono(bytes: Uint8Array, path: string, options: MonoOptions = {}): Promise<Mono> {
  const kind = sniffAudio(bytes)
  if (kind.format === 'wav') return wavMono(bytes, path, options, misnamed(kind, path))
  if (kind.format === 'mp3') return mp3Mono(bytes, path, kind.start, options, misnamed(kind, path))
  const { channels, sampleRate, format, warnings } = await decodeAudio(bytes, path)
  const sink = sinkFor(sampleRate, channels[0]!.length, options)
  for (let at = 0; sink.push(channels.map((samples) => samples.subarray(at, at + PART))); ) at += PART
  return { ...sink.end(), format, warnings }
}

function wavMono(bytes: Uint8Array, path: string, options: MonoOptions, warnings: DataFault[]): Mono {
  const header = readWavHeader(bytes, path)
  const sink = sinkFor(header.sampleRate, header.frames, options)
  for (let at = 0; at < header.frames; at += PART)
    if (!sink.push(wavSamples(bytes, header, path, at, Math.min(header.frames, at + PART)))) break
  return { ...sink.end(), format: wavFormat(header), warnings: [...header.warnings, ...warnings] }
}

async function mp3Mono(bytes: Uint8Array, path: string, start: number, options: MonoOptions, more: DataFault[]) {
  const stated = mp3Stated(bytes, start, path)
  const sink = sinkFor(stated.sampleRate, stated.samples ?? 0, options)
  let found = { channels: 0, length: 0, sampleRate: stated.sampleRate }
  let enough = false
  await decodeMp3(bytes, path, (channels, sampleRate) => {
    found = { channels: channels.length, length: found.length + channels[0]!.length, sampleRate }
    if (!channels.every(allFinite))
      throw audioError(path, stated.offset, 'damaged', 'decoded to NaN or infinite samples', 'export the file again')
    enough = sampleRate !== stated.sampleRate || !sink.push(channels.slice(0, stated.channels))
    return !enough
  })
  if (!enough || found.sampleRate !== stated.sampleRate) checkDecoded(stated, found, path)
  return { ...sink.end(), format: 'mp3', warnings: [...stated.warnings, ...more] }
}

interface Sink {
  /** false: enough. */
  push(channels: readonly Float32Array[]): boolean
  end(): { samples: Float32Array; sampleRate: number }
}

/** @param expected samples of the file, or 0 where it does not say */
function sinkFor(fromRate: number, expected: number, { sampleRate = fromRate, seconds = Infinity }: MonoOptions): Sink {
  const resampler = makeResampler(fromRate, sampleRate)
  const most = Math.ceil((seconds + AHEAD) * fromRate)
  let out = new Float32Array(resampler.lengthOf(Math.min(most, expected || 60 * fromRate)))
  let length = 0
  let received = 0
  const take = (part: Float32Array) => {
    if (length + part.length > out.length) out = grown(out, length + part.length)
    out.set(part, length)
    length += part.length
  }
  return {
    push(channels) {
      const mono = mixed(channels, most - received)
      received += mono.length
      resampler.push(mono, take)
      return received < most && mono.length > 0
    },
    end() {
      resampler.end(take)
      const wanted = Math.min(length, Math.ceil(seconds * sampleRate))
      return { samples: out.length === wanted ? out : out.slice(0, wanted), sampleRate }
    },
  }
}

/** Mean of the channels, of at most `most` samples; a mono file's own channel, not a copy. */
function mixed(channels: readonly Float32Array[], most: number): Float32Array {
  const [left, right, third] = channels.map((samples) => samples.subarray(0, most))
  if (!left || !right) return left ?? new Float32Array(0)
  const mono = new Float32Array(left.length)
  if (!third) for (let i = 0; i < mono.length; i++) mono[i] = (left[i]! + right[i]!) / 2
  else
    for (let i = 0; i < mono.length; i++)
      mono[i] = channels.reduce((sum, samples) => sum + samples[i]!, 0) / channels.length
  return mono
}

function grown(samples: Float32Array, least: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(Math.max(least, 2 * samples.length))
  larger.set(samples)
  return larger
}
