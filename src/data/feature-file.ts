/**
 * A FeatureSet on disk: x.npy, y.npy and features.json in one folder (the contract is feature-set.ts).
 * Readable from Python: `np.load('x.npy', mmap_mode='r')`.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { NormalizerData } from '../network.ts'
import type { FeatureRow, FeatureSet, FeatureSetInfo, Split } from './feature-set.ts'
import { normalizerFit } from './normalize.ts'
import { createNpy, openNpy, readNpy, writeNpy } from './npy.ts'

export function writeFeatureSet(dir: string, { info, x, y }: FeatureSet): void {
  writeNpy(join(dir, 'x.npy'), x, [info.rows.length, ...info.xShape])
  writeNpy(join(dir, 'y.npy'), y, [info.rows.length, ...info.yShape])
  writeAtomic(join(dir, 'features.json'), infoText(info))
}

/** A feature set written row by row, for sets larger than memory. Its folder is no feature set before `finish`. */
export interface FeatureWriter {
  readonly rows: number
  /** @throws Error where a row has another length than the first, or holds NaN: a mistake in the recipe */
  add(x: Float32Array, y: Float32Array): void
  /** The normaliser is fit on the rows of the train split, read back from the file. */
  finish(info: Omit<FeatureSetInfo, 'normalizer'>, normalizer: FitWanted): Promise<FeatureSetInfo>
  /** For a `finally`: lets go of the files where they were not finished. */
  abandon(): void
}

/** A kind to fit, or what stands already. */
export type FitWanted = NormalizerData['kind'] | NormalizerData | null

export function createFeatureSet(dir: string): FeatureWriter {
  const files = { x: createNpy(join(dir, 'x.npy')), y: createNpy(join(dir, 'y.npy')) }
  const widths = { x: -1, y: -1 }
  let rows = 0
  const append = (name: 'x' | 'y', row: Float32Array) => {
    if (widths[name] < 0) widths[name] = row.length
    if (row.length !== widths[name])
      throw new Error(`row ${rows} of ${name} has ${row.length} numbers, expected ${widths[name]}`)
    if (!row.every(Number.isFinite)) throw new Error(`row ${rows} of ${name} holds NaN or infinity`)
    files[name].append(row)
  }
  return {
    get rows() {
      return rows
    },
    add: (x, y) => {
      append('x', x)
      append('y', y)
      rows++
    },
    finish: async (head, wanted) => {
      files.x.close([rows, ...head.xShape])
      files.y.close([rows, ...head.yShape])
      const normalizer = typeof wanted === 'string' ? await fitInFile(join(dir, 'x.npy'), wanted, head.rows) : wanted
      const { rows: named, ...rest } = head
      const info = { ...rest, normalizer, rows: named }
      writeAtomic(join(dir, 'features.json'), infoText(info))
      return info
    },
    abandon: () => {
      files.x.abandon()
      files.y.abandon()
    },
  }
}

/** Numbers read at once. */
const CHUNK = 1 << 20

/** All rows in order and those of the train split shown to the fit: reading single rows would take longer. */
async function fitInFile(
  path: string,
  kind: NormalizerData['kind'],
  rows: readonly FeatureRow[],
): Promise<NormalizerData> {
  const file = await openNpy(path)
  try {
    const fit = normalizerFit(kind, file.rowSize)
    const most = Math.max(1, Math.floor(CHUNK / Math.max(1, file.rowSize)))
    const chunk = new Float32Array(most * file.rowSize)
    for (let pass = 0; pass < fit.passes; pass++) {
      for (let first = 0; first < rows.length; first += most) {
        const count = Math.min(most, rows.length - first)
        await file.readRows(first, count, chunk, 0)
        for (let i = 0; i < count; i++) if (rows[first + i]!.split === 'train') fit.add(chunk, i * file.rowSize)
      }
      fit.endPass()
    }
    return fit.result()
  } finally {
    await file.close()
  }
}

/** @throws DataError where a file is missing, damaged, or the three do not fit together. */
export function readFeatureSet(dir: string): FeatureSet {
  const info = readFeatureInfo(dir)
  const [x, y] = [readNpy(join(dir, 'x.npy')), readNpy(join(dir, 'y.npy'))]
  checkShapes(dir, info, x.shape, y.shape)
  return { info, x: x.data, y: y.data }
}

/** The set without its numbers. @throws DataError where features.json is missing or damaged */
export function readFeatureInfo(dir: string): FeatureSetInfo {
  return readInfo(join(dir, 'features.json'))
}

/** Bytes of x.npy and y.npy. */
export function featureBytes(dir: string): number {
  return statSync(join(dir, 'x.npy')).size + statSync(join(dir, 'y.npy')).size
}

/** A feature set whose numbers stay in their files: for sets larger than memory. */
export interface FeatureRows {
  readonly info: FeatureSetInfo
  /** Copies rows, in the order given, to the start of the two arrays. */
  read(rows: readonly number[], x: Float32Array, y: Float32Array): Promise<void>
  close(): Promise<void>
}

/** @throws DataError as readFeatureSet */
export async function openFeatureRows(dir: string): Promise<FeatureRows> {
  const info = readFeatureInfo(dir)
  const [x, y] = [await openNpy(join(dir, 'x.npy')), await openNpy(join(dir, 'y.npy'))]
  checkShapes(dir, info, x.shape, y.shape)
  return {
    info,
    read: async (rows, xInto, yInto) => {
      await Promise.all(
        runsOf(rows).flatMap(({ first, count, at }) => [
          x.readRows(first, count, xInto, at * x.rowSize),
          y.readRows(first, count, yInto, at * y.rowSize),
        ]),
      )
    },
    close: async () => {
      await Promise.all([x.close(), y.close()])
    },
  }
}

/** Neighbouring rows as one read. */
function runsOf(rows: readonly number[]): { first: number; count: number; at: number }[] {
  const runs: { first: number; count: number; at: number }[] = []
  for (const [at, row] of rows.entries()) {
    const last = runs.at(-1)
    if (last && row === last.first + last.count) last.count++
    else runs.push({ first: row, count: 1, at })
  }
  return runs
}

function checkShapes(dir: string, info: FeatureSetInfo, x: readonly number[], y: readonly number[]): void {
  for (const [name, found, shape] of [['x.npy', x, info.xShape] as const, ['y.npy', y, info.yShape] as const]) {
    const expected = [info.rows.length, ...shape]
    if (String(found) !== String(expected)) {
      const message = `shape [${found.join(', ')}], but features.json says [${expected.join(', ')}]`
      throw fault(join(dir, name), 'bad-shape', message)
    }
  }
}

/** Index of every row of one split, ascending. */
export function rowsOf(info: FeatureSetInfo, split: Split): number[] {
  return info.rows.flatMap((row, index) => (row.split === split ? [index] : []))
}

/**
 * How much each row counts; undefined where all count alike.
 * @throws DataError naming the row whose weight is no number from 0 up
 */
export function weightsOf(dir: string, { rows }: FeatureSetInfo): Float32Array | undefined {
  if (rows.every(({ weight }) => weight === undefined)) return undefined
  return Float32Array.from(rows, ({ id, weight = 1 }) => {
    if (typeof weight === 'number' && Number.isFinite(weight) && weight >= 0) return weight
    const message = `row ${id} has the weight ${JSON.stringify(weight)}, expected a number from 0 up`
    throw fault(join(dir, 'features.json'), 'bad-weight', message)
  })
}

function readInfo(path: string): FeatureSetInfo {
  let info: FeatureSetInfo
  try {
    info = JSON.parse(readFileSync(path, 'utf8')) as FeatureSetInfo
  } catch (error) {
    throw fault(path, 'unreadable', (error as Error).message)
  }
  if (info.format !== 'kpipe-features/1')
    throw fault(path, 'bad-format', `format ${JSON.stringify(info.format)}, expected "kpipe-features/1"`)
  return info
}

/** One row a line: readable in a diff, and half the size of indented JSON. */
function infoText({ rows, ...head }: FeatureSetInfo): string {
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')
  const text = JSON.stringify(head, null, 2)
  return `${text.slice(0, -2)},\n  "rows": [\n${lines}\n  ]\n}\n`
}

function fault(path: string, code: string, message: string): DataError {
  return new DataError({ path, offset: null, code, message, hint: 'run the stage that wrote it again' })
}
