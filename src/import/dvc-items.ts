/** `foreach` and `matrix` of DVC: the same items under the same names, as kpipe writes them. */
import { child, type Entry, makeMap, type Node, toValue } from '../plan/node.ts'
import type { StageContext } from './dvc-stage.ts'
import { toYaml } from './dvc-vars.ts'
import type { Value } from './emit.ts'

export interface Items {
  readonly value: Value
  /** To see the shape of an item by; null where the items differ in it. */
  readonly shape: Node | null
}

/** Texts of an item with their `${}` as kpipe writes them. */
export type Translate = (text: string, at: Node) => string

export function readForeach({ value, key }: Entry, label: string, context: StageContext, translate: Translate): Items {
  const found = lookUp(value, context)
  const node = found?.node ?? value
  if (node.type === 'scalar') {
    context.notes.add(key, `${label}.foreach`, 'is neither a list nor a map', 'write the items by hand')
    return { value: toYaml(node), shape: null }
  }
  const items = itemsOf(node)
  const shape = commonShape(items)
  if (node.type === 'list' && items.some((item) => item.type !== 'scalar'))
    // DVC numbers items that are maps; kpipe wants names.
    return { value: Object.fromEntries(items.map((item, i) => [String(i), toYaml(item, translate)])), shape }
  if (!found) return { value: toYaml(node, translate), shape }
  context.vars.use(found.path)
  return { value: `\${${found.path.join('.')}}`, shape }
}

export interface Axes {
  readonly names: readonly string[]
  /** Axes whose values are maps with a name of their own. */
  readonly named: ReadonlySet<string>
  /** Axes whose values are lists: `value` of such a map, and `text` as it stands in a command. */
  readonly wrapped: ReadonlySet<string>
  readonly value: Value
  /** Map from axis to the shape of its values. */
  readonly shape: Node
}

export function readAxes({ value, key }: Entry, label: string, context: StageContext, translate: Translate): Axes {
  const named = new Set<string>()
  const wrapped = new Set<string>()
  const axes: Record<string, Value> = {}
  const shapes = new Map<string, Entry>()
  if (value.type !== 'map') context.notes.add(key, `${label}.matrix`, 'is no map of lists', 'write the axes by hand')
  for (const [axis, entry] of value.type === 'map' ? value.entries : []) {
    const found = lookUp(entry.value, context)
    const node = found?.node ?? entry.value
    const items = itemsOf(node)
    const shape = commonShape(items)
    if (shape) shapes.set(axis, { key: entry.key, value: shape })
    if (items.every((item) => item.type === 'scalar')) {
      if (found) context.vars.use(found.path)
      axes[axis] = found ? `\${${found.path.join('.')}}` : toYaml(node, translate)
      continue
    }
    named.add(axis)
    if (items.some((item) => item.type === 'list')) wrapped.add(axis)
    axes[axis] = items.map((item, i) => nameItem(item, i, axis))
  }
  return { names: Object.keys(axes), named, wrapped, value: axes, shape: makeMap(shapes, value) }

  /** DVC names what is no plain value by axis and number: labels0, labels1, … */
  function nameItem(item: Node, i: number, axis: string): Value {
    const name = item.type === 'scalar' ? item.text : `${axis}${i}`
    if (wrapped.has(axis)) return { name, text: wordsOf(item), value: toYaml(item, translate) }
    if (child(item, 'name'))
      context.notes.add(item, `${label}.matrix`, `an item of ${axis} has a key \`name\`, and is called by it here`)
    return {
      name,
      ...(item.type === 'map' ? (toYaml(item, translate) as Record<string, Value>) : { value: toYaml(item) }),
    }
  }
}

const itemsOf = (node: Node): readonly Node[] =>
  node.type === 'list' ? node.items : node.type === 'map' ? [...node.entries.values()].map(({ value }) => value) : []

const wordsOf = (node: Node): string =>
  node.type === 'list' ? node.items.map(wordsOf).join(' ') : String(toValue(node))

/** The first of the items if all have the same keys. */
function commonShape(items: readonly Node[]): Node | null {
  const first = items[0]
  return first && items.every((item) => keysOf(item) === keysOf(first)) ? first : null
}

const keysOf = (node: Node): string =>
  node.type === 'map'
    ? `{${[...node.entries].map(([key, { value }]) => `${key}:${keysOf(value)}`).join()}}`
    : node.type === 'list'
      ? `[${node.items.length}]`
      : typeof toValue(node) === 'boolean'
        ? String(toValue(node))
        : '.'

/** `${list}` that is the whole value. */
function lookUp(node: Node, { vars }: StageContext): { node: Node; path: readonly string[] } | null {
  if (node.type !== 'scalar' || typeof node.value !== 'string') return null
  const inner = /^\$\{([^{}]+)\}$/.exec(node.value.trim())?.[1]
  if (inner === undefined) return null
  const path = inner
    .trim()
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
  const found = vars.find(path)
  return found ? { node: found, path } : null
}
