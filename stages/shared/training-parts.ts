/**
 * What a training is set up with besides its data: the weights it starts from, the callbacks, the samples it shows.
 * Heavy rooms load when a stage runs.
 */
import { join } from 'node:path'
import type { Precision } from '../../src/compute/engine.ts'
import type { FeatureSetInfo } from '../../src/data/feature-set.ts'
import { UserError } from '../../src/lib/errors.ts'
import { canonical } from '../../src/lib/files.ts'
import type { ModelConfig } from '../../src/models/config.ts'
import type { Network, NormalizerData, Weights } from '../../src/network.ts'
import type { StageContext } from '../../src/stage.ts'
import type { CallbackRequest } from '../../src/train/callbacks.ts'
import type { Schedule } from '../../src/train/schedule.ts'

/** Options of the train stage. */
export interface TrainOptions extends Omit<ModelConfig, 'input_size' | 'output_size'> {
  /** Only compared with the features, where given. */
  readonly input_size?: number
  readonly output_size?: number
  readonly lr_schedule: Schedule['name'] | 'reduce_on_plateau'
  readonly warmup_epochs: number
  readonly lr_step_epochs: number
  readonly lr_step_factor: number
  readonly start_at_mean: boolean
  readonly restore_best: boolean
  readonly callbacks: readonly CallbackRequest[]
  readonly accumulate: number
  readonly init_from?: string
  readonly freeze: readonly string[]
  readonly sample_every: number
  readonly sample_count: number
  readonly stream_above_mb: number
  readonly device: string
  readonly engine: string
  readonly precision: Precision
}

/** The first weights, or another model's where the user names one. */
export async function startWeights(
  ctx: StageContext<TrainOptions>,
  network: Network,
  weights: Weights,
  normalizer: NormalizerData | null,
): Promise<{ readonly weights: Weights; readonly notes: readonly string[] }> {
  const { init, init_from } = ctx.inputs
  if (init && init_from)
    throw new UserError('the input init and the option init_from both name a model to start from', {
      hint: 'take one of them out',
    })
  const source = init ?? init_from
  if (!source) return { weights, notes: [] }
  const [{ readWeights }, { startFrom }] = await Promise.all([
    import('../../src/network/model-file.ts'),
    import('../../src/models/fine-tune.ts'),
  ])
  const other = readWeights(source.path)
  const start = startFrom(network, weights, other.weights)
  const name = ctx.options.init_from ?? source.stage ?? 'init'
  if (start.taken.length === 0) {
    throw new UserError(`no layer of ${name} fits this model`, { hint: start.kept.join('; ') })
  }
  ctx.log('info', `starts from ${name}: ${start.taken.join(', ')}`)
  const notes: string[] = []
  if (start.kept.length > 0) notes.push(`not from ${name}, but fresh: ${start.kept.join('; ')}`)
  if (start.unused.length > 0) notes.push(`layers of ${name} that are not used: ${start.unused.join(', ')}`)
  if (other.model && canonical(other.model.normalizer) !== canonical(normalizer))
    notes.push(`${name} was trained on inputs that were scaled otherwise`)
  return { weights: start.weights, notes }
}

export async function samplesOf(options: TrainOptions, info: FeatureSetInfo, classes: number, rows: readonly number[]) {
  const [{ sampleRows }, { outputWords }] = await Promise.all([
    import('../../src/train/samples.ts'),
    import('./output-words.ts'),
  ])
  const some = sampleRows(rows, options.sample_count)
  return { every: options.sample_every, rows: some, describe: outputWords(info, options, classes) }
}

/** Loads the user's own ones; event files go to where checkpoints are, which no hash sees. */
export async function callbacksOf(ctx: StageContext<TrainOptions>) {
  const [{ createCallback }, { loadOwnCallback }] = await Promise.all([
    import('../../src/train/callbacks.ts'),
    import('../../src/train/own-callback.ts'),
  ])
  const own = new Map<string, Awaited<ReturnType<typeof loadOwnCallback>>>()
  for (const [i, { file }] of ctx.options.callbacks.entries())
    if (file !== undefined) own.set(file, await loadOwnCallback(ctx.inputs[`callbacks[${i}]`]!.path, file))
  const lines = Object.entries(ctx.options).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`)
  const place = {
    out: (name: string) => ctx.out(name),
    logs: ctx.checkpoints && join(ctx.checkpoints, 'tensorboard'),
    about: [`${ctx.pipeline} ${ctx.stage}`, '', ...lines].join('\n'),
    log: (level: 'info' | 'warn', message: string) => ctx.log(level, message),
  }
  return () => callbackRequests(ctx.options).map((request) => createCallback(request, place, own))
}

/** Those that options of their own stand for, then the listed ones; a listed one of the same name takes its place. */
export function callbackRequests(options: TrainOptions): readonly CallbackRequest[] {
  const standard: CallbackRequest[] = [
    { name: 'ModelCheckpoint', every: options.checkpoint_every },
    { name: 'CSVLogger' },
  ]
  if (options.early_stopping_patience > 0)
    standard.push({ name: 'EarlyStopping', patience: options.early_stopping_patience })
  if (options.lr_schedule === 'reduce_on_plateau') standard.push({ name: 'ReduceLROnPlateau' })
  const listed = new Set(options.callbacks.map((request) => request.name))
  return [...standard.filter((request) => !listed.has(request.name)), ...options.callbacks]
}
