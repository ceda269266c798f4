/** `kpipe run`: walk a pipeline, or only say what a walk would do (`--dry-run`). */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { KpipeEvent, Reporter, TimedEvent } from '../events.ts'
import { packageRoot } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Plan } from '../plan.ts'
import { reporters } from '../reporters/index.ts'
import { runLog } from '../reporters/run-log.ts'
import { run } from '../run/run.ts'
import type { Session } from '../run/session.ts'
import type { Io } from '../cli.ts'
import { checkFiles } from './check-files.ts'
import { openPipeline, select } from './project.ts'

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
}

/** Exit code. */
export async function runCommand(options: RunOptions, io: Io): Promise<number> {
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
  return walk(session, selected, forced, options, io)
}

async function walk(
  session: Session,
  selected: ReadonlySet<string>,
  forced: ReadonlySet<string>,
  options: RunOptions,
  io: Io,
): Promise<number> {
  const runId = newRunId()
  const jobs = options.jobs || session.plan.pools['cpu'] || availableParallelism()
  const told: Reporter[] = [
    runLog(join(session.layout.runs, runId, 'events.jsonl')),
    reporters[options.json ? 'json' : 'plain']({ ...io, quiet: options.quiet }),
  ]
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
  const release = onSignals(abort, io)
  const stages = session.plan.stages.filter((stage) => selected.has(stage.id))
  emit({
    type: 'run-started',
    run: runId,
    pipeline: session.plan.name,
    stages: stages.map(({ id, kind, needs }) => ({ id, kind, needs })),
    jobs,
    params: session.plan.params,
    set: options.set,
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
    release()
    for (const reporter of told) reporter.close()
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

/** First ctrl-c asks the stages to stop, the second kills. */
function onSignals(abort: AbortController, io: Io): () => void {
  let asked = 0
  const handler = (signal: NodeJS.Signals) => {
    if (++asked > 1) process.exit(signal === 'SIGINT' ? 130 : 143)
    io.err('stopping: finished work is kept, the next run goes on from here (again to kill)\n')
    abort.abort('cancelled')
  }
  process.on('SIGINT', handler)
  process.on('SIGTERM', handler)
  return () => {
    process.off('SIGINT', handler)
    process.off('SIGTERM', handler)
  }
}

/** Sorts by time: 20261121-071903-4f2a. */
const newRunId = () =>
  `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`

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
