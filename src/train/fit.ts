/**
 * The training loop. Approach: an epoch is a seeded order of the rows cut into batches; after it the validation loss is
 * taken, the best weights are remembered and the callbacks are told. Everything that decides how training goes on is in the
 * checkpoint or follows from (seed, epoch, step), so that a training that was interrupted anywhere ends with the bits of one
 * that was not. Leaves out how a step is computed (the engine) and where checkpoints come from (resume.ts).
 */
import { setImmediate as breathe } from 'node:timers/promises'
import type { LossName, Trainer } from '../compute/engine.ts'
import { UserError } from '../lib/errors.ts'
import type { Weights } from '../network.ts'
import type { Callback, EpochRecord } from './callback.ts'
import { type Position, saveCheckpoint } from './checkpoint.ts'
import { batchCount, type Dataset, epochOrder, nameRows, type NamedBatch, takeBatch } from './dataset.ts'
import { rowLosses } from './metrics.ts'
import { findCheckpoint, replay, type Run } from './resume.ts'
import { learningRateFactor, type Schedule } from './schedule.ts'

export interface FitOptions {
  readonly loss: LossName
  readonly epochs: number
  readonly batchSize: number
  readonly seed: number
  readonly learningRate: number
  readonly schedule: Schedule
  /** Result is the epoch with the best watched loss, not the last one. */
  readonly restoreBest: boolean
}

export interface FitRequest {
  readonly trainer: Trainer
  readonly data: Dataset
  readonly train: readonly number[]
  /** May be empty: then the training loss is watched. */
  readonly validation: readonly number[]
  readonly options: FitOptions
  /** Made anew for every try of a checkpoint, because a callback's state is what it has seen. */
  readonly callbacks: () => readonly Callback[]
  /** Folder of the checkpoints, or null. */
  readonly checkpoints: string | null
  /** Names the training: everything but the options that may change on resume. */
  readonly identity: string
  readonly signal: AbortSignal
  readonly onEpoch: (record: EpochRecord, samplesPerSecond: number) => void
  readonly log: (level: 'info' | 'warn', message: string) => void
}

export interface FitResult {
  readonly weights: Weights
  readonly history: readonly EpochRecord[]
  /** The record the weights belong to. */
  readonly chosen: EpochRecord
  /** Why it ended before its last epoch, or ''. */
  readonly stopped: string
  /** Finished epochs taken from a checkpoint. */
  readonly resumedFrom: number
}

/**
 * @throws UserError where the loss is not finite (epoch, batch and items named) or there is nothing to train on
 * @throws the signal's reason after saving a checkpoint, when aborted
 */
export async function fit(request: FitRequest): Promise<FitResult> {
  const { options, log } = request
  const session = await begin(request)
  const { run } = session
  const resumedFrom = run.history.length
  while (run.history.length < options.epochs && run.stopped === '') {
    const started = performance.now()
    const skipped = session.position.batch * options.batchSize
    const record = await trainEpoch(session)
    session.position = { epoch: record.epoch, batch: 0, lossSum: 0 }
    if (run.tell(record, false)) session.best = (await request.trainer.state()).weights
    request.onEpoch(record, ((request.train.length - skipped) * 1000) / (performance.now() - started))
    if (run.takeCheckpointRequest()) await save(session)
  }
  // Kept when the training is over, too: it is what a larger `epochs` continues from.
  await save(session)
  for (const callback of run.callbacks) callback.onTrainEnd?.(run.history)
  if (run.stopped) log('info', `stopped after epoch ${run.history.length}: ${run.stopped}`)
  const weights = options.restoreBest ? session.best! : (await request.trainer.state()).weights
  const chosen = run.history[(options.restoreBest ? run.bestEpoch : run.history.length) - 1]!
  return { weights, history: run.history, chosen, stopped: run.stopped, resumedFrom }
}

interface Session {
  readonly request: FitRequest
  readonly run: Run
  position: Position
  /** Weights after the best epoch so far. */
  best: Weights | null
  /** The newest checkpoint is of this very position. */
  saved: boolean
}

async function begin(request: FitRequest): Promise<Session> {
  if (request.train.length === 0) {
    throw new UserError('there is no row to train on', { hint: 'the report of validate says what was dropped' })
  }
  const found = findCheckpoint(request)
  if (!found) {
    const run = replay(request.callbacks(), [])
    return { request, run, position: { epoch: 0, batch: 0, lossSum: 0 }, best: null, saved: false }
  }
  await request.trainer.restore(found.checkpoint.engine)
  const { position, best } = found.checkpoint
  return { request, run: found.run, position, best, saved: true }
}

/** From where the position stands to the end of the epoch, validation loss included. */
async function trainEpoch(session: Session): Promise<EpochRecord> {
  const { trainer, data, train, validation, options, signal } = session.request
  const epoch = session.position.epoch + 1
  const order = epochOrder(train, options.seed, epoch)
  const batches = batchCount(order.length, options.batchSize)
  let rate = 0
  for (let index = session.position.batch; index < batches; index++) {
    await breathe() // Steps never leave this thread: without a pause ctrl-c would not be heard.
    if (signal.aborted) await save(session)
    signal.throwIfAborted()
    rate = rateAt(session, epoch - 1 + index / batches, 1 / batches)
    trainer.setLearningRate(rate)
    const batch = takeBatch(data, order, index, options.batchSize)
    const loss = await trainer.step(batch)
    if (!Number.isFinite(loss)) throw await notFinite(session.request, batch, `epoch ${epoch}, batch ${index + 1}`)
    const lossSum = session.position.lossSum + loss * batch.count
    session.position = { epoch: epoch - 1, batch: index + 1, lossSum }
    session.saved = false
  }
  const val_loss = validation.length > 0 ? await validate(session.request, epoch) : null
  return { epoch, loss: session.position.lossSum / order.length, val_loss, learning_rate: rate }
}

function rateAt({ request: { options }, run }: Session, progress: number, stepLength: number): number {
  const factor = learningRateFactor(options.schedule, progress, options.epochs, stepLength)
  return options.learningRate * factor * run.rateFactor
}

/** Mean over the validation rows, without dropout, whatever the batch size. */
async function validate(request: FitRequest, epoch: number): Promise<number> {
  const { trainer, data, validation, options } = request
  let sum = 0
  for (let index = 0; index < batchCount(validation.length, options.batchSize); index++) {
    const batch = takeBatch(data, validation, index, options.batchSize)
    const loss = await trainer.loss(batch)
    if (!Number.isFinite(loss)) throw await notFinite(request, batch, `the validation after epoch ${epoch}`)
    sum += loss * batch.count
  }
  return sum / validation.length
}

async function save(session: Session): Promise<void> {
  const { trainer, checkpoints, identity, options } = session.request
  if (!checkpoints || session.saved) return
  const { position, best, run } = session
  const engine = await trainer.state()
  saveCheckpoint(checkpoints, { identity, epochs: options.epochs, position, history: run.history, engine, best })
  session.saved = true
}

/** Says where it happened and which items did it; the weights are still those before the step. */
async function notFinite({ trainer, data, options }: FitRequest, batch: NamedBatch, where: string): Promise<UserError> {
  const [prediction] = await trainer.predict(batch.x, batch.count)
  const size = prediction!.length / options.batchSize
  const losses = rowLosses(options.loss, batch.y[0]!, prediction!.subarray(0, size * batch.count), size)
  const bad = batch.rows.filter((_, i) => !Number.isFinite(losses[i]!))
  const worst = batch.rows.map((row, i) => ({ row, loss: losses[i]! })).sort((a, b) => b.loss - a.loss)
  const largest = worst.slice(0, 3).map(({ row }) => row)
  const who =
    bad.length > 0
      ? `items ${nameRows(data, bad)}`
      : `a gradient overflows; the largest losses are of ${nameRows(data, largest)}`
  return new UserError(`the loss is not finite in ${where}: ${who}`, {
    hint: 'lower learning_rate, set clip_norm (1 is usual), or look at these items',
  })
}
