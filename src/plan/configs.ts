/** Model configs: the file, the `--set configs.…` over it, and the defaults of the model it is a diff against. */
import { orList } from '../lib/describe.ts'
import { nearest } from '../lib/nearest.ts'
import type { checkSchema } from '../lib/schema.ts'
import type { JsonSchema } from '../stage.ts'
import type { Problems } from './diagnostic.ts'
import type { Files, SetArgument } from './load.ts'
import { child, deepest, fromValue, type MapNode, type Node, NOWHERE, toValue } from './node.ts'
import type { Reader } from './read.ts'
import { emptyMap, setIn } from './sets.ts'

/** What may stand in a config, and the defaults by model. */
export interface Catalog {
  readonly schema: JsonSchema
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface Config {
  /** Of the file and --set. */
  readonly values: MapNode
  readonly defaults: MapNode
  /** Values found wrong already. */
  readonly reported: ReadonlySet<Node>
}

export interface Configs {
  /** The config a stage names; undefined where there is none, which is reported. */
  get(node: Node, label: string): Config | undefined
  /** Reports every `--set configs.…` that no config took. */
  finish(): void
}

interface ConfigsContext {
  readonly files: Files
  readonly catalog: Catalog
  readonly sets: readonly SetArgument[]
  readonly problems: Problems
  readonly read: Reader
  readonly check: typeof checkSchema
}

export function openConfigs(context: ConfigsContext): Configs {
  const { sets, problems } = context
  const known = new Map<string, Config | undefined>()
  const names = new Set<string>()
  const taken = new Set<SetArgument>()
  const schema = configFileSchema(context.catalog)
  return {
    get(node, label) {
      const name = context.read.text(node, label)
      if (name === undefined) return undefined
      if (!known.has(name)) known.set(name, open(name, node, label))
      return known.get(name)
    },
    finish() {
      for (const set of sets) {
        if (taken.has(set)) continue
        const name = set.path.split('.')[0]!
        const near = nearest(name, names)
        problems.add(
          set.at,
          '',
          `no stage uses a config ${JSON.stringify(name)}`,
          near ? `did you mean configs.${near}?` : names.size > 0 ? `there is ${[...names].join(', ')}` : '',
        )
      }
    },
  }

  function open(name: string, node: Node, label: string): Config | undefined {
    const isPath = /\/|\.ya?ml$/.test(name)
    const file = isPath ? name : `configs/${name}.yaml`
    const loaded = context.files.read(file)
    if (!loaded && (isPath || !context.catalog.defaults[name])) return notThere(name, isPath, node, label)
    if (loaded && !loaded.node) return undefined
    const base = file
      .split('/')
      .at(-1)!
      .replace(/\.ya?ml$/, '')
    const fromFile = loaded?.node ? context.read.map(loaded.node, '') : emptyMap(node)
    if (!fromFile) return undefined
    const model = modelOf(fromFile, base, context.catalog)
    for (const one of [base, model]) if (one) names.add(one)
    let values = fromFile
    for (const set of sets) {
      const own = [base, model].find((one) => one && set.path.startsWith(`${one}.`))
      if (own === undefined) continue
      taken.add(set)
      values = setIn(values, set.path.slice(own.length + 1).split('.'), set) as MapNode
    }
    return {
      values,
      defaults: fromValue(context.catalog.defaults[model] ?? {}) as MapNode,
      reported: checkConfig(values, schema, context),
    }
  }

  function notThere(name: string, isPath: boolean, node: Node, label: string): undefined {
    const folder = isPath ? name.split('/').slice(0, -1).join('/') : 'configs'
    const files = context.files.list(folder).filter((file) => /\.ya?ml$/.test(file))
    const choices = isPath
      ? files.map((file) => (folder ? `${folder}/${file}` : file))
      : [...Object.keys(context.catalog.defaults), ...files.map((file) => file.replace(/\.ya?ml$/, ''))]
    const near = nearest(name, choices)
    const message = isPath
      ? `there is no file ${name}`
      : `there is no model ${JSON.stringify(name)} and no file configs/${name}.yaml`
    problems.add(
      node,
      label,
      message,
      near
        ? `did you mean ${JSON.stringify(near)}?`
        : choices.length > 0
          ? `there is ${orList([...new Set(choices)])}`
          : '',
    )
    return undefined
  }
}

/** JSON Schema of configs/*.yaml: the catalog's, with `model` to say which defaults the file is a diff against. */
export function configFileSchema(catalog: Catalog): JsonSchema {
  const { properties, ...rest } = catalog.schema
  const model = {
    enum: Object.keys(catalog.defaults),
    description:
      'Model whose defaults this file is a diff against; where left out, the one with this model_id or file name.',
  }
  return { ...rest, properties: { model, ...(properties as object) } }
}

function modelOf(values: MapNode, base: string, { defaults }: Catalog): string {
  const model = toValue(child(values, 'model') ?? fromValue(null))
  if (typeof model === 'string') return model
  const id = toValue(child(values, 'model_id') ?? fromValue(null))
  if (typeof id !== 'string') return defaults[base] ? base : ''
  const byId = Object.keys(defaults).find((name) => name === id || defaults[name]!['model_id'] === id)
  return byId ?? (defaults[base] ? base : '')
}

/** The whole config, in its own file; returns the nodes that are wrong. */
function checkConfig(values: MapNode, schema: JsonSchema, { problems, check }: ConfigsContext): Set<Node> {
  const reported = new Set<Node>()
  reportTemplates(values, '', problems, reported)
  for (const { path, type, key, message, hint } of check(schema, toValue(values))) {
    const node = deepest(values, path)
    if (reported.has(node)) continue
    const at = type === 'unknown' && node.type === 'map' ? (node.entries.get(key)?.key ?? node) : node
    const isNull = node.type === 'scalar' && node.value === null
    if (at.source)
      problems.add(at, path.join('.'), message, hint || (isNull ? 'leave the line out for the default' : ''))
    if (node !== values) reported.add(node)
  }
  return reported
}

function reportTemplates(node: Node, label: string, problems: Problems, reported: Set<Node>): void {
  if (!node.dynamic) return
  if (node.type === 'scalar') {
    reported.add(node)
    problems.add(node, label, 'a config file has no ${}', 'set the option in `with:` of the stage, where ${} works')
  } else if (node.type === 'list')
    node.items.forEach((item, index) => reportTemplates(item, `${label}.${index}`, problems, reported))
  else if (node.type === 'map')
    for (const [key, entry] of node.entries)
      reportTemplates(entry.value, label ? `${label}.${key}` : key, problems, reported)
}

export const noConfig: Config = { values: emptyMap(NOWHERE), defaults: emptyMap(NOWHERE), reported: new Set() }
