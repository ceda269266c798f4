/** How far a reader's outputs are from the trained model's, and where most. */

export interface Difference {
  /** Greatest |got - expected|; Infinity where a number is missing or not finite. */
  readonly maxAbsDiff: number
  /** The same divided by max(1, |expected|): float32 cannot be held to an absolute bound far from 1. Tolerances are about this. */
  readonly maxScaledDiff: number
  /** Where `maxScaledDiff` is, or null where there was nothing to compare. */
  readonly worst: {
    readonly row: number
    readonly index: number
    readonly expected: number
    readonly got: number
  } | null
}

/** @param rows rows of both arrays; `index` in the result counts inside a row */
export function compareOutputs(expected: Float32Array, got: Float32Array, rows: number): Difference {
  if (expected.length !== got.length) return { maxAbsDiff: Infinity, maxScaledDiff: Infinity, worst: null }
  const size = expected.length / rows
  let maxAbsDiff = 0
  let maxScaledDiff = -1
  let at = -1
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(got[i]! - expected[i]!)
    const diff = Number.isFinite(apart) ? apart : Infinity
    const scaled = diff / Math.max(1, Math.abs(expected[i]!))
    const bounded = Number.isNaN(scaled) ? Infinity : scaled
    maxAbsDiff = Math.max(maxAbsDiff, diff)
    if (bounded > maxScaledDiff) {
      maxScaledDiff = bounded
      at = i
    }
  }
  if (at < 0) return { maxAbsDiff, maxScaledDiff: 0, worst: null }
  const worst = { row: Math.floor(at / size), index: at % size, expected: expected[at]!, got: got[at]! }
  return { maxAbsDiff, maxScaledDiff, worst }
}
