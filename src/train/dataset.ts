/** Rows of a feature set in memory, ready to be put into batches. Knows no files and no normaliser. */
import type { Batch } from '../compute/engine.ts'
import { UserError } from '../lib/errors.ts'
import { random } from '../lib/random.ts'

export interface Dataset {
  /** [rows, xSize], already normalised. */
  readonly x: Float32Array
  /** [rows, ySize] */
  readonly y: Float32Array
  readonly xSize: number
  readonly ySize: number
  /** Name of each row, for messages. */
  readonly ids: readonly string[]
}

/** A batch and the names of its real rows. */
export interface NamedBatch extends Batch {
  readonly rows: readonly number[]
}

/** The order of one epoch: keyed by seed and epoch, so that a continued training sees what an uninterrupted one saw. */
export function epochOrder(rows: readonly number[], seed: number, epoch: number): number[] {
  return random(`order:${seed}:${epoch}`).shuffle([...rows])
}

export function batchCount(rows: number, batchSize: number): number {
  return Math.ceil(rows / batchSize)
}

/** Batch number `index` of `order`; the last one is padded with zeros. New arrays at every call. */
export function takeBatch(data: Dataset, order: readonly number[], index: number, batchSize: number): NamedBatch {
  const rows = order.slice(index * batchSize, (index + 1) * batchSize)
  const x = new Float32Array(batchSize * data.xSize)
  const y = new Float32Array(batchSize * data.ySize)
  for (const [i, row] of rows.entries()) {
    x.set(data.x.subarray(row * data.xSize, (row + 1) * data.xSize), i * data.xSize)
    y.set(data.y.subarray(row * data.ySize, (row + 1) * data.ySize), i * data.ySize)
  }
  return { x: [x], y: [y], count: rows.length, rows }
}

/** The given rows one after the other; @param values [all rows, size] */
export function pickRows(values: Float32Array, rows: readonly number[], size: number): Float32Array {
  const out = new Float32Array(rows.length * size)
  for (const [i, row] of rows.entries()) out.set(values.subarray(row * size, (row + 1) * size), i * size)
  return out
}

/** @throws UserError naming rows with NaN or infinite numbers: they would spoil every weight in one step */
export function refuseNonFinite(data: Dataset, rows: readonly number[]): void {
  const bad = rows.filter((row) => !finite(data.x, row, data.xSize) || !finite(data.y, row, data.ySize))
  if (bad.length === 0) return
  throw new UserError(`${bad.length} of ${rows.length} rows hold NaN or infinite numbers: ${nameRows(data, bad)}`, {
    hint: 'look at these files, or leave them out; featurize made the rows',
  })
}

/** The first few names. */
export function nameRows(data: Dataset, rows: readonly number[]): string {
  const names = rows.slice(0, 5).map((row) => data.ids[row])
  return rows.length > 5 ? `${names.join(', ')} and ${rows.length - 5} more` : names.join(', ')
}

function finite(values: Float32Array, row: number, size: number): boolean {
  for (let i = row * size; i < (row + 1) * size; i++) if (!Number.isFinite(values[i]!)) return false
  return true
}
