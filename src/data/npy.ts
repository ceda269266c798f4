/**
 * NumPy's .npy, float32 in C order only: `np.load('x.npy', mmap_mode='r')` reads what is written here.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (version 1.0; 2.0 is read too).
 */
import { readFileSync } from 'node:fs'
import { DataError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'

export interface NpyArray {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** Magic, version and header length come before the header text. */
const PREFIX = 10

/** @throws Error where the shape does not hold the data (a mistake of the caller). */
export function writeNpy(path: string, data: Float32Array, shape: readonly number[]): void {
  if (product(shape) !== data.length) throw new Error(`npy: shape [${shape.join(', ')}] for ${data.length} numbers`)
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`
  // The data starts at a multiple of 64, so that it can be mapped into memory.
  const length = Math.ceil((PREFIX + text.length + 1) / 64) * 64
  const file = Buffer.alloc(length + data.length * 4, ' ')
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  file.writeUInt16LE(length - PREFIX, 8)
  file.write(text, PREFIX, 'latin1')
  file.write('\n', length - 1, 'latin1')
  file.set(littleEndianBytes(data), length)
  writeAtomic(path, file)
}

/** @throws DataError where the file is not a whole float32 array in C order. */
export function readNpy(path: string): NpyArray {
  const file = readFileSync(path)
  const fail = (offset: number, code: string, message: string): never => {
    throw new DataError({ path, offset, code, message, hint: 'run the stage that wrote it again' })
  }
  if (file.length < PREFIX || file.toString('latin1', 1, 6) !== 'NUMPY' || file[0] !== 0x93)
    fail(0, 'bad-header', 'not a .npy file (it does not start with \\x93NUMPY)')
  const wide = file[6]! >= 2
  const start = wide ? 12 : PREFIX
  const dataAt = start + (wide ? file.readUInt32LE(8) : file.readUInt16LE(8))
  const header = file.toString('latin1', start, dataAt)
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  if (type !== '<f4') fail(start, 'bad-type', `numbers of type ${type ?? 'unknown'}, expected '<f4' (float32)`)
  if (/'fortran_order':\s*True/.test(header)) fail(start, 'bad-order', 'Fortran order, expected C order')
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').flatMap((part) => part.trim() || [])
  const sizes = shape.map(Number)
  const bytes = product(sizes) * 4
  if (!sizes.every((size) => Number.isInteger(size) && size >= 0))
    fail(start, 'bad-header', `shape (${shape.join(', ')})`)
  if (file.length - dataAt !== bytes)
    fail(
      file.length,
      'truncated',
      `${file.length - dataAt} bytes of data, expected ${bytes} for shape (${sizes.join(', ')})`,
    )
  return { data: floatsOf(file.subarray(dataAt)), shape: sizes }
}

/** float32 as little-endian bytes (a copy only where the machine is big-endian or the view is not aligned). */
export function littleEndianBytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap32()
}

/** The reverse; always a copy, so that the result is aligned and owns its memory. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const copy = Buffer.alloc(bytes.length)
  copy.set(bytes)
  if (!LITTLE_ENDIAN) copy.swap32()
  return new Float32Array(Uint8Array.from(copy).buffer)
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1)
}
