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
  const fit = normalizerFit(kind, size)
  for (let pass = 0; pass < fit.passes; pass++) {
    for (const row of rows) fit.add(x, row * size)
    fit.endPass()
  }
  return fit.result()
}

/** A fit that is shown the rows one by one, as often as `passes` says: for sets that are not held in memory. */
export interface NormalizerFit {
  readonly passes: number
  /** The row that begins at number `from`. */
  add(x: Float32Array, from: number): void
  endPass(): void
  /** @throws Error where no row was shown */
  result(): NormalizerData
}

export function normalizerFit(kind: NormalizerData['kind'], size: number): NormalizerFit {
  const fit = kind === 'standard' ? standardFit(size) : minmaxFit(size)
  let shown = 0
  return {
    ...fit,
    add: (x, from) => {
      shown++
      fit.add(x, from)
    },
    result: () => {
      if (shown === 0) throw new Error('fitNormalizer: no rows to fit on')
      const columns = fit.columns()
      return {
        kind,
        // Rounded to float32, because that is what exports and the plug-in's loader hold.
        offset: columns.map(([start]) => Math.fround(start)),
        scale: columns.map(([start, width]) => Math.fround(width > 1e-12 * Math.max(1, Math.abs(start)) ? width : 1)),
      }
    },
  }
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

interface Columns extends Omit<NormalizerFit, 'result'> {
  /** Offset and scale of every column. */
  columns(): (readonly [number, number])[]
}

/** Two passes in double precision: one pass loses the variance of features with a large mean. */
function standardFit(size: number): Columns {
  const mean = new Float64Array(size)
  const squares = new Float64Array(size)
  let rows = 0
  let pass = 0
  return {
    passes: 2,
    add: (x, from) => {
      if (pass === 0) {
        rows++
        for (let column = 0; column < size; column++) mean[column]! += x[from + column]!
      } else for (let column = 0; column < size; column++) squares[column]! += (x[from + column]! - mean[column]!) ** 2
    },
    endPass: () => {
      if (pass++ === 0) for (let column = 0; column < size; column++) mean[column]! /= rows
    },
    columns: () => Array.from(mean, (value, column) => [value, Math.sqrt(squares[column]! / rows)] as const),
  }
}

function minmaxFit(size: number): Columns {
  const least = new Float64Array(size).fill(Infinity)
  const greatest = new Float64Array(size).fill(-Infinity)
  return {
    passes: 1,
    add: (x, from) => {
      for (let column = 0; column < size; column++) {
        const value = x[from + column]!
        if (value < least[column]!) least[column] = value
        if (value > greatest[column]!) greatest[column] = value
      }
    },
    endPass: () => {},
    columns: () => Array.from(least, (value, column) => [value, greatest[column]! - value] as const),
  }
}
