/**
 * What `evaluate` says about a model: scores on held-out rows against predicting the mean, and sentences where the figures
 * mean little. Depends on model and data alone. Works on arrays in memory; how an emotion is decoded comes in as a function.
 */
import type { Emotion } from '../data/manifest.ts'
import type { FeatureSet, FeatureSetInfo, Split } from '../data/feature-set.ts'
import { UserError } from '../lib/errors.ts'
import type { ModelFile } from '../network.ts'
import { countParameters } from '../network/shapes.ts'
import { type AxisScore, constantGuess, type Predictions, type Score, score, scoreAxis } from './evaluation.ts'
import { mean } from './metrics.ts'

/** metrics.json. */
export interface EvaluationReport {
  readonly format: 'kpipe-evaluation/1'
  readonly model: string
  readonly task: string
  /** Which rows the figures are of: test, or val where nothing was held out for a test. */
  readonly split: Split
  readonly generated: boolean
  readonly loss: string
  readonly all: Score
  /** Only rows whose emotion is a label of the user's; null where there is none. */
  readonly labelled: Score | null
  /** For models that predict an emotion: decoded from the output, over labelled rows. */
  readonly emotion: { readonly valence: AxisScore; readonly arousal: AxisScore } | null
  readonly parameters: number
  /** Of the weights as float32. */
  readonly bytes: number
  readonly notes: readonly string[]
}

export interface HeldOut {
  readonly split: Split
  readonly rows: readonly number[]
}

/** The test rows, or val where there are none, or train as the last resort. @throws UserError for an empty set */
export function chooseRows({ rows }: FeatureSetInfo): HeldOut {
  for (const split of ['test', 'val', 'train'] as const) {
    const found = rows.flatMap((row, i) => (row.split === split ? [i] : []))
    if (found.length > 0) return { split, rows: found }
  }
  throw new UserError('the feature set has no rows', { hint: 'the report of validate says what was dropped' })
}

export interface ReportRequest {
  readonly model: ModelFile
  readonly set: FeatureSet
  readonly heldOut: HeldOut
  /** In the order of heldOut.rows. */
  readonly predictions: Predictions
  readonly decodeEmotion: (embedding: ArrayLike<number>) => Emotion
}

export function buildReport(request: ReportRequest): EvaluationReport {
  const { model, set, heldOut } = request
  const scores = scoreAll(request)
  const { total } = countParameters(model.network)
  return {
    format: 'kpipe-evaluation/1',
    model: model.id,
    task: model.task,
    split: heldOut.split,
    generated: set.info.generated,
    loss: model.loss,
    ...scores,
    parameters: total,
    bytes: total * 4,
    notes: notes(model, heldOut, scores),
  }
}

/** The score that counts: over labelled rows where the label is what is predicted. */
export function mainScore({ task, all, labelled }: Pick<EvaluationReport, 'task' | 'all' | 'labelled'>): Score {
  return predictsEmotion(task) && labelled ? labelled : all
}

type Scores = Pick<EvaluationReport, 'all' | 'labelled' | 'emotion'>

function scoreAll(request: ReportRequest): Scores {
  const { model, set, heldOut, predictions } = request
  const { info, y } = set
  const weightOf = (row: number) => info.rows[row]!.weight ?? 1
  const weights = predictions.weights && Float32Array.from(info.rows.keys(), weightOf)
  const train = info.rows.flatMap((row, i) => (row.split === 'train' ? [i] : []))
  const originals = train.filter((i) => !isAugmented(info.rows[i]!.id))
  const known = train.filter((i) => info.rows[i]!.labelled)
  const baselines = (subsets: readonly (readonly number[])[]) =>
    subsets
      .map((subset) => subset.filter((row) => weightOf(row) > 0))
      .filter((subset) => subset.length > 0)
      .map((subset) => constantGuess(predictions, y, subset, weights))
  const labelled = heldOut.rows.flatMap((row, i) => (info.rows[row]!.labelled ? [i] : []))
  return {
    all: needed(score(predictions, baselines([train, originals]), [...heldOut.rows.keys()]), heldOut.split),
    labelled: score(predictions, baselines([train, originals, known]), labelled),
    emotion: predictsEmotion(model.task) ? scoreEmotion(request, labelled, known) : null,
  }
}

function needed(score: Score | null, split: Split): Score {
  if (score) return score
  throw new UserError(`no ${split} row counts: their weights are 0, or all their targets are the padding id`, {
    hint: 'look at the weights in features.json and at pad_id',
  })
}

/** @param labelled positions in the predictions; @param known labelled training rows */
function scoreEmotion(
  { set: { info }, heldOut, predictions, decodeEmotion }: ReportRequest,
  labelled: readonly number[],
  known: readonly number[],
): EvaluationReport['emotion'] {
  if (labelled.length === 0 || known.length === 0) return null
  const { prediction, size } = predictions
  const decoded = labelled.map((i) => decodeEmotion(prediction.subarray(i * size, (i + 1) * size)))
  const weightOf = (row: number) => info.rows[row]!.weight ?? 1
  const axis = (name: 'valence' | 'arousal') =>
    scoreAxis(
      labelled.map((i) => info.rows[heldOut.rows[i]!]![name] ?? 0),
      decoded.map((emotion) => emotion[name]),
      mean(
        known.map((row) => info.rows[row]![name] ?? 0),
        known.map(weightOf),
      ),
      labelled.map((i) => weightOf(heldOut.rows[i]!)),
    )
  return { valence: axis('valence'), arousal: axis('arousal') }
}

/** The output is an emotion, so only labelled rows say how good it is. */
function predictsEmotion(task: string): boolean {
  return task === 'emotion_embedding'
}

/** Copies are named after their original with `#kind…`; `progressions.json#12` is an original. */
function isAugmented(id: string): boolean {
  return /#[a-z]+[^#/]*$/.test(id)
}

function notes(model: ModelFile, { split }: HeldOut, scores: Scores): string[] {
  const { labelled, emotion } = scores
  const said: string[] = []
  if (split === 'train') said.push(`${model.id}: nothing is held out, the figures are of the rows it was trained on`)
  if (!labelled && predictsEmotion(model.task)) {
    said.push(`${model.id}: no held-out row carries an emotion label, so nothing can be said about its emotions`)
    return said
  }
  const main = mainScore({ task: model.task, ...scores })
  if (!main.beats_baseline) {
    const figures = `${model.loss} ${main.loss.toPrecision(3)} against ${main.baseline_loss.toPrecision(3)}`
    said.push(`${model.id} does not beat predicting the mean: ${figures} on ${main.rows} ${split} rows`)
  }
  for (const name of ['valence', 'arousal'] as const) {
    const axis = emotion?.[name]
    if (!axis || axis.rmse < axis.baseline_rmse) continue
    const figures = `RMSE ${axis.rmse.toFixed(3)} against ${axis.baseline_rmse.toFixed(3)}`
    said.push(`${model.id}: ${name} is no better than the mean label (${figures})`)
  }
  if (!labelled) {
    said.push(`${model.id}: no held-out row carries an emotion label; its emotions are estimated or neutral`)
  }
  return said
}
