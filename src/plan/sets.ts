/**
 * `--set` on the nodes of a pipeline: params that exist, `stages.NAME.with.key`, `stages.NAME@item.with.key`, `resources.name`;
 * `configs.NAME.key` is sorted out for the configs. Pure: returns a changed copy.
 */
import { nearest } from '../lib/nearest.ts'
import type { Problems } from './diagnostic.ts'
import { COMMAND_KEYS, KIND_KEYS, STAGE_KEYS } from './keys.ts'
import type { SetArgument } from './load.ts'
import { child, type Entry, type MapNode, makeList, makeMap, type Node, scalar, type Span } from './node.ts'

export interface AppliedSets {
  readonly root: MapNode
  /** Stage id of a group's item → what is set below it. */
  readonly items: ReadonlyMap<string, readonly Below[]>
  /** `NAME.key…` for the configs. */
  readonly configs: readonly SetArgument[]
}

export interface Below {
  readonly path: readonly string[]
  readonly at: Span
  readonly value: Node
}

export function applySets(root: MapNode, sets: readonly SetArgument[], problems: Problems): AppliedSets {
  let changed = root
  const items = new Map<string, Below[]>()
  const configs: SetArgument[] = []
  for (const set of sets) {
    const [head = '', ...rest] = set.path.split('.')
    if (head === 'configs' && rest.length > 1) configs.push({ ...set, path: rest.join('.') })
    else if (head === 'resources' && rest.length === 1) changed = setIn(changed, [head, ...rest], set) as MapNode
    else if (head === 'stages' && rest.length > 0) {
      const target = stageTarget(changed, rest.join('.'), set, problems)
      if (target && hidesValue(changed, ['stages', target.group, ...target.path], set, problems)) continue
      if (target?.item) items.set(target.item, [...(items.get(target.item) ?? []), { ...set, path: target.path }])
      else if (target) changed = setIn(changed, ['stages', target.group, ...target.path], set) as MapNode
    } else {
      const path = head === 'params' && rest.length > 0 ? rest : [head, ...rest]
      if (isParam(changed, path, set, problems)) changed = setIn(changed, ['params', ...path], set) as MapNode
    }
  }
  return { root: changed, items, configs }
}

/** A value on the way (such as `with: ${all}`) would be lost if a key were set below it. */
function hidesValue(root: MapNode, path: readonly string[], set: SetArgument, problems: Problems): boolean {
  let current: Node | undefined = root
  for (const [index, part] of path.entries()) {
    if (current?.type === 'scalar' && current.value !== null) {
      const hint = current.dynamic ? 'set the param it stands for' : ''
      problems.add(
        set.at,
        '',
        `${path.slice(0, index).join('.')} is ${current.text}, nothing can be set below it`,
        hint,
      )
      return true
    }
    current = current?.type === 'list' ? current.items[Number(part)] : child(current, part)
  }
  return false
}

/** A copy of the node with one value replaced; maps on the way are made where there are none. */
export function setIn(
  node: Node | undefined,
  path: readonly string[],
  set: { readonly at: Span; readonly value: Node },
): Node {
  const [key, ...rest] = path
  if (key === undefined) return set.value
  if (node?.type === 'list' && node.items[Number(key)]) {
    return makeList(node.items.with(Number(key), setIn(node.items[Number(key)], rest, set)), node)
  }
  const entries = new Map<string, Entry>(node?.type === 'map' ? node.entries : [])
  const before = entries.get(key)
  entries.set(key, { key: before?.key ?? set.at, value: setIn(before?.value, rest, set) })
  return makeMap(entries, node ?? set.at)
}

/** `NAME.with.key` or `NAME@item.with.key`, where names may have dots. */
function stageTarget(
  root: MapNode,
  rest: string,
  set: SetArgument,
  problems: Problems,
): { group: string; item: string; path: string[] } | undefined {
  const stages = child(root, 'stages')
  const names = stages?.type === 'map' ? [...stages.entries.keys()] : []
  const group = names
    .filter((name) => rest.startsWith(`${name}.`) || rest.startsWith(`${name}@`))
    .sort((a, b) => b.length - a.length)[0]
  const unknown = (message: string, word: string, known: readonly string[], before: string) => {
    const near = nearest(word, known)
    problems.add(
      set.at,
      '',
      message,
      near ? `did you mean ${before}${near}?` : known.length > 0 ? `there is ${known.join(', ')}` : '',
    )
    return undefined
  }
  if (group === undefined) {
    const word = rest.split(/[.@]/)[0]!
    return unknown(
      names.includes(rest)
        ? `--set stages.${rest} needs a key, such as stages.${rest}.with.NAME`
        : `there is no stage ${JSON.stringify(word)}`,
      word,
      names.includes(rest) ? [] : names,
      'stages.',
    )
  }
  const keys = [...Object.keys(STAGE_KEYS), ...Object.keys(KIND_KEYS), ...Object.keys(COMMAND_KEYS)]
  const below = rest.slice(group.length)
  const split = below.startsWith('@') ? keys.map((key) => below.indexOf(`.${key}.`)).filter((at) => at > 0) : [0]
  const at = split.length > 0 ? Math.min(...split) : below.lastIndexOf('.')
  const path = below.slice(at + 1).split('.')
  if (!keys.includes(path[0]!))
    return unknown(`a stage has no key ${JSON.stringify(path[0])}`, path[0]!, keys, `stages.${group}.`)
  return { group, item: below.startsWith('@') ? `${group}${below.slice(0, at)}` : '', path }
}

function isParam(root: MapNode, path: readonly string[], set: SetArgument, problems: Problems): boolean {
  let current = child(root, 'params')
  for (const [index, part] of path.entries()) {
    const next: Node | undefined = current?.type === 'list' ? current.items[Number(part)] : child(current, part)
    if (!next) {
      const known: string[] = current?.type === 'map' ? [...current.entries.keys()] : []
      const before = path
        .slice(0, index)
        .map((name) => `${name}.`)
        .join('')
      const near = nearest(part, known)
      const advice =
        known.length > 0
          ? `there is ${known.map((name) => before + name).join(', ')}`
          : 'give it a value under `params:` first'
      problems.add(
        set.at,
        '',
        `there is no param ${JSON.stringify(path.join('.'))}`,
        near ? `did you mean ${before}${near}?` : advice,
      )
      return false
    }
    current = next
  }
  return true
}

/** A stage body with what `--set` says of this one item. */
export const setBelow = (body: MapNode, below: readonly Below[]): MapNode =>
  below.reduce((node, set) => setIn(node, set.path, set) as MapNode, body)

export const emptyMap = (at: Span): MapNode => makeMap(new Map(), scalar(null, at))
