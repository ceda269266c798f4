/** The keys every stage may have that say how and when it runs: gate, env, resources, timeout, to. */
import { nearest } from '../lib/nearest.ts'
import type { Gate } from '../plan.ts'
import { isOwnPath, type PathAt } from './command.ts'
import type { Instance } from './expand.ts'
import { child, type Node, type Span } from './node.ts'
import { parseDuration, parseSize } from './quantities.ts'
import { readStages, type RefContext } from './refs.ts'

export interface DraftGate {
  readonly gate: Gate
  readonly at: Span
}

export interface FieldContext extends RefContext {
  /** Sizes of the pools a stage may take from, besides cpu and memory. */
  readonly pools: Readonly<Record<string, number>>
  readonly nameOf: (path: string) => string
}

export function readGate(node: Node, instance: Instance, context: FieldContext): DraftGate[] {
  const label = `${instance.label}.gate`
  const { read, problems } = context
  if (node.type !== 'map')
    return read.wrong(node, label, 'a map', 'write { metric: evaluate:latency.p99_ms, max: 10 }') ?? []
  read.keys(node, label, ['metric', 'max', 'min'])
  const max = read.number(child(node, 'max'), `${label}.max`)
  const min = read.number(child(node, 'min'), `${label}.min`)
  if (!node.entries.has('max') && !node.entries.has('min')) problems.add(node, label, 'needs `max:` or `min:`')
  if (max !== undefined && min !== undefined && min > max)
    problems.add(child(node, 'min')!, label, `min ${min} is more than max ${max}`)
  const metricNode = child(node, 'metric')
  if (!metricNode) problems.add(node, label, '"metric" is missing', 'metric: stage:name, e.g. evaluate:latency.p99_ms')
  const metric = read.text(metricNode, `${label}.metric`)
  if (metric === undefined || !metricNode) return []
  const colon = metric.indexOf(':')
  if (colon < 1 || colon === metric.length - 1) {
    problems.add(
      metricNode,
      `${label}.metric`,
      `must be stage:metric, got ${JSON.stringify(metric)}`,
      'e.g. evaluate:latency.p99_ms',
    )
    return []
  }
  const bound = {
    metric: metric.slice(colon + 1),
    ...(max === undefined ? {} : { max }),
    ...(min === undefined ? {} : { min }),
  }
  const stageNode: Node = { ...metricNode, value: metric.slice(0, colon), text: metric.slice(0, colon) } as Node
  return readStages(stageNode, `${label}.metric`, instance, context).map(({ id }) => ({
    gate: { stage: id, ...bound },
    at: metricNode,
  }))
}

export function readEnv(
  node: Node | undefined,
  label: string,
  { read, problems }: FieldContext,
): { values: Record<string, string | null>; pass: string[] } {
  const values: Record<string, string | null> = {}
  const pass: string[] = []
  const isName = (name: string, at: Span) => {
    const fits = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    if (!fits) problems.add(at, label, `${JSON.stringify(name)} cannot name an environment variable`)
    return fits
  }
  for (const [name, { key, value }] of read.map(node, label)?.entries ?? []) {
    if (name === 'pass' && value.type === 'list') {
      for (const one of value.items) {
        const passed = read.text(one, `${label}.pass`)
        if (passed !== undefined && isName(passed, one)) pass.push(passed)
      }
    } else if (!isName(name, key)) continue
    else if (value.type === 'scalar') values[name] = value.value === null ? null : value.text
    else read.wrong(value, `${label}.${name}`, 'one value')
  }
  return { values, pass }
}

/** Amounts by pool. @param cpu where nothing is said */
export function readResources(
  node: Node | undefined,
  label: string,
  context: FieldContext,
  cpu: number,
): Record<string, number> {
  const amounts = readAmounts(node, label, context)
  for (const [name, amount] of Object.entries(amounts)) {
    if (name === 'cpu' || name === 'memory') continue
    const size = context.pools[name]
    const entry = context.read.map(node, label)!.entries.get(name)!
    if (size === undefined) {
      // A graphics card is no slip for a core.
      const near = name === 'gpu' ? '' : nearest(name, ['cpu', 'memory', ...Object.keys(context.pools)])
      context.problems.add(
        entry.key,
        label,
        `there is no pool ${JSON.stringify(name)}`,
        near
          ? `did you mean ${JSON.stringify(near)}?`
          : `say how much there is at the top of the file: resources: { ${name}: ${amount} }`,
      )
    } else if (amount > size)
      context.problems.add(entry.value, `${label}.${name}`, `wants ${amount}, the pool has ${size}`)
  }
  return { cpu, ...amounts }
}

export function readAmounts(
  node: Node | undefined,
  label: string,
  { read }: Pick<FieldContext, 'read'>,
): Record<string, number> {
  const amounts: Record<string, number> = {}
  for (const [name, { value }] of read.map(node, label)?.entries ?? []) {
    const place = `${label}.${name}`
    const size =
      name === 'memory' && value.type === 'scalar' && typeof value.value === 'string'
        ? parseSize(value.value)
        : undefined
    const amount =
      size === null ? read.wrong(value, place, 'a size such as 512M or 4G') : (size ?? read.number(value, place, 0))
    if (amount !== undefined) amounts[name] = amount
  }
  return amounts
}

export function readTimeout(node: Node | undefined, label: string, { read }: FieldContext): number | null {
  if (!node || (node.type === 'scalar' && node.value === null)) return null
  const seconds = node.type === 'scalar' && typeof node.value !== 'boolean' ? parseDuration(node.text) : null
  if (seconds === null || seconds <= 0) return read.wrong(node, label, 'a duration such as 90s, 10m or 1h30m') ?? null
  return seconds
}

export function readTo(node: Node | undefined, label: string, { read, problems, nameOf }: FieldContext): PathAt | null {
  if (!node || (node.type === 'scalar' && node.value === null)) return null
  const text = read.text(node, label)
  if (text === undefined) return null
  const to = { path: nameOf(text), at: node }
  return to.path.startsWith('/') || isOwnPath(to, label, problems) ? to : null
}
