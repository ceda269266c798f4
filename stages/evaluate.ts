/**
 * `evaluate`: a trained model on rows it never saw, against predicting the mean. Uses the plain forward pass, no TensorFlow.
 * metrics.json depends on model and data alone; latency is a fact of the machine and stands in latency.json.
 */
import type { FeatureSet } from '../src/data/feature-set.ts'
import { writeAtomic } from '../src/lib/files.ts'
import type { ModelFile, Weights } from '../src/network.ts'
import { defineStage, type Metrics, type StageContext } from '../src/stage.ts'
import type { LossName } from '../src/compute/engine.ts'
import type { Predictions } from '../src/train/evaluation.ts'
import type { Latency } from '../src/train/latency.ts'
import { type EvaluationReport, mainScore } from '../src/train/report.ts'

interface Options {
  readonly latency_calls: number
  readonly latency_batch: number
}

/** latency.json */
export interface LatencyReport {
  readonly single: Latency
  readonly batch: Latency & { readonly size: number; readonly samples_per_second: number }
  readonly target_ms: number
}

const count = (standard: number, description: string) => ({
  type: 'integer',
  minimum: 1,
  default: standard,
  description,
})

export const evaluate = defineStage<Options>({
  kind: 'evaluate',
  summary: 'measure a model on held-out rows against the predict-the-mean baseline, and its size and latency',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      latency_calls: count(1000, 'Timed calls of the forward pass with one sample, in each of five rounds.'),
      latency_batch: count(64, 'Samples in one call for the batch latency.'),
    },
  },
  inputs: {
    model: { about: 'folder of a train stage: model.json and weights.safetensors' },
    features: { about: 'feature set the model was trained on; its test rows (or else val rows) are used' },
  },
  outputs: {
    'metrics.json': 'losses against the baseline, emotion scores, parameters and bytes',
    'predictions.json': 'emotions against labels, confused classes, or the error of every output: what reports draw',
    'latency.json': 'average, P95, P99 and histogram of single and batch calls on this machine',
  },
  run: evaluateModel,
})

async function evaluateModel(ctx: StageContext<Options>) {
  const [
    { readModel },
    { readFeatureSet, weightsOf },
    { decodeEmotion },
    { buildReport, chooseRows },
    { buildPredictions },
  ] = await Promise.all([
    import('../src/network/model-file.ts'),
    import('../src/data/feature-file.ts'),
    import('../src/features/emotion.ts'),
    import('../src/train/report.ts'),
    import('../src/train/predictions.ts'),
  ])
  const { model, weights } = readModel(ctx.inputs['model']!.path)
  const set = readFeatureSet(ctx.inputs['features']!.path)
  const heldOut = chooseRows(set.info)
  const rowWeights = weightsOf(ctx.inputs['features']!.path, set.info)
  const { predictions, inputs } = await predict(model, weights, set, heldOut.rows, rowWeights)
  const request = { model, set, heldOut, predictions, decodeEmotion }
  const report = buildReport(request)
  writeAtomic(ctx.out('metrics.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeAtomic(ctx.out('predictions.json'), `${JSON.stringify(buildPredictions(request))}\n`)
  ctx.signal.throwIfAborted()
  const latency = await measure(ctx.options, model, weights, inputs, heldOut.rows.length)
  writeAtomic(ctx.out('latency.json'), `${JSON.stringify(latency, null, 2)}\n`)
  return { metrics: flat(report, latency), headline: headline(report, latency), notes: report.notes }
}

async function predict(
  model: ModelFile,
  weights: Weights,
  { info, x, y }: FeatureSet,
  rows: readonly number[],
  rowWeights: Float32Array | undefined,
) {
  const [{ prepareForward }, { normalize }, { sizeOf }, { pickRows }, { classesOf }, split] = await Promise.all([
    import('../src/network/forward.ts'),
    import('../src/data/normalize.ts'),
    import('../src/network/shapes.ts'),
    import('../src/train/dataset.ts'),
    import('../src/train/targets.ts'),
    inputSplitter(model),
  ])
  const [xSize, ySize] = [sizeOf(info.xShape), sizeOf(info.yShape)]
  const inputs = normalize(pickRows(x, rows, xSize), model.normalizer, xSize)
  const pass = prepareForward(model.network, weights, rows.length)
  const prediction = pass(split(inputs, rows.length))[0]!.slice()
  const target = pickRows(y, rows, ySize)
  const [loss, size] = [model.loss as LossName, prediction.length / rows.length]
  const { padId } = model
  const predictions: Predictions = {
    loss,
    target,
    prediction,
    size,
    classes: classesOf(model.network),
    ...(padId === undefined ? {} : { padId }),
    ...(rowWeights ? { weights: Float32Array.from(rows, (row) => rowWeights[row]!) } : {}),
  }
  return { predictions, inputs }
}

/** Rows as they are stored → one array an input of the network. */
async function inputSplitter({ network }: ModelFile) {
  const [{ splitColumns }, { sizeOf }] = await Promise.all([
    import('../src/train/feed.ts'),
    import('../src/network/shapes.ts'),
  ])
  const sizes = network.inputs.map((input) => sizeOf(input.shape))
  return (flat: Float32Array, rows: number): Float32Array[] => {
    if (sizes.length === 1) return [flat]
    const into = sizes.map((size) => new Float32Array(rows * size))
    splitColumns(flat, flat.length / rows, into)
    return into
  }
}

/** Single calls go through the held-out rows in turn; batches are filled with them. */
async function measure(options: Options, model: ModelFile, weights: Weights, inputs: Float32Array, rows: number) {
  const [{ prepareForward }, { measureLatency }, split] = await Promise.all([
    import('../src/network/forward.ts'),
    import('../src/train/latency.ts'),
    inputSplitter(model),
  ])
  const { latency_calls: calls, latency_batch: size } = options
  const width = inputs.length / rows
  const row = (i: number) => inputs.subarray((i % rows) * width, ((i % rows) + 1) * width)
  const fed = Array.from({ length: rows }, (_, i) => split(row(i), 1))
  const single = prepareForward(model.network, weights, 1)
  const batch = prepareForward(model.network, weights, size)
  const many = new Float32Array(size * width)
  for (let i = 0; i < size; i++) many.set(row(i), i * width)
  const together = split(many, size)
  const inBatches = measureLatency(() => batch(together), Math.max(20, Math.ceil(calls / size)), 10)
  const report: LatencyReport = {
    single: measureLatency((i) => single(fed[i % rows]!), calls, Math.ceil(calls / 2)),
    batch: { ...inBatches, size, samples_per_second: Math.round((size * 1000) / inBatches.avg_ms) },
    target_ms: model.latencyTargetMs,
  }
  return report
}

/** Facts for the summary table, gates and `kpipe why`. */
function flat(report: EvaluationReport, { single, batch, target_ms }: LatencyReport): Metrics {
  const { rows, ...main } = mainScore(report)
  const axes = Object.entries(report.emotion ?? {}).flatMap(([axis, scores]) =>
    Object.entries(scores).map(([name, value]) => [`${axis}.${name}`, value] as const),
  )
  return {
    ...main,
    split: report.split,
    rows,
    labelled_rows: report.labelled?.rows ?? 0,
    ...Object.fromEntries(axes),
    parameters: report.parameters,
    bytes: report.bytes,
    'latency.avg_ms': single.avg_ms,
    'latency.p95_ms': single.p95_ms,
    'latency.p99_ms': single.p99_ms,
    'latency.batch_avg_ms': batch.avg_ms,
    'latency.batch_p99_ms': batch.p99_ms,
    'latency.target_ms': target_ms,
    'latency.within_target': single.p99_ms <= target_ms,
  }
}

function headline(report: EvaluationReport, { single }: LatencyReport): string {
  const { loss, improvement_percent, beats_baseline } = mainScore(report)
  const change = `${Math.abs(improvement_percent).toFixed(1)} % ${beats_baseline ? 'better' : 'worse'} than the mean`
  return `${report.split} ${report.loss} ${loss.toPrecision(3)}, ${change}, P99 ${single.p99_ms.toFixed(2)} ms`
}
