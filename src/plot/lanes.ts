/**
 * A graph for a terminal, one node a line, in the manner of `git log --graph`: a lane is an edge whose end has not come yet.
 *
 *   ● download
 *   ├─╮
 *   ● │ train@a
 *   │ ● train@b
 *   ├─╯
 *   ● register
 */
import type { Edge } from './layered.ts'

export interface LaneRow {
  /** Lanes and, for a node, its dot. */
  readonly picture: string
  /** Node of this line, or null for a line that only forks or joins. */
  readonly node: string | null
}

interface Pen {
  readonly dot: string
  readonly line: string
  readonly across: string
  /** First, middle and last corner of a fork and of a join. */
  readonly first: string
  readonly fork: string
  readonly forkEnd: string
  readonly join: string
  readonly joinEnd: string
  readonly over: string
}

const UNICODE: Pen = {
  dot: '●',
  line: '│',
  across: '─',
  first: '├',
  fork: '┬',
  forkEnd: '╮',
  join: '┴',
  joinEnd: '╯',
  over: '┼',
}
const ASCII: Pen = {
  dot: '*',
  line: '|',
  across: '-',
  first: '+',
  fork: '+',
  forkEnd: '.',
  join: '+',
  joinEnd: "'",
  over: '|',
}

/** @param ids in any order; lines come out in an order where every node stands below all it needs */
export function laneRows(ids: readonly string[], edges: readonly Edge[], unicode = true): LaneRow[] {
  const pen = unicode ? UNICODE : ASCII
  const rows: LaneRow[] = []
  /** What each lane leads to; null = free. */
  const lanes: (string | null)[] = []
  const next = new Map<string, string[]>(ids.map((id) => [id, []]))
  for (const [from, to] of edges) next.get(from)!.push(to)
  for (const id of inDepth(ids, edges)) {
    const mine = lanes.flatMap((target, i) => (target === id ? [i] : []))
    const at = mine[0] ?? freeLane(lanes, 0)
    if (mine.length > 1) {
      rows.push({ picture: branches(lanes, at, mine.slice(1), pen, 'join'), node: null })
      for (const lane of mine.slice(1)) lanes[lane] = null
    }
    lanes[at] = id
    trim(lanes)
    rows.push({
      picture: lanes.map((target, i) => (i === at ? pen.dot : target === null ? ' ' : pen.line)).join(' '),
      node: id,
    })
    const [first, ...others] = next.get(id)!
    lanes[at] = first ?? null
    const opened = others.map((other) => {
      const lane = freeLane(lanes, at + 1)
      lanes[lane] = other
      return lane
    })
    if (opened.length > 0) rows.push({ picture: branches(lanes, at, opened, pen, 'fork'), node: null })
    trim(lanes)
  }
  return rows
}

/** Depth first, so that a branch is told to its end before the next one begins. */
function inDepth(ids: readonly string[], edges: readonly Edge[]): string[] {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]))
  const missing = new Map<string, number>(ids.map((id) => [id, 0]))
  for (const [from, to] of edges) {
    next.get(from)!.push(to)
    missing.set(to, missing.get(to)! + 1)
  }
  const order: string[] = []
  const open = ids.filter((id) => missing.get(id) === 0).reverse()
  while (open.length > 0) {
    const id = open.pop()!
    order.push(id)
    const ready: string[] = []
    for (const to of next.get(id)!) {
      missing.set(to, missing.get(to)! - 1)
      if (missing.get(to) === 0) ready.push(to)
    }
    open.push(...ready.reverse())
  }
  return order
}

/** One line with a branch from lane `at` to each of `others` (all to its right). */
function branches(
  lanes: readonly (string | null)[],
  at: number,
  others: readonly number[],
  pen: Pen,
  sort: 'fork' | 'join',
): string {
  const last = Math.max(...others)
  const [middle, end] = sort === 'fork' ? [pen.fork, pen.forkEnd] : [pen.join, pen.joinEnd]
  let out = ''
  for (let i = 0; i < Math.max(lanes.length, last + 1); i++) {
    const passes = (lanes[i] ?? null) !== null
    const inside = i > at && i < last
    if (i === at) out += pen.first
    else if (i === last) out += end
    else if (others.includes(i)) out += middle
    else if (inside) out += passes ? pen.over : pen.across
    else out += passes ? pen.line : ' '
    out += i >= at && i < last ? pen.across : ' '
  }
  return out.trimEnd()
}

function freeLane(lanes: readonly (string | null)[], from: number): number {
  for (let i = from; i < lanes.length; i++) if (lanes[i] === null) return i
  return Math.max(from, lanes.length)
}

function trim(lanes: (string | null)[]): void {
  while (lanes.length > 0 && (lanes.at(-1) ?? null) === null) lanes.pop()
  for (let i = 0; i < lanes.length; i++) lanes[i] ??= null
}
