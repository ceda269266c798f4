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
      file.path || left.path,
      readFileSync(join(left.path, file.path)),
      readFileSync(join(right.path, file.path)),
    )
    return { path: file.path, verdict: maxDiff <= tolerance ? 'within tolerance' : 'different', maxDiff }
  })
  return [...compared, ...[...fresh.keys()].map((path): FileComparison => ({ path, verdict: 'new', maxDiff: 0 }))]
}

const filesOf = (trees: Trees, content: ContentHash): TreeFile[] => (content === '-' ? [] : trees.files(content))

/** Infinity where anything but numbers differs. */
export function numericDifference(name: string, a: Buffer, b: Buffer): number {
  if (/\.json$/i.test(name)) return jsonDifference(parsed(a), parsed(b))
  if (/\.csv$/i.test(name)) return jsonDifference(cells(a), cells(b))
  if (/\.npy$/i.test(name)) return floatDifference(a, b, 10 + a.readUInt16LE(8), 10 + b.readUInt16LE(8))
  if (/\.safetensors$/i.test(name))
    return floatDifference(a, b, 8 + Number(a.readBigUInt64LE(0)), 8 + Number(b.readBigUInt64LE(0)))
  return Infinity
}

function jsonDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : Math.abs(a - b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b ? 0 : Infinity
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
  if (
    a.length - startA !== b.length - startB ||
    !a.subarray(0, startA).equals(b.subarray(0, startB)) ||
    (a.length - startA) % 4 !== 0
  )
    return Infinity
  let most = 0
  for (let at = startA; at < a.length; at += 4) {
    const difference = Math.abs(a.readFloatLE(at) - b.readFloatLE(startB + at - startA))
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference
  }
  return most
}
