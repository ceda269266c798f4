/** Names of stages in `inputs`, `gate` and `after` → the instances they mean. */
import { describeValue } from '../lib/describe.ts'
import { nearest } from '../lib/nearest.ts'
import type { InputRef } from '../plan.ts'
import type { Problems } from './diagnostic.ts'
import type { Instance } from './expand.ts'
import { type Node, type Span, toValue } from './node.ts'
import type { Reader } from './read.ts'

export interface Names {
  readonly ids: ReadonlyMap<string, Instance>
  readonly groups: ReadonlyMap<string, readonly Instance[]>
}

export interface FoundRef {
  readonly ref: InputRef
  readonly at: Span
}

export interface RefContext {
  readonly names: Names
  readonly read: Reader
  readonly problems: Problems
}

/**
 * `whole`: a group's name means all of it. Otherwise, inside a foreach, it means the instance with the same item where
 * there is one, and all of it where there is none.
 */
export function findStages(text: string, me: Instance, names: Names, whole: boolean): readonly Instance[] | undefined {
  const one = names.ids.get(text)
  if (one) return [one]
  const same = me.item && !whole ? names.ids.get(`${text}@${me.item}`) : undefined
  return same ? [same] : names.groups.get(text)
}

/** The stages a node names, in words that a mistake can be told in. */
export function readStages(node: Node, label: string, me: Instance, context: RefContext): readonly Instance[] {
  const text = context.read.text(node, label)
  if (text === undefined) return []
  const found = findStages(text, me, context.names, false)
  if (!found) unknownStage(text, node, label, context)
  return found ?? []
}

export function unknownStage(text: string, at: Span, label: string, { names, problems }: RefContext, hint = ''): void {
  const [group = '', item] = text.split('@')
  const instances = names.groups.get(group)
  if (instances?.length === 0) return // its own mistake is told already
  if (item !== undefined && instances) {
    const items = instances.map((one) => one.item).filter(Boolean)
    const near = nearest(item, items)
    const advice = near
      ? `did you mean ${JSON.stringify(`${group}@${near}`)}?`
      : items.length > 0
        ? `there is ${items
            .slice(0, 10)
            .map((one) => `${group}@${one}`)
            .join(', ')}`
        : `write ${JSON.stringify(group)}`
    problems.add(at, label, `${group} has no item ${JSON.stringify(item)}`, advice)
    return
  }
  const near = nearest(text, names.groups.keys()) || nearest(text, names.ids.keys())
  problems.add(
    at,
    label,
    `there is no stage ${JSON.stringify(text)}`,
    near ? `did you mean ${JSON.stringify(near)}?` : hint,
  )
}

/** One entry of `inputs`: a stage, a part of a stage's output, a group, or a file of the user's. */
export function readInput(node: Node, label: string, me: Instance, whole: boolean, context: RefContext): FoundRef[] {
  if (node.type === 'map') return readInputMap(node, label, me, whole, context)
  const text = context.read.text(node, label)
  if (text === undefined) return []
  const exact = findStages(text, me, context.names, whole)
  if (exact) return exact.map(({ id }) => ({ ref: { stage: id, path: '' }, at: node }))
  const colon = text.indexOf(':')
  const head = colon > 0 ? text.slice(0, colon) : text
  const producers = colon > 0 ? findStages(head, me, context.names, whole) : undefined
  if (producers) return outputPaths(producers, text.slice(colon + 1), node, label, context)
  if (/[./*]/.test(head) && !context.names.groups.has(head.split('@')[0]!)) return [{ ref: { file: text }, at: node }]
  unknownStage(head, node, label, context, 'a file of yours is written with a / or a dot: ./name')
  return []
}

function readInputMap(node: Node, label: string, me: Instance, whole: boolean, context: RefContext): FoundRef[] {
  const map = context.read.map(node, label)!
  context.read.keys(map, label, ['file', 'stage', 'path'])
  const file = map.entries.get('file')?.value
  const stage = map.entries.get('stage')?.value
  if (file) {
    const text = context.read.text(file, `${label}.file`)
    return text === undefined ? [] : [{ ref: { file: text }, at: file }]
  }
  if (!stage) {
    context.problems.add(
      node,
      label,
      `must name a stage or a file, got ${describeValue(toValue(node))}`,
      'write { file: PATH } or { stage: NAME, path: PATH }',
    )
    return []
  }
  const name = context.read.text(stage, `${label}.stage`)
  const producers = name === undefined ? undefined : findStages(name, me, context.names, whole)
  if (!producers) {
    if (name !== undefined) unknownStage(name, stage, `${label}.stage`, context)
    return []
  }
  const path = map.entries.get('path')?.value
  return outputPaths(
    producers,
    path ? (context.read.text(path, `${label}.path`) ?? '') : '',
    path ?? stage,
    label,
    context,
  )
}

function outputPaths(
  producers: readonly Instance[],
  path: string,
  at: Span,
  label: string,
  { problems }: RefContext,
): FoundRef[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (path.startsWith('/') || parts.includes('..')) {
    problems.add(at, label, `${JSON.stringify(path)} must lie inside the output of ${producers[0]!.group}`)
    return []
  }
  return producers.map(({ id }) => ({ ref: { stage: id, path: parts.join('/') }, at }))
}
