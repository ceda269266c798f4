/** A matrix as squares, darker for more: a confusion matrix, a grid of an embedding. Rows from the top. */
import { axisNames, figure, heading, noData, type PlotOptions, svgRoot, tooltip } from './frame.ts'
import { el, text, textWidth } from './svg.ts'

export interface Heatmap extends PlotOptions {
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** rows x columns; null and numbers that are not finite stay empty. */
  readonly values: readonly (readonly (number | null)[])[]
  /** What a full square stands for; default: the greatest value. */
  readonly full?: number
  /** The first row and column are the same classes: squares of the diagonal get a frame. */
  readonly diagonal?: boolean
}

/** Squares smaller than this carry no figure. */
const FIGURE_SIZE = 22

export function heatmap(plot: Heatmap): string {
  const { rows, columns, values, width = 460 } = plot
  const told = values.flat().filter((value): value is number => value !== null && Number.isFinite(value))
  if (rows.length === 0 || columns.length === 0 || told.length === 0) return noData({ ...plot, height: 160 })
  const { parts, bottom } = heading(width, plot.title, [])
  const longest = (names: readonly string[]) => Math.min(110, Math.max(...names.map((name) => textWidth(name, 11))))
  const [left, above] = [14 + longest(rows) + 6 + (plot.yLabel ? 16 : 0), longest(columns) + 8]
  const size = Math.max(5, Math.min(34, (width - left - 14) / columns.length))
  const top = bottom + 8 + above
  const area = { left, top, right: left + size * columns.length, bottom: top + size * rows.length }
  const height = area.bottom + 14 + (plot.xLabel ? 30 : 0)
  const full = plot.full ?? Math.max(...told)
  const every = Math.max(1, Math.ceil(11 / size))
  const labels = [
    ...rows.map((name, i) =>
      i % every === 0
        ? text(name, { x: left - 6, y: top + (i + 0.5) * size + 4, class: 'kp-s', anchor: 'end', size: 11, width: 110 })
        : '',
    ),
    ...columns.map((name, j) => {
      const x = left + (j + 0.5) * size + 4
      return j % every === 0 ? text(name, { x, y: top - 6, class: 'kp-s', size: 11, rotate: -90, width: 110 }) : ''
    }),
  ]
  const cells = rows.flatMap((row, i) =>
    columns.map((column, j) =>
      cell(values[i]?.[j] ?? null, full, `${row} → ${column}`, [left + j * size, top + i * size], size),
    ),
  )
  const diagonal = plot.diagonal
    ? rows.map((_, i) =>
        el('rect', {
          class: 'kp-a',
          x: left + i * size + 0.5,
          y: top + i * size + 0.5,
          width: size - 1,
          height: size - 1,
        }),
      )
    : []
  const names = axisNames({ ...area, bottom: area.bottom - 10 }, plot)
  return svgRoot(width, height, plot, [...parts, ...labels, ...cells, ...diagonal, ...names])
}

function cell(
  value: number | null,
  full: number,
  what: string,
  [x, y]: readonly [number, number],
  size: number,
): string {
  const box = { x: x + 0.5, y: y + 0.5, width: size - 1, height: size - 1 }
  if (value === null || !Number.isFinite(value)) return el('rect', { class: 'kp-g', ...box })
  const share = full > 0 ? Math.min(1, Math.max(0, value / full)) : 0
  const square = el(
    'rect',
    { class: 'kp-f1', 'fill-opacity': 0.04 + 0.86 * share, ...box },
    tooltip(`${what}: ${figure(value)}`),
  )
  if (size < FIGURE_SIZE || value === 0) return square
  const style = share > 0.6 ? 'kp-on' : 'kp-t'
  return (
    square +
    text(shortFigure(value, size - 4), {
      x: x + size / 2,
      y: y + size / 2 + 4,
      class: style,
      anchor: 'middle',
      size: 10,
    })
  )
}

/** With the digits that fit a square; the tooltip has all. */
function shortFigure(value: number, width: number): string {
  const whole = figure(value)
  return textWidth(whole, 10) <= width ? whole : value.toExponential(0).replace('e+', 'e')
}
