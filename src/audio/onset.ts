/**
 * How much louder the spectrum becomes from frame to frame, and the tempo in it, as librosa 0.11's onset.onset_strength,
 * feature.tempogram and feature.tempo. Leaves out picking single onsets and beats.
 * Sources: Böck and Widmer, "Maximum filter vibrato suppression" (2013); Grosche, Müller and Kurth, "Cyclic tempogram" (2010).
 */
import { type DecibelOptions, logMel, type MelOptions } from './mel.ts'
import { hannWindow, sharedFft, type Spectrogram } from './stft.ts'

export interface OnsetOptions extends Omit<MelOptions, 'center'>, Pick<DecibelOptions, 'topDb'> {
  /** Rises are told where the middle of the later window lies, not where it begins. Default true. */
  readonly center?: boolean
  /** Frames between those compared. Default 1. */
  readonly lag?: number
  /** Bands over which the earlier frame's largest value counts, which hides vibrato. Default 1. */
  readonly maxSize?: number
  /** Take out the slow drift of the curve. Default false. */
  readonly detrend?: boolean
}

/** [frames]: mean rise of the log-mel bands in dB, never below 0; frame t belongs to sample t·hopLength. */
export function onsetStrength(samples: Float32Array, options: OnsetOptions = {}): Float32Array {
  const { lag = 1, maxSize = 1 } = options
  for (const [name, value] of Object.entries({ lag, maxSize }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} ${value}, expected a whole number from 1`)
  const center = options.center ?? true
  const spectrogram = logMel(samples, { ...options, center: true })
  const late = lag + (center ? Math.floor((options.nFft ?? 2048) / (2 * (options.hopLength ?? 512))) : 0)
  const rises = meanRises(spectrogram, lag, maxSize)
  const curve = new Float64Array(spectrogram.frames)
  for (let t = 0; t < rises.length && t + late < curve.length; t++) curve[t + late] = rises[t]!
  return Float32Array.from(options.detrend ? withoutDrift(curve) : curve)
}

/** [frames - lag] */
function meanRises({ bands, frames, data }: Spectrogram, lag: number, maxSize: number): Float64Array {
  const rises = new Float64Array(Math.max(0, frames - lag))
  const before = Math.floor(maxSize / 2)
  for (let band = 0; band < bands; band++) {
    for (let t = 0; t < rises.length; t++) {
      let reference = data[band * frames + t]!
      for (let near = band - before; maxSize > 1 && near < band - before + maxSize; near++)
        reference = Math.max(reference, data[mirrored(near, bands) * frames + t]!)
      rises[t]! += Math.max(0, data[band * frames + t + lag]! - reference) / bands
    }
  }
  return rises
}

/** Beyond the ends the rows repeat in reverse, the outermost one first, as scipy's `reflect`. */
function mirrored(row: number, rows: number): number {
  if (rows === 1) return 0
  return row < 0 ? -row - 1 : row >= rows ? 2 * rows - row - 1 : row
}

/** y[t] = x[t] - x[t - 1] + 0.99·y[t - 1] */
function withoutDrift(curve: Float64Array): Float64Array {
  let last = 0
  return curve.map((value, t) => (last = value - (t > 0 ? curve[t - 1]! : 0) + 0.99 * last))
}

/**
 * [winLength, frames]: autocorrelation of the onset curve around each frame, scaled so that its largest is 1. Row i is how
 * well the curve repeats after i frames. The curve is taken to fall to 0 in a straight line beyond its ends.
 * @param winLength frames. Default 384
 */
export function tempogram(onsets: Float32Array, winLength = 384): Spectrogram {
  if (!Number.isInteger(winLength) || winLength < 1)
    throw new RangeError(`winLength ${winLength}, expected a whole number from 1`)
  const frames = onsets.length
  const data = new Float32Array(winLength * frames)
  correlations(onsets, winLength, (t, row) => {
    for (let lag = 0; lag < winLength; lag++) data[lag * frames + t] = row[lag]!
  })
  return { bands: winLength, frames, data }
}

/** `take` gets each frame's row, valid during the call. */
function correlations(onsets: Float32Array, winLength: number, take: (frame: number, row: Float64Array) => void): void {
  const pad = Math.floor(winLength / 2)
  const frames = onsets.length
  const padded = new Float64Array(frames + 2 * pad + 1)
  for (let i = 0; i < pad; i++) {
    padded[i] = ((onsets[0] ?? 0) * i) / pad
    padded[pad + frames + i] = ((onsets[frames - 1] ?? 0) * (pad - 1 - i)) / pad
  }
  padded.set(onsets, pad)
  const size = Math.max(8, 2 ** Math.ceil(Math.log2(2 * winLength)))
  const fft = sharedFft(size)
  // Zeros behind the window: a circular correlation becomes a plain one.
  const window = new Float64Array(size)
  window.set(hannWindow(winLength))
  const part = new Float64Array(size)
  const re = new Float64Array(fft.bins)
  const im = new Float64Array(fft.bins)
  const row = new Float64Array(size)
  for (let t = 0; t < frames; t++) {
    part.set(padded.subarray(t, t + winLength))
    fft.forward(part, 0, window, re, im)
    for (let k = 0; k < fft.bins; k++) re[k] = re[k]! ** 2 + im[k]! ** 2
    im.fill(0)
    fft.inverse(re, im, row)
    let largest = 0
    for (let lag = 0; lag < winLength; lag++) largest = Math.max(largest, Math.abs(row[lag]!))
    for (let lag = 0; largest > 2 ** -1022 && lag < winLength; lag++) row[lag]! /= largest
    take(t, row)
  }
}

export interface TempoOptions {
  /** Hz. Default 22050. */
  readonly sampleRate?: number
  /** Samples between two frames of the curve. Default 512. */
  readonly hopLength?: number
  /** What is thought likely before anything is heard: the middle of a log-normal, in beats a minute. Default 120. */
  readonly startBpm?: number
  /** Its width in octaves. Default 1. */
  readonly stdBpm?: number
  /** Seconds over which the curve is compared with itself. Default 8. */
  readonly acSize?: number
  /** Default 320. */
  readonly maxTempo?: number
}

/** Beats a minute of the whole curve; one of the tempos 60·sampleRate / (hopLength·i), so coarse where it is fast. */
export function tempo(onsets: Float32Array, options: TempoOptions = {}): number {
  const { sampleRate = 22_050, hopLength = 512, startBpm = 120, stdBpm = 1, acSize = 8, maxTempo = 320 } = options
  if (!(startBpm > 0)) throw new RangeError(`startBpm ${startBpm}, expected above 0`)
  const winLength = Math.floor(Math.trunc(acSize * sampleRate) / hopLength)
  if (winLength < 2) throw new RangeError(`acSize ${acSize} s is less than two frames of ${hopLength} samples`)
  const mean = new Float64Array(winLength)
  correlations(onsets, winLength, (_, row) => {
    for (let lag = 0; lag < winLength; lag++) mean[lag]! += row[lag]! / onsets.length
  })
  const bpm = (lag: number) => (60 * sampleRate) / (hopLength * lag)
  let best = 1
  let score = -Infinity
  for (let lag = 1; lag < winLength; lag++) {
    if (bpm(lag) >= maxTempo) continue
    const prior = -0.5 * ((Math.log2(bpm(lag)) - Math.log2(startBpm)) / stdBpm) ** 2
    const now = Math.log1p(1e6 * mean[lag]!) + prior
    if (now > score) [best, score] = [lag, now]
  }
  return bpm(best)
}
