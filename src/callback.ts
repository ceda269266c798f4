/**
 * Contract of the training callbacks, a user's own too (`import type { Callback } from 'kpipe'`). A callback's state is what
 * it has seen: when a training continues, every finished epoch is shown to it again (`replayed`), so nothing has to be saved
 * and changed options (a longer patience) take effect as if they had always been so.
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

/** Default export of a callback's file; `options` are the other keys of its entry below `callbacks:`. */
export type CallbackFactory<Options = any> = (options: Options) => Callback
