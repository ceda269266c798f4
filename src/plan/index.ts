/** The door of plan/: a pipeline file → a Plan, or every mistake in it at once. */
import { basename } from 'node:path'
import { nearest } from '../lib/nearest.ts'
import type { Diagnostic, Plan } from '../plan.ts'
import { type Catalog, openConfigs } from './configs.ts'
import { collectProblems, type Problems } from './diagnostic.ts'
import { expandStage, type Instance } from './expand.ts'
import { connect } from './graph.ts'
import { readAmounts } from './fields.ts'
import { PIPELINE_KEYS } from './keys.ts'
import { type Files, openFiles, parseSets } from './load.ts'
import { child, type MapNode, type Node, type Source, type Span, toValue } from './node.ts'
import { makeParams, RESERVED } from './params.ts'
import { makeReader, type Reader } from './read.ts'
import { applySets, emptyMap } from './sets.ts'
import { type KindEntry, kindOf, readStage } from './stage.ts'
import { substitute } from './template.ts'

export { formatDiagnostics } from './diagnostic.ts'
export { type Catalog, configFileSchema } from './configs.ts'
export { loadConfig } from './model-config.ts'
export { pipelineSchema } from './schema.ts'
export type { KindEntry } from './stage.ts'

export interface LoadRequest {
  /** Project folder, absolute. */
  readonly root: string
  /** Pipeline file, absolute. */
  readonly file: string
  readonly kinds: Readonly<Record<string, KindEntry>>
  readonly catalog: Catalog
  /** `a.b=1`, in the order of the command line; the last one wins. */
  readonly set: readonly string[]
}

export type LoadResult = { readonly plan: Plan } | { readonly diagnostics: readonly Diagnostic[] }

/** Never throws for what stands in the files: that comes as diagnostics, sorted by place. */
export async function loadPlan(request: LoadRequest): Promise<LoadResult> {
  const problems = collectProblems()
  const files = openFiles(request.root, problems)
  const mainFile = files.nameOf(request.file)
  const plan = await build(request, files, problems)
  if (plan && problems.count === 0) return { plan }
  return { diagnostics: problems.list(mainFile) }
}

async function build(request: LoadRequest, files: Files, problems: Problems): Promise<Plan | undefined> {
  const file = files.nameOf(request.file)
  const loaded = files.read(request.file)
  if (!loaded) {
    problems.addAt({ place: { file, line: 1, column: 1 }, length: 1, message: 'there is no such file', hint: '' })
    return undefined
  }
  const read = makeReader(problems)
  const sets = parseSets(request.set, problems)
  const top = loaded.node && topMap(loaded.node, loaded.source, read, problems)
  if (!top) return undefined
  const { root, items, configs: configSets } = applySets(top, sets, problems)

  read.keys(root, '', Object.keys(PIPELINE_KEYS))
  const params = makeParams(readParams(root, read, problems), problems)
  const allParams = params.resolveAll()
  const scope = { locals: new Map(), param: params.lookup, problems }
  const of = (key: string) => child(root, key) && substitute(child(root, key)!, scope, key)
  const pools = readAmounts(of('resources'), 'resources', { read })
  const instances = readInstances(root, read, problems, { problems, read, params, sets: items })
  for (const [id, below] of items)
    if (!instances.some((instance) => instance.id === id)) unknownItem(id, below[0]!.at, instances, problems)

  // ajv takes longer to load than a thousand commands to plan, and commands do not need it.
  const needsSchemas = instances.some((instance) => kindOf(instance) !== 'command')
  const check = needsSchemas ? (await import('../lib/schema.ts')).checkSchema : () => []
  const configs = openConfigs({ files, catalog: request.catalog, sets: configSets, problems, read, check })
  const names = {
    ids: new Map(instances.map((instance) => [instance.id, instance])),
    groups: groupsOf(root, instances),
  }
  const context = { names, read, problems, params, check, configs, pools, kinds: request.kinds, nameOf: files.nameOf }
  const drafts = instances.map((instance) => readStage(instance, context))
  configs.finish()
  const name = of('name') ? read.text(of('name'), 'name') : basename(request.file).replace(/\.ya?ml$/, '')
  if (name !== undefined && of('name') && !isName(name))
    problems.add(of('name')!, 'name', `${JSON.stringify(name)} cannot name a pipeline`, NAME_HINT)
  return {
    name: name ?? '',
    about: (of('about') ? read.text(of('about'), 'about') : '') ?? '',
    file,
    params: toValue(allParams) as Record<string, unknown>,
    pools,
    stages: connect(drafts, files.nameOf, problems),
    sources: { ...files.sources },
  }
}

function topMap(node: Node, source: Source, read: Reader, problems: Problems): MapNode | undefined {
  if (node.type === 'scalar' && node.value === null) {
    problems.add(
      { source, start: 0, end: 0 },
      '',
      'the file is empty',
      'write `stages:`, and below it a stage: NAME: { run: COMMAND, outs: [FILE] }',
    )
    return undefined
  }
  return node.type === 'map' ? node : read.wrong(node, '', 'a map with `stages:`')
}

function readParams(root: MapNode, read: Reader, problems: Problems): MapNode {
  const map = read.map(child(root, 'params'), 'params') ?? emptyMap(root)
  for (const name of RESERVED) {
    const entry = map.entries.get(name)
    if (entry)
      problems.add(
        entry.key,
        'params',
        `${JSON.stringify(name)} means something else inside \${}`,
        'give the param another name',
      )
  }
  return map
}

const isName = (name: string) => /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name)
const NAME_HINT = 'names have letters, digits, _ - and dots'

function readInstances(
  root: MapNode,
  read: Reader,
  problems: Problems,
  expansion: Parameters<typeof expandStage>[2],
): Instance[] {
  const written = child(root, 'stages')
  if (written?.type === 'list') read.wrong(written, 'stages', 'a map', 'write each stage as NAME: { … }')
  const stages = written?.type === 'list' ? undefined : read.map(written, 'stages')
  const entry = root.entries.get('stages')
  if (!entry) problems.add({ source: root.source, start: root.start, end: root.start + 1 }, '', '`stages:` is missing')
  else if (stages && stages.entries.size === 0) problems.add(entry.key, 'stages', 'there are none')
  return [...(stages?.entries ?? [])].flatMap(([name, stage]) => {
    if (!isName(name)) problems.add(stage.key, 'stages', `${JSON.stringify(name)} cannot name a stage`, NAME_HINT)
    return expandStage(name, stage, expansion)
  })
}

function unknownItem(id: string, at: Span, instances: readonly Instance[], problems: Problems): void {
  const group = id.split('@')[0]!
  const ids = instances.filter((instance) => instance.group === group).map((instance) => instance.id)
  const near = nearest(id, ids)
  problems.add(
    at,
    '',
    `there is no stage ${JSON.stringify(id)}`,
    near ? `did you mean stages.${near}?` : `there is ${ids.slice(0, 10).join(', ')}`,
  )
}

/** Every declared stage with its instances: none where it could not be made out. */
function groupsOf(root: MapNode, instances: readonly Instance[]): Map<string, Instance[]> {
  const stages = child(root, 'stages')
  const groups = new Map<string, Instance[]>(
    stages?.type === 'map' ? [...stages.entries.keys()].map((name) => [name, []]) : [],
  )
  for (const instance of instances) groups.get(instance.group)!.push(instance)
  return groups
}
