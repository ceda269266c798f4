/**
 * `kpipe diff A B`: params, causes and metrics of two runs. Causes come from the key documents of their results, so that a
 * change of data is told as what changed in the data; what only follows from an earlier stage is counted, not listed.
 */
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { columns, number, OUTCOME_WORDS, seconds } from '../reporters/text.ts'
import { findRun, readRuns, type RunSummary, type StageEnd } from '../run/history.ts'
import { explainChange, valueChanges } from '../store/explain.ts'
import type { KeyDocument } from '../store/fingerprint.ts'
import type { Layout } from '../store/layout.ts'
import { Store } from '../store/store.ts'
import { Trees } from '../store/tree.ts'
import { openProject, type Project } from './project.ts'

export interface DiffOptions {
  readonly words: readonly string[]
  readonly json: boolean
}

interface Cause {
  readonly stages: readonly string[]
  readonly what: string
}

interface MetricChange {
  readonly stage: string
  readonly metric: string
  readonly a: unknown
  readonly b: unknown
}

/** Stable shape of `--json`. */
interface Difference {
  readonly a: string
  readonly b: string
  readonly params: readonly string[]
  /** Stages of only one of the runs, and stages that ended differently. */
  readonly stages: readonly string[]
  readonly causes: readonly Cause[]
  /** Stages that differ only because a stage before them does. */
  readonly follow: readonly string[]
  /** Stages whose results cannot be compared (an older log, or cleaned out of the cache). */
  readonly unknown: readonly string[]
  readonly metrics: readonly MetricChange[]
}

export async function diffCommand(options: DiffOptions, io: Io): Promise<number> {
  const project = openProject(io.cwd)
  const [a, b] = chooseRuns(project.layout, options.words)
  const difference = compare(project, a, b)
  if (options.json) io.out(`${JSON.stringify(difference, null, 2)}\n`)
  else io.out(differenceText(difference, a, b, io.columns))
  return 0
}

/** Two words: those runs. One: that run and the newest. None: the two newest of the newest run's pipeline. */
function chooseRuns(layout: Layout, words: readonly string[]): readonly [RunSummary, RunSummary] {
  if (words.length > 2) throw new UserError('kpipe diff takes two runs', { hint: 'kpipe runs lists them', exitCode: 2 })
  if (words.length === 2) return [findRun(layout, words[0]!), findRun(layout, words[1]!)]
  const last = findRun(layout, 'last')
  if (words.length === 1) return [findRun(layout, words[0]!), last]
  const before = readRuns(layout).findLast((run) => run.pipeline === last.pipeline && run.id !== last.id)
  if (!before)
    throw new UserError(`${last.pipeline} has run once, there is nothing to compare with`, {
      hint: 'change something and run again',
      exitCode: 2,
    })
  return [before, last]
}

function compare({ layout, index }: Project, a: RunSummary, b: RunSummary): Difference {
  const trees = new Trees(layout, index)
  const store = new Store(layout, trees, index)
  const shared = b.stages.filter(({ id }) => a.ends.has(id) && b.ends.has(id))
  const causes = new Map<string, string[]>()
  const follow: string[] = []
  const unknown: string[] = []
  for (const { id, needs } of shared) {
    const [keyA, keyB] = [a.ends.get(id)!.key ?? '', b.ends.get(id)!.key ?? '']
    if (keyA === keyB && keyA !== '') continue
    const [before, now] = [store.results.get(keyA), store.results.get(keyB)]
    if (!before || !now) {
      unknown.push(id)
      continue
    }
    const own = withoutProduced(before.doc, now.doc, producedBy(needs, [a, b], store, trees))
    const sentences = explainChange(before.doc, own, trees, store, {})
    if (sentences.length === 0) follow.push(id)
    for (const sentence of sentences) causes.set(sentence, [...(causes.get(sentence) ?? []), id])
  }
  return {
    a: a.id,
    b: b.id,
    params: valueChanges(a.params, b.params, ''),
    stages: stageChanges(a, b),
    causes: [...causes].map(([what, stages]) => ({ stages, what })),
    follow,
    unknown,
    metrics: shared.flatMap(({ id }) => metricChanges(id, a, b, store)),
  }
}

/** Content hashes of all that the needed stages made in either run, folders inside their outputs included. */
function producedBy(needs: readonly string[], runs: readonly RunSummary[], store: Store, trees: Trees): Set<string> {
  const found = new Set<string>()
  const walk = (content: string): void => {
    if (found.has(content)) return
    found.add(content)
    if (!content.startsWith('D:')) return
    try {
      for (const entry of trees.entries(content.slice(2)))
        walk(`${entry.type === 'D' || entry.type === 'L' ? 'D' : 'F'}:${entry.hash}`)
    } catch {
      // cleaned out of the cache: its insides are then not known
    }
  }
  for (const run of runs)
    for (const id of needs)
      for (const content of Object.values(store.results.get(run.ends.get(id)?.key ?? '')?.outs ?? {})) walk(content)
  return found
}

/** `now` with the inputs that other stages made as they were in `before`. */
function withoutProduced(before: KeyDocument, now: KeyDocument, produced: ReadonlySet<string>): KeyDocument {
  const inputs = Object.fromEntries(
    Object.entries(now.inputs).map(([name, content]) => {
      const made = [content].flat().every((one) => produced.has(one))
      return [name, made && before.inputs[name] !== undefined ? before.inputs[name] : content]
    }),
  )
  return { ...now, inputs }
}

function stageChanges(a: RunSummary, b: RunSummary): string[] {
  const only = (one: RunSummary, other: RunSummary) =>
    [...one.ends.keys()].filter((id) => !other.ends.has(id)).map((id) => `${id} only in ${one.id}`)
  const bad = (run: RunSummary, id: string) => {
    const outcome = run.ends.get(id)!.outcome
    return ['ran', 'same', 'fresh', 'restored'].includes(outcome) ? 'ok' : OUTCOME_WORDS[outcome]
  }
  const both = [...b.ends.keys()].filter((id) => a.ends.has(id) && bad(a, id) !== bad(b, id))
  return [...both.map((id) => `${id} ${bad(a, id)} -> ${bad(b, id)}`), ...only(a, b), ...only(b, a)]
}

function metricChanges(stage: string, a: RunSummary, b: RunSummary, store: Store): MetricChange[] {
  const [before, now] = [a, b].map((run) => metricsOf(run.ends.get(stage)!, store))
  if (!before || !now) return []
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((metric) => before[metric] !== now[metric])
    .map((metric) => ({ stage, metric, a: before[metric] ?? null, b: now[metric] ?? null }))
}

/** As logged; the log of a very large run leaves out those of fresh stages, the result has them. Null: it has no result. */
function metricsOf({ metrics, key }: StageEnd, store: Store): StageEnd['metrics'] | null {
  if (Object.keys(metrics).length > 0) return metrics
  return store.results.get(key ?? '')?.metrics ?? null
}

function differenceText(found: Difference, a: RunSummary, b: RunSummary, width: number): string {
  const run = (name: string, one: RunSummary) =>
    [name, one.id, one.pipeline, one.outcome, seconds(one.seconds), one.set.join(' ')] as const
  const parts = [columns([run('A', a), run('B', b)], width).join('\n')]
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) parts.push(`${title}\n${lines.map((line) => `  ${line}`).join('\n')}`)
  }
  section('params', found.params)
  section('stages', found.stages)
  section(
    'causes',
    found.causes.map(({ stages, what }) => `${names(stages)}: ${what}`),
  )
  if (found.follow.length > 0)
    section('follow from these', [
      `${found.follow.length} stage${found.follow.length === 1 ? '' : 's'}: ${names(found.follow, 12)}`,
    ])
  section('cannot be compared, their results are not in the cache', found.unknown)
  const rows = found.metrics.map(({ stage, metric, a: old, b: fresh }) => [
    stage,
    metric,
    cell(old),
    cell(fresh),
    change(old, fresh),
  ])
  if (rows.length > 0) section('metrics', columns([['stage', 'metric', 'A', 'B', 'change'], ...rows], width - 2))
  if (parts.length === 1) parts.push('nothing differs: same params, same results, same metrics')
  return `${parts.join('\n\n')}\n`
}

function names(stages: readonly string[], most = 3): string {
  const more = stages.length - most
  return stages.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

const cell = (value: unknown): string =>
  typeof value === 'number' ? number(value) : value === null ? '' : String(value)

/** `-12.5 %` of two numbers. */
function change(a: unknown, b: unknown): string {
  if (typeof a !== 'number' || typeof b !== 'number' || a === 0) return ''
  const percent = (100 * (b - a)) / Math.abs(a)
  if (Math.abs(percent) < 0.05) return ''
  return `${percent > 0 ? '+' : ''}${Math.abs(percent) >= 100 ? percent.toFixed(0) : percent.toFixed(1)} %`
}
