/** Values counted in round bins, for histograms in pictures and in text. */

export interface Bins {
  /** One more than counts, rising; [] where there are no values. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

/** Round bins over the values, about `count` of them; what is not finite is left out. */
export function binValues(values: readonly number[], count = 24): Bins {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return { edges: [], counts: [] }
  if (low === high) {
    // One bar around the only value with room beside it, so that it does not seem to be a range.
    const half = Math.abs(low) / 40 || 0.5
    const all = values.filter(Number.isFinite).length
    return { edges: [-5, -1, 1, 5].map((times) => low + times * half), counts: [0, all, 0] }
  }
  const step = niceStep(high - low, count)
  const first = Math.floor(low / step + 1e-9)
  // The greatest value belongs to the last bin, also where it stands on that bin's upper edge.
  const bins = Math.max(1, Math.ceil(high / step - 1e-9) - first)
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(value / step + 1e-9) - first))
    counts[bin] = counts[bin]! + 1
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
  return { edges, counts }
}

/** 1, 2 or 5 times a power of ten, such that about `count` steps fit. */
export function niceStep(span: number, count = 5): number {
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9))!
  return Number((factor * power).toPrecision(12))
}
