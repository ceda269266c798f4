/**
 * Which checkpoint a training may go on from. A checkpoint counts only if an uninterrupted training with today's options
 * would have passed through it: otherwise an older one is tried, and at last a fresh start is made and said.
 */
import { type Callback, type EpochRecord, type FitControl, watched } from './callback.ts'
import { type Checkpoint, listCheckpoints, loadCheckpoint } from './checkpoint.ts'
import { dependsOnEpochs, type Schedule } from './schedule.ts'

/** What the finished epochs have decided so far. */
export interface Run {
  readonly callbacks: readonly Callback[]
  /** Records it has been told. */
  readonly history: readonly EpochRecord[]
  /** Reason to end, or ''. */
  readonly stopped: string
  /** Product of what callbacks asked for. */
  readonly rateFactor: number
  /** 0 before the first epoch. */
  readonly bestEpoch: number
  /** Shows an epoch to all callbacks. @returns true if it is the best so far */
  tell(record: EpochRecord, replayed: boolean): boolean
  /** True once if a callback asked for a checkpoint since the last call. */
  takeCheckpointRequest(): boolean
}

interface ResumeRequest {
  readonly checkpoints: string | null
  readonly identity: string
  readonly callbacks: () => readonly Callback[]
  readonly options: { readonly epochs: number; readonly schedule: Schedule }
  readonly log: (level: 'info' | 'warn', message: string) => void
}

export function findCheckpoint(request: ResumeRequest): { readonly checkpoint: Checkpoint; readonly run: Run } | null {
  const { checkpoints: folder, options, log } = request
  if (!folder) return null
  for (const name of listCheckpoints(folder)) {
    let checkpoint: Checkpoint
    try {
      checkpoint = loadCheckpoint(folder, name)
    } catch (error) {
      log('warn', `checkpoint ${name} is ignored: ${(error as Error).message}`)
      continue
    }
    const run = replay(request.callbacks(), checkpoint.history)
    const reason = cannotContinue(checkpoint, run, request)
    if (reason === '') {
      const { epoch, batch } = checkpoint.position
      const place = batch > 0 ? `epoch ${epoch}, step ${batch} of the next` : `epoch ${epoch}`
      log('info', `continues from ${place}${epoch >= options.epochs || run.stopped ? ', which was the last' : ''}`)
      return { checkpoint, run }
    }
    log('info', `checkpoint ${name} is not used: ${reason}`)
  }
  return null
}

/** '' or a reason. */
function cannotContinue(checkpoint: Checkpoint, run: Run, { identity, options }: ResumeRequest): string {
  const { position, history } = checkpoint
  if (checkpoint.identity !== identity) return 'it belongs to another training'
  const further = position.epoch > options.epochs || (position.epoch === options.epochs && position.batch > 0)
  if (further) return `it is past epoch ${options.epochs}`
  if (dependsOnEpochs(options.schedule) && checkpoint.epochs !== options.epochs) {
    return `its ${options.schedule.name} schedule was laid out over ${checkpoint.epochs} epochs`
  }
  const early = run.history.length < history.length || (run.stopped !== '' && position.batch > 0)
  if (early) return `with these options training ends after epoch ${run.history.length}`
  return ''
}

/** Shows finished epochs to new callbacks, up to the one at which they would have stopped. */
export function replay(callbacks: readonly Callback[], past: readonly EpochRecord[]): Run {
  const history: EpochRecord[] = []
  let [stopped, rateFactor, bestEpoch, best, asked] = ['', 1, 0, Infinity, false]
  const run: Run = {
    callbacks,
    history,
    get stopped() {
      return stopped
    },
    get rateFactor() {
      return rateFactor
    },
    get bestEpoch() {
      return bestEpoch
    },
    tell: (record, replayed) => {
      history.push(record)
      const improved = watched(record) < best
      if (improved) [best, bestEpoch] = [watched(record), record.epoch]
      const control: FitControl = {
        replayed,
        improved,
        stop: (reason) => {
          stopped ||= reason
        },
        scaleLearningRate: (factor) => {
          rateFactor *= factor
        },
        saveCheckpoint: () => {
          asked ||= !replayed
        },
      }
      for (const callback of callbacks) callback.onEpochEnd?.(record, control)
      return improved
    },
    takeCheckpointRequest: () => {
      const answer = asked
      asked = false
      return answer
    },
  }
  for (const record of past) {
    if (stopped) break
    run.tell(record, true)
  }
  return run
}
