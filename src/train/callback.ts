/**
 * Contract of the training callbacks. A callback's state is what it has seen: when a training continues, every finished
 * epoch is shown to it again (`replayed`), so nothing has to be saved and changed options (a longer patience) take effect
 * as if they had always been so.
 */

/** One finished epoch; history.csv has these columns. */
export interface EpochRecord {
  /** 1 for the first. */
  readonly epoch: number
  /** Mean over the epoch's examples, each taken before its update, with dropout. */
  readonly loss: number
  /** After the epoch, without dropout; null without validation rows. */
  readonly val_loss: number | null
  /** Learning rate of the last step. */
  readonly learning_rate: number
}

export interface FitControl {
  /** The epoch was trained before an interruption and is only shown again. */
  readonly replayed: boolean
  /** Best watched loss so far. */
  readonly improved: boolean
  /** Ends the training after this epoch. `reason` follows "stopped after epoch 12: ". */
  stop(reason: string): void
  /** Multiplies the learning rate of all later steps. */
  scaleLearningRate(factor: number): void
  /** Asks for a checkpoint after this epoch; without effect where there is no folder for them. */
  saveCheckpoint(): void
}

export interface Callback {
  readonly name: string
  /** Must depend on the records only, never on time or chance: a continued training must equal an uninterrupted one. */
  onEpochEnd?(epoch: EpochRecord, control: FitControl): void
  onTrainEnd?(history: readonly EpochRecord[]): void
}

/** Where a callback may write. */
export interface CallbackPlace {
  /** Path of a file of the stage's output: its content must depend on the records only. */
  out(name: string): string
  /** Folder for what may hold times and is no result, or null; it is there again when a training continues. */
  readonly logs?: string | null
  /** What is trained, in a few lines of Markdown. */
  readonly about?: string
  log?(level: 'info' | 'warn', message: string): void
}

/** The loss that is watched: validation, or training where nothing is held out. */
export function watched(record: EpochRecord): number {
  return record.val_loss ?? record.loss
}
