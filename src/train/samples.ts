/** Predictions of a few held-out items while training goes on, as text: what a number like val_loss sounds like. */
import type { Trainer } from '../compute/engine.ts'
import type { TrainingData } from './dataset.ts'
import { feed } from './feed.ts'

/** One line of samples.json. */
export interface SampleRecord {
  readonly epoch: number
  readonly item: string
  readonly predicted: string
  readonly target: string
}

export interface SampleRequest {
  /** Epochs between two looks; the first epoch is always shown. */
  readonly every: number
  readonly rows: readonly number[]
  /** One row of the output in words, and its target. */
  readonly describe: (
    prediction: Float32Array,
    target: Float32Array,
  ) => { readonly predicted: string; readonly target: string }
}

export function samplesDue({ every, rows }: SampleRequest, epoch: number): boolean {
  return every > 0 && rows.length > 0 && (epoch === 1 || epoch % every === 0)
}

/** `count` of the rows, spread evenly over them. */
export function sampleRows(rows: readonly number[], count: number): number[] {
  const some = Math.min(count, rows.length)
  return Array.from({ length: some }, (_, i) => rows[Math.floor((i * rows.length) / some)]!)
}

export async function takeSamples(
  trainer: Trainer,
  data: TrainingData,
  batchSize: number,
  { rows, describe }: SampleRequest,
  epoch: number,
): Promise<SampleRecord[]> {
  const records: SampleRecord[] = []
  for await (const [batch] of feed(data, rows, { batchSize })) {
    const { x, y, count, rows: own } = batch!
    const [prediction] = await trainer.predict(x, count)
    const size = prediction!.length / batchSize
    for (const [i, row] of own.entries()) {
      const target = y[0]!.subarray(i * data.ySize, (i + 1) * data.ySize)
      const words = describe(prediction!.subarray(i * size, (i + 1) * size), target)
      records.push({ epoch, item: data.ids[row]!, ...words })
    }
  }
  return records
}

/** `epoch 10 · audio/Q1_1.wav: valence 0.31 (is 0.42)` */
export function sampleLine({ epoch, item, predicted, target }: SampleRecord): string {
  return `epoch ${epoch} · ${item}: ${predicted} (is ${target})`
}

/** One record a line: readable in a diff. */
export function samplesJson(records: readonly SampleRecord[]): string {
  return records.length === 0 ? '[]\n' : `[\n${records.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`
}
