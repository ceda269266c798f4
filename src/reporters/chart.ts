/** Curves in text: a loss chart of braille dots (ASCII where there is no Unicode), a sparkline, a progress bar. */
import type { Point } from './view.ts'
import { number } from './text.ts'

export interface Curve {
  readonly points: readonly Point[]
  /** Dots only, so that two curves can be told apart without colour. */
  readonly dotted: boolean
  /** The character of this curve where there is no braille. */
  readonly letter: string
}

export interface ChartSize {
  /** Cells, axis labels included. */
  readonly width: number
  readonly height: number
  readonly unicode: boolean
}

export interface Chart {
  /** `label` is the axis text of a row, `cells` one entry a cell: the sign, and the curve that is on top in it (-1 none). */
  readonly rows: readonly {
    readonly label: string
    readonly cells: readonly { readonly sign: string; readonly curve: number }[]
  }[]
  readonly logarithmic: boolean
}

const LABEL = 9
/** Bits of a braille cell by column and row (Unicode 2800: dots 1-3 and 7 left, 4-6 and 8 right). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const
/** A loss that falls further than this is drawn on a logarithmic axis. */
const LOG_RATIO = 30

/** Later curves lie on top of earlier ones. Values that are not finite are left out. */
export function chart(curves: readonly Curve[], size: ChartSize): Chart {
  const finite = curves.map((curve) => ({
    ...curve,
    points: curve.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }))
  const ys = finite.flatMap((curve) => curve.points.map((point) => point[1]))
  const xs = finite.flatMap((curve) => curve.points.map((point) => point[0]))
  const columns = Math.max(1, size.width - LABEL - 1)
  const empty = ys.length === 0
  const [low, high] = empty ? [0, 1] : spread(Math.min(...ys), Math.max(...ys))
  const logarithmic = low > 0 && high / low > LOG_RATIO
  const scale = logarithmic ? Math.log : (y: number) => y
  const per = size.unicode ? { x: 2, y: 4 } : { x: 1, y: 1 }
  const grid = new Grid(columns * per.x, size.height * per.y)
  const [left, right] = empty ? [0, 1] : [Math.min(...xs), Math.max(...xs)]
  const toX = (x: number) => (right === left ? 0 : Math.round(((x - left) / (right - left)) * (grid.width - 1)))
  const toY = (y: number) => Math.round(((scale(high) - scale(y)) / (scale(high) - scale(low))) * (grid.height - 1))
  finite.forEach((curve, i) =>
    grid.draw(
      curve.points.map(([x, y]) => [toX(x), toY(y)] as const),
      i,
      curve.dotted,
    ),
  )
  const labels = axis(low, high, size.height, logarithmic)
  const rows = labels.map((label, row) => ({
    label: label.padStart(LABEL),
    cells: Array.from({ length: columns }, (_, column) => cellOf(grid, finite, column, row, size.unicode)),
  }))
  return { rows, logarithmic }
}

function spread(low: number, high: number): readonly [number, number] {
  if (high > low) return [low, high]
  const room = Math.abs(low) * 0.1 || 1
  return [low - room, high + room]
}

/** Top, middle and bottom of the axis; short charts have only the ends. */
function axis(low: number, high: number, height: number, logarithmic: boolean): string[] {
  const middle = logarithmic ? Math.sqrt(low * high) : (low + high) / 2
  return Array.from({ length: height }, (_, row) => {
    if (row === 0) return label(high)
    if (row === height - 1) return label(low)
    return height >= 5 && row === Math.floor((height - 1) / 2) ? label(middle) : ''
  })
}

const label = (value: number) => {
  const text = number(Number(value.toPrecision(3)))
  return text.length <= LABEL ? text : value.toExponential(1)
}

function cellOf(grid: Grid, curves: readonly Curve[], column: number, row: number, unicode: boolean) {
  if (!unicode) {
    const curve = grid.at(column, row)
    return { sign: curve < 0 ? ' ' : curves[curve]!.letter, curve }
  }
  let bits = 0
  let top = -1
  for (let dx = 0; dx < 2; dx++) {
    for (let dy = 0; dy < 4; dy++) {
      const curve = grid.at(column * 2 + dx, row * 4 + dy)
      if (curve < 0) continue
      bits |= DOTS[dx]![dy]!
      top = Math.max(top, curve)
    }
  }
  return { sign: bits === 0 ? ' ' : String.fromCodePoint(0x2800 + bits), curve: top }
}

/** Which curve is at a dot, -1 for none. */
class Grid {
  readonly width: number
  readonly height: number
  readonly #dots: Int8Array
  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.#dots = new Int8Array(width * height).fill(-1)
  }
  at(x: number, y: number): number {
    return this.#dots[y * this.width + x] ?? -1
  }
  #set(x: number, y: number, curve: number): void {
    this.#dots[y * this.width + x] = curve
  }
  draw(points: readonly (readonly [number, number])[], curve: number, dotted: boolean): void {
    points.forEach(([x, y], i) => {
      const [fromX, fromY] = points[i - 1] ?? [x, y]
      const steps = Math.max(Math.abs(x - fromX), Math.abs(y - fromY), 1)
      for (let step = 0; step <= steps; step++) {
        const at = fromX + Math.round(((x - fromX) * step) / steps)
        if (!dotted || at % 2 === 0 || i === 0) this.#set(at, fromY + Math.round(((y - fromY) * step) / steps), curve)
      }
    })
  }
}

const SPARKS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.-=+*#@' }

/** The last values, one a cell, between their least and greatest (or the range given). */
export function sparkline(
  values: readonly number[],
  width: number,
  unicode: boolean,
  range?: readonly [number, number],
): string {
  const signs = unicode ? SPARKS.unicode : SPARKS.ascii
  const shown = shrink(values.filter(Number.isFinite), width)
  const [low, high] = range ?? [Math.min(...shown), Math.max(...shown)]
  return shown
    .map((value) => {
      const share = high > low ? (value - low) / (high - low) : 0
      return signs[Math.round(Math.min(1, Math.max(0, share)) * (signs.length - 1))]!
    })
    .join('')
}

/** Means of equal runs of values where there are more than fit. */
function shrink(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values]
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width)
    const part = values.slice(from, Math.max(from + 1, Math.floor(((i + 1) * values.length) / width)))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}

const EIGHTHS = ' ▏▎▍▌▋▊▉█'

export function bar(share: number, width: number, unicode: boolean): string {
  const filled = Math.min(1, Math.max(0, share)) * width
  if (!unicode) return '#'.repeat(Math.floor(filled)).padEnd(width, '.')
  const whole = Math.floor(filled)
  const part = whole < width ? EIGHTHS[Math.floor((filled - whole) * 8)]!.trim() : ''
  return ('█'.repeat(whole) + part).padEnd(width, '░')
}
