/** Nodes → plain values of the type asked for. A wrong one is reported and read as undefined; a broken one silently so. */
import { describeValue, meantBoolean } from '../lib/describe.ts'
import { nearest } from '../lib/nearest.ts'
import type { Problems } from './diagnostic.ts'
import { type MapNode, makeMap, type Node, toValue } from './node.ts'

export interface Reader {
  text(node: Node | undefined, label: string): string | undefined
  flag(node: Node | undefined, label: string): boolean | undefined
  /** Finite, at least `least`. */
  number(node: Node | undefined, label: string, least?: number): number | undefined
  whole(node: Node | undefined, label: string, least: number): number | undefined
  /** Nothing reads as an empty map. */
  map(node: Node | undefined, label: string): MapNode | undefined
  /** One node stands for a list of one; nothing for none. */
  list(node: Node | undefined): readonly Node[]
  /** Reports the keys that are not among `known`; `elsewhere` may say where a key belongs. */
  keys(map: MapNode, label: string, known: readonly string[], elsewhere?: (key: string) => string): void
  wrong(node: Node, label: string, expected: string, hint?: string): undefined
}

export function makeReader(problems: Problems): Reader {
  const wrong: Reader['wrong'] = (node, label, expected, hint = '') => {
    if (node.type !== 'broken')
      problems.add(node, label, `must be ${expected}, got ${describeValue(toValue(node))}`, hint)
    return undefined
  }
  const number = (
    node: Node | undefined,
    label: string,
    least: number,
    kind: string,
    fits: (value: number) => boolean,
  ) => {
    if (!node) return undefined
    if (node.type !== 'scalar' || typeof node.value !== 'number' || !fits(node.value)) {
      const written =
        node.type === 'scalar' && typeof node.value === 'string' && node.value.trim() !== '' && fits(Number(node.value))
      return wrong(node, label, kind, written ? `write ${String(toValue(node))} without quotes` : '')
    }
    if (node.value < least) return wrong(node, label, `at least ${least}`)
    return node.value
  }
  return {
    wrong,
    text(node, label) {
      if (!node) return undefined
      if (node.type !== 'scalar' || node.value === null) return wrong(node, label, 'a text')
      if (typeof node.value !== 'string') return wrong(node, label, 'a text', `write "${node.text}" in quotes`)
      return node.value.trim() === '' ? wrong(node, label, 'a text') : node.value
    },
    flag(node, label) {
      if (!node) return undefined
      if (node.type === 'scalar' && typeof node.value === 'boolean') return node.value
      const meant = meantBoolean(toValue(node))
      return wrong(node, label, 'true or false', meant === undefined ? '' : `write ${meant}`)
    },
    number: (node, label, least = -Infinity) => number(node, label, least, 'a number', Number.isFinite),
    whole: (node, label, least) => number(node, label, least, 'a whole number', Number.isInteger),
    map(node, label) {
      if (!node) return undefined
      if (node.type === 'map') return node
      if (node.type === 'scalar' && node.value === null) return makeMap(new Map(), node)
      return wrong(node, label, 'a map')
    },
    list: (node) =>
      !node || (node.type === 'scalar' && node.value === null) ? [] : node.type === 'list' ? node.items : [node],
    keys(map, label, known, elsewhere) {
      for (const [key, entry] of map.entries) {
        if (known.includes(key)) continue
        const near = nearest(key, known)
        problems.add(
          entry.key,
          label,
          `unknown key ${JSON.stringify(key)}`,
          elsewhere?.(key) || (near ? `did you mean ${JSON.stringify(near)}?` : `known: ${known.join(', ')}`),
        )
      }
    },
  }
}
