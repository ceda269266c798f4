/**
 * Sums of power spectra over bands (a mel bank, or every bin for itself), four frames at a time in wasm, and their decibels.
 * Works through a signal of any length in blocks of at most 64 frames, so that what it needs fits into the processor's cache.
 */
import { Arena } from '../../lib/wasm/arena.ts'
import type { MelBank } from '../mel-bank.ts'
import { kernelsIn } from './kernels.ts'
import { transformsOf } from './transforms.ts'

export interface BandOptions {
  /** Of the magnitude: 2 power, 1 magnitude. */
  readonly exponent: number
  /** 10·log10 of each sum, at least `least`, against `reference`: both powers. Absent: the sums themselves. */
  readonly decibels?: { readonly least: number; readonly reference: number }
}

export interface BandSums {
  /** [bands, frames] row by row. */
  readonly data: Float32Array
  /** The largest sum before the logarithm; 0 where decibels were not asked for. */
  readonly largest: number
}

/** Frame t begins at sample t·hop - pad; zeros lie outside the signal. */
export type BandPlan = (samples: Float32Array, pad: number, count: number, options: BandOptions) => BandSums

/** Frames of a block, and samples between the first and last of them, at most. */
const MOST_FRAMES = 64
const MOST_SAMPLES = 2 ** 18

/** Plans kept: a process uses few sets of options, but a search over them must not fill memory. */
const MAX_PLANS = 8
const plans = new Map<string, BandPlan>()

/** The plan of that name, made where there is none. */
export function keptPlan(name: string, make: () => BandPlan): BandPlan {
  const plan = plans.get(name) ?? make()
  plans.delete(name)
  plans.set(name, plan)
  if (plans.size > MAX_PLANS) plans.delete(plans.keys().next().value!)
  return plan
}

/** A plan owns its memory: one serves all signals with the same frames and bands. */
export function bandPlan(nFft: number, hop: number, window: Float64Array, bands: MelBank): BandPlan {
  const frames = Math.max(4, Math.min(MOST_FRAMES, 4 * Math.floor(MOST_SAMPLES / hop / 4)))
  const block = prepare(nFft, hop, frames, window, bands)
  const { input, sums, settings } = block
  return (samples, pad, count, { exponent, decibels }) => {
    const data = new Float32Array(bands.bands * count)
    settings.fill(0)
    if (decibels) fillSettings(settings, decibels)
    for (let frame = 0; frame < count; frame += frames) {
      const now = Math.min(frames, count - frame)
      copyPadded(samples, frame * hop - pad, input.subarray(0, (now - 1) * hop + nFft))
      for (let t = 0; t < now; t += 4) block.four(t, exponent)
      // What the lanes beyond the last frame made of old samples must not count as the largest sum.
      for (let band = 0; now < frames && band < bands.bands; band++)
        sums.fill(0, band * frames + now, (band + 1) * frames)
      if (decibels) block.convert()
      for (let band = 0, to = frame; band < bands.bands; band++, to += count)
        data.set(sums.subarray(band * frames, band * frames + now), to)
    }
    return { data, largest: Math.max(...settings.subarray(12)) }
  }
}

interface Block {
  /** Samples of one block of frames. */
  readonly input: Float32Array
  /** [bands, frames] */
  readonly sums: Float32Array
  /** [4, 4], see the kernel `decibels`. */
  readonly settings: Float32Array
  /** Frames t to t + 3 of the block into their columns of `sums`. */
  readonly four: (t: number, exponent: number) => void
  /** All sums to decibels. */
  readonly convert: () => void
}

function prepare(nFft: number, hop: number, frames: number, window: Float64Array, bank: MelBank): Block {
  const arena = new Arena('frames of this size', 'use a smaller n_fft or hop_length')
  const fft = transformsOf(nFft, arena)
  const { half } = fft
  const samples = arena.take((frames - 1) * hop + nFft)
  const windowAt = arena.take(nFft)
  const data = arena.take(fft.bytes / 4)
  const power = arena.take(4 * (half + 2)) // a bank of an odd number of bins reads one more, with weight 0
  const bands = arena.take(2 * bank.bands)
  const weights = arena.take(bank.weights.length + bank.bands)
  const sums = arena.take(bank.bands * frames)
  const settings = arena.take(16)
  const kernels = kernelsIn(arena.memory)
  fft.start(kernels)
  arena.view(windowAt, nFft).set(window)
  writeBank(
    bank,
    new Int32Array(arena.memory.buffer, bands, 2 * bank.bands),
    arena.view(weights, bank.weights.length + bank.bands),
  )
  const spectrum = arena.view(power, 4 * (half + 1))
  return {
    input: arena.view(samples, (frames - 1) * hop + nFft),
    sums: arena.view(sums, bank.bands * frames),
    settings: arena.view(settings, 16),
    four: (t, exponent) => {
      kernels['load']!(samples + 4 * t * hop, 4 * hop, windowAt, windowAt + 4 * nFft, data)
      fft.forward(data)
      kernels['power']!(data, fft.places, fft.circle, half, power)
      if (exponent === 1) kernels['root']!(power, power + 16 * (half + 1))
      else if (exponent !== 2) for (let i = 0; i < spectrum.length; i++) spectrum[i] = spectrum[i]! ** (exponent / 2)
      kernels['bank']!(power, bands, bands + 8 * bank.bands, weights, sums + 4 * t, 4 * frames)
    },
    convert: () => kernels['decibels']!(sums, sums + 4 * bank.bands * frames, settings),
  }
}

/** Bytes of the first bin and of the weights of each band, and the weights, of every band an even number. */
function writeBank({ bands, starts, offsets, weights }: MelBank, words: Int32Array, to: Float32Array): void {
  for (let band = 0, at = 0; band < bands; band++) {
    const own = weights.subarray(offsets[band], offsets[band + 1])
    const length = own.length + (own.length % 2)
    to.set(own, at)
    words[2 * band] = 16 * starts[band]!
    words[2 * band + 1] = 4 * length
    at += length
  }
}

function fillSettings(settings: Float32Array, { least, reference }: NonNullable<BandOptions['decibels']>): void {
  const zero = 10 * Math.log10(reference)
  settings
    .fill(least, 0, 4)
    .fill(10 * Math.log10(least) - zero, 4, 8)
    .fill(zero, 8, 12)
}

/** `to.length` samples from `at` on; zeros where the signal is not. */
function copyPadded(samples: Float32Array, at: number, to: Float32Array): void {
  const first = Math.max(0, -at)
  const part = samples.subarray(Math.max(0, at), Math.max(0, at + to.length))
  to.fill(0, 0, first)
  to.set(part, Math.min(first, to.length))
  to.fill(0, Math.min(to.length, first + part.length))
}
