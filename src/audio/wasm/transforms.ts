/**
 * Tables and passes for four real transforms at a time (fft-kernels.ts) of any power of two, laid out in a wasm memory.
 * Counts room in an arena first; `start` fills the tables when all have counted.
 */
import type { Arena } from '../../lib/wasm/arena.ts'
import { NUMBER } from './fft-kernels.ts'
import type { Kernels } from './kernels.ts'

export interface Transforms {
  /** Numbers of one transform: half of its real samples. */
  readonly half: number
  /** Bytes that the numbers of four transforms take. */
  readonly bytes: number
  /** Byte offsets: where number k lies in a transformed block, and cos, sin of 2πk / (2·half) for k = 0 … half/2. */
  readonly places: number
  readonly circle: number
  start(kernels: Kernels): void
  forward(data: number): void
  inverse(data: number): void
}

interface Pass {
  readonly radix: 2 | 4
  /** Numbers between the inputs of a butterfly. */
  readonly span: number
  readonly factors: number
}

/** @param size real samples, a power of two from 8 on */
export function transformsOf(size: number, arena: Arena): Transforms {
  const half = size / 2
  const passes = passesOf(half, arena)
  const places = arena.take(half)
  const circle = arena.take(half + 2)
  const bytes = half * NUMBER
  const run = (kernels: Kernels, names: readonly [string, string, string], order: readonly Pass[], data: number) => {
    const end = data + bytes
    for (const { radix, span, factors } of order) {
      if (span === 1) kernels[names[1]]!(data, end)
      else kernels[names[radix === 4 ? 0 : 2]]!(data, end, span * NUMBER, radix * span * NUMBER, factors)
    }
  }
  let kernels: Kernels = {}
  return {
    half,
    bytes,
    places,
    circle,
    start(loaded) {
      kernels = loaded
      for (const { radix, span, factors } of passes)
        arena.view(factors, 2 * (radix - 1) * span).set(factorsOf(radix, span))
      new Int32Array(arena.memory.buffer, places, half).set(placesOf(half, passes))
      arena
        .view(circle, half + 2)
        .set(
          Float64Array.from({ length: half + 2 }, (_, i) =>
            (i % 2 === 0 ? Math.cos : Math.sin)((2 * Math.PI * (i >> 1)) / size),
          ),
        )
    },
    forward: (data) => run(kernels, ['radix4', 'radix4Last', 'radix2'], passes, data),
    inverse: (data) => run(kernels, ['inverse4', 'inverse4First', 'inverse2'], [...passes].reverse(), data),
  }
}

/** Radix 4 down to span 1; a length that is no power of 4 begins with radix 2. */
function passesOf(half: number, arena: Arena): Pass[] {
  const passes: Pass[] = []
  for (let length = half; length > 1; ) {
    const radix = passes.length === 0 && Math.log2(half) % 2 === 1 ? 2 : 4
    length /= radix
    passes.push({ radix, span: length, factors: arena.take(2 * (radix - 1) * length) })
  }
  return passes
}

/** exp(-2πi·j·m / (radix·span)) for j below the span and m from 1 below the radix. */
function factorsOf(radix: 2 | 4, span: number): Float64Array {
  const factors = new Float64Array(2 * (radix - 1) * span)
  for (let j = 0, at = 0; j < span; j++) {
    for (let m = 1; m < radix; m++) {
      const angle = (-2 * Math.PI * j * m) / (radix * span)
      factors[at++] = Math.cos(angle)
      factors[at++] = Math.sin(angle)
    }
  }
  return factors
}

/** The digits of k, the one of the first pass lowest, say which output of each pass it is. */
function placesOf(half: number, passes: readonly Pass[]): Int32Array {
  return Int32Array.from({ length: half }, (_, k) => {
    let place = 0
    let rest = k
    for (const { radix, span } of passes) {
      place += (rest % radix) * span
      rest = Math.floor(rest / radix)
    }
    return place * NUMBER
  })
}
