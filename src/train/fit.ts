/**
 * The training loop. Approach: an epoch is a seeded order of the rows cut into batches; after it the validation loss is
 * taken, the best weights are remembered and the callbacks are told. Everything that decides how training goes on is in the
 * checkpoint or follows from (seed, epoch, step), so that a training that was interrupted anywhere ends with the bits of one
 * that was not. Leaves out how a step is computed (the engine) and where checkpoints come from (resume.ts).
 */
import { setImmediate as breathe } from 'node:timers/promises'
import type { LossName, Trainer } from '../compute/engine.ts'
import { massOf } from '../compute/weights.ts'
import { UserError } from '../lib/errors.ts'
import type { Weights } from '../network.ts'
import type { Callback, EpochRecord } from './callback.ts'
import { type Position, saveCheckpoint } from './checkpoint.ts'
import { batchCount, epochOrder, type NamedBatch, type TrainingData } from './dataset.ts'
import { notFinite } from './diagnose.ts'
import { feed } from './feed.ts'
import type { ChangeRows } from './online.ts'
import { findCheckpoint, replay, type Run } from './resume.ts'
import { type SampleRecord, type SampleRequest, sampleLine, samplesDue, takeSamples } from './samples.ts'
import { learningRateFactor, type Schedule } from './schedule.ts'

export interface FitOptions {
  readonly loss: LossName
  readonly epochs: number
  readonly batchSize: number
  /** Targets with this id count nothing. */
  readonly padId?: number
  /** Batches in one update (gradient accumulation). Default 1. */
  readonly accumulate?: number
  readonly seed: number
  readonly learningRate: number
  readonly schedule: Schedule
  /** Result is the epoch with the best watched loss, not the last one. */
  readonly restoreBest: boolean
}

export interface FitRequest {
  readonly trainer: Trainer
  readonly data: TrainingData
  readonly train: readonly number[]
  /** May be empty: then the training loss is watched. */
  readonly validation: readonly number[]
  readonly options: FitOptions
  /** What happens to training rows in an epoch; a checkpoint keeps nothing of it, so it must follow from the epoch. */
  readonly change?: (epoch: number) => ChangeRows
  /** Length of the output's last axis; needed for losses over ids. */
  readonly classes?: number
  /** Items to show while training goes on. */
  readonly samples?: SampleRequest
  /** Made anew for every try of a checkpoint, because a callback's state is what it has seen. */
  readonly callbacks: () => readonly Callback[]
  /** Folder of the checkpoints, or null. */
  readonly checkpoints: string | null
  /** Names the training: everything but the options that may change on resume. */
  readonly identity: string
  readonly signal: AbortSignal
  /** `history` has every epoch so far, those before an interruption too. */
  readonly onEpoch: (record: EpochRecord, samplesPerSecond: number, history: readonly EpochRecord[]) => void
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
  readonly samples: readonly SampleRecord[]
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
    session.position = { epoch: record.epoch, batch: 0, lossSum: 0, mass: 0 }
    if (run.tell(record, false)) session.best = (await request.trainer.state()).weights
    if (request.samples && samplesDue(request.samples, record.epoch)) await showSamples(session, request.samples)
    const speed = ((request.train.length - skipped) * 1000) / (performance.now() - started)
    request.onEpoch(record, speed, run.history)
    if (run.takeCheckpointRequest()) await save(session)
  }
  // Kept when the training is over, too: it is what a larger `epochs` continues from.
  await save(session)
  for (const callback of run.callbacks) callback.onTrainEnd?.(run.history)
  if (run.stopped) log('info', `stopped after epoch ${run.history.length}: ${run.stopped}`)
  const weights = options.restoreBest ? session.best! : (await request.trainer.state()).weights
  const chosen = run.history[(options.restoreBest ? run.bestEpoch : run.history.length) - 1]!
  return { weights, history: run.history, chosen, stopped: run.stopped, resumedFrom, samples: session.samples }
}

interface Session {
  readonly request: FitRequest
  readonly run: Run
  position: Position
  /** Weights after the best epoch so far. */
  best: Weights | null
  /** The newest checkpoint is of this very position. */
  saved: boolean
  samples: readonly SampleRecord[]
}

async function begin(request: FitRequest): Promise<Session> {
  if (request.train.length === 0) {
    throw new UserError('there is no row to train on', { hint: 'the report of validate says what was dropped' })
  }
  const found = findCheckpoint(request)
  if (!found) {
    const run = replay(request.callbacks(), [])
    return {
      request,
      run,
      position: { epoch: 0, batch: 0, lossSum: 0, mass: 0 },
      best: null,
      saved: false,
      samples: [],
    }
  }
  await request.trainer.restore(found.checkpoint.engine)
  const { position, best, samples = [] } = found.checkpoint
  return { request, run: found.run, position, best, saved: true, samples }
}

/** From where the position stands to the end of the epoch, validation loss included. */
async function trainEpoch(session: Session): Promise<EpochRecord> {
  const { trainer, data, train, validation, options, signal } = session.request
  const epoch = session.position.epoch + 1
  const order = epochOrder(train, options.seed, epoch)
  const batches = batchCount(order.length, options.batchSize)
  const group = options.accumulate ?? 1
  let rate = 0
  const change = session.request.change?.(epoch)
  const feeding = { batchSize: options.batchSize, from: session.position.batch, group, ...(change ? { change } : {}) }
  for await (const some of feed(data, order, feeding)) {
    await breathe() // Steps may never leave this thread: without a pause ctrl-c would not be heard.
    if (signal.aborted) await save(session)
    signal.throwIfAborted()
    const done = session.position.batch
    rate = rateAt(session, epoch - 1 + done / batches, some.length / batches)
    trainer.setLearningRate(rate)
    const mass = sum(some.map((batch) => massOf(batch, options)))
    // Where nothing counts there is nothing to learn: no step, and nothing that momentum would carry on.
    const loss = mass > 0 ? await update(trainer, some) : 0
    if (!Number.isFinite(loss)) throw await notFinite(suspects(session.request), some, place(epoch, done, some.length))
    const { position } = session
    const lossSum = position.lossSum + loss * mass
    session.position = { epoch: epoch - 1, batch: done + some.length, lossSum, mass: position.mass + mass }
    session.saved = false
  }
  const { lossSum, mass } = session.position
  const loss = lossSum / counted(mass, 'training')
  const val_loss = validation.length > 0 ? await validate(session.request, epoch) : null
  return { epoch, loss, val_loss, learning_rate: rate }
}

/** @throws UserError where several batches make one update and the engine cannot do that */
async function update(trainer: Trainer, batches: readonly NamedBatch[]): Promise<number> {
  if (batches.length === 1) return trainer.step(batches[0]!)
  if (!trainer.accumulate) throw new UserError('this engine cannot accumulate gradients', { hint: 'use engine: eager' })
  return trainer.accumulate(batches)
}

function place(epoch: number, done: number, count: number): string {
  return count === 1
    ? `epoch ${epoch}, batch ${done + 1}`
    : `epoch ${epoch}, batches ${done + 1} to ${done + count} (one update)`
}

function rateAt({ request: { options }, run }: Session, progress: number, stepLength: number): number {
  const factor = learningRateFactor(options.schedule, progress, options.epochs, stepLength)
  return options.learningRate * factor * run.rateFactor
}

/** Mean over what counts of the validation rows, without dropout, whatever the batch size. */
async function validate(request: FitRequest, epoch: number): Promise<number> {
  const { trainer, data, validation, options } = request
  let [lossSum, mass] = [0, 0]
  for await (const some of feed(data, validation, { batchSize: options.batchSize })) {
    const [batch] = some as [NamedBatch]
    const loss = await trainer.loss(batch)
    if (!Number.isFinite(loss)) throw await notFinite(suspects(request), some, `the validation after epoch ${epoch}`)
    const own = massOf(batch, options)
    lossSum += loss * own
    mass += own
  }
  return lossSum / counted(mass, 'validation')
}

function counted(mass: number, which: string): number {
  if (mass > 0) return mass
  throw new UserError(`no ${which} row counts: their weights are 0, or all their targets are the padding id`, {
    hint: 'look at the weights in features.json and at pad_id',
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function suspects({ trainer, data, options, classes }: FitRequest) {
  return { trainer, data, loss: options.loss, classes, padId: options.padId }
}

async function showSamples(session: Session, samples: SampleRequest): Promise<void> {
  const { trainer, data, options, log } = session.request
  const made = await takeSamples(trainer, data, options.batchSize, samples, session.position.epoch)
  session.samples = [...session.samples, ...made]
  for (const record of made) log('info', sampleLine(record))
}

async function save(session: Session): Promise<void> {
  const { trainer, checkpoints, identity, options } = session.request
  if (!checkpoints || session.saved) return
  const { position, best, run, samples } = session
  const engine = await trainer.state()
  const { history } = run
  saveCheckpoint(checkpoints, { identity, epochs: options.epochs, position, history, engine, best, samples })
  session.saved = true
}
