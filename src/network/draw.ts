/**
 * A network as boxes and lines: inputs on top, what reads them below, branches side by side. Repeated blocks are drawn
 * once. Leaves out colours and sizes that depend on the terminal.
 */
import type { Network } from '../network.ts'
import { inferShapes, sizeOf } from './shapes.ts'
import { describe, grouped } from './summary.ts'

export interface DrawOptions {
  /** false: only ASCII. */
  readonly unicode?: boolean
}

/** Wider than this, boxes are made narrow and tall. */
const WIDE = 100

/** Plain text, ends without a newline. */
export function draw(network: Network, { unicode = true }: DrawOptions = {}): string {
  const flat = drawBoxes(boxesOf(network, false), unicode)
  const tooWide = flat.split('\n').some((line) => line.length > WIDE)
  return tooWide ? drawBoxes(boxesOf(network, true), unicode) : flat
}

function drawBoxes(all: readonly Box[], unicode: boolean): string {
  const grid = new Grid()
  const boxes = place(foldBlocks(all))
  const lanes = laneCentres(boxes)
  let y = 0
  for (const [i, level] of boxes.entries()) {
    if (i > 0) y = connect(grid, boxes[i - 1]!, level, lanes, y)
    y = drawLevel(grid, level, lanes, y)
  }
  return grid.text(unicode)
}

interface Box {
  readonly name: string
  readonly lines: readonly string[]
  readonly from: readonly string[]
}

/** A box, or where a line passes a level; `reads` are neighbours in the level above. */
interface Placed {
  readonly name: string
  /** null: only a line. */
  readonly lines: readonly string[] | null
  reads: string[]
  lane: number
}

function boxesOf(network: Network, tall: boolean): Box[] {
  const inputs = network.inputs.map(({ name, shape, dtype }) => ({
    name,
    lines: [name, `${dtype} ${shape.join(' x ') || '1'}`],
    from: [],
  }))
  const layers = inferShapes(network).map(({ layer, shape, weights }) => {
    const parameters = weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0)
    const size = `${shape.join(' x ') || '1'}${parameters > 0 ? ` · ${grouped(parameters)}` : ''}`
    const title = tall ? [layer.name, describe(layer)] : [`${layer.name}  ${describe(layer)}`]
    return { name: layer.name, lines: [...title, size], from: [...new Set<string>(layer.inputs)] }
  })
  return [...inputs, ...layers]
}

/** `block_2` to `block_8` as one box, where they are what `block_1` is. */
function foldBlocks(boxes: readonly Box[]): readonly Box[] {
  const blocks = new Map<string, Box[]>()
  for (const box of boxes) {
    const prefix = /^(\w*?_\d+)_/.exec(box.name)?.[1]
    if (prefix) blocks.set(prefix, [...(blocks.get(prefix) ?? []), box])
  }
  const numbers = (prefix: string) => Number(/\d+$/.exec(prefix)![0])
  const first = [...blocks.keys()].find((prefix) => numbers(prefix) === 1)
  if (!first) return boxes
  const stem = first.slice(0, -1)
  // Blocks of one layer are a plain chain, which reads better as it is.
  const like = (prefix: string) =>
    blocks
      .get(prefix)
      ?.map(({ lines }) => lines.join('|').replaceAll(prefix, first))
      .join()
  let last = 1
  while (blocks.get(first)!.length > 1 && like(`${stem}${last + 1}`) === like(first)) last++
  if (last === 1) return boxes
  const folded = new Set(
    [...Array(last - 1).keys()].flatMap((i) => blocks.get(`${stem}${i + 2}`)!.map(({ name }) => name)),
  )
  const [end, lastEnd] = [blocks.get(first)!.at(-1)!.name, blocks.get(`${stem}${last}`)!.at(-1)!.name]
  const name = `${stem}2 … ${stem}${last}`
  const fold: Box = { name, lines: [last === 2 ? `${stem}2` : name, `as ${first}`], from: [end] }
  return boxes.flatMap((box) => {
    if (box.name === lastEnd) return [fold]
    if (folded.has(box.name)) return []
    return [{ ...box, from: box.from.map((from) => (from === lastEnd ? name : from)) }]
  })
}

/** Levels from top to bottom: every box as far down as what reads it lets it be; lines pass the levels between. */
function place(boxes: readonly Box[]): Placed[][] {
  const height = new Map<string, number>()
  for (const box of [...boxes].reverse()) {
    const below = boxes.filter(({ from }) => from.includes(box.name)).map(({ name }) => height.get(name)! + 1)
    height.set(box.name, Math.max(0, ...below))
  }
  const levels: Placed[][] = Array.from({ length: Math.max(...height.values()) + 1 }, () => [])
  const levelOf = (name: string) => levels.length - 1 - height.get(name)!
  for (const box of boxes) {
    const own: Placed = { name: box.name, lines: box.lines, reads: [], lane: 0 }
    levels[levelOf(box.name)]!.push(own)
    for (const from of box.from) own.reads.push(passLevels(levels, from, levelOf(from), levelOf(box.name)))
  }
  return assignLanes(levels)
}

/** @returns what stands just above the lower level: the box itself, or the end of a line from it */
function passLevels(levels: Placed[][], from: string, top: number, bottom: number): string {
  let above = from
  for (let level = top + 1; level < bottom; level++) {
    const name = `${from}|${level}`
    if (!levels[level]!.some((one) => one.name === name)) {
      levels[level]!.push({ name, lines: null, reads: [above], lane: 0 })
    }
    above = name
  }
  return above
}

/** From the bottom up: what one box reads stands above it, in the order in which it is read. */
function assignLanes(levels: Placed[][]): Placed[][] {
  for (const [i, level] of levels.entries()) {
    if (i < levels.length - 1) continue
    for (const [lane, one] of level.entries()) one.lane = lane
  }
  for (let i = levels.length - 2; i >= 0; i--) {
    const wanted = new Map<string, number>()
    for (const below of [...levels[i + 1]!].sort((a, b) => a.lane - b.lane))
      for (const [n, name] of below.reads.entries()) if (!wanted.has(name)) wanted.set(name, below.lane + n)
    levels[i]!.sort((a, b) => (wanted.get(a.name) ?? 0) - (wanted.get(b.name) ?? 0))
    let next = 0
    for (const one of levels[i]!) {
      one.lane = Math.max(next, wanted.get(one.name) ?? 0)
      next = one.lane + 1
    }
  }
  return levels
}

const GAP = 2

/** Column of the middle of each lane. */
function laneCentres(levels: readonly (readonly Placed[])[]): number[] {
  const widths: number[] = []
  for (const { lane, lines } of levels.flat()) widths[lane] = Math.max(widths[lane] ?? 1, lines ? widthOf(lines) : 1)
  let x = 0
  return Array.from(widths, (width = 1) => {
    const centre = x + Math.floor(width / 2)
    x += width + GAP
    return centre
  })
}

const widthOf = (lines: readonly string[]) => Math.max(...lines.map((line) => line.length)) + 4

function drawLevel(grid: Grid, level: readonly Placed[], lanes: readonly number[], y: number): number {
  const height = 2 + Math.max(0, ...level.map(({ lines }) => lines?.length ?? 0))
  for (const { lane, lines } of level) {
    if (lines) grid.box(lanes[lane]! - Math.floor(widthOf(lines) / 2), y, lines, height)
    else grid.line(lanes[lane]!, y, lanes[lane]!, y + height - 1)
  }
  return y + height
}

/** Lines between two levels: straight ones, and one row for each box that is read from the side. */
function connect(
  grid: Grid,
  above: readonly Placed[],
  below: readonly Placed[],
  lanes: readonly number[],
  y: number,
): number {
  const at = (name: string) => lanes[above.find((one) => one.name === name)!.lane]!
  const sideways = below.filter(({ lane, reads }) => reads.some((name) => at(name) !== lanes[lane]))
  const bottom = y + Math.max(1, sideways.length) - 1
  for (const one of below) {
    const x = lanes[one.lane]!
    const row = y + Math.max(0, sideways.indexOf(one))
    for (const from of one.reads.map(at)) {
      grid.line(from, y - 1, from, row)
      grid.line(from, row, x, row)
      grid.line(x, row, x, bottom + 1)
    }
  }
  return bottom + 1
}

const [UP, DOWN, LEFT, RIGHT] = [1, 2, 4, 8]
const CORNERS = ' ╵╷│╴┘┐┤╶└┌├─┴┬┼'

/** Characters, and lines as directions that meet in a cell. */
class Grid {
  readonly #cells = new Map<number, Map<number, string | number>>()

  box(x: number, y: number, lines: readonly string[], height: number): void {
    const [right, bottom] = [x + widthOf(lines) - 1, y + height - 1]
    for (const [x0, y0, x1, y1] of [
      [x, y, right, y],
      [x, bottom, right, bottom],
      [x, y, x, bottom],
      [right, y, right, bottom],
    ] as const)
      this.line(x0, y0, x1, y1)
    for (const [i, line] of lines.entries()) {
      for (const [n, char] of [...line].entries()) this.#set(x + 2 + n, y + 1 + i, char)
    }
  }

  /** Straight; the ends point to each other only. */
  line(x0: number, y0: number, x1: number, y1: number): void {
    for (let x = Math.min(x0, x1); x < Math.max(x0, x1); x++) {
      this.#join(x, y0, RIGHT)
      this.#join(x + 1, y0, LEFT)
    }
    for (let y = Math.min(y0, y1); y < Math.max(y0, y1); y++) {
      this.#join(x0, y, DOWN)
      this.#join(x0, y + 1, UP)
    }
  }

  text(unicode: boolean): string {
    const rows = Math.max(...this.#cells.keys()) + 1
    return Array.from({ length: rows }, (_, y) => {
      const row = this.#cells.get(y) ?? new Map<number, string | number>()
      const width = Math.max(-1, ...row.keys()) + 1
      const chars = Array.from({ length: width }, (_, x) => character(row.get(x) ?? ' ', unicode))
      return chars.join('').trimEnd()
    }).join('\n')
  }

  #join(x: number, y: number, direction: number): void {
    const old = this.#cells.get(y)?.get(x)
    this.#set(x, y, (typeof old === 'number' ? old : 0) | direction)
  }

  #set(x: number, y: number, value: string | number): void {
    const row = this.#cells.get(y) ?? new Map<number, string | number>()
    this.#cells.set(y, row.set(x, value))
  }
}

function character(cell: string | number, unicode: boolean): string {
  if (typeof cell === 'string') return unicode ? cell : cell.replace('·', ',').replace('…', '-')
  if (unicode) return CORNERS[cell]!
  if (cell === (LEFT | RIGHT)) return '-'
  return cell === (UP | DOWN) ? '|' : '+'
}
