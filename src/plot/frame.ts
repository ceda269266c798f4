/** What pictures with two axes share: title, legend, axes with ticks and grid, and the words "no data". */
import type { Scale } from './scale.ts'
import { colorOf, PLOT_RULES, themeVariables } from './theme.ts'
import { el, escapeText, short, text, textWidth } from './svg.ts'

export interface PlotOptions {
  readonly title?: string
  readonly xLabel?: string
  readonly yLabel?: string
  /** px, default 460 x 260. */
  readonly width?: number
  readonly height?: number
  /** Carries its own styles, for an .svg file; inside a report they stand once for all. */
  readonly standalone?: boolean
  /** For readers that speak the page; default: the title. */
  readonly description?: string
}

export interface Area {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export const WIDTH = 460
export const HEIGHT = 260
const PAD = 14

export interface Mark {
  readonly x: number
  readonly label: string
}

/** A line down the area at `at` px with words beside it, on the side that has room for them. */
export function markLine(area: Area, at: number, label: string, row = 0, style = 'kp-s'): string[] {
  const [left, right] = [at - area.left - 8, area.right - at - 8]
  const onLeft = textWidth(label, 11) > right && left > right
  const words = text(label, {
    x: at + (onLeft ? -5 : 5),
    y: area.top + 10 + 14 * row,
    class: style,
    anchor: onLeft ? 'end' : 'start',
    size: 11,
    width: onLeft ? left : right,
  })
  return [el('path', { class: 'kp-a kp-dash', d: `M${short(at)},${short(area.top)}V${short(area.bottom)}` }), words]
}

/** The whole picture around its parts. */
export function svgRoot(width: number, height: number, options: PlotOptions, parts: readonly string[]): string {
  const label = options.description ?? options.title ?? ''
  const style = options.standalone ? [el('style', {}, `${themeVariables('.kp')}${PLOT_RULES}`)] : []
  return el(
    'svg',
    {
      xmlns: options.standalone ? 'http://www.w3.org/2000/svg' : undefined,
      class: 'kp',
      width,
      height,
      viewBox: `0 0 ${short(width)} ${short(height)}`,
      role: 'img',
      'aria-label': label || undefined,
    },
    ...style,
    el('rect', { class: 'kp-paper', width, height, rx: 6 }),
    ...parts.filter(Boolean),
  )
}

export interface LegendEntry {
  readonly name: string
  /** 0-based number of the series. */
  readonly index: number
  readonly dashed?: boolean
  readonly mark?: 'line' | 'box'
}

/** Title at the top left, legend below it; returns where the plot may begin. */
export function heading(
  width: number,
  title: string | undefined,
  legend: readonly LegendEntry[],
): { parts: string[]; bottom: number } {
  const parts: string[] = []
  let y = 10
  if (title) {
    parts.push(text(title, { x: PAD, y: 20, class: 'kp-h', size: 13, width: width - 2 * PAD }))
    y = 30
  }
  if (legend.length > 1) {
    const each = (width - 2 * PAD) / Math.min(legend.length, 4)
    let [x, line] = [PAD, y + 12]
    for (const { name, index, dashed, mark } of legend) {
      const room = Math.min(textWidth(name, 11), Math.max(each - 34, 90))
      if (x > PAD && x + room + 22 > width - PAD) [x, line] = [PAD, line + 16]
      const color = colorOf(index)
      parts.push(
        mark === 'box'
          ? el('rect', { class: `kp-f${color} kp-point`, x, y: line - 9, width: 12, height: 10, rx: 2 })
          : el('path', { class: `kp-l${color}${dashed ? ' kp-dash' : ''}`, d: `M${short(x)},${line - 4}h14` }),
        text(name, { x: x + 19, y: line, class: 'kp-s', size: 11, width: room + 4 }),
      )
      x += room + 36
    }
    y = line + 6
  }
  return { parts, bottom: y }
}

/** Room for ticks and labels of both axes. @param yTicks labels of the vertical axis, to know how wide they are */
export function plotArea(
  width: number,
  height: number,
  top: number,
  options: PlotOptions,
  yTicks: readonly string[],
): Area {
  const ticks = Math.max(18, ...yTicks.map((label) => textWidth(label, 11)))
  return {
    left: PAD + ticks + 6 + (options.yLabel ? 16 : 0),
    top: top + 8,
    right: width - PAD - 4,
    bottom: height - 26 - (options.xLabel ? 16 : 0),
  }
}

/** Grid, ticks and names of both axes. */
export function axes(area: Area, x: Scale, y: Scale, options: PlotOptions): string[] {
  const parts: string[] = []
  for (const tick of y.ticks) {
    const at = y.map(tick)
    parts.push(el('path', { class: 'kp-g', d: `M${short(area.left)},${short(at)}H${short(area.right)}` }))
    parts.push(text(y.label(tick), { x: area.left - 6, y: at + 4, class: 'kp-s', anchor: 'end', size: 11 }))
  }
  let free = -Infinity
  for (const tick of x.ticks) {
    const at = x.map(tick)
    const label = x.label(tick)
    parts.push(el('path', { class: 'kp-a', d: `M${short(at)},${short(area.bottom)}v4` }))
    const half = textWidth(label, 11) / 2
    if (at - half < free) continue
    free = at + half + 6
    const middle = Math.min(at, area.right + PAD - half)
    parts.push(text(label, { x: middle, y: area.bottom + 17, class: 'kp-s', anchor: 'middle', size: 11 }))
  }
  parts.push(el('path', { class: 'kp-a', d: `M${short(area.left)},${short(area.bottom)}H${short(area.right)}` }))
  return [...parts, ...axisNames(area, options)]
}

export function axisNames(area: Area, { xLabel, yLabel }: PlotOptions): string[] {
  const parts: string[] = []
  const middle = { x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2 }
  const style = { class: 'kp-s', anchor: 'middle', size: 11 } as const
  if (xLabel) parts.push(text(xLabel, { ...style, x: middle.x, y: area.bottom + 34, width: area.right - area.left }))
  if (yLabel)
    parts.push(text(yLabel, { ...style, x: 18, y: middle.y, rotate: -90, width: Math.max(60, area.bottom - area.top) }))
  return parts
}

/** An empty frame that says so. */
export function noData(options: PlotOptions, why = 'no data'): string {
  const { width = WIDTH, height = HEIGHT } = options
  const { parts, bottom } = heading(width, options.title, [])
  const area = { left: PAD, top: bottom + 4, right: width - PAD, bottom: height - PAD }
  return svgRoot(width, height, options, [
    ...parts,
    el('rect', {
      class: 'kp-g kp-dash',
      x: area.left,
      y: area.top,
      width: area.right - area.left,
      height: Math.max(10, area.bottom - area.top),
      rx: 4,
    }),
    text(why, { x: width / 2, y: (area.top + area.bottom) / 2 + 4, class: 'kp-s', anchor: 'middle' }),
  ])
}

/** `<title>` for a mark. */
export const tooltip = (content: string): string => el('title', {}, escapeText(content))

/** A figure in a tooltip or a label: four significant digits. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
