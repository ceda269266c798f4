/** Counts in bins, with vertical lines for figures of interest (an average, a target). */
import {
  type Area,
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
import { linearScale, niceRange, type Range } from './scale.ts'
import { el } from './svg.ts'
import { colorOf } from './theme.ts'

export { binValues } from '../lib/bins.ts'

export interface Histogram extends PlotOptions {
  /** One more than counts, rising. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly marks?: readonly Mark[]
  /** 0-based colour. */
  readonly color?: number
}

export function histogram(plot: Histogram): string {
  const { width = WIDTH, height = HEIGHT, edges, counts } = plot
  const most = Math.max(0, ...counts)
  if (most === 0 || edges.length !== counts.length + 1) return noData(plot)
  const { parts, bottom } = heading(width, plot.title, [])
  const ys = niceRange({ min: 0, max: most }, 4)
  const labels = linearScale(ys, [0, 1], 4)
  const area = plotArea(width, height, bottom, plot, labels.ticks.map(labels.label))
  const xs = { min: edges[0]!, max: edges.at(-1)! }
  const x = linearScale(xs.min === xs.max ? niceRange(xs) : xs, [area.left, area.right])
  const y = linearScale(ys, [area.bottom, area.top], 4)
  const whole = { ...y, ticks: y.ticks.filter(Number.isInteger), label: String }
  const bars = counts.flatMap((count, i) => {
    if (count === 0) return []
    const [from, to] = [x.map(edges[i]!), x.map(edges[i + 1]!)]
    const words = `${figure(edges[i]!)} … ${figure(edges[i + 1]!)}: ${count}`
    const box = {
      x: from + 0.5,
      y: y.map(count),
      width: Math.max(1, to - from - 1),
      height: area.bottom - y.map(count),
    }
    return [el('rect', { class: `kp-f${colorOf(plot.color ?? 0)} kp-point`, ...box }, tooltip(words))]
  })
  return svgRoot(width, height, plot, [
    ...parts,
    ...axes(area, x, whole, plot),
    ...bars,
    ...marks(plot, xs, x.map, area),
  ])
}

/** Words of neighbouring lines stand below each other, so that they never cover one another. */
function marks(plot: Histogram, xs: Range, toX: (value: number) => number, area: Area): string[] {
  const seen = [...(plot.marks ?? [])].filter(({ x }) => x >= xs.min && x <= xs.max).sort((a, b) => a.x - b.x)
  return seen.flatMap(({ x, label }, i) => markLine(area, toX(x), label, i, 'kp-t'))
}
