/** The `params:` of a pipeline: values that may refer to each other by `${}`. */
import type { Problems } from './diagnostic.ts'
import { broken, makeList, makeMap, type MapNode, type Node, type ScalarNode } from './node.ts'
import { type Scope, substitute } from './template.ts'

/** Names that mean something else inside `${}`. */
export const RESERVED = ['params', 'item', 'key', 'matrix'] as const

export interface Params {
  readonly lookup: Scope['param']
  /** All of them with every `${}` replaced. */
  resolveAll(): Node
}

export function makeParams(root: MapNode, problems: Problems): Params {
  const done = new Map<Node, Node>()
  /** Params being worked out, outermost first. */
  const active: { node: ScalarNode; name: string }[] = []
  const names = namesOf(root)

  const resolve = (node: Node): Node => {
    if (!node.dynamic) return node
    const known = done.get(node)
    if (known) return known
    const result = node.type === 'scalar' ? resolveScalar(node) : resolveParts(node)
    done.set(node, result)
    return result
  }
  const resolveScalar = (node: ScalarNode): Node => {
    const name = names.get(node) ?? ''
    const start = active.findIndex((one) => one.node === node)
    if (start >= 0) {
      problems.add(
        node,
        `params.${name}`,
        `refers to itself: ${[...active.slice(start).map((one) => one.name), name].join(' -> ')}`,
      )
      return broken(node)
    }
    active.push({ node, name })
    const result = substitute(node, { locals: new Map(), param: lookup, problems }, `params.${name}`)
    active.pop()
    return result
  }
  const resolveParts = (node: Exclude<Node, ScalarNode | { type: 'broken' }>): Node => {
    if (node.type === 'list') return makeList(node.items.map(resolve), node)
    return makeMap(
      new Map([...node.entries].map(([key, entry]) => [key, { key: entry.key, value: resolve(entry.value) }])),
      node,
    )
  }
  const lookup: Scope['param'] = (path) => {
    let current: Node = root
    for (const part of path) {
      if (current.type === 'scalar') current = resolve(current)
      if (current.type === 'broken') return current
      const next: Node | undefined =
        current.type === 'map'
          ? current.entries.get(part)?.value
          : current.type === 'list'
            ? current.items[Number(part)]
            : undefined
      if (!next) return { known: current.type === 'map' ? [...current.entries.keys()] : [] }
      current = next
    }
    return resolve(current)
  }
  return { lookup, resolveAll: () => resolve(root) }
}

/** Path of every scalar with a `${}`. */
function namesOf(root: Node): Map<Node, string> {
  const names = new Map<Node, string>()
  const walk = (node: Node, name: string) => {
    if (!node.dynamic) return
    if (node.type === 'scalar') names.set(node, name)
    else if (node.type === 'list') node.items.forEach((item, index) => walk(item, `${name}.${index}`))
    else if (node.type === 'map')
      for (const [key, entry] of node.entries) walk(entry.value, name ? `${name}.${key}` : key)
  }
  walk(root, '')
  return names
}
