/**
 * Running one stage, in the order that makes a crash at any place harmless: dirty mark, staging, work, inputs looked at
 * again, bytes into the store, manifest, outputs swapped in, clean mark. Between any two of these the next run does at most
 * extra work, and never believes something that is not so.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Executor, Job, JobHooks, JobInput, JobOutcome } from '../executor.ts'
import { readJson, writeAtomic } from '../lib/files.ts'
import type { StagePlan } from '../plan.ts'
import type { Metrics, Progress, StageResult } from '../stage.ts'
import { fileName } from '../store/layout.ts'
import type { StoredResult } from '../store/store.ts'
import type { ContentHash } from '../store/tree.ts'
import { followMove, move, swapIn, tempFolder } from './commit.ts'
import { crashPoint } from './crash.ts'
import { stageEnvironment } from './environment.ts'
import { metricsOf } from './gates.ts'
import type { Lock } from './lock.ts'
import { applyPublish } from './publish.ts'
import type { AsideMeta } from './recover.ts'
import { ended, resultEnd, type StageEnd } from './end.ts'
import type { RunRequest } from './request.ts'
import {
  checkpointFolder,
  type Decision,
  displayPath,
  type Fingerprint,
  fingerprint,
  outputPaths,
  recordName,
  type ResolvedInput,
  resolvePath,
  type Session,
} from './session.ts'

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
  const name = recordName(session.plan, stage)
  const before = session.journal.get(name)
  const log = join(session.layout.runs, request.runId, `${fileName(stage.id)}${attempt > 1 ? `.${attempt}` : ''}.log`)
  const checkpoints = checkpointFolder(session, stage, decision.print)
  const clean = before ?? {
    stage: name,
    key: '',
    outs: {},
    seconds: 0,
    createdAt: '',
    published: '',
    resumeKey: '',
    dirty: null,
  }
  const dirty = {
    ...clean,
    resumeKey: checkpoints?.resumeKey ?? '',
    dirty: { run: request.runId, pid: 0, started: '' },
  }
  request.emit({
    type: 'stage-started',
    stage: stage.id,
    reason: decision.reason,
    attempt,
    log: displayPath(session, log),
    expectedSeconds: before && before.seconds > 0 ? before.seconds : null,
  })
  if (checkpoints && before?.resumeKey && before.resumeKey !== checkpoints.resumeKey) {
    const why = decision.reasons.length > 0 ? decision.reasons.join('; ') : 'the stage changed'
    request.emit({
      type: 'stage-log',
      stage: stage.id,
      level: 'info',
      text: `starts fresh, not from a checkpoint: ${why}`,
    })
  }
  session.journal.put(dirty)
  crashPoint('dirty')
  for (const input of Object.values(decision.print.inputs).flat() as ResolvedInput[])
    session.store.keepTrees(input.content)
  const work = stage.command ? commandWork(session, stage) : kindWork(session, stage)
  makeFolder(dirname(log))
  const job = jobOf(session, stage, decision.print, work, checkpoints?.path ?? null, log)
  crashPoint('staged')
  const outcome = await runWithTimeout(session, stage, job, request, (pid, startedAt) =>
    session.journal.put({ ...dirty, dirty: { ...dirty.dirty, pid, started: startedAt } }),
  )
  crashPoint('worked')
  const seconds = (performance.now() - started) / 1000
  const fail = (end: StageEnd): StageEnd => {
    work.rollback()
    // The last good output stands again; what is known of it stays true.
    session.journal.put({ ...clean, resumeKey: dirty.resumeKey, dirty: null })
    return { ...end, seconds }
  }
  if (!outcome.ok)
    return fail({
      ...ended(outcome.cause, decision.reason, outcome.hint ? `${outcome.error}\n${outcome.hint}` : outcome.error),
      outputs: [displayPath(session, log)],
    })
  request.workDone()
  await nextTurn() // the next stage starts in it
  const missing = work.missing()
  if (missing.length > 0)
    return fail(ended('failed', decision.reason, `the stage ended well but did not write ${missing.join(', ')}`))
  const moved = movedInputs(session, stage, decision.print)
  if (moved.length > 0)
    return fail(
      ended(
        'moved',
        decision.reason,
        `inputs changed while it ran (${moved.join(', ')}); the result is not kept, run again`,
      ),
    )
  if (!request.lock.held())
    return fail(ended('failed', decision.reason, 'the run lock was lost (was the machine suspended?); run again'))
  return commit(session, stage, decision, work, outcome, before?.outs, seconds)
}

/** Where a stage's outputs are made, and how they become or never become the real ones. */
export interface Work {
  /** output name → where it stands after the work. */
  readonly staged: Readonly<Record<string, string>>
  missing(): string[]
  rollback(): void
  /** Swap in; afterwards the outputs are at their real paths. */
  finish(outs: Readonly<Record<string, ContentHash>>): void
}

export function kindWork(session: Session, stage: StagePlan): Work {
  const folder = tempFolder(session, stage.id)
  const out = join(folder, 'out')
  mkdirSync(out)
  const target = outputPaths(session, stage)['']!
  return {
    staged: { '': out },
    missing: () => [],
    rollback: () => rmSync(folder, { recursive: true, force: true }),
    finish: (outs) => {
      swapIn(session, out, target)
      followMove(session, outs['']!, out, target)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A command writes to the real paths: its last good outputs wait aside until it has succeeded. */
export function commandWork(session: Session, stage: StagePlan): Work {
  const paths = outputPaths(session, stage)
  const aside = join(session.layout.aside, fileName(recordName(session.plan, stage)))
  const outs = Object.values(paths)
  const standing = outs.filter((path) => statSync(path, { throwIfNoEntry: false }))
  if (standing.length > 0) {
    const meta: AsideMeta = { stage: stage.id, outs }
    writeAtomic(join(aside, 'meta.json'), JSON.stringify(meta))
    crashPoint('aside begun')
    outs.forEach((path, i) => standing.includes(path) && move(path, join(aside, String(i))))
  }
  for (const path of outs) makeFolder(dirname(path))
  return {
    staged: paths,
    missing: () => Object.keys(paths).filter((out) => !statSync(paths[out]!, { throwIfNoEntry: false })),
    rollback: () => {
      for (const path of outs) rmSync(path, { recursive: true, force: true })
      if (standing.length === 0) return
      outs.forEach((path, i) => standing.includes(path) && move(join(aside, String(i)), path))
      rmSync(aside, { recursive: true, force: true })
    },
    finish: () => {
      if (standing.length > 0) rmSync(aside, { recursive: true, force: true })
    },
  }
}

/** Folders made in this process are not made again: a thousand commands write into the same few. */
const made = new Set<string>()
function makeFolder(path: string): void {
  if (made.has(path)) return
  mkdirSync(path, { recursive: true })
  made.add(path)
}

function commit(
  session: Session,
  stage: StagePlan,
  decision: RunDecision,
  work: Work,
  outcome: Extract<JobOutcome, { ok: true }>,
  lastOuts: Readonly<Record<string, string>> | undefined,
  seconds: number,
): StageEnd | Promise<StageEnd> {
  const outs: Record<string, ContentHash> = {}
  const links: Record<string, string> = {}
  const inline: Record<string, string> = {}
  for (const [out, path] of Object.entries(work.staged)) {
    outs[out] = session.trees.current(path)
    Object.assign(links, session.trees.linksBelow(path))
    const small = outs[out]!.startsWith('F:') ? session.index.smallContent(outs[out]!.slice(2)) : undefined
    if (small) inline[outs[out]!.slice(2)] = small.toString('base64')
    else session.store.put(path, outs[out]!)
  }
  crashPoint('stored')
  const reported: StageResult = stage.command?.metrics
    ? { metrics: commandMetrics(resolvePath(session, stage.command.metrics)) }
    : outcome.result
  const result: StoredResult = {
    v: 1,
    key: decision.print.key,
    doc: decision.print.doc,
    stage: recordName(session.plan, stage),
    outs,
    links,
    ...(Object.keys(inline).length > 0 ? { inline } : {}),
    metrics: reported.metrics ?? {},
    headline: reported.headline ?? '',
    notes: reported.notes ?? [],
    seconds,
    createdAt: new Date().toISOString(),
    items: outcome.items,
    reason: decision.reason,
  }
  keepReadable(session, decision.print)
  session.store.results.put(result)
  crashPoint('manifest')
  work.finish(outs)
  crashPoint('in place')
  const last = session.journal.get(result.stage)!
  const record = { ...last, key: result.key, outs, seconds, createdAt: result.createdAt, dirty: null }
  session.journal.put(record)
  crashPoint('clean')
  const same =
    lastOuts !== undefined &&
    Object.keys(outs).length > 0 &&
    Object.entries(outs).every(([out, content]) => lastOuts[out] === content)
  const end = resultEnd(session, stage, same ? 'same' : 'ran', result, decision.reason, seconds)
  return stage.to ? applyPublish(session, stage, record).then(() => end) : end
}

/** Small tables of the user's are kept with the key, so that `why` can tell which rows changed. */
function keepReadable(session: Session, print: Fingerprint): void {
  const MOST_BYTES = 4 << 20
  for (const input of Object.values(print.inputs).flat() as ResolvedInput[]) {
    if (input.content.startsWith('F:')) {
      if (
        input.stage === null &&
        /\.(csv|json)$/i.test(input.path) &&
        (statSync(input.path, { throwIfNoEntry: false })?.size ?? Infinity) <= MOST_BYTES
      )
        session.store.keepBlob(input.path, input.content.slice(2))
    } else if (input.content.startsWith('D:')) {
      for (const file of session.trees.files(input.content)) {
        if (/\.(csv|json)$/i.test(file.path) && file.bytes <= MOST_BYTES && !session.store.hasBlob(file.hash))
          session.store.keepBlob(join(input.path, file.path), file.hash)
      }
    }
  }
}

function movedInputs(session: Session, stage: StagePlan, print: Fingerprint): string[] {
  session.trees.forget()
  const now = fingerprint(session, stage)
  return Object.keys(print.doc.inputs).filter(
    (input) => JSON.stringify(now.doc.inputs[input]) !== JSON.stringify(print.doc.inputs[input]),
  )
}

function commandMetrics(path: string): Metrics {
  const flat: Record<string, number | string | boolean | null> = {}
  const walk = (value: unknown, name: string) => {
    if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, name ? `${name}.${key}` : key)
    else if (['number', 'string', 'boolean'].includes(typeof value) || value === null) flat[name] = value as number
  }
  walk(readJson(path), '')
  return flat
}

export function jobOf(
  session: Session,
  stage: StagePlan,
  print: Fingerprint,
  work: Work,
  checkpoints: string | null,
  log: string,
): Job {
  const { layout } = session
  const input = (one: ResolvedInput): JobInput => {
    const producer = one.stage === null ? undefined : session.stages.get(one.stage)
    const record = producer && session.journal.get(recordName(session.plan, producer))
    return {
      stage: one.stage,
      path: one.path,
      content: one.content,
      metrics: producer ? metricsOf(session, producer) : {},
      createdAt: record?.createdAt ?? null,
    }
  }
  const out = work.staged['']!
  return {
    type: stage.command ? 'command' : 'kind',
    pipeline: session.plan.name,
    stage: stage.id,
    kind: stage.kind,
    kindFile: stage.kindFile,
    code: stage.code,
    options: stage.options,
    inputs: stage.command
      ? {}
      : Object.fromEntries(
          Object.entries(print.inputs).map(([key, value]) => [
            key,
            Array.isArray(value) ? value.map(input) : input(value as ResolvedInput),
          ]),
        ),
    out: out ?? '',
    scratch: out ? join(dirname(out), 'scratch') : '',
    checkpoints,
    items: layout.items,
    trees: layout.trees,
    command: stage.command?.run ?? '',
    cwd: layout.root,
    env: stageEnvironment(session, stage, log),
    log,
  }
}

function runWithTimeout(
  session: Session,
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
      void session
    })
}

function progressFacts(progress: Progress, seconds: number) {
  const { done, total, unit } = progress
  const etaSeconds = total > 0 && done > 0 && done <= total ? (seconds / done) * (total - done) : null
  return { done, total, unit, metrics: progress.metrics ?? {}, note: progress.note ?? '', etaSeconds }
}
