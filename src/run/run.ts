/**
 * One walk of the plan. Approach: a stage becomes ready when all it needs has ended well. Ready stages are looked at in plan
 * order: fresh ones end at once, stored ones are restored, the others start as soon as the resource pools have room. When
 * nothing is ready, wait for any running stage to end. Nothing is locked or written until the first stage that is not fresh.
 */
import type { Executor } from '../executor.ts'
import type { UserError } from '../lib/errors.ts'
import { systemRemedy } from '../lib/system-errors.ts'
import type { StagePlan } from '../plan.ts'
import { runStage } from './attempt.ts'
import { ended, resultEnd, type StageEnd } from './end.ts'
import { restoreOutputs } from './commit.ts'
import { type Steered, Steering } from './controls.ts'
import { enter } from './enter.ts'
import { failingGate, metricsOf } from './gates.ts'
import type { Lock } from './lock.ts'
import { isGood, Progress, type RunEnd } from './progress.ts'
import { applyPublish, isPublished } from './publish.ts'
import type { RunRequest } from './request.ts'
import { poolSizes, ResourcePools } from './resources.ts'
import { type Decision, decide } from './decide.ts'
import { recordName, type Session } from './session.ts'

export interface Finish extends StageEnd {
  readonly stage: StagePlan
}

export async function run(session: Session, request: RunRequest): Promise<RunEnd> {
  const walk = new Walk(session, request)
  try {
    return await walk.go()
  } finally {
    await walk.close()
  }
}

class Walk {
  readonly #session: Session
  readonly #request: RunRequest
  readonly #progress: Progress
  readonly #pools: ResourcePools
  readonly #running = new Map<string, Promise<Finish>>()
  /** Stages whose work is over and whose outputs are being stored: their share of the pools is free again. */
  readonly #storing = new Set<string>()
  readonly #told = new Map<string, string>()
  #wake: () => void = () => undefined
  readonly #steering: Steering
  #lock: Lock | null = null
  #executor: Promise<Executor> | null = null
  #worked = false

  constructor(session: Session, request: RunRequest) {
    this.#session = session
    this.#request = request
    this.#steering = new Steering(request)
    this.#progress = new Progress(session.plan, session.stages, request.selected)
    this.#pools = new ResourcePools(poolSizes(session.plan, request.jobs))
  }

  async go(): Promise<RunEnd> {
    for (;;) {
      this.#steering.obey(this.#steered, () => this.#wake())
      await this.#startReady()
      if (this.#running.size === 0) {
        if (await this.#steering.staysOpen(this.#progress.ready.length, this.#progress.hasRetryable())) continue
        break
      }
      const woken = new Promise<null>((resolve) => {
        this.#wake = () => resolve(null)
      })
      if (this.#steering.waiting) continue
      const finish = await Promise.race([...this.#running.values(), woken])
      if (!finish) continue
      this.#running.delete(finish.stage.id)
      this.#steering.over(finish.stage.id)
      if (!this.#storing.delete(finish.stage.id)) this.#pools.give(finish.stage)
      this.#end(finish)
    }
    for (const stage of this.#progress.waiting()) if (this.#progress.isWaiting(stage.id)) this.#settle(stage)
    return this.#progress.summary(this.#request.signal.aborted)
  }

  async close(): Promise<void> {
    await (await this.#executor)?.close()
    this.#session.journal.close()
    this.#session.store.results.close()
    if (this.#lock || !this.#worked) this.#session.index.save()
    this.#lock?.release()
  }

  async #startReady(): Promise<void> {
    const progress = this.#progress
    const deferred: StagePlan[] = []
    // With every core taken nothing can start: looking at stages now would only mean looking at them twice.
    while (
      progress.ready.length > 0 &&
      !this.#steering.paused &&
      (!this.#pools.full() || this.#request.signal.aborted)
    ) {
      const stage = progress.ready.shift()!
      if (this.#request.signal.aborted) this.#end({ stage, ...ended('cancelled', 'cancelled before it started') })
      else if (!(await this.#tryBegin(stage))) deferred.push(stage)
    }
    progress.ready.unshift(...deferred)
  }

  /** What cannot even be looked at (a link to nowhere, a folder that may not be read) fails alone. */
  async #tryBegin(stage: StagePlan): Promise<boolean> {
    try {
      return await this.#begin(stage)
    } catch (error) {
      if ((error as Error)?.name === 'AbortError')
        return this.#end({ stage, ...ended('cancelled', 'cancelled before it started') })
      return this.#end({ stage, ...ended('failed', '', errorWords(error)) })
    }
  }

  /** False: it has to run, and the pools have no room yet. */
  async #begin(stage: StagePlan): Promise<boolean> {
    if (!stage.enabled) return this.#end({ stage, ...ended('disabled', 'its `when:` is false') })
    if (this.#progress.failed && !this.#request.keepGoing)
      return this.#end({ stage, ...ended('skipped', 'another stage failed; --keep-going would have gone on') })
    const held = failingGate(this.#session, stage)
    if (held) return this.#end({ stage, ...ended('held', held) })
    let decision = this.#decide(stage)
    if (decision.action === 'fresh' && (await isPublished(this.#session, stage, decision.record)))
      return this.#end({ stage, ...freshEnd(this.#session, stage, decision) })
    if (decision.action === 'run' && !this.#pools.fits(stage)) return false
    const locked = await this.#takeLock()
    if (locked === 'moved') {
      // Nothing has run yet; an end that was told already is told again only if it differs.
      this.#progress.startAgain()
      return true
    }
    if (locked === 'taken') decision = this.#decide(stage)
    const before = this.#request.failures?.get(stage.id)
    if (decision.action === 'run' && before?.key === decision.print.key)
      return this.#end({ stage, ...ended('failed', 'nothing it depends on changed since it failed', before.error) })
    if (decision.action === 'run' && decision.print.missing.length > 0)
      return this.#end({ stage, ...ended('failed', '', missingWords(this.#session, decision.print.missing)) })
    if (decision.action === 'fresh') {
      await applyPublish(this.#session, stage, decision.record)
      return this.#end({ stage, ...freshEnd(this.#session, stage, decision) })
    }
    if (decision.action === 'restore') {
      const finish = await this.#restore(stage, decision)
      if (finish) return this.#end(finish)
      decision = { action: 'run', print: decision.print, reason: 'its stored result is damaged', reasons: [] }
      if (!this.#pools.fits(stage)) return false
    }
    this.#start(stage, decision)
    return true
  }

  #decide(stage: StagePlan): Decision {
    // Once something has run, time has passed since the first look: look again.
    if (this.#worked) this.#session.trees.forget()
    return decide(this.#session, stage, this.#request.forced.has(stage.id))
  }

  #start(stage: StagePlan, decision: Extract<Decision, { action: 'run' }>): void {
    this.#worked = true
    this.#pools.take(stage)
    this.#progress.started(stage)
    const work = async (): Promise<Finish> => {
      this.#executor ??= this.#request.executor()
      const end = await runStage(this.#session, stage, decision, {
        ...this.#request,
        signal: this.#steering.signalFor(stage.id),
        executor: await this.#executor,
        lock: this.#lock!,
        workDone: () => this.#release(stage),
      })
      this.#rememberFailure(stage, decision.print.key, end)
      return { stage, ...end }
    }
    this.#running.set(
      stage.id,
      work().catch((error: unknown) => ({ stage, ...ended('failed', '', errorWords(error)) })),
    )
  }

  /** The next stage can start while this one's outputs are stored. */
  #release(stage: StagePlan): void {
    this.#storing.add(stage.id)
    this.#pools.give(stage)
    this.#wake()
  }

  async #restore(stage: StagePlan, decision: Extract<Decision, { action: 'restore' }>): Promise<Finish | null> {
    const started = performance.now()
    if (!restoreOutputs(this.#session, stage, decision.result)) {
      this.#session.store.results.drop(decision.print.key)
      return null
    }
    const record = this.#session.journal.get(recordName(this.#session.plan, stage))!
    await applyPublish(this.#session, stage, record)
    return {
      stage,
      ...resultEnd(
        this.#session,
        stage,
        'restored',
        decision.result,
        decision.reason,
        (performance.now() - started) / 1000,
      ),
    }
  }

  /** The run lock, once. 'moved': another run has worked since the plan was looked at, so what was seen may not be so. */
  async #takeLock(): Promise<'had' | 'taken' | 'moved'> {
    if (this.#lock) return 'had'
    const onWait = (reason: string) => this.#request.emit({ type: 'waiting', reason })
    const { lock, moved } = await enter(this.#session, onWait, this.#request.signal)
    this.#lock = lock
    return moved ? 'moved' : 'taken'
  }

  #end(finish: Finish): true {
    const { stage, outcome } = finish
    const blocked = this.#progress.ended(stage, outcome)
    const key = isGood(outcome) ? (this.#session.journal.get(recordName(this.#session.plan, stage))?.key ?? '') : ''
    const told = `${outcome} ${key}`
    if (this.#told.get(stage.id) !== told)
      this.#request.emit({ type: 'stage-finished', ...omitStage(finish), stage: stage.id, key })
    this.#told.set(stage.id, told)
    for (const consumer of blocked) if (this.#progress.isWaiting(consumer.id)) this.#settle(consumer)
    return true
  }

  /** A stage that can never become ready: say because of what. */
  #settle(stage: StagePlan): void {
    const { cancelled, words } = this.#progress.obstacle(stage)
    if (cancelled || this.#request.signal.aborted)
      this.#end({ stage, ...ended('cancelled', 'cancelled before it started') })
    else this.#end({ stage, ...ended('skipped', words) })
  }

  #rememberFailure(stage: StagePlan, key: string, end: StageEnd): void {
    const { failures } = this.#request
    if (end.outcome === 'failed' || end.outcome === 'timed-out') failures?.set(stage.id, { key, error: end.error })
    else failures?.delete(stage.id)
  }

  /** What a dashboard may do to the stages. */
  readonly #steered: Steered = {
    cancelWaiting: (id) => {
      if (!this.#progress.isWaiting(id)) return
      this.#progress.unqueue(id)
      this.#end({ stage: this.#session.stages.get(id)!, ...ended('cancelled', 'cancelled by hand before it started') })
    },
    putBack: (id) => {
      if (!this.#progress.isRetryable(id)) return
      this.#request.failures?.delete(id)
      for (const stage of this.#progress.putBack(id)) {
        this.#told.delete(stage.id)
        const reason = stage.id === id ? 'tried again by hand' : `${id} is tried again`
        this.#request.emit({ type: 'stage-waiting', stage: stage.id, reason })
      }
    },
  }
}

/** Facts of thousands of fresh stages are not read: nobody looks at them one by one. */
const MOST_DETAILED = 100

function freshEnd(session: Session, stage: StagePlan, decision: Extract<Decision, { action: 'fresh' }>): StageEnd {
  if (session.plan.stages.length > MOST_DETAILED) return { ...ended('fresh', ''), cost: decision.record.seconds }
  const result = session.store.results.get(decision.record.key)
  if (!result) return { ...ended('fresh', ''), cost: decision.record.seconds }
  return { ...resultEnd(session, stage, 'fresh', result, '', 0), metrics: metricsOf(session, stage) }
}

/** Inputs that are not there: what no run has made yet is asked for by its stage's name. */
function missingWords(session: Session, missing: readonly string[]): string {
  const unmade = missing.filter((name) => session.stages.has(name.split(':')[0]!))
  const rest = missing.filter((name) => !unmade.includes(name))
  const said = [
    unmade.length > 0 ? `what it needs of ${unmade.join(', ')} was never made` : '',
    rest.length > 0 ? `its input ${rest.join(', ')} is not there` : '',
  ]
  const hint = unmade.length > 0 ? 'run it without --only and --from: kpipe then makes what is missing first' : ''
  return [said.filter(Boolean).join('; '), hint].filter(Boolean).join('\n')
}

/** A user's mistake and what the system refuses are a sentence; anything else is a fault of ours. */
function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'UserError') return [error.message, (error as UserError).hint].filter(Boolean).join('\n')
  const remedy = systemRemedy(error)
  if (remedy !== null) return [error.message, remedy].filter(Boolean).join('\n')
  return `kpipe itself failed: ${error.stack ?? error.message}`
}

function omitStage(finish: Finish): StageEnd {
  const { stage: _, ...end } = finish
  return end
}
