/**
 * What every reader of the audio room gives, and how it complains. No reading here.
 */
import { DataError, type DataFault } from '../lib/errors.ts'

/** Decoded audio: one Float32Array a channel, all of one length, full scale ±1. */
export interface Audio {
  /** Hz. */
  readonly sampleRate: number
  readonly channels: Float32Array[]
  /** e.g. `wav pcm16`, `mp3`, `flac`, `ogg vorbis`, `ogg opus`. */
  readonly format: string
  /** Oddities that did not stop the reader (a streaming header, a wrong extension, an incomplete last frame). */
  readonly warnings: DataFault[]
}

/** Lowest and highest rates taken as real, in Hz; a header outside them is damaged, and would ask a resampler for gigabytes. */
export const MIN_RATE = 1000
export const MAX_RATE = 768_000

export function audioFault(path: string, offset: number | null, code: string, message: string, hint = ''): DataFault {
  return { path, offset, code, message, hint }
}

export function audioError(path: string, offset: number | null, code: string, message: string, hint = ''): DataError {
  return new DataError(audioFault(path, offset, code, message, hint))
}

/** `file ends early at 3.2 s of 5.0 s`, with as many decimals as it takes for the two to differ. */
export function endsEarly(haveSeconds: number, wantSeconds: number): string {
  const vague = (digits: number) =>
    haveSeconds.toFixed(digits) === wantSeconds.toFixed(digits) ||
    (haveSeconds > 0 && Number(haveSeconds.toFixed(digits)) === 0)
  let digits = 1
  while (digits < 4 && vague(digits)) digits++
  return `file ends early at ${haveSeconds.toFixed(digits)} s of ${wantSeconds.toFixed(digits)} s`
}

/** Four bytes as text, unprintable ones as `.`: for ids of chunks and boxes. */
export function fourCharacters(bytes: Uint8Array, at: number): string {
  let text = ''
  for (let i = at; i < Math.min(at + 4, bytes.length); i++) {
    const byte = bytes[i]!
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'
  }
  return text
}
