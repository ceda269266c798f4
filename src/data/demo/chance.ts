/**
 * Small chance and number helpers of the demo composer: weighted choice, bell curves, points spread over a square.
 * No music in here.
 */
import type { Random } from '../../lib/random.ts'

/** One item by weight; weights are ≥ 0 and at least one is positive. */
export function weighted<T>(rng: Random, choices: readonly (readonly [T, number])[]): T {
  let left = rng.next() * choices.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [item, weight] of choices) {
    left -= weight
    if (left < 0) return item
  }
  return choices.findLast(([, weight]) => weight > 0)![0]
}

/** True with the given probability. */
export function chance(rng: Random, probability: number): boolean {
  return rng.next() < probability
}

/** Unnormalised Gaussian: 1 at 0 distance, 0.61 at one `width`. */
export function bell(distance: number, width: number): number {
  return Math.exp(-(distance * distance) / (2 * width * width))
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** Remainder that is never negative. */
export function mod(value: number, base: number): number {
  return ((value % base) + base) % base
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/**
 * The n-th point of a sequence that fills [0, 1)² evenly from its first points on (R2, M. Roberts 2018), so that a small
 * demo covers the emotion square as well as a large one.
 */
export function spreadPoint(n: number, offset: readonly [number, number]): [number, number] {
  return [(offset[0] + n * 0.7548776662466927) % 1, (offset[1] + n * 0.5698402909980532) % 1]
}
