/**
 * `kpipe __complete WORD…`: what may stand in place of the last word, a line each, with a tab before what it is. Asked by the
 * shell at every tab key: quick, and silent whatever goes wrong. Where nothing is offered the shells offer files.
 */
import { basename, join } from 'node:path'
import type { Io } from '../io.ts'
import type { Plan } from '../plan.ts'
import { loadProjectPlan, openProject, type Project, select } from './project.ts'

/** Command → its options with their dashes, `--set` and `-s` → the name it means, and whether it takes a value. */
export type OptionNames = Readonly<Record<string, Readonly<Record<string, OptionName>>>>
export interface OptionName {
  readonly name: string
  readonly takesValue: boolean
}

type Offers = readonly (readonly [word: string, about?: string])[]

export async function completeCommand(words: readonly string[], options: OptionNames, io: Io): Promise<number> {
  const typed = words.at(-1) ?? ''
  const offers = await offersFor(words, options, io).catch(() => [])
  const lines = offers
    .filter(([word]) => word.startsWith(typed))
    .map(([word, about]) => (about ? `${word}\t${about.replace(/\s+/g, ' ')}` : word))
  if (lines.length > 0) io.out(`${[...new Set(lines)].join('\n')}\n`)
  return 0
}

async function offersFor(words: readonly string[], options: OptionNames, io: Io): Promise<Offers> {
  const [typedCommand = '', ...rest] = words
  if (rest.length === 0) return commandOffers(options)
  const command = typedCommand === 'repro' ? 'run' : typedCommand
  const typed = rest.at(-1)!
  const before = rest.slice(0, -1)
  const own = options[command] ?? {}
  const last = own[before.at(-1) ?? '']
  if (last?.takesValue) return valueOffers(last.name, typed, before, io)
  if (typed.startsWith('-')) return Object.keys(own).flatMap((name) => (name.startsWith('--') ? [[name] as const] : []))
  return wordOffers(command, positionals(before, own), io)
}

function commandOffers(options: OptionNames): Offers {
  return [...Object.keys(options).filter((name) => name !== 'job'), 'help'].map((name) => [name, ABOUT[name] ?? ''])
}

/** Words that are no options and no values of options. */
const positionals = (words: readonly string[], own: OptionNames[string]): string[] =>
  words.filter((word, i) => !word.startsWith('-') && !own[words[i - 1] ?? '']?.takesValue)

/** Commands whose one word is one of a few. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  completion: ['bash', 'zsh', 'fish'],
  registry: ['list', 'check', 'set'],
  list: ['pipelines', 'stages', 'models', 'kinds', 'formats', 'datasets'],
}
/** Commands that take `[pipeline] [stage…]`. */
const STAGE_COMMANDS = new Set(['run', 'status', 'why', 'show', 'verify', 'graph'])
/** Commands that take runs, and how many; of these, those that take a pipeline instead. */
const RUN_COMMANDS: Readonly<Record<string, number>> = { attach: 1, runs: 1, report: 1, diff: 2 }
const RUN_OR_PIPELINE = new Set(['runs', 'report'])

async function wordOffers(command: string, before: readonly string[], io: Io): Promise<Offers> {
  if (command === 'help') return before.length === 0 ? Object.entries(ABOUT) : []
  if (command === 'data') return dataOffers(before)
  if (command === 'registry' && before.length > 0) return registryOffers(before, io)
  if (CHOICES[command]) return before.length === 0 ? CHOICES[command].map((name) => [name]) : []
  const pipelines = (project: Project): Offers => [...project.pipelines.keys()].map((name) => [name, 'pipeline'])
  if (RUN_COMMANDS[command]) {
    if (before.length >= RUN_COMMANDS[command]) return []
    const project = openProject(io.cwd)
    return [...(RUN_OR_PIPELINE.has(command) ? pipelines(project) : []), ...(await runOffers(project))]
  }
  if (!STAGE_COMMANDS.has(command)) return []
  const plan = await planOf(before, io).catch(() => null)
  return [...(before.length > 0 ? [] : pipelines(openProject(io.cwd))), ...(plan ? stageOffers(plan) : [])]
}

/** Runs are told by when they were: more than these nobody tells apart. */
const MOST_RUNS = 10

async function runOffers({ layout }: Project): Promise<Offers> {
  const { readRun, runIds } = await import('../run/history.ts')
  const ids = runIds(layout).slice(-MOST_RUNS).reverse()
  const newest: Offers = ids.length > 0 ? [['last', 'the newest run']] : []
  return [
    ...newest,
    ...ids.map((id) => {
      const run = readRun(layout, id)
      return [id, run ? `${run.pipeline}, ${run.outcome}` : ''] as const
    }),
  ]
}

/** Folders are the shell's own to complete. */
/** After `registry set`: a model, then a status. */
async function registryOffers(before: readonly string[], io: Io): Promise<Offers> {
  if (before[0] !== 'set' || before.length > 2) return []
  const { statuses } = await import('../registry/schema.ts')
  if (before.length === 2) return statuses.map((name) => [name])
  const { readRegistry } = await import('../registry/registry.ts')
  const { models } = readRegistry(join(openProject(io.cwd).layout.root, 'models', 'registry.json'))
  return [...new Set(models.map(({ id }) => id))].map((id) => [id])
}

async function dataOffers(before: readonly string[]): Promise<Offers> {
  if (before.length === 0) return [['list'], ['show'], ['stats'], ['sample']]
  const { describeDatasets } = await import('../data/catalogue.ts')
  return describeDatasets().map(({ name, title }) => [name!, title!] as const)
}

function stageOffers(plan: Plan): Offers {
  const groups = plan.stages.filter((stage) => stage.id !== stage.group)
  return [
    ...plan.stages.map((stage) => [stage.id, stage.about || stage.kind] as const),
    ...[...new Set(groups.map((stage) => stage.group))].map((group) => [group, 'all of them'] as const),
  ]
}

const planOf = async (before: readonly string[], io: Io): Promise<Plan> => {
  const { project, file } = select(before, io.cwd)
  return loadProjectPlan(project, file, [])
}

/** Options whose value is one of a few. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  reporter: ['dashboard', 'plain', 'json'],
  format: ['text', 'mermaid', 'dot', 'svg'],
}

async function valueOffers(option: string, typed: string, before: readonly string[], io: Io): Promise<Offers> {
  if (option === 'template') return (await import('./init.ts')).templates().map((name) => [name])
  if (VALUES[option]) return VALUES[option].map((name) => [name])
  if (option !== 'set' && option !== 'from') return []
  const project = openProject(io.cwd)
  const plan = await planOf(firstPipeline(before, project), io)
  if (option === 'from') return stageOffers(plan)
  return typed.startsWith('configs.') || typed.startsWith('stages.') ? pathOffers(plan, typed) : paramOffers(plan)
}

const firstPipeline = (before: readonly string[], project: Project) =>
  before.filter((word) => project.pipelines.has(word) || /\.ya?ml$/.test(basename(word))).slice(0, 1)

function paramOffers(plan: Plan): Offers {
  const params = Object.entries(plan.params).map(([name, value]) => [`${name}=`, shown(value)] as const)
  return [...params, ['configs.', 'an option of a model config'], ['stages.', 'a key of a stage']]
}

/** `configs.MODEL.option=` and `stages.NAME.with.option=`, as far as the plan tells the names. */
function pathOffers(plan: Plan, typed: string): Offers {
  const kinds = plan.stages.filter((stage) => stage.command === null)
  if (typed.startsWith('stages.'))
    return kinds.flatMap((stage) =>
      Object.entries(stage.options).map(
        ([name, value]) =>
          [`stages.${stage.group}.with.${name}=`, stage.id === stage.group ? shown(value) : ''] as const,
      ),
    )
  return kinds
    .filter((stage) => stage.id !== stage.group)
    .flatMap((stage) =>
      Object.entries(stage.options).map(
        ([name, value]) => [`configs.${stage.id.slice(stage.group.length + 1)}.${name}=`, shown(value)] as const,
      ),
    )
}

const shown = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

const ABOUT: Readonly<Record<string, string>> = {
  run: 'run what changed, and say why',
  status: 'what a run would do',
  attach: 'look at a run from another terminal',
  why: 'why a stage is stale',
  list: 'pipelines, stages, models, kinds, formats, datasets',
  show: 'everything about one stage',
  data: 'data sets: list, show, stats, sample',
  verify: 'run a stage again in scratch and compare',
  runs: 'the history: params, outcomes, metrics',
  diff: 'params, causes and metrics of two runs',
  report: 'one HTML file with pictures and figures',
  registry: 'versions of every model, and their status',
  graph: 'stages and what needs what',
  gc: 'what the cache could give back',
  init: 'make a folder that runs',
  doctor: 'is all well on this machine?',
  import: 'from dvc.yaml or training_config.json',
  completion: 'completion for your shell',
}
