/** The history of a training as text: one line an epoch, no times, so that equal trainings give equal bytes. */
import type { EpochRecord } from './callback.ts'

export const historyHeader = 'epoch,loss,val_loss,learning_rate'

/** Empty field where there is no validation loss. */
export function historyLine({ epoch, loss, val_loss, learning_rate }: EpochRecord): string {
  return `${epoch},${loss},${val_loss ?? ''},${learning_rate}`
}

/** One record a line: readable in a diff. */
export function historyJson(history: readonly EpochRecord[]): string {
  return `[\n${history.map((record) => `  ${JSON.stringify(record)}`).join(',\n')}\n]\n`
}
