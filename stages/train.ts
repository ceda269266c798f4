/**
 * `train`: a feature set in, a model out. Networks live in src/models, engines in src/compute, the loop in src/train.
 * An interrupted training continues from its last checkpoint; a larger `epochs` continues a finished one.
 */
import { engineNames } from '../src/compute/index.ts'
import type { OptimizerConfig } from '../src/compute/engine.ts'
import { canonical, sha256, writeAtomic } from '../src/lib/files.ts'
import { UserError } from '../src/lib/errors.ts'
import { type ModelConfig, optionSchema, trainingOptions } from '../src/models/config.ts'
import type { ModelFile, Network } from '../src/network.ts'
import type { FeatureSet } from '../src/data/feature-set.ts'
import { defineStage, type OptionProblem, type StageContext } from '../src/stage.ts'
import { type CallbackRequest, checkCallbacks } from '../src/train/callbacks.ts'
import type { EpochRecord } from '../src/train/callback.ts'
import type { FitOptions, FitResult } from '../src/train/fit.ts'
import type { Schedule } from '../src/train/schedule.ts'

interface Options extends Omit<ModelConfig, 'input_size' | 'output_size'> {
  /** Only compared with the features, where given. */
  readonly input_size?: number
  readonly output_size?: number
  readonly lr_schedule: Schedule['name']
  readonly warmup_epochs: number
  readonly lr_step_epochs: number
  readonly lr_step_factor: number
  readonly start_at_mean: boolean
  readonly restore_best: boolean
  readonly callbacks: readonly CallbackRequest[]
  readonly device: string
  readonly engine: string
}

/** Options that decide how long training goes on and what is kept of it, but not how a step is taken. */
const RESUMABLE = [
  'epochs',
  'early_stopping_patience',
  'checkpoint_every',
  'restore_best',
  'latency_target_ms',
  'task',
] as const

export const train = defineStage<Options>({
  kind: 'train',
  summary: 'train a model on a feature set, with checkpoints, early stopping and the best weights kept',
  options: optionSchema(trainingOptions, ['model_id']),
  inputs: { features: { about: 'feature set of featurize or augment' } },
  outputs: {
    'model.json': 'network, normaliser, labels and what was trained on',
    'weights.safetensors': 'weights of the best epoch, in Keras layouts',
    'history.csv': 'loss, validation loss and learning rate of every epoch',
    'history.json': 'the same as JSON',
  },
  unkeyed: ['checkpoint_every'],
  resume: { ignore: RESUMABLE },
  check,
  run: trainModel,
})

function check(options: Options): readonly OptionProblem[] {
  const problems: OptionProblem[] = checkCallbacks(options.callbacks).map(({ path, ...rest }) => ({
    path: ['callbacks', ...path],
    ...rest,
  }))
  if (!engineNames.includes(options.engine)) {
    problems.push({
      path: ['engine'],
      message: `there is no engine "${options.engine}"`,
      hint: `write one of: ${engineNames.join(', ')}`,
    })
  }
  if (options.device !== 'auto' && options.device !== 'cpu') {
    const known = ['cuda', 'mps', 'gpu'].includes(options.device)
    const message = known ? `no engine here can train on ${options.device}` : `there is no device "${options.device}"`
    problems.push({ path: ['device'], message, hint: 'the engines here run on the cpu: write auto or cpu' })
  }
  const needed = neededActivation(options.loss)
  if (needed && !needed.includes(options.output_activation)) {
    const message = `loss ${options.loss} needs probabilities, output_activation is ${options.output_activation}`
    problems.push({ path: ['output_activation'], message, hint: `write ${needed[0]}` })
  }
  return problems
}

function neededActivation(loss: string): readonly string[] | null {
  if (loss === 'bce') return ['sigmoid', 'softmax']
  return ['kl', 'cross_entropy'].includes(loss) ? ['softmax'] : null
}

async function trainModel(ctx: StageContext<Options>) {
  const [{ fit }, { createCallback }, { historyJson }, { writeModel }] = await Promise.all([
    import('../src/train/fit.ts'),
    import('../src/train/callbacks.ts'),
    import('../src/train/history.ts'),
    import('../src/network/model-file.ts'),
  ])
  const { options, log } = ctx
  const { set, data, training, validation } = await load(ctx)
  const { trainer, network, engine } = await prepare(options, set, training)
  for (const note of trainer.notes) log('warn', note)
  const result = await fit({
    trainer,
    data,
    train: training,
    validation,
    options: fitOptions(options),
    callbacks: () => callbackRequests(options).map((request) => createCallback(request, ctx)),
    checkpoints: ctx.checkpoints,
    identity: identity(ctx, engine),
    signal: ctx.signal,
    onEpoch: (record, samplesPerSecond) => report(ctx, record, samplesPerSecond),
    log,
  }).finally(() => trainer.dispose())
  writeAtomic(ctx.out('history.json'), historyJson(result.history))
  writeModel(ctx.out(''), modelFile(options, network, set, result), result.weights)
  const notes = [...trainer.notes]
  if (validation.length === 0) notes.push('no validation rows: the training loss chose the weights')
  return { metrics: await metrics(result, network), headline: headline(result), notes }
}

/** Rows with the normaliser applied, and which of them are for what. */
async function load(ctx: StageContext<Options>) {
  const [{ readFeatureSet, rowsOf }, { normalize }, { refuseNonFinite }] = await Promise.all([
    import('../src/data/feature-file.ts'),
    import('../src/data/normalize.ts'),
    import('../src/train/dataset.ts'),
  ])
  const set = readFeatureSet(ctx.inputs['features']!.path)
  const { input_size: xSize, output_size: ySize } = checkedSizes(ctx.options, set)
  const x = normalize(set.x, set.info.normalizer, xSize)
  const data = { x, y: set.y, xSize, ySize, ids: set.info.rows.map((row) => row.id) }
  const [training, validation] = [rowsOf(set.info, 'train'), rowsOf(set.info, 'val')]
  refuseNonFinite(data, [...training, ...validation])
  return { set, data, training, validation }
}

async function prepare(options: Options, set: FeatureSet, training: readonly number[]) {
  const [{ buildNetwork, initialWeights, startAtMean }, { chooseEngine }, { meanTarget }] = await Promise.all([
    import('../src/models/index.ts'),
    import('../src/compute/index.ts'),
    import('../src/train/evaluation.ts'),
  ])
  const sizes = checkedSizes(options, set)
  const network = buildNetwork({ ...options, ...sizes })
  const random = initialWeights(network, options.seed)
  const means = () => [meanTarget(set.y, training, sizes.output_size)]
  const weights = options.start_at_mean && training.length > 0 ? startAtMean(network, random, means()) : random
  const engine = await chooseEngine(options.engine)
  const { loss, batch_size: batchSize, seed } = options
  const trainer = await engine.create({ network, loss, optimizer: optimizer(options), batchSize, seed }, weights)
  return { trainer, network, engine: engine.name }
}

function report(
  ctx: StageContext<Options>,
  { epoch, loss, val_loss, learning_rate }: EpochRecord,
  speed: number,
): void {
  const validation: Record<string, number> = val_loss === null ? {} : { val_loss }
  const metrics = { loss, ...validation, learning_rate, samples_per_second: Math.round(speed) }
  ctx.progress({ done: epoch, total: ctx.options.epochs, unit: 'epochs', metrics })
}

/** @throws UserError where the config and the features do not fit */
function checkedSizes(options: Options, { info }: FeatureSet): { input_size: number; output_size: number } {
  const sizes = { input_size: product(info.xShape), output_size: product(info.yShape) }
  for (const name of ['input_size', 'output_size'] as const) {
    const said = options[name]
    if (said === undefined || said === sizes[name]) continue
    throw new UserError(`${name} is ${said}, but the feature "${info.feature}" gives ${sizes[name]}`, {
      hint: `write ${name}: ${sizes[name]}, or leave it out`,
    })
  }
  return sizes
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1)
}

function optimizer(options: Options): OptimizerConfig {
  return {
    name: options.optimizer,
    learningRate: options.learning_rate,
    weightDecay: options.weight_decay,
    momentum: options.momentum,
    clipNorm: options.clip_norm,
  }
}

function fitOptions(options: Options): FitOptions {
  return {
    loss: options.loss,
    epochs: options.epochs,
    batchSize: options.batch_size,
    seed: options.seed,
    learningRate: options.learning_rate,
    restoreBest: options.restore_best,
    schedule: {
      name: options.lr_schedule,
      warmupEpochs: options.warmup_epochs,
      stepEpochs: options.lr_step_epochs,
      stepFactor: options.lr_step_factor,
    },
  }
}

/** Those that options of their own stand for, then the listed ones; a listed one of the same name takes its place. */
function callbackRequests(options: Options): readonly CallbackRequest[] {
  const standard: CallbackRequest[] = [
    { name: 'ModelCheckpoint', every: options.checkpoint_every },
    { name: 'CSVLogger' },
  ]
  if (options.early_stopping_patience > 0)
    standard.push({ name: 'EarlyStopping', patience: options.early_stopping_patience })
  const listed = new Set(options.callbacks.map((request) => request.name))
  return [...standard.filter((request) => !listed.has(request.name)), ...options.callbacks]
}

/** What a checkpoint must have been made with to be of use: the data, the engine and every option that changes a step. */
function identity(ctx: StageContext<Options>, engine: string): string {
  const fixed = Object.entries(ctx.options).filter(([name]) => !(RESUMABLE as readonly string[]).includes(name))
  return sha256(canonical({ options: Object.fromEntries(fixed), engine, features: ctx.inputs['features']!.hash }))
}

function modelFile(options: Options, network: Network, { info }: FeatureSet, result: FitResult): ModelFile {
  const count = (split: string) => info.rows.filter((row) => row.split === split).length
  return {
    format: 'kpipe-model/1',
    id: options.model_id,
    task: options.task,
    network,
    loss: options.loss,
    normalizer: info.normalizer,
    feature: { name: info.feature, options: info.options, generated: info.generated },
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
