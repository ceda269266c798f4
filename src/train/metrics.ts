/** Losses and scores on plain arrays, for evaluation and messages; the same definitions as compute/losses.ts. */
import type { LossName } from '../compute/engine.ts'

const EPSILON = 1e-7

/**
 * Loss of each row, over the positions that count; 0 where none does.
 * @param target [rows, size]; [rows, size / classes] ids for sparse_cross_entropy
 * @param prediction [rows, size] after the output activation
 * @param classes length of the last axis (kl and cross-entropies are summed over it, then averaged)
 * @param padId positions with this target count nothing (sparse_cross_entropy)
 */
export function rowLosses(
  name: LossName,
  target: Float32Array,
  prediction: Float32Array,
  size: number,
  classes = size,
  padId?: number,
): Float64Array {
  const rows = prediction.length / size
  const losses = new Float64Array(rows)
  const summed = name === 'kl' || name === 'cross_entropy' || name === 'sparse_cross_entropy'
  for (let row = 0; row < rows; row++) {
    let [sum, counted] = [0, summed ? size / classes : size]
    if (name === 'sparse_cross_entropy') {
      for (let at = 0; at < size; at += classes) {
        const id = target[(row * size + at) / classes]!
        if (id === padId) counted--
        else sum -= Math.log(Math.max(prediction[row * size + at + id]!, EPSILON))
      }
    } else {
      for (let i = row * size; i < (row + 1) * size; i++) sum += elementLoss(name, target[i]!, prediction[i]!)
    }
    losses[row] = counted > 0 ? sum / counted : 0
  }
  return losses
}

/** @param weights how much each value counts; absent = alike */
export function mean(values: ArrayLike<number>, weights?: ArrayLike<number>): number {
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const weight = weights?.[i] ?? 1
    sum += values[i]! * weight
    count += weight
  }
  return sum / count
}

export function rmse(target: readonly number[], prediction: readonly number[], weights?: ArrayLike<number>): number {
  return Math.sqrt(
    mean(
      target.map((value, i) => (value - prediction[i]!) ** 2),
      weights,
    ),
  )
}

/** Lin's concordance correlation coefficient (1989), with population moments: 1 = equal, 0 for a constant guess. */
export function concordance(
  target: readonly number[],
  prediction: readonly number[],
  weights?: ArrayLike<number>,
): number {
  const average = (values: readonly number[]) => mean(values, weights)
  const [a, b] = [average(target), average(prediction)]
  const covariance = average(target.map((value, i) => (value - a) * (prediction[i]! - b)))
  const spread = (values: readonly number[], middle: number) => average(values.map((value) => (value - middle) ** 2))
  const below = spread(target, a) + spread(prediction, b) + (a - b) ** 2
  return below === 0 ? 1 : (2 * covariance) / below
}

/** Nearest-rank percentile of unsorted values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
}

function elementLoss(name: Exclude<LossName, 'sparse_cross_entropy'>, y: number, p: number): number {
  switch (name) {
    case 'mse':
      return (p - y) ** 2
    case 'mae':
      return Math.abs(p - y)
    case 'bce': {
      const q = Math.min(Math.max(p, EPSILON), 1 - EPSILON)
      return -y * Math.log(q) - (1 - y) * Math.log(1 - q)
    }
    case 'kl':
      return y * (Math.log(Math.max(y, EPSILON)) - Math.log(Math.max(p, EPSILON)))
    case 'cross_entropy':
      return -y * Math.log(Math.max(p, EPSILON))
  }
}
