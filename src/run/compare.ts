/** Are two outputs the same, the same within a tolerance of their numbers, or different? Knows the formats kpipe writes numbers in. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ContentHash, TreeFile, Trees } from '../store/tree.ts'

export interface FileComparison {
  readonly path: string
  readonly verdict: 'equal' | 'within tolerance' | 'different' | 'missing' | 'new'
  /** Largest difference of two numbers in the same place; 0 where there are none. */
  readonly maxDiff: number
}

/** @param left content hash and place of the stored output, @param right of the new one */
export function compareOutputs(
  trees: Trees,
  left: { content: ContentHash; path: string },
  right: { content: ContentHash; path: string },
  tolerance: number,
): FileComparison[] {
  const old = filesOf(trees, left.content)
  const fresh = new Map(filesOf(trees, right.content).map((file) => [file.path, file]))
  const compared = old.map((file): FileComparison => {
    const other = fresh.get(file.path)
    fresh.delete(file.path)
    if (!other) return { path: file.path, verdict: 'missing', maxDiff: 0 }
    if (other.hash === file.hash) return { path: file.path, verdict: 'equal', maxDiff: 0 }
    const maxDiff = numericDifference(
      file.path || right.path, // a single file has its name only where the stage wrote it
      readFileSync(join(left.path, file.path)),
      readFileSync(join(right.path, file.path)),
    )
    return { path: file.path, verdict: maxDiff <= tolerance ? 'within tolerance' : 'different', maxDiff }
  })
  return [...compared, ...[...fresh.keys()].map((path): FileComparison => ({ path, verdict: 'new', maxDiff: 0 }))]
}

const filesOf = (trees: Trees, content: ContentHash): TreeFile[] => (content === '-' ? [] : trees.files(content))

/** Infinity where anything but numbers differs, and where the format has numbers that are not compared here. */
export function numericDifference(name: string, a: Buffer, b: Buffer): number {
  if (/\.json$/i.test(name)) return jsonDifference(parsed(a), parsed(b))
  if (/\.csv$/i.test(name)) return jsonDifference(cells(a), cells(b))
  if (/\.npy$/i.test(name)) return floatDifference(a, b, npyStart(a), npyStart(b))
  if (/\.safetensors$/i.test(name)) return floatDifference(a, b, safetensorsStart(a), safetensorsStart(b))
  return Infinity
}

/** Where the float32 numbers of a .npy file begin; NaN in a file that is none or holds another type. */
function npyStart(bytes: Buffer): number {
  if (bytes.length < 10 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || bytes[6] !== 1) return NaN
  const start = 10 + bytes.readUInt16LE(8)
  return bytes.toString('latin1', 10, start).includes("'<f4'") ? start : NaN
}

/** Where the tensors of a .safetensors file begin; NaN in a file that is none or has tensors other than F32. */
function safetensorsStart(bytes: Buffer): number {
  const start = bytes.length < 8 ? NaN : 8 + Number(bytes.readBigUInt64LE(0))
  if (!(start <= bytes.length)) return NaN
  const header = parsed(bytes.subarray(8, start)) as Record<string, { dtype?: string }>
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__')
  return tensors.every(([, tensor]) => tensor.dtype === 'F32') ? start : NaN
}

function jsonDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : Math.abs(a - b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b ? 0 : Infinity
  if (Array.isArray(a) !== Array.isArray(b)) return Infinity
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return Infinity
  return names.reduce(
    (most, key) =>
      key in b
        ? Math.max(most, jsonDifference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
        : Infinity,
    0,
  )
}

const parsed = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return bytes.toString()
  }
}

const cells = (bytes: Buffer) =>
  bytes
    .toString()
    .split('\n')
    .map((line) =>
      line.split(',').map((cell) => (cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : cell)),
    )

function floatDifference(a: Buffer, b: Buffer, startA: number, startB: number): number {
  // Equal headers give equal shapes, so that the numbers of the two files stand in the same places.
  if (Number.isNaN(startA) || startA !== startB || a.length !== b.length || (a.length - startA) % 4 !== 0)
    return Infinity
  if (!a.subarray(0, startA).equals(b.subarray(0, startB))) return Infinity
  let most = 0
  for (let at = startA; at < a.length; at += 4) {
    const [left, right] = [a.readFloatLE(at), b.readFloatLE(at)]
    const difference = Object.is(left, right) ? 0 : Math.abs(left - right)
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference
  }
  return most
}
