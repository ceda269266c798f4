/** `foreach` and `matrix`: one declared stage → its instances, each with a body in which every `${}` is replaced. */
import { describeValue } from '../lib/describe.ts'
import type { Problems } from './diagnostic.ts'
import { evaluate, type Value } from './expression.ts'
import { child, type Entry, type MapNode, makeMap, type Node, scalar, type Span, toValue } from './node.ts'
import type { Params } from './params.ts'
import type { Reader } from './read.ts'
import { type Below, setBelow } from './sets.ts'
import { lookup, parseTemplate, type Scope, substitute } from './template.ts'

export interface Instance {
  /** `train@emotion_recognizer` */
  readonly id: string
  /** `train` */
  readonly group: string
  /** `emotion_recognizer`; '' for a stage that is not one of several. */
  readonly item: string
  /** `stages.train`, how messages call it. */
  readonly label: string
  /** The stage's name in the file. */
  readonly name: Span
  readonly body: MapNode
  readonly enabled: boolean
}

interface Item {
  readonly name: string
  readonly at: Span
  readonly locals: ReadonlyMap<string, Node>
}

export interface Expansion {
  readonly problems: Problems
  readonly read: Reader
  readonly params: Params
  readonly sets: ReadonlyMap<string, readonly Below[]>
}

export function expandStage(group: string, entry: Entry, context: Expansion): Instance[] {
  const label = `stages.${group}`
  const body = context.read.map(entry.value, label)
  if (!body) return []
  const single: Item = { name: '', at: entry.key, locals: new Map() }
  const foreach = body.entries.get('foreach')
  const matrix = body.entries.get('matrix')
  if (foreach && matrix) context.problems.add(matrix.key, label, 'takes foreach or matrix, not both')
  const items = foreach
    ? foreachItems(foreach, label, context)
    : matrix
      ? matrixItems(matrix, label, context)
      : [single]
  return uniqueItems(items, `${label}.${matrix ? 'matrix' : 'foreach'}`, context).map((item) => {
    const id = item.name ? `${group}@${item.name}` : group
    const scope: Scope = { locals: item.locals, param: context.params.lookup, problems: context.problems }
    const own = setBelow(body, context.sets.get(id) ?? [])
    return {
      id,
      group,
      item: item.name,
      label,
      name: entry.key,
      body: substituteBody(own, scope, label),
      enabled: isEnabled(child(own, 'when'), scope, label, context),
    }
  })
}

const UNTOUCHED = new Set(['foreach', 'matrix', 'when'])
const SHELL_HINT = 'write $${…} to leave it to the shell'

function substituteBody(body: MapNode, scope: Scope, label: string): MapNode {
  if (!body.dynamic) return body
  const entries = [...body.entries].map(([key, entry]) => {
    const value = UNTOUCHED.has(key)
      ? entry.value
      : substitute(entry.value, scope, `${label}.${key}`, key === 'run' ? SHELL_HINT : '')
    return [key, { key: entry.key, value }] as const
  })
  return makeMap(new Map(entries), body)
}

function isEnabled(when: Node | undefined, scope: Scope, label: string, { problems, read }: Expansion): boolean {
  if (!when || when.type === 'broken') return true
  if (when.type !== 'scalar' || typeof when.value !== 'string' || /^(yes|no|on|off)$/i.test(when.value))
    return read.flag(when, `${label}.when`) ?? true
  let failed = false
  const resolve = (raw: string): Value => {
    const [reference] = parseTemplate(raw)
    const node = typeof reference === 'object' ? lookup(reference, when, scope, `${label}.when`) : when
    if (node.type === 'scalar') return node.value
    failed = true
    if (node.type !== 'broken')
      problems.add(when, `${label}.when`, `${raw} is a ${node.type}, a condition takes single values`)
    return false
  }
  try {
    return evaluate(when.value, resolve)
  } catch (error) {
    if (!failed) problems.add(when, `${label}.when`, (error as Error).message)
    return true
  }
}

function foreachItems(entry: Entry, label: string, context: Expansion): Item[] {
  const node = resolved(entry.value, `${label}.foreach`, context)
  if (node.type === 'broken') return []
  const label_ = `${label}.foreach`
  if (node.type === 'scalar')
    return context.read.wrong(node, label_, 'a list or a map', node.value === null ? '' : `write [${node.text}]`) ?? []
  const parts =
    node.type === 'list'
      ? node.items.map((item, index) => ({ key: String(index), at: item, value: item }))
      : [...node.entries].map(([key, { key: at, value }]) => ({ key, at, value }))
  if (parts.length === 0) context.problems.add(node.source ? node : entry.key, label_, 'has no items')
  return parts.flatMap(({ key, at, value }) => {
    const name = node.type === 'map' ? key : itemName(value)
    if (name === undefined) {
      if (value.type !== 'broken')
        context.problems.add(
          at,
          label_,
          `${describeValue(toValue(value))} cannot name an item`,
          'give each map a `name`, or write foreach as a map',
        )
      return []
    }
    return [
      {
        name,
        at,
        locals: new Map<string, Node>([
          ['item', value],
          ['key', scalar(node.type === 'map' ? key : name, at)],
        ]),
      },
    ]
  })
}

/** Axes in the order of the file; the last one turns fastest. */
function matrixItems(entry: Entry, label: string, context: Expansion): Item[] {
  const label_ = `${label}.matrix`
  const node = context.read.map(resolved(entry.value, label_, context), label_)
  if (!node) return []
  const axes = [...node.entries].filter(([name]) => name !== 'exclude' && name !== 'include')
  if (axes.length === 0)
    context.problems.add(entry.key, label_, 'has no axes', 'write matrix: { learning_rate: [0.001, 0.0005] }')
  let combinations: Map<string, Node>[] = axes.length === 0 ? [] : [new Map()]
  for (const [name, { key, value }] of axes) {
    if (value.type !== 'list') context.read.wrong(value, `${label_}.${name}`, 'a list')
    else if (value.items.length === 0) context.problems.add(key, `${label_}.${name}`, 'has no values')
    combinations = combinations.flatMap((before) =>
      value.type === 'list' ? value.items.map((one) => new Map(before).set(name, one)) : [],
    )
  }
  const names = axes.map(([name]) => name)
  const excluded = combinationMaps(node, 'exclude', names, false, label_, context)
  const kept = combinations.filter(
    (one) =>
      !excluded.some((pattern) => [...pattern.entries].every(([name, { value }]) => sameValue(value, one.get(name)))),
  )
  const added = combinationMaps(node, 'include', names, true, label_, context).map(
    (map) => new Map(names.map((name) => [name, map.entries.get(name)!.value])),
  )
  if (combinations.length > 0 && kept.length + added.length === 0)
    context.problems.add(entry.key, label_, '`exclude` leaves no combination')
  return [...kept, ...added].flatMap((one) => {
    const parts = [...one.values()].map(itemName)
    const nameless = [...one.values()].find((value) => itemName(value) === undefined)
    if (nameless) {
      if (nameless.type !== 'broken')
        context.problems.add(
          nameless,
          label_,
          `${describeValue(toValue(nameless))} cannot name an item`,
          'give each map a `name`',
        )
      return []
    }
    const map = makeMap(new Map([...one].map(([name, value]) => [name, { key: value, value }])), node)
    return [
      {
        name: parts.join(','),
        at: [...one.values()].at(-1)!,
        locals: new Map<string, Node>([
          ['matrix', map],
          ['key', scalar(parts.join(','), node)],
        ]),
      },
    ]
  })
}

function combinationMaps(
  node: MapNode,
  key: 'exclude' | 'include',
  axes: readonly string[],
  whole: boolean,
  label: string,
  { read, problems }: Expansion,
): MapNode[] {
  return read.list(child(node, key)).flatMap((one) => {
    const map = read.map(one, `${label}.${key}`)
    if (!map) return []
    read.keys(map, `${label}.${key}`, axes)
    const missing = whole ? axes.filter((axis) => !map.entries.has(axis)) : []
    if (missing.length > 0)
      problems.add(map, `${label}.${key}`, `must name every axis, ${missing.join(', ')} is missing`)
    return missing.length > 0 || map.entries.size === 0 ? [] : [map]
  })
}

const sameValue = (a: Node, b: Node | undefined) =>
  b !== undefined && JSON.stringify(toValue(a)) === JSON.stringify(toValue(b))

const resolved = (node: Node, label: string, { params, problems }: Expansion) =>
  substitute(node, { locals: new Map(), param: params.lookup, problems }, label)

/** How an item is called in `stage@item`: its text, or the `name` or `id` of a map. */
function itemName(node: Node): string | undefined {
  if (node.type === 'scalar') return node.value === null ? undefined : node.text
  const name = child(node, 'name') ?? child(node, 'id')
  return name?.type === 'scalar' && name.value !== null ? name.text : undefined
}

function uniqueItems(items: readonly Item[], label: string, { problems }: Expansion): Item[] {
  const seen = new Set<string>()
  return items.filter(({ name, at }) => {
    if (seen.has(name)) problems.add(at, label, `the item ${JSON.stringify(name)} is there twice`)
    // oxlint-disable-next-line no-control-regex
    else if (/[:@\u0000-\u001f]/.test(name) || (name.trim() === '' && items.length > 1))
      problems.add(at, label, `${JSON.stringify(name)} cannot name an item`, 'a name has no @ and no :')
    else {
      seen.add(name)
      return true
    }
    seen.add(name)
    return false
  })
}
