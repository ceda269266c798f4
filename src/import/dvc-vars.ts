/** The values DVC puts into `${}`: params.yaml, `vars:` files and maps, merged; and which of them an import really uses. */
import { posix } from 'node:path'
import type { Problems } from '../plan/diagnostic.ts'
import type { Files } from '../plan/load.ts'
import { child, makeMap, type MapNode, type Node, NOWHERE } from '../plan/node.ts'
import { type Value, Written } from './emit.ts'

export interface Vars {
  /** Value at a path; undefined where there is none. */
  find(path: readonly string[]): Node | undefined
  /** The pipeline will have this param. */
  use(path: readonly string[]): void
  /** What was used, as `params:` of the pipeline. */
  used(): { readonly [key: string]: Value }
  /** Adds the values of a stage's own `vars:` under a name of their own. */
  addLocal(name: string, values: MapNode): void
}

const EMPTY = makeMap(new Map(), NOWHERE)

export function makeVars(root: MapNode): Vars {
  let tree = root
  const paths = new Map<string, readonly string[]>()
  const find = (path: readonly string[]): Node | undefined => {
    let node: Node | undefined = tree
    for (const part of path) node = node?.type === 'list' ? node.items[Number(part)] : child(node, part)
    return node
  }
  return {
    find,
    use: (path) => paths.set(path.join('\0'), path),
    used: () => {
      const found: { [key: string]: Value } = {}
      for (const path of paths.values()) {
        // Part of a list means the whole list; a whole map takes the parts of it that are used as well.
        const upToList = path.findIndex((_, i) => find(path.slice(0, i + 1))?.type === 'list')
        const whole = upToList < 0 ? path : path.slice(0, upToList + 1)
        put(found, whole, toYaml(find(whole)!))
      }
      return found
    },
    addLocal: (name, values) => {
      tree = makeMap(new Map([...tree.entries, [name, { key: values, value: values }]]), tree)
    },
  }
}

function put(into: { [key: string]: Value }, path: readonly string[], value: Value): void {
  let at = into
  for (const part of path.slice(0, -1)) {
    if (typeof at[part] !== 'object' || at[part] === null) at[part] = {}
    at = at[part] as { [key: string]: Value }
  }
  at[path.at(-1)!] = value
}

/** Numbers keep their spelling. */
export function toYaml(node: Node, translate: (text: string, at: Node) => string = (text) => text): Value {
  if (node.type === 'list') return node.items.map((item) => toYaml(item, translate))
  if (node.type === 'map')
    return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toYaml(value, translate)]))
  if (node.type === 'broken') return null
  if (typeof node.value === 'string') return translate(node.value, node)
  return typeof node.value === 'number' ? new Written(node.text) : node.value
}

export interface VarsContext {
  readonly files: Files
  readonly notes: Problems
  /** Folder of dvc.yaml below the project, '' = the project itself. */
  readonly base: string
}

/** What the `vars:` of a file or a stage stand for; `params.yaml` beside it comes first where `withParams` says so. */
export function readVars(vars: Node | undefined, folder: string, withParams: boolean, context: VarsContext): MapNode {
  const { files, notes } = context
  let merged: MapNode = EMPTY
  if (withParams) {
    const params = files.read(posix.join(folder, 'params.yaml'))
    if (params?.node?.type === 'map') merged = params.node
  }
  for (const one of vars?.type === 'list' ? vars.items : vars ? [vars] : []) {
    if (one.type === 'map') merged = merge(merged, one)
    else if (one.type === 'scalar') merged = merge(merged, readVarsFile(one.text, folder, one))
    else notes.add(one, 'vars', 'is neither a file nor a map and was left out')
  }
  return merged

  /** `file.json` or `file.json:a,b.c` */
  function readVarsFile(text: string, below: string, at: Node): MapNode {
    const [path = '', keys] = text.split(':')
    const loaded = files.read(posix.join(below, path))
    if (!loaded || loaded.node?.type !== 'map') {
      const why = /\.(toml|py)$/.test(path) ? 'only YAML and JSON are read' : 'there is no such file, or it is no map'
      notes.add(at, 'vars', `${path} was left out: ${why}`, 'write the values under `params:`')
      return EMPTY
    }
    if (keys === undefined) return loaded.node
    return keys
      .split(',')
      .reduce((found, key) => merge(found, only(loaded.node as MapNode, key.trim().split('.'))), EMPTY)
  }
}

/** A map with one path of another. */
function only(node: MapNode, [key, ...rest]: readonly string[]): MapNode {
  const entry = node.entries.get(key!)
  if (!entry) return EMPTY
  const value = rest.length === 0 || entry.value.type !== 'map' ? entry.value : only(entry.value, rest)
  return makeMap(new Map([[key!, { key: entry.key, value }]]), node)
}

export function merge(base: MapNode, over: MapNode): MapNode {
  const entries = new Map(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)?.value
    const value = before?.type === 'map' && entry.value.type === 'map' ? merge(before, entry.value) : entry.value
    entries.set(key, { key: entry.key, value })
  }
  return makeMap(entries, over.source ? over : base)
}
