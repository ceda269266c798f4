/** Bars that lie: one line a name, so that long names can be read; one bar a series, with an optional whisker. */
import { figure, heading, noData, type PlotOptions, svgRoot, tooltip, WIDTH } from './frame.ts'
import { extent, linearScale, niceRange } from './scale.ts'
import { el, short, text, textWidth } from './svg.ts'
import { colorOf } from './theme.ts'

export interface BarGroup {
  readonly label: string
  /** One a series; null where there is none. */
  readonly values: readonly (number | null)[]
  /** Least and greatest of each value, drawn as a whisker. */
  readonly spreads?: readonly (readonly [number, number] | null)[]
}

export interface BarPlot extends PlotOptions {
  readonly series: readonly string[]
  readonly groups: readonly BarGroup[]
  /** Unit behind the figure at the end of a bar. */
  readonly unit?: string
}

const MOST_LABEL = 200
/** With more lines bars are thin, and their figures are tooltips. */
const MOST_FIGURES = 12
const THIN = 8

export function barPlot(plot: BarPlot): string {
  const { width = WIDTH, series } = plot
  const values = plot.groups.flatMap((group) => [...group.values, ...(group.spreads ?? []).flatMap((s) => s ?? [])])
  const found = extent(values)
  if (!found) return noData({ height: 120, ...plot })
  const { parts, bottom } = heading(
    width,
    plot.title,
    series.map((name, index) => ({ name, index, mark: 'box' })),
  )
  const many = plot.groups.length > MOST_FIGURES
  const thick = many ? 6 : series.length > 1 ? 11 : 13
  const pitch = thick * series.length + (many ? 6 : 10)
  const height = bottom + 12 + pitch * plot.groups.length + 26 + (plot.xLabel ? 16 : 0)
  const labelWidth = Math.min(MOST_LABEL, width * 0.4, Math.max(...plot.groups.map((g) => textWidth(g.label, 11))) + 4)
  const ends = many
    ? 4
    : Math.max(...values.map((value) => (value === null ? 0 : textWidth(end(value, plot.unit), 10)))) + 6
  const area = {
    left: 14 + labelWidth + 6,
    top: bottom + 8,
    right: width - 14 - ends,
    bottom: height - 26 - (plot.xLabel ? 16 : 0),
  }
  const range = niceRange({ min: Math.min(0, found.min), max: Math.max(0, found.max) }, 4)
  const x = linearScale(range, [area.left, area.right], 4)
  const grid = x.ticks.flatMap((tick) => [
    el('path', {
      class: tick === 0 ? 'kp-a' : 'kp-g',
      d: `M${short(x.map(tick))},${short(area.top)}V${short(area.bottom)}`,
    }),
    text(x.label(tick), { x: x.map(tick), y: area.bottom + 15, class: 'kp-s', anchor: 'middle', size: 11 }),
  ])
  const rows = plot.groups.flatMap((group, row) => {
    const top = area.top + 4 + row * pitch
    const label = text(group.label, {
      x: area.left - 6,
      y: top + (thick * series.length) / 2 + 4,
      class: 'kp-t',
      anchor: 'end',
      size: 11,
      width: labelWidth,
    })
    return [
      label,
      ...group.values.flatMap((value, i) => bar(group, value, i, top + i * thick, thick, x.map, plot.unit)),
    ]
  })
  const name = plot.xLabel
    ? [text(plot.xLabel, { x: (area.left + area.right) / 2, y: height - 8, class: 'kp-s', anchor: 'middle', size: 11 })]
    : []
  return svgRoot(width, height, plot, [...parts, ...grid, ...rows, ...name])
}

function bar(
  group: BarGroup,
  value: number | null,
  index: number,
  top: number,
  thick: number,
  toX: (value: number) => number,
  unit: string | undefined,
): string[] {
  if (value === null || !Number.isFinite(value)) return []
  const [from, to] = [Math.min(toX(0), toX(value)), Math.max(toX(0), toX(value))]
  const spread = group.spreads?.[index]
  const whisker = spread
    ? [
        el('path', {
          class: 'kp-whisker',
          d: `M${short(toX(spread[0]))},${short(top + thick / 2)}H${short(toX(spread[1]))}`,
        }),
      ]
    : []
  const words = `${group.label}: ${end(value, unit)}${spread ? ` (${figure(spread[0])} … ${figure(spread[1])})` : ''}`
  const box = { x: from, y: top, width: Math.max(1, to - from), height: thick - 1, rx: 1.5 }
  const drawn = [el('rect', { class: `kp-f${colorOf(index)} kp-point`, ...box }, tooltip(words)), ...whisker]
  if (thick < THIN) return drawn
  const x = (spread ? Math.max(to, toX(spread[1])) : to) + 5
  return [...drawn, text(end(value, unit), { x, y: top + thick / 2 + 3, class: 'kp-s', size: 10 })]
}

const end = (value: number, unit: string | undefined): string => `${figure(value)}${unit ? ` ${unit}` : ''}`
