/** A YAML value with its place in a text: what the rest of plan/ works with. Knows nothing of YAML's syntax. */
import type { Place } from '../plan.ts'

export interface Source {
  /** As shown to the user. */
  readonly file: string
  readonly text: string
  /** Offset of the first character of every line. */
  readonly lineStarts: readonly number[]
}

/** Part of a text; `source` is null for a value that stands in no file (a default). */
export interface Span {
  readonly source: Source | null
  readonly start: number
  readonly end: number
}

export interface ScalarNode extends Span {
  readonly type: 'scalar'
  readonly value: string | number | boolean | null
  /** As written, without quotes: `1.10` stays `1.10`. */
  readonly text: string
  readonly dynamic: boolean
}

export interface ListNode extends Span {
  readonly type: 'list'
  readonly items: readonly Node[]
  readonly dynamic: boolean
}

export interface Entry {
  readonly key: Span
  readonly value: Node
}

export interface MapNode extends Span {
  readonly type: 'map'
  readonly entries: ReadonlyMap<string, Entry>
  readonly dynamic: boolean
}

/** A value that could not be made out; the mistake is reported already, nobody says a word about it again. */
export interface BrokenNode extends Span {
  readonly type: 'broken'
  readonly dynamic: false
}

/** `dynamic`: there is a `${` somewhere inside. */
export type Node = ScalarNode | ListNode | MapNode | BrokenNode

export const NOWHERE: Span = { source: null, start: 0, end: 0 }

export function makeSource(file: string, text: string): Source {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { file, text, lineStarts }
}

export const scalar = (value: ScalarNode['value'], at: Span): ScalarNode => ({
  type: 'scalar',
  value,
  text: value === null ? '' : String(value),
  dynamic: false,
  source: at.source,
  start: at.start,
  end: at.end,
})

export const broken = (at: Span): BrokenNode => ({
  type: 'broken',
  dynamic: false,
  source: at.source,
  start: at.start,
  end: at.end,
})

export const makeList = (items: readonly Node[], at: Span): ListNode => ({
  type: 'list',
  items,
  dynamic: items.some((item) => item.dynamic),
  source: at.source,
  start: at.start,
  end: at.end,
})

export function makeMap(entries: ReadonlyMap<string, Entry>, at: Span): MapNode {
  let dynamic = false
  for (const { value } of entries.values()) dynamic ||= value.dynamic
  return { type: 'map', entries, dynamic, source: at.source, start: at.start, end: at.end }
}

/** Plain data; what is broken is left out. */
export function toValue(node: Node): unknown {
  if (node.type === 'scalar') return node.value
  if (node.type === 'list') return node.items.filter((item) => item.type !== 'broken').map(toValue)
  if (node.type === 'broken') return undefined
  return Object.fromEntries(
    [...node.entries]
      .filter(([, entry]) => entry.value.type !== 'broken')
      .map(([key, entry]) => [key, toValue(entry.value)]),
  )
}

/** Plain data as a node that stands nowhere. */
export function fromValue(value: unknown): Node {
  if (Array.isArray(value)) return makeList(value.map(fromValue), NOWHERE)
  if (typeof value === 'object' && value !== null) {
    return makeMap(
      new Map(Object.entries(value).map(([key, item]) => [key, { key: NOWHERE, value: fromValue(item) }])),
      NOWHERE,
    )
  }
  return scalar(value as ScalarNode['value'], NOWHERE)
}

export function hasBroken(node: Node): boolean {
  if (node.type === 'list') return node.items.some(hasBroken)
  if (node.type === 'map') return [...node.entries.values()].some((entry) => hasBroken(entry.value))
  return node.type === 'broken'
}

export const child = (node: Node | undefined, key: string): Node | undefined =>
  node?.type === 'map' ? node.entries.get(key)?.value : undefined

/** The last node on the way down `path` that stands in a file. */
export function deepest(node: Node, path: readonly (string | number)[]): Node {
  let current: Node | undefined = node
  let found = node
  for (const part of path) {
    current = current?.type === 'list' ? current.items[Number(part)] : child(current, String(part))
    if (!current) break
    if (current.source) found = current
  }
  return found
}

export function placeOf(source: Source, offset: number): Place {
  let low = 0
  let high = source.lineStarts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (source.lineStarts[middle]! <= offset) low = middle
    else high = middle
  }
  const before = source.text.slice(source.lineStarts[low]!, offset)
  return { file: source.file, line: low + 1, column: [...before].length + 1 }
}
