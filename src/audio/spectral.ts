/**
 * One number a frame, as librosa 0.11's feature.rms, zero_crossing_rate, spectral_centroid, spectral_bandwidth,
 * spectral_rolloff and spectral_flatness. Silent frames give 0 (flatness 1), never NaN.
 */
import { type FrameOptions, framesOf } from './stft.ts'

export interface SpectralOptions extends FrameOptions {
  /** Hz. Default 22050. */
  readonly sampleRate?: number
}

/** Hz, [frames]: mean frequency, weighted by magnitude. */
export function spectralCentroid(samples: Float32Array, options: SpectralOptions = {}): Float32Array {
  return perFrame(samples, options, measures.centroid)
}

/** Hz, [frames]: spread about the centroid (standard deviation, weighted by magnitude). */
export function spectralBandwidth(samples: Float32Array, options: SpectralOptions = {}): Float32Array {
  return perFrame(samples, options, measures.bandwidth)
}

/** Hz, [frames]: below it lies `share` of the magnitude. Default 0.85. */
export function spectralRolloff(
  samples: Float32Array,
  options: SpectralOptions & { share?: number } = {},
): Float32Array {
  const share = options.share ?? 0.85
  if (!(share > 0 && share < 1)) throw new RangeError(`share ${share}, expected between 0 and 1`)
  return perFrame(samples, options, (magnitude, binHz) => rolloff(magnitude, binHz, share))
}

/** 0 to 1, [frames]: geometric over arithmetic mean of the power; 1 is noise, near 0 a tone. */
export function spectralFlatness(samples: Float32Array, options: FrameOptions & { amin?: number } = {}): Float32Array {
  const amin = options.amin ?? 1e-10
  return perFrame(samples, options, (magnitude) => flatness(magnitude, amin))
}

/** One number from the magnitudes of a frame; a silent frame gives 0 (flatness 1). */
export type Measure = (magnitude: Float64Array, binHz: number) => number

/**
 * The measures by name. Those that librosa has are librosa's; slope is that of Peeters, "A large set of audio features"
 * (2004), section 6.1: of a straight line through the magnitudes over frequency, by their sum, in 1/Hz; kurtosis the fourth
 * standardised moment (3 for a normal curve).
 */
export const measures = {
  centroid: (magnitude, binHz) => binHz * meanBin(magnitude),
  bandwidth: (magnitude, binHz) => binHz * Math.sqrt(momentOf(magnitude, 2)),
  rolloff: (magnitude, binHz) => rolloff(magnitude, binHz, 0.85),
  flatness: (magnitude) => flatness(magnitude, 1e-10),
  kurtosis: (magnitude) => {
    const variance = momentOf(magnitude, 2)
    return variance > 0 ? momentOf(magnitude, 4) / variance ** 2 : 0
  },
  slope: (magnitude, binHz) => {
    const count = magnitude.length
    const middle = (count - 1) / 2
    let rise = 0
    let total = 0
    for (let k = 0; k < count; k++) {
      rise += (k - middle) * magnitude[k]!
      total += magnitude[k]!
    }
    // Σ(k - middle)² = count·(count² - 1)/12
    return total > 0 ? rise / (total * binHz * ((count * (count ** 2 - 1)) / 12)) : 0
  },
} satisfies Record<string, Measure>

function rolloff(magnitude: Float64Array, binHz: number, share: number): number {
  let total = 0
  for (let k = 0; k < magnitude.length; k++) total += magnitude[k]!
  let sum = 0
  let bin = 0
  for (; bin < magnitude.length - 1; bin++) {
    sum += magnitude[bin]!
    if (sum >= share * total) break
  }
  return bin * binHz
}

function flatness(magnitude: Float64Array, amin: number): number {
  let logs = 0
  let sum = 0
  for (let k = 0; k < magnitude.length; k++) {
    const power = Math.max(amin, magnitude[k]! ** 2)
    logs += Math.log(power)
    sum += power
  }
  return Math.exp(logs / magnitude.length) / (sum / magnitude.length)
}

/** Central moment over the bins, weighted by magnitude; 0 where there is none. */
function momentOf(magnitude: Float64Array, order: 2 | 4): number {
  const centre = meanBin(magnitude)
  let weighted = 0
  let total = 0
  for (let k = 0; k < magnitude.length; k++) {
    const square = (k - centre) ** 2
    weighted += magnitude[k]! * (order === 2 ? square : square * square)
    total += magnitude[k]!
  }
  return total > 0 ? weighted / total : 0
}

export interface LevelOptions {
  /** Default 2048. */
  readonly frameLength?: number
  /** Default 512. */
  readonly hopLength?: number
  /** Default true: frame t is centred on sample t·hopLength. */
  readonly center?: boolean
}

/** Full scale, [frames]: root mean square of the samples; outside the signal lies silence. */
export function rms(samples: Float32Array, options: LevelOptions = {}): Float32Array {
  const squares = cumulative(samples.length, (i) => samples[i]! ** 2)
  return perWindow(samples, options, (start, end, length) => {
    const sum = squares[Math.min(end, samples.length)]! - squares[Math.max(start, 0)]!
    return Math.sqrt(Math.max(0, sum) / length)
  })
}

/** Share of samples, [frames], where the sign changes; outside the signal its first and last sample go on. */
export function zeroCrossingRate(samples: Float32Array, options: LevelOptions = {}): Float32Array {
  const below = (i: number) => samples[i]! < -1e-10
  const crossings = cumulative(samples.length, (i) => (i > 0 && below(i) !== below(i - 1) ? 1 : 0))
  return perWindow(samples, options, (start, end, length) => {
    // A change between the last sample of the frame before and its own first one is not the frame's.
    const from = Math.min(samples.length, Math.max(start + 1, 0))
    return (crossings[Math.min(end, samples.length)]! - crossings[from]!) / length
  })
}

function perFrame(samples: Float32Array, options: SpectralOptions, measure: Measure): Float32Array {
  const out: number[] = []
  eachMagnitude(samples, options, (magnitude, binHz) => out.push(measure(magnitude, binHz)))
  return Float32Array.from(out)
}

/**
 * Magnitudes of frame after frame (valid during the call) and the width of a bin in Hz; hop 512 by default. In double
 * precision: moments weigh the faintest bins most.
 */
export function eachMagnitude(
  samples: Float32Array,
  options: SpectralOptions,
  visit: (magnitude: Float64Array, binHz: number, frame: number) => void,
): void {
  const { fft, window, each } = framesOf(samples, { ...options, hopLength: options.hopLength ?? 512 })
  const magnitude = new Float64Array(fft.bins)
  const binHz = (options.sampleRate ?? 22_050) / fft.size
  each((frame, source, at) => {
    fft.power(source, at, window, magnitude)
    for (let k = 0; k < magnitude.length; k++) magnitude[k] = Math.sqrt(magnitude[k]!)
    visit(magnitude, binHz, frame)
  })
}

/** Mean bin, weighted by magnitude; 0 where there is none. */
function meanBin(magnitude: Float64Array): number {
  let weighted = 0
  let total = 0
  for (let k = 0; k < magnitude.length; k++) {
    weighted += k * magnitude[k]!
    total += magnitude[k]!
  }
  return total > 0 ? weighted / total : 0
}

/** sums[i] = value(0) + … + value(i - 1) */
function cumulative(length: number, value: (index: number) => number): Float64Array {
  const sums = new Float64Array(length + 1)
  for (let i = 0; i < length; i++) sums[i + 1] = sums[i]! + value(i)
  return sums
}

function perWindow(
  samples: Float32Array,
  options: LevelOptions,
  measure: (start: number, end: number, length: number) => number,
): Float32Array {
  const length = options.frameLength ?? 2048
  const hop = options.hopLength ?? 512
  const pad = (options.center ?? true) ? Math.floor(length / 2) : 0
  if (samples.length + 2 * pad < length)
    throw new RangeError(`${samples.length} samples are less than one frame of ${length}`)
  const count = 1 + Math.floor((samples.length + 2 * pad - length) / hop)
  return Float32Array.from({ length: count }, (_, t) => measure(t * hop - pad, t * hop - pad + length, length))
}
