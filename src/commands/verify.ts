/** `kpipe verify`: run a stage again from its inputs, nothing cached, and compare with what it made before. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../io.ts'
import { packageRoot } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import type { StagePlan } from '../plan.ts'
import { columns } from '../reporters/text.ts'
import { compareOutputs, type FileComparison } from '../run/compare.ts'
import { tempFolder } from '../run/commit.ts'
import { enter } from '../run/enter.ts'
import { jobOf } from '../run/job-of.ts'
import { decide } from '../run/decide.ts'
import { type Session } from '../run/session.ts'
import { commandWork, kindWork } from '../run/work.ts'
import type { StageRecord } from '../store/journal.ts'
import type { InspectOptions } from './inspect.ts'
import { openPipeline, select } from './project.ts'
import { selectTargets } from './run.ts'

const DEFAULT_TOLERANCE = 1e-6

export async function verifyCommand(options: InspectOptions & { readonly tolerance: string }, io: Io): Promise<number> {
  const tolerance = options.tolerance === '' ? DEFAULT_TOLERANCE : Number(options.tolerance)
  if (!(tolerance >= 0))
    throw new UserError(`--tolerance must be a number from 0 on, got "${options.tolerance}"`, {
      hint: 'write --tolerance 1e-6',
      exitCode: 2,
    })
  const selection = select(options.words, io.cwd)
  const session = await openPipeline(selection, options.set)
  if (selection.stages.length === 0)
    throw new UserError('which stage?', { hint: 'kpipe verify train@emotion_recognizer', exitCode: 2 })
  const wanted = selectTargets(session.plan, selection.stages)
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort('cancelled'))
  const { lock } = await enter(session, (reason) => io.err(`${reason}\n`), abort.signal)
  try {
    const reports = []
    for (const stage of session.plan.stages.filter((one) => wanted.has(one.id)))
      reports.push(await verifyStage(session, stage, tolerance, io, abort.signal))
    if (options.json) io.out(`${JSON.stringify(reports, null, 2)}\n`)
    else for (const report of reports) io.out(reportText(report, io.columns))
    return reports.every((report) => report.verdict !== 'different') ? 0 : 1
  } finally {
    session.index.save()
    lock.release()
  }
}

interface Report {
  readonly stage: string
  readonly verdict: 'equal' | 'within tolerance' | 'different'
  readonly tolerance: number
  readonly files: readonly FileComparison[]
}

async function verifyStage(
  session: Session,
  stage: StagePlan,
  tolerance: number,
  io: Io,
  signal: AbortSignal,
): Promise<Report> {
  const decision = decide(session, stage, false)
  if (decision.action !== 'fresh')
    throw new UserError(`${stage.id} is not fresh (${decision.reason}), so there is nothing to compare with`, {
      hint: `kpipe run ${stage.id}`,
    })
  io.err(`${stage.id}: running again …\n`)
  const work = stage.command ? commandWork(session, stage) : kindWork(session, stage)
  const scratch = tempFolder(session, 'verify')
  try {
    for (const input of Object.values(decision.print.inputs).flat() as { content: string }[])
      session.store.keepTrees(input.content)
    // Empty, so that a training begins at its beginning.
    const checkpoints = stage.resumeIgnore === null ? null : join(scratch, 'checkpoints')
    if (checkpoints) mkdirSync(checkpoints)
    const job = { ...jobOf(session, stage, decision.print, work, checkpoints, join(scratch, 'log'), 0), items: '' }
    const { executors } = await import('../executors/index.ts')
    const executor = executors.local({ jobs: 1, worker: join(packageRoot, 'dist', 'worker.js') })
    const outcome = await executor.run(job, { progress: () => undefined, log: () => undefined }, signal)
    await executor.close()
    if (!outcome.ok) throw new UserError(`${stage.id} failed when run again: ${outcome.error}`, { hint: outcome.hint })
    const volatile = stage.command ? [] : ((await session.loadKind(stage.kind, stage.kindFile)).volatile ?? [])
    return report(session, stage, work.staged, decision.record, { volatile, tolerance, kept: join(scratch, 'kept') })
  } finally {
    work.rollback()
    session.trees.forget()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The stored bytes are compared, not those in place: of a command's outputs the new ones stand there just now. */
function report(
  session: Session,
  stage: StagePlan,
  staged: Readonly<Record<string, string>>,
  record: StageRecord,
  { volatile, tolerance, kept }: { volatile: readonly string[]; tolerance: number; kept: string },
): Report {
  const stored = record.outs
  const result = session.store.results.get(record.key)
  const files = Object.entries(staged).flatMap(([out, path], i) => {
    const old = join(kept, String(i))
    if (!result || !session.store.restore(result, out, old))
      throw new UserError(`the stored output ${out} of ${stage.id} is not in the cache any more`, {
        hint: `kpipe run --force ${stage.id}`,
      })
    return compareOutputs(
      session.trees,
      { content: stored[out]!, path: old },
      { content: session.trees.current(path), path },
      tolerance,
    ).map((file) => ({ ...file, path: [out, file.path].filter(Boolean).join('/') }))
  })
  const judged = files.filter((file) => !volatile.includes(file.path))
  const verdict = judged.every((file) => file.verdict === 'equal')
    ? 'equal'
    : judged.every((file) => file.verdict === 'equal' || file.verdict === 'within tolerance')
      ? 'within tolerance'
      : 'different'
  return { stage: stage.id, verdict, tolerance, files: judged }
}

function reportText(report: Report, width: number): string {
  const rows = report.files
    .filter((file) => file.verdict !== 'equal')
    .map((file) => [
      `  ${file.path}`,
      file.verdict,
      Number.isFinite(file.maxDiff) && file.maxDiff > 0 ? `largest difference ${file.maxDiff.toExponential(2)}` : '',
    ])
  const equal = report.files.length - rows.length
  return `${report.stage}: ${report.verdict} (${equal} of ${report.files.length} files byte for byte)\n${rows.length > 0 ? `${columns(rows, width).join('\n')}\n` : ''}`
}
