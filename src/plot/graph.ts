/** A graph of stages as boxes with arrows, layered to the right or downwards. */
import { noData, type PlotOptions, svgRoot, tooltip } from './frame.ts'
import { type Edge, type Layout, layeredLayout } from './layered.ts'
import { el, short, text, textWidth } from './svg.ts'

export interface GraphNode {
  readonly id: string
  /** First line in the box. */
  readonly label: string
  /** At the end of the first line: time, outcome. */
  readonly aside?: string
  /** Second line. */
  readonly detail?: string
  /** Colour of the strip at its side. */
  readonly state?: 'good' | 'bad' | 'warn' | 'soft'
  readonly tooltip?: string
}

export interface GraphPlot extends PlotOptions {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly Edge[]
  /** `auto`: downwards where that is the shape that fits a page. Default auto. */
  readonly direction?: 'right' | 'down' | 'auto'
}

/** Five boxes beside each other fit a page: as many as Kelly has models. */
const BOX = { width: 198, height: 42 }
const GAP = { right: { layer: 44, cross: 14 }, down: { layer: 30, cross: 10 } }
const PAD = 14
/** What fits a page, px. */
const PAGE = 1060

export function graphPlot(plot: GraphPlot): string {
  if (plot.nodes.length === 0) return noData({ height: 120, ...plot }, 'no stages')
  const layout = layeredLayout(
    plot.nodes.map((node) => node.id),
    plot.edges,
  )
  const down = isDown(plot.direction ?? 'auto', layout)
  const { layer: layerGap, cross } = down ? GAP.down : GAP.right
  const [along, across] = down ? [BOX.height, BOX.width] : [BOX.width, BOX.height]
  const titleRoom = plot.title ? 26 : 0
  const place = ({ layer, offset }: { layer: number; offset: number }): [number, number] => {
    const [a, c] = [PAD + along / 2 + layer * (along + layerGap), PAD + across / 2 + offset * (across + cross)]
    return down ? [c, a + titleRoom] : [a, c + titleRoom]
  }
  const [lastX, lastY] = place({ layer: layout.layers - 1, offset: layout.span })
  const [width, height] = [lastX + BOX.width / 2 + PAD, lastY + BOX.height / 2 + PAD]
  const title = plot.title ? [text(plot.title, { x: PAD, y: 22, class: 'kp-h', size: 13, width: width - 2 * PAD })] : []
  const edges = layout.edges.map(({ via }) => arrow(via.map(place), down))
  const nodes = plot.nodes.map((node) => box(node, place(layout.nodes.get(node.id)!)))
  return svgRoot(width, height, plot, [...title, ...edges, ...nodes])
}

/** `train@a` on two lines, with a few words where there is room for them. */
export function graphLabel(id: string, words: string): Pick<GraphNode, 'label' | 'detail' | 'aside'> {
  const at = id.indexOf('@')
  if (at < 1) return words ? { label: id, detail: words } : { label: id }
  return { label: id.slice(0, at), detail: id.slice(at + 1), ...(words ? { aside: words } : {}) }
}

/** A group of more than this is drawn as one box. */
const MOST_INSTANCES = 12

/** Names under which the members of wide groups fall together: `train@… (200)`; of all others their id. */
export function foldWide<T extends { readonly id: string; readonly group: string }>(
  stages: readonly T[],
): (stage: T) => string {
  const sizes = new Map<string, number>()
  for (const { group } of stages) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  return ({ id, group }) => (sizes.get(group)! > MOST_INSTANCES ? `${group}@… (${sizes.get(group)})` : id)
}

function isDown(wanted: 'right' | 'down' | 'auto', { layers, span }: Layout): boolean {
  if (wanted !== 'auto') return wanted === 'down'
  const wide = layers * (BOX.width + GAP.right.layer)
  return wide > PAGE && (span + 1) * (BOX.width + GAP.down.cross) < wide
}

/** A smooth line from box to box; where it passes a layer it goes straight, so that it stays between that layer's boxes. */
function arrow(points: readonly [number, number][], down: boolean): string {
  const half = down ? BOX.height / 2 : BOX.width / 2
  const beside = ([x, y]: readonly [number, number], shift: number) => (down ? [x, y + shift] : [x + shift, y])
  let [x0, y0] = beside(points[0]!, half) as [number, number]
  let d = `M${short(x0)},${short(y0)}`
  points.slice(1).forEach((point, i) => {
    const [x1, y1] = beside(point, -half) as [number, number]
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2]
    const bend = down ? [x0, cy, x1, cy] : [cx, y0, cx, y1]
    d += `C${bend.map(short).join()},${short(x1)},${short(y1)}`
    ;[x0, y0] = [x1, y1]
    if (i === points.length - 2) return
    ;[x0, y0] = beside(point, half) as [number, number]
    d += `L${short(x0)},${short(y0)}`
  })
  const head = down ? `M${short(x0)},${short(y0)}l-4,-7h8z` : `M${short(x0)},${short(y0)}l-7,-4v8z`
  return el('path', { class: 'kp-a', d }) + el('path', { class: 'kp-arrow', d: head })
}

function box(node: GraphNode, [x, y]: readonly [number, number]): string {
  const [left, top, right] = [x - BOX.width / 2, y - BOX.height / 2, x + BOX.width / 2 - 9]
  const first = y + (node.detail ? -3 : 4)
  const asideWidth = node.aside ? Math.min(textWidth(node.aside, 11), BOX.width * 0.55) : 0
  const inside = right - left - 16
  return el(
    'g',
    {},
    tooltip(node.tooltip ?? node.id),
    el('rect', { class: 'kp-node', x: left, y: top, width: BOX.width, height: BOX.height, rx: 6 }),
    el('rect', {
      class: `kp-${node.state ?? 'soft'}`,
      x: left + 5,
      y: top + 7,
      width: 4,
      height: BOX.height - 14,
      rx: 2,
    }),
    text(node.label, { x: left + 16, y: first, class: 'kp-h', width: inside - asideWidth - (node.aside ? 6 : 0) }),
    node.aside
      ? text(node.aside, { x: right, y: first, class: 'kp-s', size: 11, anchor: 'end', width: asideWidth + 2 })
      : '',
    node.detail ? text(node.detail, { x: left + 16, y: y + 13, class: 'kp-s', size: 11, width: inside }) : '',
  )
}
