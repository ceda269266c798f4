/** `kpipe report`: gathers what a run left, or what a pipeline's results are now, and writes it as one HTML file. */
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Io } from '../io.ts'
import { buildInfo } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { sha256, writeAtomic } from '../lib/files.ts'
import type { Report, ReportFile, ReportStage } from '../report/report.ts'
import { findRun, looksLikeRun, readRuns, type RunSummary, type StageEnd } from '../run/history.ts'
import { recordName } from '../run/session.ts'
import { fileName } from '../store/layout.ts'
import { Store, type StoredResult } from '../store/store.ts'
import { Trees } from '../store/tree.ts'
import { openPipeline, openProject, type Project, select } from './project.ts'

export interface ReportOptions {
  readonly words: readonly string[]
  readonly set: readonly string[]
  /** File to write, or '' for `reports/<name>.html` in the project. */
  readonly output: string
}

export async function reportCommand(options: ReportOptions, io: Io): Promise<number> {
  const [word, ...more] = options.words
  if (more.length > 0)
    throw new UserError('kpipe report takes one run or one pipeline', { hint: 'kpipe report kelly', exitCode: 2 })
  const report = isRun(word, io) ? ofRun(openProject(io.cwd), word) : await ofPipeline(options, io)
  const { reportHtml } = await import('../report/index.ts')
  const file = options.output ? resolve(io.cwd, options.output) : defaultFile(report, word, io)
  const text = await reportHtml(report)
  writeAtomic(file, text)
  const shown = relative(io.cwd, file)
  io.out(`${shown.startsWith('..') ? file : shown}\n`)
  return 0
}

function isRun(word: string | undefined, io: Io): word is string {
  if (word === undefined || /\.ya?ml$/.test(word)) return false
  const { layout, pipelines } = openProject(io.cwd)
  return !pipelines.has(word) && looksLikeRun(layout, word)
}

function defaultFile(report: Report, word: string | undefined, io: Io): string {
  const root =
    word !== undefined && /\.ya?ml$/.test(word)
      ? select([word], io.cwd).project.layout.root
      : openProject(io.cwd).layout.root
  return join(root, 'reports', `${fileName(report.run ?? report.pipeline)}.html`)
}

function ofRun(project: Project, word: string): Report {
  const run = findRun(project.layout, word)
  const results = openResults(project)
  return {
    pipeline: run.pipeline,
    about: '',
    run: run.id,
    at: run.startedAt,
    outcome: run.outcome,
    seconds: run.seconds,
    params: run.params,
    set: run.set,
    version: buildInfo().version,
    stages: run.stages.map(({ id, kind, needs }) => {
      const end = run.ends.get(id)
      return results.stage({ id, kind, needs }, end?.key ?? '', end)
    }),
  }
}

async function ofPipeline(options: ReportOptions, io: Io): Promise<Report> {
  const selection = select(options.words, io.cwd)
  if (selection.stages.length > 0)
    throw new UserError(`there is no pipeline or run ${selection.stages[0]}`, {
      hint: `pipelines: ${[...selection.project.pipelines.keys()].join(', ')}; kpipe runs lists the runs`,
      exitCode: 2,
    })
  const { plan, journal } = await openPipeline(selection, options.set)
  const results = openResults(selection.project)
  const ends = lastEnds(readRuns(selection.project.layout).filter((run) => run.pipeline === plan.name))
  const stages = plan.stages.map((stage) =>
    results.stage(stage, journal.get(recordName(plan, stage))?.key ?? '', ends.get(stage.id)),
  )
  if (stages.every((stage) => stage.createdAt === ''))
    throw new UserError(`${plan.name} has no results yet`, { hint: `kpipe run ${plan.name} makes them`, exitCode: 2 })
  return {
    pipeline: plan.name,
    about: plan.about,
    run: null,
    at: stages.reduce((newest, stage) => (stage.createdAt > newest ? stage.createdAt : newest), ''),
    outcome: '',
    seconds: stages.reduce((sum, stage) => sum + stage.cost, 0),
    params: plan.params,
    set: options.set,
    version: buildInfo().version,
    stages,
  }
}

/** How each stage ended the last time it was walked. */
function lastEnds(runs: readonly RunSummary[]): Map<string, StageEnd> {
  const ends = new Map<string, StageEnd>()
  for (const run of runs) for (const [id, end] of run.ends) ends.set(id, end)
  return ends
}

interface Results {
  stage(
    stage: { readonly id: string; readonly kind: string; readonly needs: readonly string[] },
    key: string,
    end: StageEnd | undefined,
  ): ReportStage
}

/** Results by key as a report sees them: their files are read from the store, so that those of an older run are its own. */
function openResults({ layout, index }: Project): Results {
  const trees = new Trees(layout, index)
  const store = new Store(layout, trees, index)
  return {
    stage: ({ id, kind, needs }, key, end) => {
      const result = store.results.get(key)
      const files = result ? filesOf(result, trees) : []
      return {
        id,
        kind,
        needs,
        outcome: end?.outcome ?? null,
        seconds: end?.seconds ?? 0,
        cost: result?.seconds ?? end?.cost ?? 0,
        createdAt: result?.createdAt ?? '',
        reason: result?.reason ?? end?.reason ?? '',
        error: end?.error ?? '',
        headline: result?.headline ?? end?.headline ?? '',
        notes: result?.notes ?? end?.notes ?? [],
        metrics: result?.metrics ?? end?.metrics ?? {},
        options: result ? (result.doc.command?.params ?? result.doc.options) : {},
        files,
        read: (path) => {
          const file = files.find((one) => one.path === path)
          return file && result ? readFile(file, result, store) : null
        },
      }
    },
  }
}

function filesOf(result: StoredResult, trees: Trees): ReportFile[] {
  try {
    return Object.entries(result.outs).flatMap(([out, content]) => trees.files(content, out))
  } catch {
    return [] // cleaned out of the cache
  }
}

/** From the manifest, the store, or the user's own folder where the stage only linked to it and the file is still the same. */
function readFile(file: ReportFile, result: StoredResult, store: Store): Uint8Array | null {
  const inline = result.inline?.[file.hash]
  if (inline !== undefined) return Buffer.from(inline, 'base64')
  const stored = store.blob(file.hash)
  if (stored) return stored
  const link = Object.keys(result.links).find((one) => file.path.startsWith(`${one}/`))
  if (link === undefined) return null
  try {
    const bytes = readFileSync(join(result.links[link]!, file.path.slice(link.length + 1)))
    return sha256(bytes) === file.hash ? bytes : null
  } catch {
    return null
  }
}
