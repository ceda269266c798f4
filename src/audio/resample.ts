/**
 * Change of sample rate by any ratio of whole numbers: exact length, linear phase, aliases below -110 dB, flat to 0.91 of
 * the lower Nyquist frequency. Two steps, both in wasm: a sharp low-pass by overlap-save FFT, four blocks at a time (at twice
 * the input rate where the ratio is above 1/2), then, because what is left is band-limited far below the mirror images, a
 * polyphase Kaiser-windowed sinc of 16 taps or so. Takes a signal whole or in parts of any length, with the same result.
 * Leaves out rates that drift over time.
 * Sources: Kaiser (1974) for the window and its length; Crochiere and Rabiner (1983) for the polyphase form.
 */
import { Arena } from '../lib/wasm/arena.ts'
import { sharedFft } from './stft.ts'
import { type Kernels, kernelsIn } from './wasm/kernels.ts'
import { type Transforms, transformsOf } from './wasm/transforms.ts'

/**
 * Samples at another rate; output m is the value at input time m·fromRate/toRate.
 * @param samples one channel; outside it the signal is zero
 * @param fromRate whole number, Hz
 * @param toRate whole number, Hz
 * @returns ceil(samples.length·toRate/fromRate) samples; a copy where the rates are equal
 * @throws RangeError where a rate is no whole number from 1
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number): Float32Array {
  const resampler = makeResampler(fromRate, toRate)
  const out = new Float32Array(resampler.lengthOf(samples.length))
  let at = 0
  const take = (part: Float32Array) => {
    out.set(part, at)
    at += part.length
  }
  resampler.push(samples, take)
  resampler.end(take)
  return out
}

export interface Resampler {
  /** Samples that so many give. */
  lengthOf(samples: number): number
  /** What is known after these samples goes to `take`, in parts that are valid during the call only. */
  push(samples: Float32Array, take: (part: Float32Array) => void): void
  /** The rest, up to the exact length. Not to be used afterwards. */
  end(take: (part: Float32Array) => void): void
}

/** @throws RangeError where a rate is no whole number from 1 */
export function makeResampler(fromRate: number, toRate: number): Resampler {
  for (const rate of [fromRate, toRate])
    if (!Number.isInteger(rate) || rate < 1) throw new RangeError(`sample rate ${rate}, expected a whole number from 1`)
  if (fromRate === toRate) return { lengthOf: (length) => length, push: (part, take) => take(part), end: () => {} }
  const divisor = gcd(fromRate, toRate)
  return through(planFor(toRate / divisor, fromRate / divisor))
}

interface Plan {
  readonly up: number
  readonly down: number
  /** Rate of the low-passed signal over that of the input: 1 or 2. */
  readonly factor: 1 | 2
  /** Input samples of one block, and of the filter on each side of its middle. */
  readonly block: number
  readonly half: number
  /** New samples of one block. */
  readonly hop: number
  readonly taps: number
  /** Four blocks of the input, each `hop` samples after the last. */
  readonly input: Float32Array
  /** Low-passed signal: what the last four blocks left, then four blocks' worth. */
  readonly middle: Float32Array
  /** Low-passes `input` into `middle`, from `carry` on. */
  readonly lowPass: () => void
  /** Outputs between the samples of `middle` from index `at` and phase `phase` on, valid until the next call. */
  readonly interpolate: (at: number, phase: number, count: number) => Float32Array
  readonly carry: number
}

/** Share of the lower Nyquist frequency that passes unchanged; the rest up to 1 is the transition. */
const PASS = 0.9125
const ATTENUATION_DB = 120
const BETA = 0.1102 * (ATTENUATION_DB - 8.7)
/** Above this many phases their weights are computed as they come instead of kept. */
const MAX_KEPT_PHASES = 65_536
/** Outputs of one call of the kernel. */
const MOST_OUTPUTS = 8192

/** Plans kept: few rates meet in a data set, but pitch shifts by random amounts would fill memory. */
const MAX_PLANS = 8
const plans = new Map<string, Plan>()

/** A plan serves one signal at a time: `through` takes it out of the shelf and `end` puts it back. */
function planFor(up: number, down: number): Plan {
  const key = `${up}/${down}`
  const plan = plans.get(key) ?? makePlan(up, down)
  plans.delete(key)
  return plan
}

function putBack(plan: Plan): void {
  plans.set(`${plan.up}/${plan.down}`, plan)
  if (plans.size > MAX_PLANS) plans.delete(plans.keys().next().value!)
}

/** The state of one signal on its way through a plan. */
function through(plan: Plan): Resampler {
  const { up, down, factor, half, hop, taps, input, middle, carry } = plan
  const fresh = 4 * hop
  const lengthOf = (samples: number) => Math.ceil((samples * up) / down)
  // The first block begins so early that the first output has all of its neighbours.
  let filled = half + taps
  input.fill(0)
  middle.fill(0)
  let origin = -carry - factor * taps
  let base = 0
  let phase = 0
  let received = 0
  let given = 0
  const outputs = (end: number, limit: number, take: (part: Float32Array) => void) => {
    let left = Math.min(limit - given, Math.ceil(((end - base) * up - phase) / (factor * down)))
    while (left > 0) {
      const count = Math.min(left, MOST_OUTPUTS)
      take(plan.interpolate(base - origin - (taps / 2 - 1), phase, count))
      const total = phase + count * factor * down
      base += Math.floor(total / up)
      phase = total % up
      given += count
      left -= count
    }
  }
  const blocks = (limit: number, take: (part: Float32Array) => void) => {
    plan.lowPass()
    outputs(origin + carry + factor * fresh - taps / 2, limit, take)
    middle.copyWithin(0, factor * fresh, factor * fresh + carry)
    origin += factor * fresh
    input.copyWithin(0, fresh)
    filled = input.length - fresh
  }
  return {
    lengthOf,
    push(samples, take) {
      received += samples.length
      for (let at = 0; at < samples.length; ) {
        const part = samples.subarray(at, at + input.length - filled)
        input.set(part, filled)
        filled += part.length
        at += part.length
        if (filled === input.length) blocks(Infinity, take)
      }
    },
    end(take) {
      const length = lengthOf(received)
      while (given < length) {
        input.fill(0, filled)
        blocks(length, take)
      }
      putBack(plan)
    },
  }
}

function makePlan(up: number, down: number): Plan {
  const factor: 1 | 2 = up / down > 0.5 ? 2 : 1
  const nyquist = Math.min(1, up / down) / 2 // in cycles an input sample
  const half = Math.ceil(kaiserLength((nyquist * (1 - PASS)) / factor) / (2 * factor))
  const block = 2 ** Math.max(10, Math.ceil(Math.log2(half * 8)))
  const hop = 4 * Math.floor((block - 2 * half) / 4) // whole vectors
  const taps = 2 * Math.ceil(kaiserLength(1 - (2 * nyquist) / factor) / 2)
  const room = 8 * Math.ceil(taps / 8)
  const carry = 2 * taps
  const phases = up <= MAX_KEPT_PHASES ? up : 1
  const arena = new Arena('filters of this ratio', 'resample in two steps')
  const fft = transformsOf(block, arena)
  const lengths = { input: 3 * hop + block, ones: block, data: 4 * block, middle: carry + 4 * factor * hop + room }
  const at = {
    input: arena.take(lengths.input),
    ones: arena.take(lengths.ones),
    data: arena.take(lengths.data * factor),
    transfers: Array.from({ length: factor }, () => arena.take(block + 2)),
    middle: arena.take(lengths.middle),
    weights: arena.take(phases * room),
    outputs: arena.take(MOST_OUTPUTS),
  }
  const kernels = kernelsIn(arena.memory)
  fft.start(kernels)
  arena.view(at.ones, block).fill(1)
  const cutoff = (nyquist * (1 + PASS)) / 2
  transfersOf(factor, half, block, cutoff / factor).forEach((values, k) =>
    arena.view(at.transfers[k]!, block + 2).set(values),
  )
  const weights = arena.view(at.weights, phases * room)
  const outputs = arena.view(at.outputs, MOST_OUTPUTS)
  const tables = { up, step: factor * down, taps, room, weights }
  const sizes = { up, down, factor, block, half, hop, taps, carry } as const
  return {
    ...sizes,
    input: arena.view(at.input, lengths.input),
    middle: arena.view(at.middle, lengths.middle),
    lowPass: lowPass(kernels, fft, { ...at, hop, half, block, factor, to: at.middle + 4 * carry }),
    interpolate: interpolation(kernels, tables, { ...at, view: outputs }),
  }
}

interface LowPassPlaces {
  readonly input: number
  readonly ones: number
  readonly data: number
  readonly transfers: readonly number[]
  readonly to: number
  readonly hop: number
  readonly half: number
  readonly block: number
  readonly factor: 1 | 2
}

function lowPass(kernels: Kernels, fft: Transforms, places: LowPassPlaces): () => void {
  const { input, ones, data, transfers, to, hop, half, block, factor } = places
  const first = data + 16 * 2 * half
  const end = first + 16 * hop
  const second = data + fft.bytes
  return () => {
    kernels['load']!(input, 4 * hop, ones, ones + 4 * block, data)
    fft.forward(data)
    const multiply = (transfer: number, result: number) => {
      kernels['filter']!(data, result, fft.places, fft.circle, transfer, fft.half)
      fft.inverse(result)
    }
    if (factor === 1) {
      multiply(transfers[0]!, data)
      kernels['unload']!(first, end, to, 4 * hop)
    } else {
      // Samples halfway between those of the input come from the odd taps of the filter, the others from the even ones.
      multiply(transfers[1]!, second)
      multiply(transfers[0]!, data)
      kernels['unloadPairs']!(first, end, fft.bytes, to, 8 * hop)
    }
  }
}

interface Tables {
  readonly up: number
  readonly step: number
  readonly taps: number
  /** Floats of a phase's weights: `taps`, then zeros. */
  readonly room: number
  readonly weights: Float32Array
}

function interpolation(
  kernels: Kernels,
  { up, step, taps, room, weights }: Tables,
  places: { readonly middle: number; readonly weights: number; readonly outputs: number; readonly view: Float32Array },
): Plan['interpolate'] {
  const known = new Uint8Array(weights.length / room)
  let missing = known.length
  const whole = 4 * Math.floor(step / up)
  const rest = step % up
  const run = (at: number, to: number, count: number, phase: number) => {
    const [first, out] = [places.middle + 4 * at, places.outputs + 4 * to]
    kernels['interpolate']!(first, out, out + 4 * count, places.weights, 4 * room, up, whole, rest, phase)
  }
  return (at, first, count) => {
    let phase = first
    let from = at
    for (let i = 0; missing > 0 && i < count; i++) {
      const row = known.length === up ? phase : 0
      if (known[row] === 0 || known.length < up) {
        phaseWeights(phase / up, taps, weights.subarray(row * room, (row + 1) * room))
        if (known.length === up) missing--
        known[row] = 1
      }
      if (known.length < up) run(from, i, 1, 0)
      phase += rest
      from += whole / 4
      if (phase >= up) {
        phase -= up
        from++
      }
    }
    if (known.length === up) run(at, 0, count, first)
    return places.view.subarray(0, count)
  }
}

/** Weights of the samples around a place `share` of the way from one sample to the next. */
function phaseWeights(share: number, taps: number, to: Float32Array): void {
  const weights = Float64Array.from({ length: taps }, (_, j) => {
    const x = j - (taps / 2 - 1) - share
    return sinc(x) * kaiser(x / (taps / 2))
  })
  const sum = weights.reduce((all, weight) => all + weight, 0)
  to.set(weights.map((weight) => weight / sum))
}

/** Taps of a Kaiser-windowed filter with this transition width, in cycles a sample. */
function kaiserLength(width: number): number {
  return (ATTENUATION_DB - 7.95) / (14.36 * width)
}

/**
 * Transfer functions of the sharp filter, real and imaginary part of each bin; for factor 2 that of its even taps, then of
 * its odd ones. Its delay of `half` input samples is undone by where blocks begin. Undoes the scale of the inverse, too.
 */
function transfersOf(factor: 1 | 2, half: number, block: number, cutoff: number): Float64Array[] {
  const fft = sharedFft(block)
  const middle = factor * half
  const re = new Float64Array(fft.bins)
  const im = new Float64Array(fft.bins)
  return Array.from({ length: factor }, (_, odd) => {
    const impulse = new Float64Array(block)
    for (let i = odd; i <= 2 * middle; i += factor) {
      const x = i - middle
      const tap = factor * 2 * cutoff * sinc(2 * cutoff * x) * kaiser(x / (middle + 1))
      impulse[(i - odd) / factor] = tap / (block / 2)
    }
    fft.forward(impulse, 0, new Float64Array(block).fill(1), re, im)
    return Float64Array.from({ length: 2 * fft.bins }, (_unused, k) => (k % 2 === 0 ? re : im)[k >> 1]!)
  })
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
