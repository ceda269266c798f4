/**
 * Short-time Fourier transform with librosa 0.11's framing: periodic Hann window, frames centred by zero padding.
 * Leaves out other windows and other paddings.
 */
import { checkedSize, type RealFft, realFft } from './fft.ts'
import type { MelBank } from './mel-bank.ts'
import { type BandOptions, bandPlan, type BandSums, keptPlan } from './wasm/band-spectra.ts'

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

/** Frame t begins at sample t·hop - pad. */
export interface Framing {
  readonly nFft: number
  readonly hop: number
  readonly winLength: number
  readonly pad: number
  readonly count: number
}

/** @throws RangeError for options that make no frames (hop below 1, a signal shorter than nFft without centring) */
export function framingOf(length: number, options: FrameOptions): Framing {
  const nFft = checkedSize(options.nFft ?? 2048)
  const winLength = options.winLength ?? nFft
  const hop = options.hopLength ?? Math.floor(winLength / 4)
  const pad = (options.center ?? true) ? nFft / 2 : 0
  if (!Number.isInteger(hop) || hop < 1) throw new RangeError(`hopLength ${hop}, expected a whole number from 1`)
  if (length + 2 * pad < nFft)
    throw new RangeError(`${length} samples are less than one frame of ${nFft}; pad them, or set center`)
  return { nFft, hop, winLength, pad, count: 1 + Math.floor((length + 2 * pad - nFft) / hop) }
}

/** @throws RangeError as `framingOf` */
export function framesOf(samples: Float32Array, options: FrameOptions): Frames {
  const { nFft, hop, winLength, pad, count } = framingOf(samples.length, options)
  const fft = sharedFft(nFft)
  const scratch = new Float32Array(nFft)
  return {
    fft,
    window: hannWindow(winLength, nFft),
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
  const framing = framingOf(samples.length, options)
  const bins = framing.nFft / 2 + 1
  const { data } = bandSums(samples, framing, 'bins', () => everyBin(bins), { exponent: options.power ?? 2 })
  return { bands: bins, frames: framing.count, data }
}

/** Sums over the bands of a bank; `name` says which bank, so that its plan can be kept. */
export function bandSums(
  samples: Float32Array,
  { nFft, hop, winLength, pad, count }: Framing,
  name: string,
  bank: () => MelBank,
  options: BandOptions,
): BandSums {
  const plan = keptPlan(`${nFft}/${hop}/${winLength}/${name}`, () =>
    bandPlan(nFft, hop, hannWindow(winLength, nFft), bank()),
  )
  return plan(samples, pad, count, options)
}

/** A band a bin. */
function everyBin(bins: number): MelBank {
  return {
    bands: bins,
    starts: Int32Array.from({ length: bins }, (_, k) => k),
    offsets: Int32Array.from({ length: bins + 1 }, (_, k) => k),
    weights: new Float64Array(bins).fill(1),
  }
}

const plans = new Map<number, RealFft>()

/** Transforms never overlap in time, so one plan a size serves the whole process. */
export function sharedFft(size: number): RealFft {
  let plan = plans.get(size)
  if (!plan) plans.set(size, (plan = realFft(size)))
  return plan
}
