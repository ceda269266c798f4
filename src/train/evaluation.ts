/**
 * A model's predictions against the simplest guess there is: the mean of the training targets. Works on arrays; knows no
 * files, no network and no decoding of emotions (that comes in as a function).
 */
import type { LossName } from '../compute/engine.ts'
import { concordance, mean, rmse, rowLosses } from './metrics.ts'

/** Figures over a set of held-out rows. */
export interface Score {
  readonly rows: number
  readonly loss: number
  readonly baseline_loss: number
  /** 100 = no loss left, 0 = as good as the baseline, negative = worse. */
  readonly improvement_percent: number
  readonly beats_baseline: boolean
}

export interface Predictions {
  readonly loss: LossName
  /** [rows, size]; [rows, size / classes] ids for sparse_cross_entropy. */
  readonly target: Float32Array
  /** [rows, size] */
  readonly prediction: Float32Array
  readonly size: number
  /** Length of the last axis of one row. */
  readonly classes: number
  /** Positions with this target count nothing. */
  readonly padId?: number
  /** How much each row counts; absent = 1 each. */
  readonly weights?: Float32Array
}

/**
 * Mean of the given rows: the best constant for mse, bce, kl and cross-entropy.
 * @param y [all rows, size]
 * @param weights how much each of all rows counts; absent = 1 each
 */
export function meanTarget(
  y: Float32Array,
  rows: readonly number[],
  size: number,
  weights?: Float32Array,
): Float32Array {
  const sums = new Float64Array(size)
  let count = 0
  for (const row of rows) {
    const weight = weights?.[row] ?? 1
    count += weight
    for (let i = 0; i < size; i++) sums[i] = sums[i]! + weight * y[row * size + i]!
  }
  return Float32Array.from(sums, (sum) => sum / count)
}

/**
 * The best constant for these rows, one row of output: the mean of the targets, or the share of each class where targets
 * are ids.
 * @param y [all rows, numbers of a target]
 * @param weights how much each of all rows counts; absent = 1 each
 */
export function constantGuess(
  made: Predictions,
  y: Float32Array,
  rows: readonly number[],
  weights?: Float32Array,
): Float32Array {
  if (made.loss !== 'sparse_cross_entropy') return meanTarget(y, rows, made.size, weights)
  const steps = made.size / made.classes
  const shares = new Float32Array(made.classes)
  let counted = 0
  for (const row of rows) {
    const weight = weights?.[row] ?? 1
    for (const id of y.subarray(row * steps, (row + 1) * steps)) {
      if (id === made.padId) continue
      shares[id] = shares[id]! + weight
      counted += weight
    }
  }
  return repeat(
    shares.map((count) => count / counted),
    made.size,
  )
}

/** How much each row counts: its weight by the share of its positions that count. */
export function rowMasses({ target, prediction, size, classes, padId, weights }: Predictions): Float64Array {
  const steps = size / classes
  return Float64Array.from({ length: prediction.length / size }, (_, row) => {
    const weight = weights?.[row] ?? 1
    if (padId === undefined) return weight
    const kept = target.subarray(row * steps, (row + 1) * steps).filter((id) => id !== padId).length
    return (weight * kept) / steps
  })
}

/** @param positions which rows of the predictions to score; null where there is none that counts */
export function score(
  made: Predictions,
  baselines: readonly Float32Array[],
  positions: readonly number[],
): Score | null {
  const masses = rowMasses(made)
  const counting = positions.filter((i) => masses[i]! > 0)
  if (counting.length === 0) return null
  const over = (prediction: Float32Array) => {
    const losses = rowLosses(made.loss, made.target, prediction, made.size, made.classes, made.padId)
    return mean(
      counting.map((i) => losses[i]!),
      counting.map((i) => masses[i]!),
    )
  }
  const loss = over(made.prediction)
  // Of several constants the hardest to beat: augmented copies can make the mean of all rows a weak one.
  const baseline = Math.min(...baselines.map((constant) => over(repeat(constant, made.prediction.length))))
  const improvement = baseline === 0 ? (loss === 0 ? 0 : -Infinity) : 100 * (1 - loss / baseline)
  return {
    rows: counting.length,
    loss,
    baseline_loss: baseline,
    improvement_percent: Number.isFinite(improvement) ? improvement : -100,
    beats_baseline: loss < baseline,
  }
}

export interface AxisScore {
  readonly rmse: number
  readonly baseline_rmse: number
  /** Concordance; the baseline's is 0, as that of every constant. */
  readonly ccc: number
}

/** One axis (valence or arousal): labels, what was decoded from the predictions, mean of the training labels. */
export function scoreAxis(
  labels: readonly number[],
  decoded: readonly number[],
  trainMean: number,
  weights?: ArrayLike<number>,
): AxisScore {
  return {
    rmse: rmse(labels, decoded, weights),
    baseline_rmse: rmse(
      labels,
      labels.map(() => trainMean),
      weights,
    ),
    ccc: concordance(labels, decoded, weights),
  }
}

function repeat(row: Float32Array, length: number): Float32Array {
  const out = new Float32Array(length)
  for (let at = 0; at < length; at += row.length) out.set(row, at)
  return out
}
