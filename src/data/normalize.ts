/**
 * Normalisers as data: offset and scale per feature, x' = (x - offset) / scale.
 * `standard`: offset = mean, scale = standard deviation (population, as scikit-learn's StandardScaler);
 * `minmax`: offset = least, scale = greatest - least, so that the train range maps to [0, 1].
 * A feature that is constant on the train split gets scale 1: it becomes 0 and stays finite on other splits.
 */
import type { NormalizerData } from '../network.ts'

/**
 * @param x [n, size], read only
 * @param rows which rows to fit on: those of the train split, or the held-out figures are flattered
 * @throws Error where `rows` is empty
 */
export function fitNormalizer(
  kind: NormalizerData['kind'],
  x: Float32Array,
  rows: readonly number[],
  size: number,
): NormalizerData {
  if (rows.length === 0) throw new Error('fitNormalizer: no rows to fit on')
  const fit = kind === 'standard' ? fitStandard : fitMinmax
  const offset: number[] = []
  const scale: number[] = []
  for (let column = 0; column < size; column++) {
    const [start, width] = fit(x, rows, size, column)
    // Rounded to float32, because that is what exports and the plug-in's loader hold.
    offset.push(Math.fround(start))
    scale.push(Math.fround(width > 1e-12 * Math.max(1, Math.abs(start)) ? width : 1))
  }
  return { kind, offset, scale }
}

/** A new array [n, size]; `normalizer` null copies. The arithmetic is float32, as in the exported model. */
export function normalize(x: Float32Array, normalizer: NormalizerData | null, size: number): Float32Array {
  if (!normalizer) return x.slice()
  const { offset, scale } = normalizer
  return x.map((value, i) => Math.fround(value - offset[i % size]!) / scale[i % size]!)
}

/** The inverse of `normalize`, up to float32 rounding. */
export function denormalize(x: Float32Array, normalizer: NormalizerData | null, size: number): Float32Array {
  if (!normalizer) return x.slice()
  const { offset, scale } = normalizer
  return x.map((value, i) => Math.fround(value * scale[i % size]!) + offset[i % size]!)
}

type Fit = (x: Float32Array, rows: readonly number[], size: number, column: number) => [number, number]

/** Two passes in double precision: one pass loses the variance of features with a large mean. */
const fitStandard: Fit = (x, rows, size, column) => {
  let sum = 0
  for (const row of rows) sum += x[row * size + column]!
  const mean = sum / rows.length
  let squares = 0
  for (const row of rows) squares += (x[row * size + column]! - mean) ** 2
  return [mean, Math.sqrt(squares / rows.length)]
}

const fitMinmax: Fit = (x, rows, size, column) => {
  let least = Infinity
  let greatest = -Infinity
  for (const row of rows) {
    const value = x[row * size + column]!
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  return [least, greatest - least]
}
