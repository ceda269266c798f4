/**
 * What a model said about its held-out rows, small enough to be drawn: emotions against labels, a confusion count of classes,
 * the error of every output. Depends on model and data alone. Works on arrays; decoding an emotion comes in as a function.
 */
import type { FeatureSetInfo, Split } from '../data/feature-set.ts'
import type { ReportRequest } from './report.ts'
import { meanTarget, rowMasses } from './evaluation.ts'
import { mean } from './metrics.ts'

/** predictions.json. Parts that do not fit the model are null. */
export interface PredictionsReport {
  readonly format: 'kpipe-predictions/1'
  readonly model: string
  readonly task: string
  readonly split: Split
  readonly generated: boolean
  /** For models that predict an emotion: label and decoded prediction of labelled rows. */
  readonly emotion: readonly EmotionPrediction[] | null
  /** For models that predict one class of several: how often which class was taken for which. */
  readonly classes: ClassCounts | null
  /** For models whose outputs have names: root mean square error of each. */
  readonly outputs: OutputErrors | null
}

export interface EmotionPrediction {
  readonly id: string
  /** [label, predicted], -1 … 1 */
  readonly valence: readonly [number, number]
  readonly arousal: readonly [number, number]
}

export interface ClassCounts {
  readonly labels: readonly string[]
  /** [class of the target, class predicted, rows]; the most probable one where the target is a distribution. */
  readonly counts: readonly (readonly [number, number, number])[]
}

export interface OutputErrors {
  readonly labels: readonly string[]
  readonly rmse: readonly number[]
  /** Of predicting the mean of the training rows. */
  readonly baseline_rmse: readonly number[]
}

/** More rows than this are thinned evenly: the file is for drawing. */
const MOST_ROWS = 2000
const CLASS_LOSSES: ReadonlySet<string> = new Set(['kl', 'cross_entropy', 'sparse_cross_entropy'])

export function buildPredictions(request: ReportRequest): PredictionsReport {
  const { model, set, heldOut, predictions } = request
  const isEmotion = model.task === 'emotion_embedding'
  const isClasses = CLASS_LOSSES.has(predictions.loss)
  const named = set.info.yLabels.length === predictions.size
  return {
    format: 'kpipe-predictions/1',
    model: model.id,
    task: model.task,
    split: heldOut.split,
    generated: set.info.generated,
    emotion: isEmotion ? emotions(request) : null,
    classes: isClasses ? countClasses(request) : null,
    outputs: !isEmotion && !isClasses && named ? outputErrors(request) : null,
  }
}

function emotions({ set, heldOut, predictions, decodeEmotion }: ReportRequest): EmotionPrediction[] {
  const { prediction, size } = predictions
  const labelled = heldOut.rows.flatMap((row, i) => (hasLabel(set.info, row) ? [{ row: set.info.rows[row]!, i }] : []))
  const every = Math.max(1, Math.ceil(labelled.length / MOST_ROWS))
  return labelled
    .filter((_, n) => n % every === 0)
    .map(({ row, i }) => {
      const decoded = decodeEmotion(prediction.subarray(i * size, (i + 1) * size))
      return {
        id: row.id,
        valence: [row.valence!, round(decoded.valence)],
        arousal: [row.arousal!, round(decoded.arousal)],
      }
    })
}

function hasLabel(info: FeatureSetInfo, row: number): boolean {
  const { labelled, valence, arousal } = info.rows[row]!
  return labelled && valence !== null && arousal !== null
}

function countClasses({ set, predictions }: ReportRequest): ClassCounts {
  const { target, prediction, classes, loss, padId } = predictions
  const counts = new Map<number, number>()
  for (let at = 0; at < prediction.length; at += classes) {
    const truth = loss === 'sparse_cross_entropy' ? target[at / classes]! : greatest(target, at, classes)
    if (truth === padId && loss === 'sparse_cross_entropy') continue
    const pair = truth * classes + greatest(prediction, at, classes)
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  const { yLabels } = set.info
  return {
    labels: yLabels.length === classes ? yLabels : Array.from({ length: classes }, (_, i) => `class ${i}`),
    counts: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([pair, rows]) => [Math.floor(pair / classes), pair % classes, rows] as const),
  }
}

function greatest(values: Float32Array, from: number, length: number): number {
  let best = 0
  for (let i = 1; i < length; i++) if (values[from + i]! > values[from + best]!) best = i
  return best
}

function outputErrors({ set, predictions }: ReportRequest): OutputErrors {
  const { target, prediction, size } = predictions
  const train = set.info.rows.flatMap((row, i) => (row.split === 'train' ? [i] : []))
  const all = predictions.weights && Float32Array.from(set.info.rows, ({ weight = 1 }) => weight)
  const means = train.length > 0 ? meanTarget(set.y, train, size, all) : new Float32Array(size)
  const masses = rowMasses(predictions)
  const errors = (guess: (at: number, output: number) => number) =>
    Array.from({ length: size }, (_, output) => {
      const errors = Float64Array.from(masses, (_, row) => {
        const at = row * size + output
        return (guess(at, output) - target[at]!) ** 2
      })
      return round(Math.sqrt(mean(errors, masses)))
    })
  return {
    labels: set.info.yLabels,
    rmse: errors((at) => prediction[at]!),
    baseline_rmse: errors((_, output) => means[output]!),
  }
}

const round = (value: number): number => Number(value.toPrecision(6))
