/**
 * Batches prepared ahead: while a step runs, the rows of the next one are read. Two sets of arrays take turns, so that
 * memory does not depend on the number of rows. Order and content do not depend on where the rows lie.
 */
import type { ChangeRows } from './online.ts'
import { batchCount, type NamedBatch, readRows, type TrainingData } from './dataset.ts'

export interface FeedOptions {
  readonly batchSize: number
  /** Batches of the order to skip. */
  readonly from?: number
  /** Batches handed out together; the last group may have fewer. Default 1. */
  readonly group?: number
  /** Applied to the rows of a batch after they are read. */
  readonly change?: ChangeRows
}

/**
 * Groups of batches of `order`, the last batch padded with zeros. The arrays of a group are used again after the next one.
 */
export async function* feed(
  data: TrainingData,
  order: readonly number[],
  { batchSize, from = 0, group = 1, change }: FeedOptions,
): AsyncGenerator<readonly NamedBatch[]> {
  const batches = batchCount(order.length, batchSize)
  const slots = [0, 1].map(() => Array.from({ length: Math.min(group, batches) }, () => makeSlot(data, batchSize)))
  const load = (first: number) => {
    const own = slots[((first - from) / group) % 2]!
    const loading = Promise.all(
      own.slice(0, batches - first).map((slot, i) => {
        const at = (first + i) * batchSize
        return fill(data, order.slice(at, at + batchSize), slot, change)
      }),
    )
    // Looked at when its turn comes; until then a failure must not end the process.
    loading.catch(() => {})
    return loading
  }
  let next = from < batches ? load(from) : Promise.resolve([])
  try {
    for (let first = from; first < batches; first += group) {
      const ready = await next
      if (first + group < batches) next = load(first + group)
      yield ready
    }
  } finally {
    await next.catch(() => {})
  }
}

interface Slot {
  /** [batchSize, xSize]: rows as they are stored. */
  readonly flat: Float32Array
  /** One array an input; `flat` itself where there is one. */
  readonly x: readonly Float32Array[]
  readonly y: Float32Array
}

function makeSlot({ xSize, ySize, inputs }: TrainingData, batchSize: number): Slot {
  const flat = new Float32Array(batchSize * xSize)
  const several = inputs && inputs.length > 1
  const x = several ? inputs.map((size) => new Float32Array(batchSize * size)) : [flat]
  return { flat, x, y: new Float32Array(batchSize * ySize) }
}

async function fill(
  data: TrainingData,
  rows: readonly number[],
  { flat, x, y }: Slot,
  change?: ChangeRows,
): Promise<NamedBatch> {
  const { xSize, ySize } = data
  await readRows(data, rows, flat, y)
  await change?.(rows, flat, y)
  flat.fill(0, rows.length * xSize)
  y.fill(0, rows.length * ySize)
  if (x.length > 1) splitColumns(flat, xSize, x)
  const weights = data.weights && { weights: Float32Array.from(rows, (row) => data.weights![row]!) }
  return { x, y: [y], count: rows.length, rows, ...weights }
}

/** @param flat [rows, xSize]; @param into one array [rows, its share of a row] after the other */
export function splitColumns(flat: Float32Array, xSize: number, into: readonly Float32Array[]): void {
  const rows = flat.length / xSize
  let column = 0
  for (const array of into) {
    const size = array.length / rows
    for (let row = 0; row < rows; row++) {
      const at = row * xSize + column
      array.set(flat.subarray(at, at + size), row * size)
    }
    column += size
  }
}
