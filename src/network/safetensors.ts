/**
 * safetensors reader and writer for float32 (https://github.com/huggingface/safetensors#format): u64 header length, JSON
 * header, data. Written with sorted names and the header padded to 8 bytes, so equal tensors give equal bytes.
 * Leaves out other dtypes: they are refused by name.
 */
import { DataError } from '../lib/errors.ts'
import type { Weight, Weights } from '../network.ts'

/** Longest header the reader accepts; the reference implementation's limit. */
const MAX_HEADER = 100_000_000

export interface SafetensorsFile {
  readonly tensors: Weights
  /** `__metadata__`: text only. */
  readonly metadata: Readonly<Record<string, string>>
}

/** @param metadata text pairs; `{ format: 'pt' }` is what PyTorch readers want to see */
export function writeSafetensors(tensors: Weights, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const names = Object.keys(tensors).sort()
  const header: Record<string, unknown> = {}
  if (Object.keys(metadata).length > 0) {
    header['__metadata__'] = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  let at = 0
  for (const name of names) {
    const { shape, data } = tensors[name]!
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.length * 4] }
    at += data.length * 4
  }
  const json = Buffer.from(JSON.stringify(header))
  const headerLength = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + headerLength + at).fill(0x20, 8, 8 + headerLength)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(headerLength), true)
  bytes.set(json, 8)
  let offset = 8 + headerLength
  for (const name of names) {
    for (const value of tensors[name]!.data) {
      view.setFloat32(offset, value, true)
      offset += 4
    }
  }
  return bytes
}

/**
 * @param path only for messages
 * @throws DataError where the file is cut short, the header is no JSON, tensors overlap, leave holes or are not float32
 */
export function readSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes, path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tensors: Record<string, Weight> = {}
  let metadata: Record<string, string> = {}
  const spans: { name: string; from: number; to: number }[] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = entry as Record<string, string>
      continue
    }
    const { shape, from, to } = checkEntry(name, entry, bytes.length - dataStart, path, dataStart)
    spans.push({ name, from, to })
    const data = new Float32Array((to - from) / 4)
    for (let i = 0; i < data.length; i++) data[i] = view.getFloat32(dataStart + from + 4 * i, true)
    tensors[name] = { shape, data }
  }
  checkCover(spans, bytes.length - dataStart, path, dataStart)
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array, path: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw fault(path, bytes.length, 'truncated', `the file has ${bytes.length} bytes, a safetensors header needs 8`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > MAX_HEADER || 8 + length > bytes.length) {
    throw fault(path, 0, 'truncated', `the header is said to have ${length} bytes, the file has ${bytes.length}`)
  }
  let header: unknown
  try {
    header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8'))
  } catch {
    throw fault(path, 8, 'bad-header', 'the header is not JSON')
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw fault(path, 8, 'bad-header', 'the header is not a JSON object')
  }
  return { header: header as Record<string, unknown>, dataStart: 8 + length }
}

function checkEntry(name: string, entry: unknown, available: number, path: string, dataStart: number) {
  const { dtype, shape, data_offsets: span } = (entry ?? {}) as Record<string, unknown>
  if (dtype !== 'F32') throw fault(path, 8, 'dtype', `tensor "${name}" has dtype ${String(dtype)}, expected F32`)
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0
  if (
    !Array.isArray(shape) ||
    !shape.every(isSize) ||
    !Array.isArray(span) ||
    span.length !== 2 ||
    !span.every(isSize)
  ) {
    throw fault(path, 8, 'bad-header', `tensor "${name}" has no usable shape and data_offsets`)
  }
  const [from, to] = span as [number, number]
  const needed = 4 * shape.reduce((product: number, size: number) => product * size, 1)
  if (to - from !== needed || to > available) {
    throw fault(
      path,
      dataStart + from,
      'truncated',
      `tensor "${name}" needs ${needed} bytes, its span [${from}, ${to}) lies in ${available}`,
    )
  }
  return { shape: shape as number[], from, to }
}

/** The format allows no holes, overlaps or trailing bytes. */
function checkCover(
  spans: { name: string; from: number; to: number }[],
  end: number,
  path: string,
  dataStart: number,
): void {
  spans.sort((a, b) => a.from - b.from || a.to - b.to)
  let at = 0
  for (const span of spans) {
    if (span.from !== at) {
      throw fault(
        path,
        dataStart + at,
        'bad-header',
        `tensor "${span.name}" starts at ${span.from}, the one before it ends at ${at}`,
      )
    }
    at = span.to
  }
  if (at !== end) throw fault(path, dataStart + at, 'trailing', `${end - at} bytes follow the last tensor`)
}

function fault(path: string, offset: number, code: string, message: string): DataError {
  return new DataError({ path, offset, code, message, hint: '' })
}
