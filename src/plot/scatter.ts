/** Points in groups; a point may have a second place that a thin line leads to (a label and what was predicted for it). */
import { axes, heading, noData, plotArea, type PlotOptions, svgRoot, tooltip, WIDTH } from './frame.ts'
import { extent, linearScale, niceRange, type Range } from './scale.ts'
import { el, short } from './svg.ts'
import { colorOf } from './theme.ts'

export interface Point {
  readonly x: number
  readonly y: number
  /** Tooltip. */
  readonly label?: string
  /** Where the line from this point ends. */
  readonly to?: readonly [number, number]
}

export interface ScatterPlot extends PlotOptions {
  readonly groups: readonly { readonly name: string; readonly points: readonly Point[] }[]
  /** Fixed range of an axis, else round numbers around the points. */
  readonly xRange?: Range
  readonly yRange?: Range
  /** The line y = x: where predictions equal what is true. */
  readonly diagonal?: boolean
  /** Lines through 0 on both axes. */
  readonly cross?: boolean
}

export function scatterPlot(plot: ScatterPlot): string {
  const { width = WIDTH, height = 340 } = plot
  const groups = plot.groups.map((group) => ({ ...group, points: group.points.filter(isFinitePoint) }))
  const all = groups.flatMap((group) => group.points)
  if (all.length === 0) return noData({ ...plot, height })
  const legend = groups.map(({ name }, index) => ({ name, index, mark: 'box' as const }))
  const { parts, bottom } = heading(width, plot.title, legend)
  const xs = plot.xRange ?? niceRange(extent(all.flatMap((p) => [p.x, p.to?.[0]]))!)
  const ys = plot.yRange ?? niceRange(extent(all.flatMap((p) => [p.y, p.to?.[1]]))!)
  const draft = linearScale(ys, [0, 1])
  const area = plotArea(width, height, bottom, plot, draft.ticks.map(draft.label))
  const x = linearScale(xs, [area.left, area.right])
  const y = linearScale(ys, [area.bottom, area.top])
  const inside = (value: number, { min, max }: Range) => Math.min(max, Math.max(min, value))
  const at = (px: number, py: number) => [x.map(inside(px, xs)), y.map(inside(py, ys))] as const
  const guides: string[] = []
  if (plot.cross && xs.min < 0 && xs.max > 0)
    guides.push(el('path', { class: 'kp-a', d: `M${short(x.map(0))},${short(area.top)}V${short(area.bottom)}` }))
  if (plot.cross && ys.min < 0 && ys.max > 0)
    guides.push(el('path', { class: 'kp-a', d: `M${short(area.left)},${short(y.map(0))}H${short(area.right)}` }))
  if (plot.diagonal) {
    const [low, high] = [Math.max(xs.min, ys.min), Math.min(xs.max, ys.max)]
    const [from, to] = [at(low, low), at(high, high)]
    if (low < high)
      guides.push(
        el(
          'path',
          { class: 'kp-a kp-dash', d: `M${from.map(short).join()}L${to.map(short).join()}` },
          tooltip('equal'),
        ),
      )
  }
  const radius = all.length > 400 ? 2 : all.length > 80 ? 2.8 : 3.6
  const lines = groups.flatMap((group) =>
    group.points.flatMap((point) =>
      point.to
        ? [
            el('path', {
              class: 'kp-a',
              d: `M${at(point.x, point.y).map(short).join()}L${at(...point.to)
                .map(short)
                .join()}`,
            }),
          ]
        : [],
    ),
  )
  const dots = groups.flatMap((group, index) =>
    group.points.map((point) => {
      const [cx, cy] = at(point.x, point.y)
      const attributes = { class: `kp-f${colorOf(index)} kp-point`, cx, cy, r: radius }
      return point.label ? el('circle', attributes, tooltip(point.label)) : el('circle', attributes)
    }),
  )
  return svgRoot(width, height, plot, [...parts, ...axes(area, x, y, plot), ...guides, ...lines, ...dots])
}

const isFinitePoint = (point: Point) => Number.isFinite(point.x) && Number.isFinite(point.y)
