/** Rows of a feature set, in memory or read as they are needed, and checks of them. Knows no files and no normaliser. */
import type { Batch } from '../compute/engine.ts'
import { UserError } from '../lib/errors.ts'
import { random } from '../lib/random.ts'

interface Columns {
  /** Numbers in a row of x, all inputs of the network side by side; already normalised. */
  readonly xSize: number
  readonly ySize: number
  /** Numbers of each network input, in order; they add up to xSize. Absent: one input takes the whole row. */
  readonly inputs?: readonly number[]
  /** Name of each row, for messages. */
  readonly ids: readonly string[]
  /** How much each row counts; absent = 1 each. */
  readonly weights?: Float32Array
}

/** Rows in memory. */
export interface Dataset extends Columns {
  /** [rows, xSize] */
  readonly x: Float32Array
  /** [rows, ySize] */
  readonly y: Float32Array
}

/** Rows that are read when a batch needs them: for sets larger than memory. */
export interface StreamedRows extends Columns {
  /** Copies rows, in the order given, to the start of the two arrays. */
  read(rows: readonly number[], x: Float32Array, y: Float32Array): Promise<void>
}

export type TrainingData = Dataset | StreamedRows

/** A batch and the numbers of its real rows. */
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

/** Copies rows, in the order given, to the start of the two arrays. */
export async function readRows(
  data: TrainingData,
  rows: readonly number[],
  x: Float32Array,
  y: Float32Array,
): Promise<void> {
  if ('read' in data) return data.read(rows, x, y)
  const { xSize, ySize } = data
  for (const [i, row] of rows.entries()) {
    x.set(data.x.subarray(row * xSize, (row + 1) * xSize), i * xSize)
    y.set(data.y.subarray(row * ySize, (row + 1) * ySize), i * ySize)
  }
}

/** The given rows one after the other; @param values [all rows, size] */
export function pickRows(values: Float32Array, rows: readonly number[], size: number): Float32Array {
  const out = new Float32Array(rows.length * size)
  for (const [i, row] of rows.entries()) out.set(values.subarray(row * size, (row + 1) * size), i * size)
  return out
}

/** Shows every row once, with at most `window` of them in memory. The arrays hold until `visit` returns. */
export async function visitRows(
  data: TrainingData,
  rows: readonly number[],
  visit: (row: number, x: Float32Array, y: Float32Array) => void,
  window = 1024,
): Promise<void> {
  const { xSize, ySize } = data
  const [x, y] = [new Float32Array(window * xSize), new Float32Array(window * ySize)]
  for (let start = 0; start < rows.length; start += window) {
    const some = rows.slice(start, start + window)
    await readRows(data, some, x, y)
    for (const [i, row] of some.entries())
      visit(row, x.subarray(i * xSize, (i + 1) * xSize), y.subarray(i * ySize, (i + 1) * ySize))
  }
}

/** Numbers of a row that are ids: whole numbers from 0 to below `bound`. */
export interface IdColumns {
  readonly what: string
  readonly in: 'x' | 'y'
  readonly from: number
  readonly to: number
  readonly bound: number
  /** An id that stands for nothing and may be out of bounds. */
  readonly except?: number
}

/**
 * @throws UserError naming rows with NaN or infinite numbers (they would spoil every weight in one step), and rows with ids
 * that a table does not have (they would be read from somewhere else)
 */
export async function refuseBadRows(
  data: TrainingData,
  rows: readonly number[],
  ids: readonly IdColumns[] = [],
): Promise<void> {
  const infinite: number[] = []
  const strange = new Map<IdColumns, { rows: number[]; id: number }>()
  await visitRows(data, rows, (row, x, y) => {
    if (!x.every(Number.isFinite) || !y.every(Number.isFinite)) infinite.push(row)
    for (const columns of ids) {
      const values = (columns.in === 'x' ? x : y).subarray(columns.from, columns.to)
      const known = (value: number) => Number.isInteger(value) && value >= 0 && value < columns.bound
      const id = values.find((value) => !known(value) && value !== columns.except)
      if (id === undefined) continue
      const seen = strange.get(columns)
      if (seen) seen.rows.push(row)
      else strange.set(columns, { rows: [row], id })
    }
  })
  if (infinite.length > 0) {
    const count = `${infinite.length} of ${rows.length} rows hold NaN or infinite numbers`
    throw new UserError(`${count}: ${nameRows(data, infinite)}`, {
      hint: 'look at these files, or leave them out; featurize made the rows',
    })
  }
  for (const [{ what, bound }, { rows: bad, id }] of strange) {
    throw new UserError(`${what}: ${id} is no id from 0 to ${bound - 1}, in ${nameRows(data, bad)}`, {
      hint: 'the vocabulary of the model must be that of the data',
    })
  }
}

/** The first few names. */
export function nameRows(data: Pick<Columns, 'ids'>, rows: readonly number[]): string {
  const names = rows.slice(0, 5).map((row) => data.ids[row])
  return rows.length > 5 ? `${names.join(', ')} and ${rows.length - 5} more` : names.join(', ')
}
