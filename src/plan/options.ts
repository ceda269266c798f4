/**
 * Options of one stage: defaults of the kind < defaults of the model < config file < `with`, checked by the kind's schema
 * and by the kind itself. Every mistake is placed where the value came from.
 */
import type { checkSchema } from '../lib/schema.ts'
import { nearest } from '../lib/nearest.ts'
import type { StageKind } from '../stage.ts'
import type { Config } from './configs.ts'
import type { Problems } from './diagnostic.ts'
import type { Instance } from './expand.ts'
import { COMMAND_KEYS, KIND_KEYS, STAGE_KEYS } from './keys.ts'
import {
  child,
  deepest,
  type Entry,
  fromValue,
  hasBroken,
  type MapNode,
  makeMap,
  type Node,
  type Span,
  toValue,
} from './node.ts'

export interface OptionsContext {
  readonly problems: Problems
  readonly check: typeof checkSchema
  readonly kinds: Readonly<Record<string, { readonly kind: StageKind }>>
}

export interface ResolvedOptions {
  readonly options: Readonly<Record<string, unknown>>
  /** Name → path as the user wrote it. */
  readonly external: Readonly<Record<string, string>>
  /** Options that enter the key as another word. */
  readonly keyed: Readonly<Record<string, unknown>>
  /** What the kind wants where `resources` do not say. */
  readonly cores: 'one' | 'all'
}

export function resolveOptions(
  kind: StageKind,
  stage: Instance,
  config: Config,
  context: OptionsContext,
): ResolvedOptions {
  const { problems } = context
  const before = problems.count
  const label = `${stage.label}.with`
  const withEntry = stage.body.entries.get('with')
  const own = ownOptions(withEntry, kind, label, context)
  const known = new Set(Object.keys(propertiesOf(kind)))
  const merged = [schemaDefaults(kind), pick(config.defaults, known), pick(config.values, known), own].reduce(mergeMaps)
  const options = toValue(merged) as Record<string, unknown>

  /** Where a value came from, and how messages call it. */
  const origin = (path: readonly (string | number)[], key = ''): { at: Span; label: string; node: Node } => {
    const node = deepest(merged, path)
    const name = path.join('.')
    if (node === merged || !node.source)
      return {
        at: withEntry?.key ?? stage.body.entries.get('config')?.key ?? stage.name,
        label: name ? `${label}.${name}` : label,
        node,
      }
    const inConfig = node.source.file !== stage.name.source?.file && node.source.file !== '--set'
    const at = (node.type === 'map' && key && node.entries.get(key)?.key) || node
    return { at, label: inConfig ? name : `${label}.${name}`, node }
  }

  const misspelt = [...stage.body.entries.keys()].some((key) => !KNOWN.has(key) && nearest(key, ['config', 'with']))
  for (const { path, type, key, message, hint } of context.check(kind.options, options)) {
    const { at, label: place, node } = origin(path, type === 'unknown' ? key : '')
    const first = child(merged, String(path[0] ?? key))
    if (config.reported.has(node) || (first && hasBroken(first))) continue
    // The user's own null was taken out of `with`: the option is missing all the same.
    if (type === 'unknown' && path.length === 0) continue
    // `confg:` is told already; that its options are missing is no news.
    if (type === 'missing' && misspelt) continue
    problems.add(at.source ? at : stage.name, place, message, hint)
  }
  if (problems.count > before || hasBroken(merged) || config.reported.size > 0)
    return { options, external: {}, keyed: {}, cores: 'one' }
  return { options, ...askKind(kind, options, stage, origin, problems) }
}

const KNOWN = new Set([STAGE_KEYS, KIND_KEYS, COMMAND_KEYS].flatMap((table) => Object.keys(table)))

type Origin = (path: readonly (string | number)[]) => { at: Span; label: string }

/** The kind's own checks, the files it reads outside the pipeline, its words for the key, the cores it wants. */
function askKind(
  kind: StageKind,
  options: Record<string, unknown>,
  stage: Instance,
  origin: Origin,
  problems: Problems,
): Omit<ResolvedOptions, 'options'> {
  const before = problems.count
  try {
    for (const { path, message, hint } of kind.check?.(options) ?? []) {
      const { at, label } = origin(path)
      problems.add(at.source ? at : stage.name, label, message, hint)
    }
    const external = Object.fromEntries((kind.external?.(options) ?? []).map(({ name, path }) => [name, path]))
    if (problems.count > before) return { external, keyed: {}, cores: 'one' }
    return { external, keyed: kind.keyed?.(options) ?? {}, cores: kind.cores?.(options) ?? 'one' }
  } catch (error) {
    problems.add(
      stage.name,
      stage.label,
      `the kind ${kind.kind} failed while it looked at its options: ${(error as Error).message}`,
      'this is a mistake in the kind',
    )
    return { external: {}, keyed: {}, cores: 'one' }
  }
}

type Schema = {
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>
  readonly additionalProperties?: unknown
}

const propertiesOf = (kind: StageKind) => (kind.options as Schema).properties ?? {}

/** `with` without the keys nobody knows (reported) and without nulls, which leave an option to the config. */
function ownOptions(entry: Entry | undefined, kind: StageKind, label: string, context: OptionsContext): MapNode {
  const empty = makeMap(new Map(), entry?.value ?? { source: null, start: 0, end: 0 })
  if (!entry || (entry.value.type === 'scalar' && entry.value.value === null) || entry.value.type === 'broken')
    return empty
  if (entry.value.type !== 'map') {
    context.problems.add(entry.value, label, 'must be a map of options')
    return empty
  }
  const names = Object.keys(propertiesOf(kind))
  const open = Boolean((kind.options as Schema).additionalProperties)
  const kept = [...entry.value.entries].filter(([key, { key: at }]) => {
    if (open || names.includes(key)) return true
    context.problems.add(at, label, `unknown key ${JSON.stringify(key)}`, unknownHint(key, names, kind, context))
    return false
  })
  return withoutNulls(makeMap(new Map(kept), entry.value))
}

function unknownHint(key: string, names: readonly string[], kind: StageKind, { kinds }: OptionsContext): string {
  const near = nearest(key, names)
  if (near) return `did you mean ${JSON.stringify(near)}?`
  const readers = Object.keys(kinds).filter((name) => propertiesOf(kinds[name]!.kind)[key])
  if (readers.length > 0)
    return `${kind.kind} does not read it, ${readers.join(', ')} ${readers.length > 1 ? 'do' : 'does'}`
  return names.length === 0 ? `${kind.kind} takes no options` : `known: ${names.join(', ')}`
}

function withoutNulls(node: MapNode): MapNode {
  const kept = [...node.entries].filter(([, { value }]) => !(value.type === 'scalar' && value.value === null))
  return makeMap(
    new Map(
      kept.map(([key, { key: at, value }]) => [
        key,
        { key: at, value: value.type === 'map' ? withoutNulls(value) : value },
      ]),
    ),
    node,
  )
}

function schemaDefaults(kind: StageKind): MapNode {
  const defaults = Object.entries(propertiesOf(kind)).filter(([, property]) => property.default !== undefined)
  return fromValue(Object.fromEntries(defaults.map(([name, property]) => [name, property.default]))) as MapNode
}

const pick = (node: MapNode, names: ReadonlySet<string>): MapNode =>
  makeMap(new Map([...node.entries].filter(([name]) => names.has(name))), node)

/** Maps are merged key by key, everything else is replaced. */
function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, Entry>(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)?.value
    const value = before?.type === 'map' && entry.value.type === 'map' ? mergeMaps(before, entry.value) : entry.value
    entries.set(key, { key: entry.key, value })
  }
  return makeMap(entries, over.source ? over : base)
}
