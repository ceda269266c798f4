/**
 * Running one stage, in the order that makes a crash at any place harmless: dirty mark, staging, work, inputs looked at
 * again, bytes into the store, manifest, outputs swapped in, clean mark. Between any two of these the next run does at most
 * extra work, and never believes something that is not so.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Executor, Job, JobHooks, JobOutcome } from '../executor.ts'
import type { StagePlan } from '../plan.ts'
import type { Progress } from '../stage.ts'
import type { StageRecord } from '../store/journal.ts'
import { fileName } from '../store/layout.ts'
import { crashPoint } from './crash.ts'
import { ended, type StageEnd } from './end.ts'
import { settleItems } from './items.ts'
import { jobOf } from './job-of.ts'
import { keepResult } from './keep.ts'
import type { Lock } from './lock.ts'
import type { RunRequest } from './request.ts'
import { changesFrom, type Decision } from './decide.ts'
import {
  checkpointFolder,
  displayPath,
  type Fingerprint,
  fingerprint,
  recordName,
  type ResolvedInput,
  type Session,
} from './session.ts'
import { commandWork, kindWork, makeFolder, type Work } from './work.ts'

export interface AttemptRequest extends Omit<RunRequest, 'executor'> {
  readonly executor: Executor
  readonly lock: Lock
  /** Called once, when the work is good and only storing it is left. */
  readonly workDone: () => void
}

type RunDecision = Extract<Decision, { action: 'run' }>

const RETRY_DELAYS_SECONDS = [1, 4, 15, 60]

export async function runStage(
  session: Session,
  stage: StagePlan,
  decision: RunDecision,
  request: AttemptRequest,
): Promise<StageEnd> {
  const attempts = stage.retries + 1
  for (let attempt = 1; ; attempt++) {
    const end = await attemptStage(session, stage, decision, attempt, request)
    const again =
      attempt < attempts && (end.outcome === 'failed' || end.outcome === 'timed-out') && !request.signal.aborted
    if (!again) return end
    const delaySeconds = Number(
      session.environment['KPIPE_RETRY_SECONDS'] ??
        RETRY_DELAYS_SECONDS[Math.min(attempt, RETRY_DELAYS_SECONDS.length) - 1],
    )
    request.emit({ type: 'stage-retry', stage: stage.id, attempt, of: attempts, error: end.error, delaySeconds })
    await sleep(delaySeconds * 1000, undefined, { signal: request.signal }).catch(() => undefined)
  }
}

async function attemptStage(
  session: Session,
  stage: StagePlan,
  decision: RunDecision,
  attempt: number,
  request: AttemptRequest,
): Promise<StageEnd> {
  const started = performance.now()
  const log = join(session.layout.runs, request.runId, `${fileName(stage.id)}${attempt > 1 ? `.${attempt}` : ''}.log`)
  const checkpoints = checkpointFolder(session, stage, decision.print)
  const forced = decision.reason === 'forced'
  if (forced && attempt === 1 && checkpoints) emptyFolder(checkpoints.path)
  const before = session.journal.get(recordName(session.plan, stage))
  const clean = before ?? neverRan(recordName(session.plan, stage))
  const mark = { run: request.runId, pid: 0, started: '' }
  const resumable = checkpoints ? { resumeKey: checkpoints.resumeKey, attempt: decision.print.doc } : { resumeKey: '' }
  const dirty = { ...clean, ...resumable, dirty: mark }
  announce(session, stage, decision, attempt, request, log)
  session.journal.put(dirty)
  crashPoint('dirty')
  for (const input of Object.values(decision.print.inputs).flat() as ResolvedInput[])
    session.store.keepTrees(input.content)
  const work = stage.command ? commandWork(session, stage) : kindWork(session, stage)
  makeFolder(dirname(log))
  const wanted = jobOf(session, stage, decision.print, work, checkpoints?.path ?? null, log, request.jobs)
  const job = forced ? { ...wanted, items: '' } : wanted
  crashPoint('staged')
  const outcome = await runWithTimeout(stage, job, request, (pid, startedAt) =>
    session.journal.put({ ...dirty, dirty: { ...mark, pid, started: startedAt } }),
  )
  crashPoint('worked')
  if (!stage.command)
    settleItems(session.layout.items, stage.kind, log, () => movedInputs(session, stage, decision.print).length === 0)
  const seconds = (performance.now() - started) / 1000
  const fail = (end: StageEnd): StageEnd => {
    work.rollback()
    // The last good output stands again; what is known of it stays true.
    session.journal.put({ ...clean, ...resumable, dirty: null })
    return { ...end, seconds }
  }
  if (!outcome.ok) {
    const error = outcome.hint ? `${outcome.error}\n${outcome.hint}` : outcome.error
    return fail({ ...ended(outcome.cause, decision.reason, error), outputs: [displayPath(session, log)] })
  }
  request.workDone()
  await nextTurn() // the next stage starts in it
  const refused = whyNotKept(session, stage, decision, work, request.lock)
  return refused ? fail(refused) : keepResult(session, stage, decision, work, outcome, before?.outs, seconds)
}

const neverRan = (stage: string): StageRecord => ({
  stage,
  key: '',
  outs: {},
  seconds: 0,
  createdAt: '',
  published: '',
  resumeKey: '',
  dirty: null,
})

/** That it starts and why, and why it does not go on from a checkpoint that there was. */
function announce(
  session: Session,
  stage: StagePlan,
  decision: RunDecision,
  attempt: number,
  request: AttemptRequest,
  log: string,
): void {
  const before = session.journal.get(recordName(session.plan, stage))
  request.emit({
    type: 'stage-started',
    stage: stage.id,
    reason: decision.reason,
    attempt,
    log: displayPath(session, log),
    expectedSeconds: before && before.seconds > 0 ? before.seconds : null,
  })
  const checkpoints = checkpointFolder(session, stage, decision.print)
  if (!checkpoints || !before?.resumeKey || before.resumeKey === checkpoints.resumeKey) return
  const reasons = before.attempt ? changesFrom(session, before.attempt, decision.print) : decision.reasons
  const why = reasons.length > 0 ? reasons.join('; ') : 'the stage changed'
  const text = `starts fresh, not from a checkpoint: ${why}`
  request.emit({ type: 'stage-log', stage: stage.id, level: 'info', text })
}

/** The work ended well, and yet its result must not be believed. */
function whyNotKept(
  session: Session,
  stage: StagePlan,
  decision: RunDecision,
  work: Work,
  lock: Lock,
): StageEnd | null {
  const missing = work.missing().join(', ')
  if (missing) return ended('failed', decision.reason, `the stage ended well but did not write ${missing}`)
  const moved = movedInputs(session, stage, decision.print).join(', ')
  if (moved) {
    const error = `inputs changed while it ran (${moved}); the result is not kept, run again`
    return ended('moved', decision.reason, error)
  }
  if (!lock.held())
    return ended(
      'failed',
      decision.reason,
      'the run lock was lost (cache/ was deleted, or the machine suspended); run again',
    )
  return null
}

function movedInputs(session: Session, stage: StagePlan, print: Fingerprint): string[] {
  session.trees.forget()
  let now: Fingerprint
  try {
    now = fingerprint(session, stage)
  } catch (error) {
    return [(error as Error).message] // it could be read before
  }
  return Object.keys(print.doc.inputs).filter(
    (input) => JSON.stringify(now.doc.inputs[input]) !== JSON.stringify(print.doc.inputs[input]),
  )
}

function runWithTimeout(
  stage: StagePlan,
  job: Job,
  request: AttemptRequest,
  onPid: (pid: number, started: string) => void,
): Promise<JobOutcome> {
  const abort = new AbortController()
  const cancel = () => abort.abort('cancelled')
  request.signal.addEventListener('abort', cancel, { once: true })
  if (request.signal.aborted) cancel()
  const timer =
    stage.timeoutSeconds === null ? undefined : setTimeout(() => abort.abort('timed-out'), stage.timeoutSeconds * 1000)
  const started = performance.now()
  const hooks: JobHooks = {
    progress: (progress) =>
      request.emit({
        type: 'stage-progress',
        stage: stage.id,
        ...progressFacts(progress, (performance.now() - started) / 1000),
      }),
    log: (level, text) => request.emit({ type: 'stage-log', stage: stage.id, level, text }),
    started: onPid,
  }
  return request.executor
    .run(job, hooks, abort.signal)
    .then(
      (outcome): JobOutcome =>
        !outcome.ok && outcome.cause === 'timed-out'
          ? { ...outcome, error: `took longer than its timeout of ${stage.timeoutSeconds} s` }
          : outcome,
    )
    .finally(() => {
      clearTimeout(timer)
      request.signal.removeEventListener('abort', cancel)
    })
}

function progressFacts(progress: Progress, seconds: number) {
  const { done, total, unit } = progress
  const etaSeconds = total > 0 && done > 0 && done <= total ? (seconds / done) * (total - done) : null
  return { done, total, unit, metrics: progress.metrics ?? {}, note: progress.note ?? '', etaSeconds }
}

/** `--force` means from nothing: no checkpoint is gone on from. */
function emptyFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
}
