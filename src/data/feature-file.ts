/**
 * A FeatureSet on disk: x.npy, y.npy and features.json in one folder (the contract is feature-set.ts).
 * Readable from Python: `np.load('x.npy', mmap_mode='r')`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import type { FeatureSet, FeatureSetInfo, Split } from './feature-set.ts'
import { readNpy, writeNpy } from './npy.ts'

export function writeFeatureSet(dir: string, { info, x, y }: FeatureSet): void {
  writeNpy(join(dir, 'x.npy'), x, [info.rows.length, ...info.xShape])
  writeNpy(join(dir, 'y.npy'), y, [info.rows.length, ...info.yShape])
  writeAtomic(join(dir, 'features.json'), infoText(info))
}

/** @throws DataError where a file is missing, damaged, or the three do not fit together. */
export function readFeatureSet(dir: string): FeatureSet {
  const path = join(dir, 'features.json')
  const info = readInfo(path)
  const [x, y] = [readNpy(join(dir, 'x.npy')), readNpy(join(dir, 'y.npy'))]
  for (const [name, found, shape] of [
    ['x.npy', x.shape, info.xShape] as const,
    ['y.npy', y.shape, info.yShape] as const,
  ]) {
    const expected = [info.rows.length, ...shape]
    if (String(found) !== String(expected))
      throw fault(
        join(dir, name),
        'bad-shape',
        `shape [${found.join(', ')}], but features.json says [${expected.join(', ')}]`,
      )
  }
  return { info, x: x.data, y: y.data }
}

/** Index of every row of one split, ascending. */
export function rowsOf(info: FeatureSetInfo, split: Split): number[] {
  return info.rows.flatMap((row, index) => (row.split === split ? [index] : []))
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
