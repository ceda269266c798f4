/** What the callbacks of this room share beside their contract. */
import type { EpochRecord } from '../callback.ts'

export type { Callback, CallbackFactory, EpochRecord, FitControl } from '../callback.ts'

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
