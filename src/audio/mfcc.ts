/** Cepstral coefficients of a log-mel spectrogram and slopes over time, as librosa 0.11's feature.mfcc and feature.delta. */
import { type DecibelOptions, logMel, type MelOptions } from './mel.ts'
import type { Spectrogram } from './stft.ts'

export interface MfccOptions extends MelOptions, DecibelOptions {
  /** Coefficients kept, from 0 on. Default 20. */
  readonly nMfcc?: number
  /** Liftering: coefficient n is scaled by 1 + lifter/2·sin(π(n + 1)/lifter). Default 0, none. */
  readonly lifter?: number
}

/** [nMfcc, frames]; DCT-II with orthonormal scale of the log-mel spectrogram's columns. */
export function mfcc(samples: Float32Array, options: MfccOptions = {}): Spectrogram {
  return mfccOf(logMel(samples, options), options)
}

/** @throws RangeError where more coefficients are asked for than there are bands */
export function mfccOf(
  logMelSpectrogram: Spectrogram,
  options: Pick<MfccOptions, 'nMfcc' | 'lifter'> = {},
): Spectrogram {
  const { bands, frames, data } = logMelSpectrogram
  const count = options.nMfcc ?? 20
  const lifter = options.lifter ?? 0
  if (!Number.isInteger(count) || count < 1 || count > bands)
    throw new RangeError(`nMfcc ${count}, expected a whole number from 1 to ${bands}`)
  const out = new Float32Array(count * frames)
  const row = new Float64Array(frames)
  for (let n = 0; n < count; n++) {
    const lift = lifter > 0 ? 1 + (lifter / 2) * Math.sin((Math.PI * (n + 1)) / lifter) : 1
    const scale = lift * Math.sqrt((n === 0 ? 1 : 2) / bands)
    row.fill(0)
    for (let band = 0; band < bands; band++) {
      const weight = scale * Math.cos((Math.PI * n * (2 * band + 1)) / (2 * bands))
      for (let t = 0, from = band * frames; t < frames; t++, from++) row[t]! += weight * data[from]!
    }
    out.set(row, n * frames)
  }
  return { bands: count, frames, data: out }
}

export interface DeltaOptions {
  /** Odd number of frames a slope is fitted to. Default 9. */
  readonly width?: number
  /** 1: slope, 2: curvature. Default 1. */
  readonly order?: 1 | 2
}

/**
 * Derivative of each row over frames: least squares of a line (order 1) or parabola (order 2) over `width` frames; the
 * first and last width/2 frames take the fit of the outermost whole window (Savitzky-Golay, mode 'interp').
 * @throws RangeError where there are fewer frames than `width`
 */
export function delta(spectrogram: Spectrogram, options: DeltaOptions = {}): Spectrogram {
  const { bands, frames, data } = spectrogram
  const width = options.width ?? 9
  if (!(width >= 3 && width % 2 === 1)) throw new RangeError(`width ${width}, expected an odd number from 3`)
  if (frames < width) throw new RangeError(`${frames} frames are fewer than the width of ${width}`)
  const weights = slopeWeights(width, options.order ?? 1)
  const half = (width - 1) / 2
  const out = new Float32Array(data.length)
  for (let band = 0; band < bands; band++) {
    for (let t = 0; t < frames; t++) {
      const from = band * frames + Math.min(Math.max(t - half, 0), frames - width)
      let sum = 0
      for (let k = 0; k < width; k++) sum += weights[k]! * data[from + k]!
      out[band * frames + t] = sum
    }
  }
  return { bands, frames, data: out }
}

/** k / Σk² for a slope; 2(k² - mean) / Σ(k² - mean)² for a curvature. */
function slopeWeights(width: number, order: 1 | 2): Float64Array {
  const half = (width - 1) / 2
  const steps = Float64Array.from({ length: width }, (_, i) => (order === 1 ? i - half : (i - half) ** 2))
  const mean = steps.reduce((sum, value) => sum + value, 0) / width
  const centred = steps.map((value) => value - mean)
  const energy = centred.reduce((sum, value) => sum + value * value, 0)
  return centred.map((value) => (order * value) / energy)
}
