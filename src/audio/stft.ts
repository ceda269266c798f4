/**
 * Short-time Fourier transform with librosa 0.11's framing: periodic Hann window, frames centred by zero padding.
 * Leaves out other windows and other paddings.
 */
import { type RealFft, realFft } from './fft.ts'

export interface FrameOptions {
  /** Samples of one transform; a power of two. Default 2048. */
  readonly nFft?: number
  /** Samples between frames. Default nFft / 4. */
  readonly hopLength?: number
  /** Samples of the window, centred in the frame. Default nFft. */
  readonly winLength?: number
  /** Frame t is centred on sample t·hopLength (the signal is padded by nFft/2 zeros on both sides). Default true. */
  readonly center?: boolean
}

/** Rows of numbers over frames: `data[row * frames + frame]`. */
export interface Spectrogram {
  readonly bands: number
  readonly frames: number
  /** [bands, frames] row by row. */
  readonly data: Float32Array
}

export interface ComplexSpectrogram {
  readonly bins: number
  readonly frames: number
  /** [bins, frames] row by row. */
  readonly re: Float32Array
  readonly im: Float32Array
}

/** The same framing for all spectra: `each` gets the frame's number, the samples and where the frame begins in them. */
export interface Frames {
  readonly fft: RealFft
  readonly window: Float64Array
  readonly count: number
  each(visit: (frame: number, samples: Float32Array, at: number) => void): void
}

/** @throws RangeError for options that make no frames (hop below 1, a signal shorter than nFft without centring) */
export function framesOf(samples: Float32Array, options: FrameOptions): Frames {
  const nFft = options.nFft ?? 2048
  const hop = options.hopLength ?? Math.floor((options.winLength ?? nFft) / 4)
  const pad = (options.center ?? true) ? nFft / 2 : 0
  if (!Number.isInteger(hop) || hop < 1) throw new RangeError(`hopLength ${hop}, expected a whole number from 1`)
  const fft = sharedFft(nFft)
  if (samples.length + 2 * pad < nFft)
    throw new RangeError(`${samples.length} samples are less than one frame of ${nFft}; pad them, or set center`)
  const count = 1 + Math.floor((samples.length + 2 * pad - nFft) / hop)
  const scratch = new Float32Array(nFft)
  return {
    fft,
    window: hannWindow(options.winLength ?? nFft, nFft),
    count,
    each(visit) {
      for (let frame = 0; frame < count; frame++) {
        const at = frame * hop - pad
        if (at >= 0 && at + nFft <= samples.length) visit(frame, samples, at)
        else {
          scratch.fill(0)
          scratch.set(samples.subarray(Math.max(0, at), Math.max(0, at + nFft)), Math.max(0, -at))
          visit(frame, scratch, 0)
        }
      }
    },
  }
}

/** Periodic Hann window of `length` samples, centred in `size` zeros (scipy.signal.get_window('hann', fftbins=True)). */
export function hannWindow(length: number, size = length): Float64Array {
  if (length > size) throw new RangeError(`window of ${length} samples is longer than the frame of ${size}`)
  const window = new Float64Array(size)
  const start = Math.floor((size - length) / 2)
  for (let i = 0; i < length; i++) window[start + i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length)
  return window
}

/** Complex spectrum, [1 + nFft/2, frames]; librosa.stft. */
export function stft(samples: Float32Array, options: FrameOptions = {}): ComplexSpectrogram {
  const frames = framesOf(samples, options)
  const { bins } = frames.fft
  const re = new Float32Array(bins * frames.count)
  const im = new Float32Array(bins * frames.count)
  const frameRe = new Float64Array(bins)
  const frameIm = new Float64Array(bins)
  frames.each((frame, source, at) => {
    frames.fft.forward(source, at, frames.window, frameRe, frameIm)
    for (let k = 0, to = frame; k < bins; k++, to += frames.count) {
      re[to] = frameRe[k]!
      im[to] = frameIm[k]!
    }
  })
  return { bins, frames: frames.count, re, im }
}

/** |STFT|^power, [1 + nFft/2, frames]. Default power 2. */
export function powerSpectrogram(samples: Float32Array, options: FrameOptions & { power?: number } = {}): Spectrogram {
  const frames = framesOf(samples, options)
  const { bins } = frames.fft
  const data = new Float32Array(bins * frames.count)
  const power = new Float64Array(bins)
  const exponent = (options.power ?? 2) / 2
  frames.each((frame, source, at) => {
    frames.fft.power(source, at, frames.window, power)
    raise(power, exponent)
    for (let k = 0, to = frame; k < bins; k++, to += frames.count) data[to] = power[k]!
  })
  return { bands: bins, frames: frames.count, data }
}

/** In place; exponent 1 does nothing, 0.5 takes roots. */
export function raise(values: Float64Array, exponent: number): void {
  if (exponent === 1) return
  for (let i = 0; i < values.length; i++)
    values[i] = exponent === 0.5 ? Math.sqrt(values[i]!) : Math.pow(values[i]!, exponent)
}

const plans = new Map<number, RealFft>()

/** Transforms never overlap in time, so one plan a size serves the whole process. */
export function sharedFft(size: number): RealFft {
  let plan = plans.get(size)
  if (!plan) plans.set(size, (plan = realFft(size)))
  return plan
}
