/** Numbers to pixels, and the round numbers that stand on an axis. */
import { niceStep } from '../lib/bins.ts'

export { niceStep } from '../lib/bins.ts'

export interface Scale {
  readonly map: (value: number) => number
  readonly ticks: readonly number[]
  readonly label: (tick: number) => string
}

export interface Range {
  readonly min: number
  readonly max: number
}

/** Smallest and greatest finite number, or null where there is none. */
export function extent(values: Iterable<number | null | undefined>): Range | null {
  let [min, max] = [Infinity, -Infinity]
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min <= max ? { min, max } : null
}

/** Widened to round numbers around it; one value alone gets room on both sides. */
export function niceRange({ min, max }: Range, count = 5): Range {
  if (isFlat({ min, max })) {
    const room = Math.abs(min) / 2 || 1
    return niceRange({ min: min - room, max: max + room }, count)
  }
  const step = niceStep(max - min, count)
  return { min: round(Math.floor(min / step + 1e-9) * step), max: round(Math.ceil(max / step - 1e-9) * step) }
}

/** Multiples of a round step within the range, both ends included where they are multiples. */
export function niceTicks({ min, max }: Range, count = 5): number[] {
  if (isFlat({ min, max })) return [min]
  const step = niceStep(max - min, count)
  const first = Math.ceil(min / step - 1e-9)
  const last = Math.floor(max / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step))
}

/** @param to pixels of min and max; the second may be the smaller one */
export function linearScale({ min, max }: Range, to: readonly [number, number], count = 5): Scale {
  const ticks = niceTicks({ min, max }, count)
  const step = round(ticks.length > 1 ? ticks[1]! - ticks[0]! : max - min)
  const span = max - min || 1
  return {
    map: (value) => to[0] + ((value - min) / span) * (to[1] - to[0]),
    ticks,
    label: (tick) => tickLabel(tick, step),
  }
}

/** Powers of ten, with 2 and 5 between them where the range is short. Both ends must be greater than 0. */
export function logScale({ min, max }: Range, to: readonly [number, number]): Scale {
  const [low, high] = min === max ? [min / 2, max * 2] : [min, max]
  const decades = Math.log10(high / low)
  const factors = decades > 2.5 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) {
      const tick = round(factor * 10 ** power)
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick)
    }
  }
  return {
    map: (value) => to[0] + (Math.log(value / low) / Math.log(high / low)) * (to[1] - to[0]),
    ticks: ticks.length > 0 ? ticks : [low, high],
    label: (tick) => tickLabel(tick, tick),
  }
}

/** With as many decimals as the step between ticks needs; very large and very small numbers in powers of ten. */
export function tickLabel(value: number, step: number): string {
  const size = Math.max(Math.abs(value), Math.abs(step))
  if (value === 0) return '0'
  if (size >= 1e6 || size < 1e-3) {
    const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9))
    return value.toExponential(Math.min(digits, 6)).replace('e+', 'e')
  }
  const decimals = Math.max(0, -Math.floor(Math.log10(Math.abs(step)) + 1e-9))
  const fits = Number(step.toFixed(decimals)) === step ? decimals : decimals + 1
  return value.toFixed(Math.min(fits, 6))
}

/** Both ends are the same number, as far as twelve digits tell. */
const isFlat = ({ min, max }: Range): boolean => max - min <= 1e-9 * Math.max(Math.abs(min), Math.abs(max))

/** Sums of steps without the noise of binary fractions. */
const round = (value: number): number => Number(value.toPrecision(12))
