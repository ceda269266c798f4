/** `kpipe run`: walk a pipeline, or only say what a walk would do (`--dry-run`). */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { KpipeEvent, Reporter, StageSummary, TimedEvent } from '../events.ts'
import { packageRoot } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Plan, StagePlan } from '../plan.ts'
import { dashboardReporter } from '../reporters/door.ts'
import { reporterFor, reporterOptions, reporters } from '../reporters/index.ts'
import type { Wish } from '../reporters/keys.ts'
import { runLog } from '../reporters/run-log.ts'
import { Controls } from '../run/controls.ts'
import type { RunRequest } from '../run/request.ts'
import { run } from '../run/run.ts'
import { thisProcess } from '../run/alive.ts'
import { recordName, type Session } from '../run/session.ts'
import type { Io } from '../io.ts'
import { checkFiles } from './check-files.ts'
import { openPipeline, select } from './project.ts'
import { onSignals } from './signals.ts'

export interface RunOptions {
  readonly words: readonly string[]
  readonly set: readonly string[]
  readonly dryRun: boolean
  readonly force: boolean
  readonly only: boolean
  readonly from: string
  readonly jobs: number
  readonly keepGoing: boolean
  readonly json: boolean
  readonly quiet: boolean
  /** '' = the dashboard on a terminal, else plain. */
  readonly reporter: string
  readonly watch: boolean
}

/** Exit code. */
export async function runCommand(options: RunOptions, io: Io, tell: (error: unknown) => void): Promise<number> {
  if (!options.watch) return runOnce(options, io, {})
  const { watchCommand } = await import('./watch.ts')
  return watchCommand(options, io, runOnce, tell)
}

/** How long a failed run waits for somebody at the dashboard to retry; a watch tries again by itself. */
const GRACE_SECONDS = 10

/** What a watch hands from run to run. */
export type RunMemory = Pick<RunRequest, 'failures'>

export async function runOnce(options: RunOptions, io: Io, memory: RunMemory): Promise<number> {
  const selection = select(options.words, io.cwd)
  const session = await openPipeline(selection, options.set)
  const targets = selectTargets(session.plan, selection.stages)
  const selected = stagesToWalk(session.plan, targets, options)
  const forced = new Set(options.force ? (selection.stages.length > 0 ? targets : selected) : [])
  await checkFiles(session, selected)
  if (options.dryRun) {
    const { printForecast } = await import('./inspect.ts')
    return printForecast(session, { selected, forced, json: options.json, title: 'would' }, io)
  }
  return walk(session, selected, forced, options, io, memory)
}

async function walk(
  session: Session,
  selected: ReadonlySet<string>,
  forced: ReadonlySet<string>,
  options: RunOptions,
  io: Io,
  memory: RunMemory,
): Promise<number> {
  const runId = newRunId()
  const jobs = options.jobs || session.plan.pools['cpu'] || availableParallelism()
  const chosen = reporterFor({ ...options, asked: options.reporter }, surroundings())
  const controls =
    chosen === 'dashboard' && process.stdin.isTTY ? new Controls(memory.failures ? 0 : GRACE_SECONDS) : null
  const told: Reporter[] = [runLog(join(session.layout.runs, runId, 'events.jsonl'))]
  const started = performance.now()
  const emit = (event: KpipeEvent) => {
    const timed: TimedEvent = {
      ...event,
      at: Math.round(performance.now() - started) / 1000,
      time: new Date().toISOString(),
    }
    for (const reporter of told) tellSafely(reporter, timed)
  }
  const abort = new AbortController()
  const signals = onSignals(abort, (text) => {
    emit({ type: 'stopping' })
    if (chosen !== 'dashboard') io.err(text)
  })
  told.push(
    chosen === 'dashboard'
      ? dashboardReporter(reporterOptions(io, { quiet: options.quiet }), {
          terminal: process.stdout,
          keys: controls && process.stdin,
          root: session.layout.root,
          color: io.color,
          unicode: io.unicode,
          controls: controls !== null,
          onWish: (wish) => grant(wish, controls, signals.interrupt),
          onBreak: () => undefined,
        })
      : reporters[chosen](reporterOptions(io, { quiet: options.quiet })),
  )
  const stages = session.plan.stages.filter((stage) => selected.has(stage.id))
  emit({
    type: 'run-started',
    run: runId,
    pipeline: session.plan.name,
    stages: stages.map((stage) => summaryOf(session, stage)),
    jobs,
    params: session.plan.params,
    set: options.set,
    process: thisProcess(),
  })
  try {
    const end = await run(session, {
      selected,
      forced,
      jobs,
      keepGoing: options.keepGoing,
      runId,
      signal: abort.signal,
      emit,
      ...memory,
      ...(controls ? { controls } : {}),
      executor: async () => {
        const { executors } = await import('../executors/index.ts')
        return executors.local({ jobs, worker: join(packageRoot, 'dist', 'worker.js') })
      },
    })
    emit({
      type: 'run-finished',
      outcome: end.outcome,
      seconds: (performance.now() - started) / 1000,
      counts: end.counts,
    })
    if (end.outcome === 'cancelled') return 130
    return end.outcome === 'failed' ? 1 : 0
  } finally {
    signals.release()
    for (const reporter of told) closeSafely(reporter)
  }
}

/** A reporter that throws (a full disk, a closed pipe) must not fail the run. */
function tellSafely(reporter: Reporter, event: TimedEvent): void {
  try {
    reporter.event(event)
  } catch {
    // it was told
  }
}

function closeSafely(reporter: Reporter): void {
  try {
    reporter.close()
  } catch {
    // what it could tell it has told
  }
}

/** What somebody at the dashboard wants, done. */
function grant(wish: Wish, controls: Controls | null, interrupt: () => void): void {
  if (wish.type === 'quit' || wish.type === 'interrupt') interrupt()
  else controls?.ask(wish)
}

const surroundings = () => ({ terminal: process.stdout.isTTY === true, env: process.env })

function summaryOf(session: Session, stage: StagePlan): StageSummary {
  const seconds = session.journal.get(recordName(session.plan, stage))?.seconds ?? 0
  return { id: stage.id, kind: stage.kind, needs: stage.needs, expectedSeconds: seconds > 0 ? seconds : null }
}

/** 20261121-071903-3e7a: sorts by time, as the last four signs begin with the millisecond; the very last is random. */
function newRunId(): string {
  const now = new Date()
  const second = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')
  const millisecond = now.getUTCMilliseconds().toString(16).padStart(3, '0')
  return `${second}-${millisecond}${randomBytes(1).toString('hex')[0]}`
}

/** Ids meant by stage or group names; all ids where none are given. */
export function selectTargets(plan: Plan, names: readonly string[]): Set<string> {
  if (names.length === 0) return new Set(plan.stages.map((stage) => stage.id))
  const found = new Set<string>()
  for (const name of names) {
    const matches = plan.stages.filter((stage) => stage.id === name || stage.group === name)
    if (matches.length === 0) {
      const near = nearest(name, new Set(plan.stages.flatMap((stage) => [stage.id, stage.group])))
      throw new UserError(`${plan.file} has no stage ${name}`, {
        hint: near
          ? `did you mean ${near}?`
          : `stages: ${[...new Set(plan.stages.map((stage) => stage.group))].join(', ')}`,
        exitCode: 2,
      })
    }
    for (const match of matches) found.add(match.id)
  }
  return found
}

function stagesToWalk(plan: Plan, targets: ReadonlySet<string>, options: RunOptions): Set<string> {
  if (options.from) {
    // The named stages and all that comes after them; what they need is taken as it stands.
    const found = selectTargets(plan, [options.from])
    for (const stage of plan.stages) if (stage.needs.some((id) => found.has(id))) found.add(stage.id)
    return found
  }
  if (options.only) return new Set(targets)
  return closure(plan, targets)
}

/** The stages and all they need. */
export function closure(plan: Plan, targets: Iterable<string>): Set<string> {
  const byId = new Map(plan.stages.map((stage) => [stage.id, stage]))
  const found = new Set<string>()
  const open = [...targets]
  while (open.length > 0) {
    const id = open.pop()!
    if (found.has(id)) continue
    found.add(id)
    open.push(...byId.get(id)!.needs)
  }
  return found
}
