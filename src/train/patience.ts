/** How far early stopping is from ending a training: for progress reports, which must agree with the callback. */
import { type EpochRecord, watched } from './callback.ts'

export interface Standing {
  /** Epoch with the lowest watched loss. */
  readonly best: EpochRecord
  /** Epochs without improvement until EarlyStopping ends the training; null where it is off. */
  readonly patienceLeft: number | null
}

/** @param history at least one epoch, the first one included also where the training continued from a checkpoint */
export function standing(
  history: readonly EpochRecord[],
  stopping: { patience: number; min_delta?: number } | null,
): Standing {
  let best = history[0]!
  let reference = Infinity
  let waited = 0
  for (const record of history) {
    if (watched(record) < watched(best)) best = record
    if (watched(record) < reference - (stopping?.min_delta ?? 0)) {
      reference = watched(record)
      waited = 0
    } else waited++
  }
  return { best, patienceLeft: stopping ? Math.max(0, stopping.patience - waited) : null }
}
