/**
 * Small pictures in text: bars that lie, columns that stand, notes and a waveform. Block and braille characters where there
 * is Unicode, plain ASCII elsewhere. Lines come without colour and without a line break at their end.
 */
import { number } from './text.ts'

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const RISING = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const ASCII_RISING = [' ', '.', '.', ':', ':', '|', '|', '#', '#']

export interface BarRow {
  readonly name: string
  readonly value: number
  /** Behind the bar; default: the value. */
  readonly label?: string
}

/** `name  ████▌ 120`: the longest bar takes what is left of `width`. */
export function barLines(rows: readonly BarRow[], width: number, unicode: boolean): string[] {
  const names = Math.min(28, Math.max(0, ...rows.map(({ name }) => [...name].length)))
  const labels = rows.map(({ value, label }) => label ?? number(value))
  const room = Math.max(4, width - names - Math.max(0, ...labels.map((label) => label.length)) - 4)
  const most = Math.max(0, ...rows.map(({ value }) => value))
  return rows.map(({ name, value }, i) => {
    const bar = most > 0 ? barOf((value / most) * room, unicode) : ''
    return `${cut(name, names).padEnd(names)}  ${bar}${bar ? ' ' : ''}${labels[i]}`
  })
}

function barOf(cells: number, unicode: boolean): string {
  if (!unicode) return '#'.repeat(Math.max(cells > 0 ? 1 : 0, Math.round(cells)))
  const eighths = Math.max(cells > 0 ? 1 : 0, Math.round(cells * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}

/** Bins as standing columns, `height` lines; below them the first and the last edge. */
export function columnLines(
  { edges, counts }: { readonly edges: readonly number[]; readonly counts: readonly number[] },
  size: { readonly width: number; readonly height: number; readonly unicode: boolean },
): string[] {
  if (counts.length === 0) return []
  const wide = Math.max(1, Math.min(4, Math.floor(size.width / counts.length)))
  const shown = wide === 1 ? joined(counts, size.width) : counts
  const rows = standing(shown, wide, size)
  const [left, right] = [number(edges[0]!), number(edges.at(-1)!)]
  const total = shown.length * wide
  return [...rows, left + ' '.repeat(Math.max(1, total - left.length - right.length)) + right]
}

/** Neighbouring bins added up, until no more than `most` are left. */
function joined(counts: readonly number[], most: number): number[] {
  const group = Math.ceil(counts.length / Math.max(1, most))
  return Array.from({ length: Math.ceil(counts.length / group) }, (_, i) =>
    counts.slice(i * group, (i + 1) * group).reduce((sum, count) => sum + count, 0),
  )
}

export interface SketchNote {
  /** Seconds. */
  readonly start: number
  readonly duration: number
  readonly pitch: number
}

/** Notes over time in at most `height` lines, high above low; in braille a line holds four pitches. */
export function rollLines(
  notes: readonly SketchNote[],
  size: { readonly seconds: number; readonly width: number; readonly height: number; readonly unicode: boolean },
): string[] {
  const shown = notes.filter(({ start }) => start < size.seconds)
  if (shown.length === 0) return []
  const pitches = [...new Set(shown.map(({ pitch }) => pitch))].sort((a, b) => b - a)
  const [high, low] = [pitches[0]!, pitches.at(-1)!]
  const per = size.unicode ? { x: 2, y: 4 } : { x: 1, y: 1 }
  const lines = Math.min(size.height, Math.ceil((high - low + 1) / per.y))
  const dots = { x: size.width * per.x, y: lines * per.y }
  const grid = Array.from({ length: lines }, () => new Uint8Array(size.width))
  const down = (pitch: number) =>
    high === low ? 0 : Math.round(((high - pitch) / Math.max(high - low, dots.y - 1)) * (dots.y - 1))
  for (const { start, duration, pitch } of shown) {
    const from = Math.floor((start / size.seconds) * dots.x)
    const to = Math.min(dots.x - 1, Math.max(from, Math.ceil(((start + duration) / size.seconds) * dots.x) - 1))
    const y = down(pitch)
    for (let x = from; x <= to; x++)
      grid[Math.floor(y / per.y)]![Math.floor(x / per.x)]! |= size.unicode ? DOTS[x % 2]![y % 4]! : 1
  }
  return grid.map((row) =>
    Array.from(row, (bits) => cell(bits, size.unicode))
      .join('')
      .trimEnd(),
  )
}

/** Bits of a braille cell by column and row (Unicode 2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

function cell(bits: number, unicode: boolean): string {
  if (bits === 0) return ' '
  return unicode ? String.fromCodePoint(0x2800 + bits) : '='
}

/** Loudest sample of each slice of a sound, as standing columns; the loudest of all is as high as the picture. */
export function waveLines(
  samples: Float32Array,
  size: { readonly width: number; readonly height: number; readonly unicode: boolean },
): string[] {
  if (samples.length === 0) return []
  const peaks = Array.from({ length: size.width }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * samples.length) / size.width)) as [number, number]
    return samples.subarray(from, Math.max(to, from + 1)).reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)
  })
  return standing(peaks, 1, size)
}

/** Values from 0 on as columns of eighths, the greatest of them as high as the picture. */
function standing(
  values: readonly number[],
  wide: number,
  { height, unicode }: { readonly height: number; readonly unicode: boolean },
): string[] {
  const most = values.reduce((high, value) => Math.max(high, value), 0) || 1
  const signs = unicode ? RISING : ASCII_RISING
  return Array.from({ length: height }, (_, row) => {
    const floor = (height - 1 - row) * 8
    const sign = (value: number) => signs[Math.max(0, Math.min(8, Math.ceil((value / most) * height * 8) - floor))]!
    return values
      .map((value) => sign(value).repeat(wide))
      .join('')
      .trimEnd()
  })
}

const cut = (text: string, length: number): string => {
  const chars = [...text]
  return chars.length <= length ? text : `${chars.slice(0, length - 1).join('')}…`
}
