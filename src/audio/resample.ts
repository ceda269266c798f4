/**
 * Change of sample rate by any ratio of whole numbers: exact length, linear phase, aliases below -110 dB, flat to 0.91 of
 * the lower Nyquist frequency. Two steps, both in float64: a sharp low-pass by overlap-save FFT (at twice the input rate
 * where the ratio is above 1/2), then, because what is left is band-limited far below the mirror images, a polyphase
 * Kaiser-windowed sinc of 16 taps or so. Leaves out rates that drift over time.
 * Sources: Kaiser (1974) for the window and its length; Crochiere and Rabiner (1983) for the polyphase form.
 */
import { sharedFft } from './stft.ts'

/**
 * Samples at another rate; output m is the value at input time m·fromRate/toRate.
 * @param samples one channel; outside it the signal is zero
 * @param fromRate whole number, Hz
 * @param toRate whole number, Hz
 * @returns ceil(samples.length·toRate/fromRate) samples; a copy where the rates are equal
 * @throws RangeError where a rate is no whole number from 1
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number): Float32Array {
  for (const rate of [fromRate, toRate])
    if (!Number.isInteger(rate) || rate < 1) throw new RangeError(`sample rate ${rate}, expected a whole number from 1`)
  if (fromRate === toRate) return samples.slice()
  const divisor = gcd(fromRate, toRate)
  const plan = planFor(toRate / divisor, fromRate / divisor)
  const out = new Float32Array(Math.ceil((samples.length * plan.up) / plan.down))
  run(plan, samples, out)
  return out
}

interface Plan {
  readonly up: number
  readonly down: number
  /** Rate of the low-passed signal over that of the input: 1 or 2. */
  readonly factor: 1 | 2
  /** Input samples of one block, and of the filter on each side of its middle. */
  readonly block: number
  readonly half: number
  /** Transfer function of the low-pass at bins 0 to factor·block/2. */
  readonly filterRe: Float64Array
  readonly filterIm: Float64Array
  readonly taps: number
  /** Weights of one phase (0 to up - 1) between two samples of the low-passed signal, `taps` of them. */
  phase(index: number): Float64Array
}

/** Share of the lower Nyquist frequency that passes unchanged; the rest up to 1 is the transition. */
const PASS = 0.9125
const ATTENUATION_DB = 120
const BETA = 0.1102 * (ATTENUATION_DB - 8.7)
/** Above this many phases they are computed as they come instead of kept. */
const MAX_KEPT_PHASES = 8192

/** Plans kept: few rates meet in a data set, but pitch shifts by random amounts would fill memory. */
const MAX_PLANS = 16
const plans = new Map<string, Plan>()

function planFor(up: number, down: number): Plan {
  const key = `${up}/${down}`
  const plan = plans.get(key) ?? makePlan(up, down)
  plans.delete(key)
  plans.set(key, plan)
  if (plans.size > MAX_PLANS) plans.delete(plans.keys().next().value!)
  return plan
}

function makePlan(up: number, down: number): Plan {
  const factor = up / down > 0.5 ? 2 : 1
  const nyquist = Math.min(1, up / down) / 2 // in cycles an input sample
  const half = Math.ceil(kaiserLength((nyquist * (1 - PASS)) / factor) / (2 * factor))
  const block = 2 ** Math.max(10, Math.ceil(Math.log2(half * 8)))
  const cutoff = (nyquist * (1 + PASS)) / 2
  const [filterRe, filterIm] = lowPass(factor, half, block, cutoff / factor)
  const taps = 2 * Math.ceil(kaiserLength(1 - (2 * nyquist) / factor) / 2)
  return { up, down, factor, block, half, filterRe, filterIm, taps, phase: phases(up, taps) }
}

/** Taps of a Kaiser-windowed filter with this transition width, in cycles a sample. */
function kaiserLength(width: number): number {
  return (ATTENUATION_DB - 7.95) / (14.36 * width)
}

/** Transfer function of the sharp filter; its delay of factor·half samples is undone by where blocks begin. */
function lowPass(factor: 1 | 2, half: number, block: number, cutoff: number): [Float64Array, Float64Array] {
  const size = factor * block
  const fft = sharedFft(size)
  const middle = factor * half
  const impulse = new Float64Array(size)
  for (let i = 0; i <= 2 * middle; i++) {
    const x = i - middle
    impulse[i] = factor * 2 * cutoff * sinc(2 * cutoff * x) * kaiser(x / (middle + 1))
  }
  const re = new Float64Array(fft.bins)
  const im = new Float64Array(fft.bins)
  fft.forward(impulse, 0, new Float64Array(size).fill(1), re, im)
  return [re, im]
}

function phases(up: number, taps: number): (index: number) => Float64Array {
  const kept: (Float64Array | undefined)[] = []
  return (index) => {
    const known = kept[index]
    if (known) return known
    const weights = new Float64Array(taps)
    let sum = 0
    for (let j = 0; j < taps; j++) {
      const x = j - (taps / 2 - 1) - index / up
      weights[j] = sinc(x) * kaiser(x / (taps / 2))
      sum += weights[j]!
    }
    for (let j = 0; j < taps; j++) weights[j]! /= sum
    if (up <= MAX_KEPT_PHASES) kept[index] = weights
    return weights
  }
}

function run(plan: Plan, samples: Float32Array, out: Float32Array): void {
  const { up, down, factor, half, taps } = plan
  const hop = plan.block - 2 * half
  const filter = blockFilter(plan)
  // `middle` holds the low-passed signal from index `origin` on: what the last block left, then one block's worth.
  const carry = 2 * taps
  const middle = new Float64Array(carry + factor * hop)
  let origin = -carry - factor * taps
  let base = 0
  let phase = 0
  const step = Math.floor((factor * down) / up)
  const stepPhase = factor * down - step * up
  for (let m = 0, start = -taps; m < out.length; start += hop) {
    filter(samples, start - half, middle, carry)
    const end = origin + middle.length - taps / 2
    for (; m < out.length && base < end; m++) {
      out[m] = dot(middle, base - origin - (taps / 2 - 1), plan.phase(phase))
      base += step
      phase += stepPhase
      if (phase >= up) {
        phase -= up
        base++
      }
    }
    middle.copyWithin(0, factor * hop)
    origin += factor * hop
  }
}

/** Low-passes the `block` samples from `at` on into `to[offset..offset + factor·(block - 2·half))`. */
function blockFilter(plan: Plan) {
  const { factor, block, half, filterRe, filterIm } = plan
  const forward = sharedFft(block)
  const backward = sharedFft(factor * block)
  const ones = new Float64Array(block).fill(1)
  const scratch = new Float32Array(block)
  const re = new Float64Array(backward.bins)
  const im = new Float64Array(backward.bins)
  const filtered = new Float64Array(factor * block)
  return (samples: Float32Array, at: number, to: Float64Array, offset: number) => {
    if (at >= 0 && at + block <= samples.length) forward.forward(samples, at, ones, re, im)
    else {
      scratch.fill(0)
      scratch.set(samples.subarray(Math.max(0, at), Math.max(0, at + block)), Math.min(block, Math.max(0, -at)))
      forward.forward(scratch, 0, ones, re, im)
    }
    // Zeros between the samples double the rate and repeat the spectrum, mirrored.
    for (let k = forward.bins; k < backward.bins; k++) {
      re[k] = re[block - k]!
      im[k] = -im[block - k]!
    }
    for (let k = 0; k < backward.bins; k++) {
      const real = re[k]! * filterRe[k]! - im[k]! * filterIm[k]!
      im[k] = re[k]! * filterIm[k]! + im[k]! * filterRe[k]!
      re[k] = real
    }
    backward.inverse(re, im, filtered)
    to.set(filtered.subarray(2 * factor * half), offset)
  }
}

function dot(values: Float64Array, at: number, weights: Float64Array): number {
  let even = 0
  let odd = 0
  for (let j = 0; j < weights.length; j += 2) {
    even += values[at + j]! * weights[j]!
    odd += values[at + j + 1]! * weights[j + 1]!
  }
  return even + odd
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** Kaiser window at x in [-1, 1]; zero outside. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : besselI0(BETA * Math.sqrt(1 - x * x)) / besselI0(BETA)
}

/** Modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1
  for (let k = 1, term = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
