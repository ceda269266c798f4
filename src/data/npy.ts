/**
 * NumPy's .npy, float32 in C order only: `np.load('x.npy', mmap_mode='r')` reads what is written here.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (version 1.0; 2.0 is read too).
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
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
  const header = headerOf(shape)
  const file = Buffer.alloc(header.length + data.length * 4)
  file.set(header)
  file.set(littleEndianBytes(data), header.length)
  writeAtomic(path, file)
}

/** A .npy file written row by row, whose number of rows is known only at the end. */
export interface NpyWriter {
  /** @param rows whole rows, copied at once */
  append(rows: Float32Array): void
  /** @throws Error where the shape does not hold what was appended */
  close(shape: readonly number[]): void
  /** Lets go of the file as it is; nothing after `close`. */
  abandon(): void
}

/** Bytes collected before they are written. */
const BLOCK = 1 << 20

/** Writes into the file itself, which is no .npy file before `close`: for a folder that nobody reads yet. */
export function createNpy(path: string): NpyWriter {
  const fd = openSync(path, 'w')
  const block = Buffer.alloc(BLOCK)
  let open = true
  let filled = 0
  let size = HEADER
  let numbers = 0
  const end = () => {
    if (open) closeSync(fd)
    open = false
  }
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, size + done)
    size += bytes.length
  }
  const flush = () => {
    write(block.subarray(0, filled))
    filled = 0
  }
  return {
    append: (rows) => {
      const bytes = littleEndianBytes(rows)
      numbers += rows.length
      if (filled + bytes.length > BLOCK) flush()
      if (bytes.length > BLOCK) return write(bytes)
      block.set(bytes, filled)
      filled += bytes.length
    },
    close: (shape) => {
      flush()
      const header = headerOf(shape)
      if (product(shape) !== numbers || header.length !== HEADER)
        throw new Error(`npy: shape [${shape.join(', ')}] for ${numbers} numbers`)
      writeSync(fd, header, 0, HEADER, 0)
      end()
    },
    abandon: end,
  }
}

/** Length of the header of any shape of up to six axes: the data starts at a multiple of 64, so that it can be mapped. */
const HEADER = 128

function headerOf(shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`
  const length = Math.max(HEADER, Math.ceil((PREFIX + text.length + 1) / 64) * 64)
  const header = Buffer.alloc(length, ' ')
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  header.writeUInt16LE(length - PREFIX, 8)
  header.write(text, PREFIX, 'latin1')
  header.write('\n', length - 1, 'latin1')
  return header
}

/** @throws DataError where the file is not a whole float32 array in C order. */
export function readNpy(path: string): NpyArray {
  const file = readFileSync(path)
  const { shape, dataAt } = readHeader(path, file, file.length)
  return { data: floatsOf(file.subarray(dataAt)), shape }
}

/** A .npy file read by rows (the first axis), without ever holding more of it than is asked for. */
export interface NpyFile {
  readonly shape: readonly number[]
  /** Numbers in a row. */
  readonly rowSize: number
  /** Rows [first, first + count) into `into` from number `at` on. */
  readRows(first: number, count: number, into: Float32Array, at: number): Promise<void>
  close(): Promise<void>
}

/** @throws DataError as readNpy */
export async function openNpy(path: string): Promise<NpyFile> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const head = Buffer.alloc(Math.min(size, HEADER_WINDOW))
    await file.read(head, 0, head.length, 0)
    const { shape, dataAt } = readHeader(path, head, size)
    const rowSize = product(shape.slice(1))
    return {
      shape,
      rowSize,
      readRows: async (first, count, into, at) => {
        const bytes = new Uint8Array(into.buffer, into.byteOffset + at * 4, count * rowSize * 4)
        await readWhole(file, path, bytes, dataAt + first * rowSize * 4)
        if (!LITTLE_ENDIAN) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).swap32()
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Longest header that is looked for when only the start of a file is read; NumPy writes 128 bytes. */
const HEADER_WINDOW = 65_536

async function readWhole(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done)
    if (bytesRead === 0) throw fault(path, position + done, 'truncated', 'the file became shorter while it was read')
    done += bytesRead
  }
}

/** @param length of the whole file; `head` may be its start only */
function readHeader(path: string, head: Buffer, length: number): { shape: readonly number[]; dataAt: number } {
  if (head.length < PREFIX || head.toString('latin1', 1, 6) !== 'NUMPY' || head[0] !== 0x93)
    throw fault(path, 0, 'bad-header', 'not a .npy file (it does not start with \\x93NUMPY)')
  const wide = head[6]! >= 2
  const start = wide ? 12 : PREFIX
  const dataAt = start + (wide ? head.readUInt32LE(8) : head.readUInt16LE(8))
  const header = head.toString('latin1', start, dataAt)
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  if (type !== '<f4')
    throw fault(path, start, 'bad-type', `numbers of type ${type ?? 'unknown'}, expected '<f4' (float32)`)
  if (/'fortran_order':\s*True/.test(header)) throw fault(path, start, 'bad-order', 'Fortran order, expected C order')
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').flatMap((part) => part.trim() || [])
  const sizes = shape.map(Number)
  if (!sizes.every((size) => Number.isInteger(size) && size >= 0))
    throw fault(path, start, 'bad-header', `shape (${shape.join(', ')})`)
  const bytes = product(sizes) * 4
  if (length - dataAt !== bytes) {
    const message = `${length - dataAt} bytes of data, expected ${bytes} for shape (${sizes.join(', ')})`
    throw fault(path, length, 'truncated', message)
  }
  return { shape: sizes, dataAt }
}

function fault(path: string, offset: number, code: string, message: string): DataError {
  return new DataError({ path, offset, code, message, hint: 'run the stage that wrote it again' })
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
