/**
 * What a compressed file's headers say of its length, and the check of what a codec gave against it: codecs give what they
 * could read of a cut file without a word.
 */
import type { DataError, DataFault } from '../lib/errors.ts'
import { audioError, audioFault, endsEarly } from './audio.ts'

/** What the file's own headers say, and what of the decoder's output to keep. */
export interface Stated {
  readonly sampleRate: number
  readonly channels: number
  /** Samples a channel, or null where the file does not say. */
  readonly samples: number | null
  /** Where it says so. */
  readonly offset: number
  /** Bytes in the file. */
  readonly end: number
  /** Fewer samples missing than this are an encoder's rounding, more are a fault. */
  readonly slack: number
  readonly warnings: DataFault[]
}

/** @throws DataError where nothing was decoded, or less than the headers promise; other differences become warnings. */
export function checkDecoded(
  stated: Stated,
  found: { readonly channels: number; readonly length: number; readonly sampleRate: number },
  path: string,
): void {
  const { sampleRate, samples: wanted } = stated
  const { channels, length } = found
  if (length === 0 || channels < stated.channels || found.sampleRate !== sampleRate) {
    const what = `found ${channels} channels of ${length} samples at ${found.sampleRate} Hz`
    const message = `no sound could be decoded: ${what}, expected ${stated.channels} at ${sampleRate} Hz`
    throw audioError(path, stated.offset, 'damaged', message, 'export the file again')
  }
  if (wanted !== null && wanted - length > stated.slack) {
    const message = `${endsEarly(length / sampleRate, wanted / sampleRate)} (decoded ${length} of ${wanted} samples)`
    throw audioError(path, stated.end, 'truncated', message, 'copy or export it again')
  }
  if (wanted !== null && wanted !== length) {
    const message = `decoded ${length} samples, its header says ${wanted}`
    stated.warnings.push(audioFault(path, stated.offset, 'length', message))
  }
}

/** Anything finite times 0 is 0, the rest is NaN: a sum without a branch a sample. */
export function allFinite(samples: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * 0
  return sum === 0
}

/** The failure of a codec as a fault of the file. */
export function codecFailed(name: string, path: string, error: unknown): DataError {
  const reason = error instanceof Error ? error.message : String(error)
  return audioError(path, 0, 'damaged', `the ${name} decoder gave up: ${reason}`, 'export the file again')
}
