/** Says why a loss is not finite: where it happened and which items did it. */
import type { LossName, Trainer } from '../compute/engine.ts'
import { UserError } from '../lib/errors.ts'
import { nameRows, type NamedBatch, type TrainingData } from './dataset.ts'
import { rowLosses } from './metrics.ts'

export interface Suspects {
  /** Its weights are still those before the step. */
  readonly trainer: Trainer
  readonly data: TrainingData
  readonly loss: LossName
  /** Length of the last axis of the output; needed for losses over ids. */
  readonly classes: number | undefined
  readonly padId?: number | undefined
}

/** @param where "epoch 3, batch 7" */
export async function notFinite(
  { trainer, data, loss, classes, padId }: Suspects,
  batches: readonly NamedBatch[],
  where: string,
): Promise<UserError> {
  const items: { row: number; loss: number }[] = []
  for (const { x, y, count, rows } of batches) {
    const [prediction] = await trainer.predict(x, count)
    const size = (prediction!.length / y[0]!.length) * data.ySize
    const losses = rowLosses(loss, y[0]!, prediction!.subarray(0, size * count), size, classes ?? size, padId)
    items.push(...rows.map((row, i) => ({ row, loss: losses[i]! })))
  }
  const bad = items.filter((item) => !Number.isFinite(item.loss)).map(({ row }) => row)
  const largest = items.sort((a, b) => b.loss - a.loss).slice(0, 3)
  const who =
    bad.length > 0
      ? `items ${nameRows(data, bad)}`
      : `a gradient overflows; the largest losses are of ${nameRows(
          data,
          largest.map(({ row }) => row),
        )}`
  return new UserError(`the loss is not finite in ${where}: ${who}`, {
    hint: 'lower learning_rate, set clip_norm (1 is usual), or look at these items',
  })
}
