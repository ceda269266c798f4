/**
 * `train`: a feature set in, a model out. Networks live in src/models, engines in src/compute, the loop in src/train.
 * An interrupted training continues from its last checkpoint; a larger `epochs` continues a finished one.
 */
import { deviceOf } from '../src/compute/device.ts'
import type { EngineFeature, OptimizerConfig } from '../src/compute/engine.ts'
import { engines } from '../src/compute/index.ts'
import { LARGE_STEP } from '../src/compute/threads.ts'
import { canonical, sha256, writeAtomic } from '../src/lib/files.ts'
import { type NetworkConfig, optionSchema, trainingOptions } from '../src/models/config.ts'
import { stepWork } from '../src/models/work.ts'
import type { ModelFile, Network } from '../src/network.ts'
import type { FeatureSetInfo } from '../src/data/feature-set.ts'
import { defineStage, type StageContext } from '../src/stage.ts'
import type { TrainingData } from '../src/train/dataset.ts'
import { type EpochRecord, watched } from '../src/train/callback.ts'
import type { FitOptions, FitResult } from '../src/train/fit.ts'
import { standing } from '../src/train/patience.ts'
import { checkTraining } from './shared/training-checks.ts'
import { callbackRequests, callbacksOf, samplesOf, startWeights, type TrainOptions } from './shared/training-parts.ts'

/** Options that decide how long training goes on and what is kept of it, but not how a step is taken. */
const RESUMABLE = [
  'epochs',
  'early_stopping_patience',
  'checkpoint_every',
  'restore_best',
  'latency_target_ms',
  'task',
  'stream_above_mb',
] as const

export const train = defineStage<TrainOptions>({
  kind: 'train',
  summary: 'train a model on a feature set, with checkpoints, early stopping and the best weights kept',
  options: optionSchema(trainingOptions, ['model_id']),
  inputs: {
    features: { about: 'feature set of featurize or augment' },
    init: { about: 'a train stage whose weights this one starts from, as init_from does with files', required: false },
  },
  outputs: {
    'model.json': 'network, normaliser, labels and what was trained on',
    'weights.safetensors': 'weights of the best epoch, in Keras layouts',
    'history.csv': 'loss, validation loss and learning rate of every epoch',
    'history.json': 'the same as JSON',
    'samples.json': 'predictions of a few validation items every sample_every epochs, in words',
  },
  unkeyed: ['checkpoint_every', 'stream_above_mb'],
  // auto is the first engine, which comes with kpipe, on the cpu.
  keyed: ({ engine, device }) => ({
    engine: engine === 'auto' ? Object.keys(engines)[0] : engine,
    device: deviceOf(device),
  }),
  resume: { ignore: RESUMABLE },
  cores,
  // Sums are split otherwise on another number of threads.
  env: ['KPIPE_THREADS'],
  check: checkTraining,
  external,
  run: trainModel,
})

/** A step of a large model is shared by all cores, so two such trainings come one after the other. */
function cores(options: TrainOptions): 'one' | 'all' {
  if (deviceOf(options.device) === 'gpu' || options.engine === 'eager') return 'one'
  return stepWork(options as NetworkConfig & TrainOptions) < LARGE_STEP ? 'one' : 'all'
}

/** Files outside the pipeline: the model to start from, and callbacks of the user's own. */
function external({ init_from, callbacks }: TrainOptions) {
  const own = callbacks.flatMap(({ file }, i) => (file === undefined ? [] : [{ name: `callbacks[${i}]`, path: file }]))
  return [...(init_from === undefined ? [] : [{ name: 'init_from', path: init_from }]), ...own]
}

async function trainModel(ctx: StageContext<TrainOptions>) {
  const [{ fit }, { historyJson }, { samplesJson }, { writeModel }, { withoutFrozen }] = await Promise.all([
    import('../src/train/fit.ts'),
    import('../src/train/history.ts'),
    import('../src/train/samples.ts'),
    import('../src/network/model-file.ts'),
    import('../src/models/fine-tune.ts'),
  ])
  const { options, log } = ctx
  const { info, network, data, training, validation, close } = await load(ctx)
  const { trainer, engine, notes } = await prepare(ctx, info, network, data, training)
  for (const note of notes) log('warn', note)
  const result = await fit({
    trainer,
    data,
    train: training,
    validation,
    options: fitOptions(options),
    classes: network.classes,
    ...(await changeOf(info, network.network, data, training, options.loss)),
    samples: await samplesOf(options, info, network.classes, validation.length > 0 ? validation : training),
    callbacks: await callbacksOf(ctx),
    checkpoints: ctx.checkpoints,
    identity: identity(ctx, engine),
    signal: ctx.signal,
    onEpoch: (_, samplesPerSecond, history) => report(ctx, history, samplesPerSecond),
    log,
  }).finally(async () => {
    trainer.dispose()
    await close()
  })
  writeAtomic(ctx.out('history.json'), historyJson(result.history))
  if (options.sample_every > 0) writeAtomic(ctx.out('samples.json'), samplesJson(result.samples))
  writeModel(ctx.out(''), modelFile(options, withoutFrozen(network.network), info, result), result.weights)
  if (validation.length === 0) notes.push('no validation rows: the training loss chose the weights')
  return { metrics: await metrics(result, network.network), headline: headline(result), notes }
}

/** The network for the features, and rows with the normaliser applied; which of them are for what. */
async function load(ctx: StageContext<TrainOptions>) {
  const [{ rowsOf }, { refuseBadRows }, { idColumns, classesOf }, { buildNetwork }, { freezeLayers }, shared] =
    await Promise.all([
      import('../src/data/feature-file.ts'),
      import('../src/train/dataset.ts'),
      import('../src/train/targets.ts'),
      import('../src/models/index.ts'),
      import('../src/models/fine-tune.ts'),
      import('./shared/training-data.ts'),
    ])
  const { options, log } = ctx
  const dir = ctx.inputs['features']!.path
  const info = shared.featureInfo(dir)
  const network = freezeLayers(buildNetwork(shared.sizedConfig(options, info)), options.freeze)
  shared.checkFit(network, options.loss, info)
  const { data, streamed, close } = await shared.openData(dir, network, options.loss, options.stream_above_mb * 2 ** 20)
  if (streamed) log('info', `the features are larger than ${options.stream_above_mb} MiB: rows are read as needed`)
  const [training, validation] = [rowsOf(info, 'train'), rowsOf(info, 'val')]
  await refuseBadRows(data, [...training, ...validation], idColumns(network, options.loss, options.pad_id))
  return { info, network: { network, classes: classesOf(network) }, data, training, validation, close }
}

/** What the features say is to happen to rows while they are read (`augment: online`). */
async function changeOf(
  { online, normalizer }: FeatureSetInfo,
  network: Network,
  data: TrainingData,
  training: readonly number[],
  loss: string,
) {
  if (!online) return {}
  const { onlineChanges, refuseIds } = await import('../src/train/online.ts')
  refuseIds(network, loss)
  return { change: onlineChanges(data, training, online, normalizer) }
}

async function prepare(
  ctx: StageContext<TrainOptions>,
  info: FeatureSetInfo,
  { network, classes }: { network: Network; classes: number },
  data: TrainingData,
  training: readonly number[],
) {
  const [{ initialWeights, startAtMean }, { chooseEngine }, { targetMeans }] = await Promise.all([
    import('../src/models/index.ts'),
    import('../src/compute/index.ts'),
    import('../src/train/targets.ts'),
  ])
  const { options } = ctx
  const { loss, batch_size: batchSize, seed } = options
  const random = initialWeights(network, seed)
  const means = async () => [await targetMeans(data, training, loss, classes, options.pad_id)]
  const first = options.start_at_mean && training.length > 0 ? startAtMean(network, random, await means()) : random
  const start = await startWeights(ctx, network, first, info.normalizer)
  const needs: EngineFeature[] = []
  if (options.accumulate > 1) needs.push('accumulate')
  if (options.freeze.length > 0) needs.push('freeze')
  const device = deviceOf(options.device)!
  if (device === 'gpu') needs.push('gpu')
  const engine = await chooseEngine(options.engine, needs)
  const { precision } = options
  const config = {
    network,
    loss,
    optimizer: optimizer(options),
    batchSize,
    seed,
    device,
    precision,
    ...padding(options),
  }
  const trainer = await engine.create(config, start.weights)
  return { trainer, engine: engine.name, notes: [...trainer.notes, ...start.notes] }
}

function report(ctx: StageContext<TrainOptions>, history: readonly EpochRecord[], speed: number): void {
  const { epoch, loss, val_loss, learning_rate } = history.at(-1)!
  const stopping = callbackRequests(ctx.options).find((request) => request.name === 'EarlyStopping') ?? null
  const { best, patienceLeft } = standing(history, stopping && { patience: 10, ...stopping })
  const validation: Record<string, number> = val_loss === null ? {} : { val_loss }
  const patience: Record<string, number> = patienceLeft === null ? {} : { patience_left: patienceLeft }
  const ofBest = { best: watched(best), best_epoch: best.epoch, ...patience }
  const metrics = { loss, ...validation, learning_rate, samples_per_second: Math.round(speed), ...ofBest }
  ctx.progress({ done: epoch, total: ctx.options.epochs, unit: 'epochs', metrics })
}

function optimizer(options: TrainOptions): OptimizerConfig {
  return {
    name: options.optimizer,
    learningRate: options.learning_rate,
    weightDecay: options.weight_decay,
    momentum: options.momentum,
    clipNorm: options.clip_norm,
  }
}

function padding({ pad_id }: TrainOptions): { readonly padId?: number } {
  return pad_id === undefined ? {} : { padId: pad_id }
}

function fitOptions(options: TrainOptions): FitOptions {
  return {
    loss: options.loss,
    epochs: options.epochs,
    batchSize: options.batch_size,
    ...padding(options),
    accumulate: options.accumulate,
    seed: options.seed,
    learningRate: options.learning_rate,
    restoreBest: options.restore_best,
    schedule: {
      // The callback lowers the rate; the schedule itself stays out of its way.
      name: options.lr_schedule === 'reduce_on_plateau' ? 'constant' : options.lr_schedule,
      warmupEpochs: options.warmup_epochs,
      stepEpochs: options.lr_step_epochs,
      stepFactor: options.lr_step_factor,
    },
  }
}

/** What a checkpoint must have been made with to be of use: the data, the engine and every option that changes a step. */
function identity(ctx: StageContext<TrainOptions>, engine: string): string {
  const other: readonly string[] = [...RESUMABLE, 'engine', 'device']
  const fixed = Object.entries(ctx.options).filter(([name]) => !other.includes(name))
  const inputs = Object.fromEntries(Object.entries(ctx.inputs).map(([name, input]) => [name, input.hash]))
  const device = deviceOf(ctx.options.device)
  return sha256(canonical({ options: Object.fromEntries(fixed), engine, device, inputs }))
}

function modelFile(options: TrainOptions, network: Network, info: FeatureSetInfo, result: FitResult): ModelFile {
  const count = (split: string) => info.rows.filter((row) => row.split === split).length
  return {
    format: 'kpipe-model/1',
    id: options.model_id,
    task: options.task,
    network,
    loss: options.loss,
    ...padding(options),
    normalizer: info.normalizer,
    feature: {
      name: info.feature,
      options: info.options,
      generated: info.generated,
      ...(info.estimated ? { estimated: info.estimated } : {}),
    },
    labels: info.yLabels,
    training: {
      epochs: result.history.length,
      bestEpoch: result.chosen.epoch,
      trainLoss: result.chosen.loss,
      valLoss: result.chosen.val_loss,
      seed: options.seed,
      examples: { train: count('train'), val: count('val'), test: count('test') },
    },
    latencyTargetMs: options.latency_target_ms,
  }
}

async function metrics({ chosen, history }: FitResult, network: Network) {
  const { parameterCount } = await import('../src/network/shapes.ts')
  return {
    train_loss: chosen.loss,
    val_loss: chosen.val_loss,
    best_epoch: chosen.epoch,
    epochs_run: history.length,
    parameters: parameterCount(network),
  }
}

function headline({ chosen, history }: FitResult): string {
  const loss =
    chosen.val_loss === null ? `loss ${chosen.loss.toPrecision(3)}` : `val_loss ${chosen.val_loss.toPrecision(3)}`
  return `${loss} at epoch ${chosen.epoch} of ${history.length}`
}
