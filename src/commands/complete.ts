/**
 * `kpipe __complete WORD…`: what may stand in place of the last word, a line each, with a tab before what it is. Asked by the
 * shell at every tab key: quick, and silent whatever goes wrong.
 */
import { basename } from 'node:path'
import type { Io } from '../io.ts'
import type { Plan } from '../plan.ts'
import { loadProjectPlan, openProject, type Project, select } from './project.ts'

/** Command → option → takes a value. */
export type OptionNames = Readonly<Record<string, Readonly<Record<string, boolean>>>>

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
  const [command = '', ...rest] = words
  if (rest.length === 0) return commandOffers(options)
  const typed = rest.at(-1)!
  const before = rest.slice(0, -1)
  const own = options[command === 'repro' ? 'run' : command] ?? {}
  const last = before.at(-1) ?? ''
  const taking = last.startsWith('--') && own[last.slice(2)] ? last.slice(2) : last === '-s' ? 'set' : ''
  if (taking) return valueOffers(taking, typed, before, io)
  if (typed.startsWith('-')) return Object.keys(own).map((name) => [`--${name}`])
  return wordOffers(command, positionals(before, own), io)
}

function commandOffers(options: OptionNames): Offers {
  return [...Object.keys(options).filter((name) => name !== 'job'), 'help'].map((name) => [name, ABOUT[name] ?? ''])
}

/** Words that are no options and no values of options. */
function positionals(words: readonly string[], own: Readonly<Record<string, boolean>>): string[] {
  return words.filter((word, i) => {
    const previous = words[i - 1] ?? ''
    const isValue = (previous.startsWith('--') && own[previous.slice(2)]) || previous === '-s' || previous === '-j'
    return !word.startsWith('-') && !isValue
  })
}

const LISTS = ['pipelines', 'stages', 'models', 'kinds', 'formats', 'datasets']
/** Commands that take `[pipeline] [stage…]`. */
const STAGE_COMMANDS = new Set(['run', 'repro', 'status', 'why', 'show', 'verify', 'report', 'graph', 'runs', 'diff'])

async function wordOffers(command: string, before: readonly string[], io: Io): Promise<Offers> {
  if (command === 'completion') return [['bash'], ['zsh'], ['fish']]
  if (command === 'help') return Object.entries(ABOUT)
  if (command === 'list') return before.length === 0 ? LISTS.map((name) => [name]) : []
  if (!STAGE_COMMANDS.has(command)) return []
  const project = openProject(io.cwd)
  const pipelines: Offers = before.length > 0 ? [] : [...project.pipelines.keys()].map((name) => [name, 'pipeline'])
  const plan = await planOf(before, io).catch(() => null)
  return [...pipelines, ...(plan ? stageOffers(plan) : [])]
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

async function valueOffers(option: string, typed: string, before: readonly string[], io: Io): Promise<Offers> {
  if (option === 'template') return (await import('./init.ts')).templates().map((name) => [name])
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
  why: 'why a stage is stale',
  list: 'pipelines, stages, models, kinds, formats, datasets',
  show: 'everything about one stage',
  verify: 'run a stage again in scratch and compare',
  runs: 'the history: params, outcomes, metrics',
  diff: 'params, causes and metrics of two runs',
  report: 'one HTML file with pictures and figures',
  graph: 'stages and what needs what',
  gc: 'what the cache could give back',
  init: 'make a folder that runs',
  doctor: 'is all well on this machine?',
  import: 'from dvc.yaml or training_config.json',
  completion: 'completion for your shell',
}
