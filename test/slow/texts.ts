/**
 * Pipelines over small texts, once as kpipe sees them (YAML, shell commands, two stage kinds of a user's own) and once as
 * plain functions: the oracle of the crash and edit tests. What every output must be follows from the state alone.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '../rig.ts'

/** A file's text, or a folder's files by path. */
export type Tree = string | Readonly<Record<string, string>>

/** `upper`, `concat`, `head`, `sorted`, `count` are shell commands, `lines` (item by item) and `weave` are stage kinds. */
export type Work = 'upper' | 'concat' | 'head' | 'sorted' | 'count' | 'lines' | 'weave'

export interface TextStage {
  readonly name: string
  readonly work: Work
  /** `data`, `data/a.txt`, or `@stage`: its first output. */
  readonly reads: readonly string[]
  /** Names its outputs: `build/<out>…`, for kinds `published/<out>`. */
  readonly out: string
  /** Goes into the output; `head`: how many lines. */
  readonly param: string
  /** Held unless the stage (a `count`) found at most so many lines. */
  readonly gate?: { readonly stage: string; readonly max: number }
  /** Seconds the command waits before it writes. */
  readonly wait?: number
}

export interface State {
  /** Below `data/`; every text ends with a line feed. */
  readonly data: Readonly<Record<string, string>>
  /** Every stage after those it reads. */
  readonly stages: readonly TextStage[]
  readonly comment: string
}

export interface Made {
  /** Where each output lies, and what it must be. */
  readonly outs: Readonly<Record<string, Tree>>
  readonly metrics: Readonly<Record<string, number | string>>
  /** All that may change the outputs: equal keys, equal outputs. */
  readonly key: string
}

const KINDS: ReadonlySet<Work> = new Set(['lines', 'weave'])

export const KIND_FILES = {
  'stages/lines.ts': `import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineStage } from 'kpipe'

/** Every line of every text from its end to its beginning; one item a text. */
export default defineStage<{ param: string }>({
  kind: 'lines',
  summary: 'turns lines around',
  options: { type: 'object', additionalProperties: false, required: ['param'], properties: { param: { type: 'string' } } },
  inputs: { texts: { about: 'a text or a folder of texts' } },
  run: async (ctx) => {
    const { path } = ctx.inputs.texts
    const files = ctx.inputs.texts.files()
    const { values } = await ctx.each('turn', files.map((file) => ({ id: file.path, key: file.hash })), (item) => {
      const lines = readFileSync(join(path, item.id), 'utf8').split('\\n')
      return Buffer.from(lines.map((line) => [...line].reverse().join('')).join('\\n'))
    })
    files.forEach((file, i) => writeFileSync(ctx.out(file.path || 'text'), values[i]))
    writeFileSync(ctx.out('index.json'), JSON.stringify([ctx.options.param, ...files.map((file) => file.path)]) + '\\n')
    return { metrics: { files: files.length } }
  },
})
`,
  'stages/weave.ts': `import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineStage } from 'kpipe'

/** All texts in one, and the metrics of the stages they came from. */
export default defineStage<{ param: string }>({
  kind: 'weave',
  summary: 'joins texts',
  options: { type: 'object', additionalProperties: false, required: ['param'], properties: { param: { type: 'string' } } },
  inputs: { texts: { about: 'texts and folders of texts', many: true } },
  run: async (ctx) => {
    const texts = ctx.lists.texts.map(({ path, files }) => files().map((file) => readFileSync(join(path, file.path), 'utf8')).join(''))
    const woven = ctx.options.param + '\\n' + texts.join('')
    writeFileSync(ctx.out('woven.txt'), woven)
    writeFileSync(ctx.out('facts/metrics.json'), JSON.stringify(ctx.lists.texts.map((input) => input.metrics)) + '\\n')
    return { metrics: { bytes: woven.length } }
  },
})
`,
}

/** What kpipe must make of a state, in plan order. */
export function build(state: State): Map<string, Made> {
  const made = new Map<string, Made>()
  for (const stage of state.stages) {
    const inputs = stage.reads.map((ref) => ({ tree: inputOf(ref, state, made), metrics: metricsOf(ref, made) }))
    const key = JSON.stringify([
      KINDS.has(stage.work) ? [stage.work, stage.param] : commandOf(stage, state),
      inputs.map(({ tree }) => (typeof tree === 'string' ? tree : Object.entries(tree).sort())),
    ])
    made.set(stage.name, { ...WORKS[stage.work](stage, inputs), key })
  }
  return made
}

interface Input {
  readonly tree: Tree
  readonly metrics: Readonly<Record<string, number | string>>
}

const WORKS: Readonly<Record<Work, (stage: TextStage, inputs: readonly Input[]) => Omit<Made, 'key'>>> = {
  upper: (stage, inputs) =>
    file(stage, '.txt', `${textOf(inputs).replace(/[a-z]/g, (char) => char.toUpperCase())}${stage.param}\n`),
  concat: (stage, inputs) => file(stage, '.txt', `${textOf(inputs)}${stage.param}\n`),
  head: (stage, inputs) =>
    file(
      stage,
      '.txt',
      linesOf(textOf(inputs))
        .slice(0, Number(stage.param))
        .map((line) => `${line}\n`)
        .join(''),
    ),
  sorted: (stage, inputs) => {
    const lines = linesOf(textOf(inputs))
    const all = [...lines].sort().map((line) => `${line}\n`)
    return {
      outs: {
        [`build/${stage.out}.sorted`]: { 'all.txt': all.join(''), 'below/param.txt': `${stage.param}\n` },
        [`build/${stage.out}.size`]: `${lines.length}\n`,
      },
      metrics: {},
    }
  },
  count: (stage, inputs) => {
    const lines = linesOf(textOf(inputs)).length
    return {
      ...file(stage, '.json', `{"lines": ${lines}, "param": "${stage.param}"}\n`),
      metrics: { lines, param: stage.param },
    }
  },
  lines: (stage, [input]) => {
    const files = typeof input!.tree === 'string' ? { '': input!.tree } : input!.tree
    const names = Object.keys(files).sort()
    const turned = names.map((name) => {
      const lines = files[name]!.split('\n').map((line) => [...line].reverse().join(''))
      return [name || 'text', lines.join('\n')] as const
    })
    const index = `${JSON.stringify([stage.param, ...names])}\n`
    return folder(stage, { ...Object.fromEntries(turned), 'index.json': index }, { files: names.length })
  },
  weave: (stage, inputs) => {
    const woven = `${stage.param}\n${textOf(inputs)}`
    const metrics = inputs.map((input) => input.metrics)
    const files = { 'facts/metrics.json': `${JSON.stringify(metrics)}\n`, 'woven.txt': woven }
    return folder(stage, files, { bytes: woven.length })
  },
}

const file = (stage: TextStage, ending: string, text: string) => ({
  outs: { [`build/${stage.out}${ending}`]: text },
  metrics: {},
})

const folder = (stage: TextStage, files: Record<string, string>, metrics: Record<string, number>) => ({
  outs: { [kindFolder(stage)]: files },
  metrics,
})

const kindFolder = (stage: TextStage) => `cache/out/texts/${stage.name}`

/** Where a kind's output is copied to. */
export const publishedAt = (stage: TextStage): string => (KINDS.has(stage.work) ? `published/${stage.out}` : '')

const linesOf = (text: string) => text.split('\n').slice(0, -1)
const textOf = (inputs: readonly Input[]) => inputs.map(({ tree }) => flat(tree)).join('')

/** Texts of a folder in the order of their paths. */
function flat(tree: Tree): string {
  if (typeof tree === 'string') return tree
  return Object.keys(tree)
    .sort()
    .map((path) => tree[path]!)
    .join('')
}

function inputOf(ref: string, state: State, made: ReadonlyMap<string, Made>): Tree {
  if (ref.startsWith('@')) return Object.values(made.get(ref.slice(1))!.outs)[0]!
  return ref === 'data' ? state.data : state.data[ref.slice('data/'.length)]!
}

const metricsOf = (ref: string, made: ReadonlyMap<string, Made>) =>
  ref.startsWith('@') ? made.get(ref.slice(1))!.metrics : {}

function commandOf(stage: TextStage, state: State) {
  const paths = stage.reads.map((ref) => pathOf(ref, state))
  // Any text below a path, in the order of the bytes of the file names.
  const read = `(${paths.map((path) => `find ${path} -type f -print0 | LC_ALL=C sort -z | xargs -0 -r cat`).join('; ')})`
  const out = `build/${stage.out}`
  const wait = stage.wait ? `sleep ${stage.wait}; ` : ''
  const command: Readonly<Record<Exclude<Work, 'lines' | 'weave'>, readonly [string, readonly string[]]>> = {
    // Appends where others overwrite: what stood there before must not matter.
    upper: [`${read} | tr a-z A-Z >> ${out}.txt; echo '${stage.param}' >> ${out}.txt`, [`${out}.txt`]],
    concat: [`${read} > ${out}.txt && ${wait}echo '${stage.param}' >> ${out}.txt`, [`${out}.txt`]],
    head: [`${read} | head -n ${stage.param} > ${out}.txt`, [`${out}.txt`]],
    sorted: [
      `mkdir -p ${out}.sorted/below && ${read} | LC_ALL=C sort > ${out}.sorted/all.txt && ${wait}echo '${stage.param}' > ${out}.sorted/below/param.txt && ${read} | wc -l | tr -d ' ' > ${out}.size`,
      [`${out}.sorted`, `${out}.size`],
    ],
    count: [`printf '{"lines": %d, "param": "${stage.param}"}\\n' $( ${read} | wc -l) > ${out}.json`, [`${out}.json`]],
  }
  const [run, outs] = command[stage.work as 'upper']
  return { run, outs, deps: paths }
}

function pathOf(ref: string, state: State): string {
  if (!ref.startsWith('@')) return ref
  const stage = state.stages.find(({ name }) => name === ref.slice(1))!
  return KINDS.has(stage.work) ? kindFolder(stage) : commandOf(stage, state).outs[0]!
}

/** The pipeline file; JSON is YAML. */
export function pipelineOf(state: State): string {
  const stages = Object.fromEntries(
    state.stages.map((stage) => {
      const gate = stage.gate ? { gate: { metric: `${stage.gate.stage}:lines`, max: stage.gate.max } } : {}
      const own = (ref: string) => state.stages.find(({ name }) => `@${name}` === ref)
      const source = (ref: string) => {
        const producer = own(ref)
        if (!producer) return { file: ref }
        return KINDS.has(producer.work)
          ? { stage: producer.name }
          : { stage: producer.name, path: commandOf(producer, state).outs[0]! }
      }
      if (KINDS.has(stage.work)) {
        const texts = stage.work === 'weave' ? stage.reads.map(source) : source(stage.reads[0]!)
        const to = publishedAt(stage)
        return [stage.name, { kind: stage.work, inputs: { texts }, with: { param: stage.param }, to, ...gate }]
      }
      const { run, outs } = commandOf(stage, state)
      const fromKind = (ref: string) => KINDS.has(own(ref)?.work ?? 'upper')
      const deps = stage.reads.filter((ref) => !fromKind(ref)).map((ref) => pathOf(ref, state))
      const inputs = Object.fromEntries(stage.reads.filter(fromKind).map((ref, i) => [`from${i}`, source(ref)]))
      const metrics = stage.work === 'count' ? { metrics: outs[0] } : {}
      return [
        stage.name,
        { run, deps, ...(Object.keys(inputs).length > 0 ? { inputs } : {}), outs, ...metrics, ...gate },
      ]
    }),
  )
  return `# ${state.comment}\n${JSON.stringify({ name: 'texts', stages }, null, 1)}\n`
}

/** What stands at a path, or null. */
export function treeAt(path: string): Tree | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return null
  if (!stats.isDirectory()) return readFileSync(path, 'utf8')
  const files: Record<string, string> = {}
  const walk = (below: string) => {
    for (const name of readdirSync(join(path, below))) {
      const inner = below ? `${below}/${name}` : name
      if (statSync(join(path, inner)).isDirectory()) walk(inner)
      else files[inner] = readFileSync(join(path, inner), 'utf8')
    }
  }
  walk('')
  return files
}

/**
 * Outputs and published copies that are not what they must be, in words. Stages in `except` are not looked at, files in
 * `foreign` may lie in the folders that outputs are copied to.
 */
export function wrongOutputs(
  project: Project,
  state: State,
  except: ReadonlySet<string> = new Set(),
  foreign: ReadonlySet<string> = new Set(),
): string[] {
  const made = build(state)
  return state.stages
    .filter(({ name }) => !except.has(name))
    .flatMap((stage) => {
      const { outs } = made.get(stage.name)!
      const to = publishedAt(stage)
      const places = { ...outs, ...(to ? { [to]: outs[kindFolder(stage)]! } : {}) }
      return Object.entries(places).flatMap(([path, want]) => {
        const there = treeAt(project.path(path))
        const own = (below: string) => !foreign.has(`${path}/${below}`)
        const found =
          path === to && there !== null && typeof there !== 'string'
            ? Object.fromEntries(Object.entries(there).filter(([below]) => own(below)))
            : there
        if (sorted(found) === sorted(want)) return []
        return [`${stage.name}: ${path} ${difference(sorted(found), sorted(want))}`]
      })
    })
}

function difference(found: string, want: string): string {
  let at = 0
  while (found[at] === want[at]) at++
  const part = (text: string) => text.slice(Math.max(0, at - 40), at + 40)
  return `is …${part(found)}…, must be …${part(want)}…`
}

export const sorted = (tree: Tree | null): string =>
  typeof tree === 'string' || tree === null ? JSON.stringify(tree) : JSON.stringify(Object.entries(tree).sort())

/** Makes the project's files those of the state; files that are right already are not touched. */
export function writeState(project: Project, state: State): void {
  const want: Record<string, string> = { ...KIND_FILES, 'pipelines/texts.yaml': pipelineOf(state) }
  for (const [path, text] of Object.entries(state.data)) want[`data/${path}`] = text
  const standing = treeAt(project.path('data'))
  if (standing !== null && typeof standing !== 'string')
    for (const path of Object.keys(standing)) if (!(path in state.data)) project.remove(`data/${path}`)
  // An empty folder is content, too, which the state knows nothing of.
  for (const below of ['below', 'new below']) {
    const folder = project.path(`data/${below}`)
    if (existsSync(folder) && readdirSync(folder).length === 0) project.remove(`data/${below}`)
  }
  for (const [path, text] of Object.entries(want))
    if (!existsSync(project.path(path)) || project.read(path) !== text) project.write({ [path]: text })
}
