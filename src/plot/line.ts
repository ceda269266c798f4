/** Curves over a shared axis: training and validation loss. A value that is null or not finite leaves a gap. */
import {
  type Mark,
  axes,
  figure,
  heading,
  HEIGHT,
  markLine,
  noData,
  plotArea,
  type PlotOptions,
  svgRoot,
  tooltip,
  WIDTH,
} from './frame.ts'
import { extent, linearScale, logScale, niceRange, type Range } from './scale.ts'
import { el, path } from './svg.ts'
import { colorOf } from './theme.ts'

export interface Series {
  readonly name: string
  /** Same length as y. */
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
  readonly dashed?: boolean
}

export interface LinePlot extends PlotOptions {
  readonly series: readonly Series[]
  /** Vertical lines with a word: the best epoch. */
  readonly marks?: readonly Mark[]
  /** `auto`: logarithmic where all values are positive and span more than a factor of 50. Default linear. */
  readonly yScale?: 'linear' | 'log' | 'auto'
}

/** More points than this are not told apart by an eye; curves are thinned to it. */
const MOST_POINTS = 1000

export function linePlot(plot: LinePlot): string {
  const { width = WIDTH, height = HEIGHT, marks = [] } = plot
  const series = plot.series.map((one) => thin({ ...one, y: one.y.map(finite) }))
  const yRange = extent(series.flatMap((one) => one.y))
  const xRange = extent(series.flatMap((one) => one.x.filter((_, i) => one.y[i] !== null)))
  if (!yRange || !xRange) return noData(plot)
  const legend = plot.series.map(({ name, dashed }, index) => ({ name, index, ...(dashed ? { dashed } : {}) }))
  const { parts, bottom } = heading(width, plot.title, legend)
  const log = isLog(plot.yScale ?? 'linear', yRange)
  const y = log ? yRange : niceRange(yRange)
  const scaleY = (to: readonly [number, number]) => (log ? logScale(y, to) : linearScale(y, to))
  const draft = scaleY([0, 1])
  const area = plotArea(width, height, bottom, plot, draft.ticks.map(draft.label))
  const xs = xRange.min === xRange.max ? { min: xRange.min - 1, max: xRange.max + 1 } : xRange
  const toX = linearScale(xs, [area.left + 2, area.right], Math.max(2, Math.floor((area.right - area.left) / 60)))
  const toY = scaleY([area.bottom, area.top])
  const whole = series.every((one) => one.x.every(Number.isInteger))
  const scaleX = whole ? { ...toX, ticks: toX.ticks.filter(Number.isInteger), label: String } : toX
  return svgRoot(width, height, plot, [
    ...parts,
    ...axes(area, scaleX, toY, plot),
    ...marks.flatMap(({ x, label }) => (x >= xs.min && x <= xs.max ? markLine(area, toX.map(x), label) : [])),
    ...series.flatMap((one, index) => curve(one, index, toX.map, toY.map)),
  ])
}

function curve(one: Series, index: number, toX: (v: number) => number, toY: (v: number) => number): string[] {
  const points = one.x.map((x, i) => (one.y[i] === null ? null : ([toX(x), toY(one.y[i]!)] as const)))
  const color = colorOf(index)
  const told = one.x.flatMap((x, i) => (one.y[i] === null ? [] : [{ x, y: one.y[i]! }]))
  const last = told.at(-1)
  const best = told.reduce((low, point) => (point.y < low ? point.y : low), Infinity)
  const words = last ? `${one.name}: last ${figure(last.y)}, least ${figure(best)}` : one.name
  const line = el('path', { class: `kp-l${color}${one.dashed ? ' kp-dash' : ''}`, d: path(points) }, tooltip(words))
  // A point between two gaps (or alone) has no line to be seen by.
  const lonely = points.filter((point, i) => point && !points[i - 1] && !points[i + 1])
  const dots = lonely.map((point) => el('circle', { class: `kp-f${color}`, cx: point![0], cy: point![1], r: 3 }))
  return [line, ...dots]
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null)

function isLog(wanted: 'linear' | 'log' | 'auto', { min, max }: Range): boolean {
  if (wanted === 'linear' || !(min > 0)) return false
  return wanted === 'log' || max / min > 50
}

/** Every n-th point, and always the last. */
function thin(series: Series): Series {
  const every = Math.ceil(series.x.length / MOST_POINTS)
  if (every === 1 || series.x.length === 0) return series
  const keep = (_: unknown, i: number) => i % every === 0 || i === series.x.length - 1
  return { ...series, x: series.x.filter(keep), y: series.y.filter(keep) }
}
