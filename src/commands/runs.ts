/** `kpipe runs`: the history of a project from its run logs; with a run's name, everything about that one. */
import type { Io } from '../io.ts'
import type { Outcome } from '../events.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { columns, number, OUTCOME_WORDS, seconds } from '../reporters/text.ts'
import { findRun, looksLikeRun, readRuns, type RunSummary, type StageEnd } from '../run/history.ts'
import { loadProjectPlan, openProject, select } from './project.ts'

export interface RunsOptions {
  readonly words: readonly string[]
  /** `stage:name` or `name`: columns of the table. */
  readonly metrics: readonly string[]
  readonly limit: number
  readonly json: boolean
}

/** Shown where no metric was asked for, the first that a run has. */
const KEY_METRICS = ['val_loss', 'loss', 'accuracy', 'error']
const DEFAULT_LIMIT = 20
const WORKED: ReadonlySet<Outcome> = new Set(['ran', 'same', 'restored'])

export async function runsCommand(options: RunsOptions, io: Io): Promise<number> {
  const [given, ...more] = options.words
  const file = given !== undefined && /\.ya?ml$/.test(given) ? select([given], io.cwd) : null
  const project = file?.project ?? openProject(io.cwd)
  const { layout, pipelines } = project
  const word = file ? (await loadProjectPlan(project, file.file, [])).name : given
  if (more.length > 0)
    throw new UserError('kpipe runs takes one run or one pipeline', { hint: 'kpipe runs kelly', exitCode: 2 })
  if (word !== undefined && !pipelines.has(word) && looksLikeRun(layout, word)) {
    const run = findRun(layout, word)
    io.out(options.json ? `${JSON.stringify(runJson(run), null, 2)}\n` : runText(run, io.columns))
    return 0
  }
  const runs = readRuns(layout).filter((run) => word === undefined || run.pipeline === word)
  if (word !== undefined && runs.length === 0 && !pipelines.has(word)) throw unknown(word, [...pipelines.keys()])
  const shown = runs.slice(-(options.limit || DEFAULT_LIMIT)).reverse()
  if (options.json) io.out(`${JSON.stringify(shown.map(runJson), null, 2)}\n`)
  else io.out(historyText(shown, runs.length, options.metrics, io.columns))
  return 0
}

function unknown(word: string, pipelines: readonly string[]): UserError {
  const near = nearest(word, pipelines)
  return new UserError(`there is no run and no pipeline ${word}`, {
    hint: near ? `did you mean ${near}?` : 'kpipe runs without a name lists the runs',
    exitCode: 2,
  })
}

function historyText(shown: readonly RunSummary[], all: number, metrics: readonly string[], width: number): string {
  if (shown.length === 0) return 'no run has been logged yet: kpipe run makes one\n'
  const head = [
    'run',
    'pipeline',
    'outcome',
    'time',
    'stages',
    'set',
    ...(metrics.length > 0 ? metrics : ['key metric']),
  ]
  const rows = shown.map((run) => [
    run.id,
    run.pipeline,
    run.outcome,
    seconds(run.seconds),
    counts(run),
    run.set.join(' '),
    ...(metrics.length > 0 ? metrics.map((metric) => metricCell(run, metric)) : [keyMetric(run)]),
  ])
  const rest = all > shown.length ? `… and ${all - shown.length} older (--limit ${all} shows all)\n` : ''
  return `${columns([head, ...rows], width).join('\n')}\n${rest}`
}

/** `4 ran, 5 same, 19 fresh` */
function counts(run: RunSummary): string {
  const found = new Map<Outcome, number>()
  for (const { outcome } of run.ends.values()) found.set(outcome, (found.get(outcome) ?? 0) + 1)
  return [...found].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}

/** `stage:name` of one stage, `name` of every stage that has it. */
function metricCell(run: RunSummary, metric: string): string {
  const colon = metric.lastIndexOf(':')
  const stage = colon < 0 ? null : metric.slice(0, colon)
  const name = metric.slice(colon + 1)
  const ends = [...run.ends.values()].filter((end) => (stage === null ? true : end.stage === stage))
  const found = ends.filter((end) => end.metrics[name] !== undefined)
  if (stage !== null || found.length === 1) return plain(found[0]?.metrics[name])
  return found.map((end) => `${instance(end.stage)} ${plain(end.metrics[name])}`).join(', ')
}

/** Of the stages that really worked in this run: what they measured. */
function keyMetric(run: RunSummary): string {
  const worked = [...run.ends.values()].filter((end) => WORKED.has(end.outcome))
  for (const name of KEY_METRICS) {
    const found = worked.filter((end) => typeof end.metrics[name] === 'number')
    if (found.length === 0) continue
    const told = found.map((end) => `${instance(end.stage)} ${plain(end.metrics[name])}`)
    return `${name}: ${told.join(', ')}`
  }
  const last = worked.findLast((end) => end.headline !== '')
  return last ? `${last.stage}: ${last.headline}` : ''
}

/** `emotion_recognizer` of `train@emotion_recognizer`. */
const instance = (stage: string): string => stage.slice(stage.indexOf('@') + 1)

function plain(value: unknown): string {
  return typeof value === 'number' ? number(value) : value === undefined || value === null ? '' : String(value)
}

function runText(run: RunSummary, width: number): string {
  const lines = [
    `run: ${run.id}`,
    `pipeline: ${run.pipeline}`,
    `started: ${run.startedAt.slice(0, 19).replace('T', ' ')}`,
    `outcome: ${run.outcome} in ${seconds(run.seconds)}`,
    ...(run.set.length > 0 ? [`set: ${run.set.join(' ')}`] : []),
  ]
  const params = Object.entries(run.params).filter(([, value]) => value !== null)
  if (params.length > 0)
    lines.push(
      'params:',
      ...params.map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
    )
  const rows = inOrder(run).map((end) => [
    end.stage,
    OUTCOME_WORDS[end.outcome],
    end.seconds === 0 ? '' : seconds(end.seconds),
    end.headline || end.error.split('\n')[0]! || end.reason,
  ])
  lines.push('', ...columns([['stage', 'outcome', 'time', 'key metric'], ...rows], width))
  return `${lines.join('\n')}\n`
}

/** In the order of the pipeline. */
function inOrder(run: RunSummary): StageEnd[] {
  return run.stages.flatMap(({ id }) => run.ends.get(id) ?? [])
}

/** Stable shape of `--json`. */
function runJson(run: RunSummary) {
  return {
    run: run.id,
    pipeline: run.pipeline,
    startedAt: run.startedAt,
    outcome: run.outcome,
    seconds: run.seconds,
    params: run.params,
    set: run.set,
    stages: inOrder(run).map(({ stage, outcome, seconds: took, cost, reason, error, headline, metrics, key }) => ({
      stage,
      outcome,
      seconds: took,
      cost,
      reason,
      error,
      headline,
      metrics,
      key: key ?? '',
    })),
  }
}
