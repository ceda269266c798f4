/**
 * Where every selected stage stands, which are ready to be looked at, and which can never be: nothing here starts, stores
 * or tells anything. A stage outside the selection is taken as it stands.
 */
import type { Outcome } from '../events.ts'
import type { Plan, StagePlan } from '../plan.ts'

type State = Outcome | 'waiting' | 'running'

export interface RunEnd {
  readonly outcome: 'ok' | 'failed' | 'held' | 'cancelled'
  readonly counts: Partial<Record<Outcome, number>>
}

const GOOD: ReadonlySet<State> = new Set(['ran', 'same', 'fresh', 'restored'])
const BAD: ReadonlySet<State> = new Set(['failed', 'timed-out', 'moved'])
const RETRYABLE: ReadonlySet<State> = new Set([...BAD, 'cancelled'])

export const isGood = (outcome: Outcome): boolean => GOOD.has(outcome)

export class Progress {
  readonly #plan: Plan
  readonly #byId: ReadonlyMap<string, StagePlan>
  readonly #consumers: ReadonlyMap<string, readonly string[]>
  readonly #states = new Map<string, State>()
  /** In the order in which they are to be looked at. */
  ready: StagePlan[] = []
  /** Whether a stage has ended badly. */
  failed = false

  constructor(plan: Plan, byId: ReadonlyMap<string, StagePlan>, selected: ReadonlySet<string>) {
    this.#plan = plan
    this.#byId = byId
    this.#consumers = consumersOf(plan)
    for (const { id } of plan.stages) if (selected.has(id)) this.#states.set(id, 'waiting')
    this.startAgain()
  }

  /** Every stage waits; those that need nothing are ready. */
  startAgain(): void {
    for (const id of this.#states.keys()) this.#states.set(id, 'waiting')
    this.ready = this.#plan.stages.filter((stage) => this.#states.has(stage.id) && this.isReady(stage))
    this.failed = false
  }

  started(stage: StagePlan): void {
    this.#states.set(stage.id, 'running')
  }

  /** Consumers that became ready are queued; the result are those that never can be. */
  ended(stage: StagePlan, outcome: Outcome): StagePlan[] {
    this.#states.set(stage.id, outcome)
    this.failed ||= BAD.has(outcome)
    const waiting = (this.#consumers.get(stage.id) ?? [])
      .filter((id) => this.isWaiting(id))
      .map((id) => this.#byId.get(id)!)
    if (!isGood(outcome)) return waiting
    this.ready.push(...waiting.filter((consumer) => this.isReady(consumer)))
    return []
  }

  isWaiting(id: string): boolean {
    return this.#states.get(id) === 'waiting'
  }

  isReady(stage: StagePlan): boolean {
    return stage.needs.every((id) => this.#isDone(id))
  }

  /** Selected stages that were never looked at. */
  waiting(): StagePlan[] {
    return this.#plan.stages.filter((stage) => this.isWaiting(stage.id))
  }

  /** The need because of which a stage cannot become ready, in words; `cancelled`: because somebody stopped it. */
  obstacle(stage: StagePlan): { readonly cancelled: boolean; readonly words: string } {
    const id = stage.needs.find((need) => !this.#isDone(need)) ?? ''
    const state = this.#states.get(id)
    return { cancelled: state === 'cancelled', words: `${id} ${words(state)}` }
  }

  hasRetryable(): boolean {
    return [...this.#states.values()].some((state) => RETRYABLE.has(state))
  }

  isRetryable(id: string): boolean {
    const state = this.#states.get(id)
    return state !== undefined && RETRYABLE.has(state)
  }

  /** Not to be looked at any more. */
  unqueue(id: string): void {
    this.ready = this.ready.filter((stage) => stage.id !== id)
  }

  /** A stage and all that stood still because of it wait again. They come back in plan order, that stage first. */
  putBack(id: string): StagePlan[] {
    const back = [this.#byId.get(id)!]
    this.#wait(back[0]!)
    this.failed = [...this.#states.values()].some((state) => BAD.has(state))
    for (const stage of this.#plan.stages) {
      const was = this.#states.get(stage.id)
      // A stage that was cancelled itself has needs that are done: it waits for a retry of its own.
      const stoodStill = was === 'skipped' || (was === 'cancelled' && !this.isReady(stage))
      if (!stoodStill || !stage.needs.every((need) => this.#mayBeDone(need))) continue
      this.#wait(stage)
      back.push(stage)
    }
    return back
  }

  summary(aborted: boolean): RunEnd {
    const counts: Partial<Record<Outcome, number>> = {}
    for (const state of this.#states.values()) counts[state as Outcome] = (counts[state as Outcome] ?? 0) + 1
    const bad = [...BAD].some((outcome) => counts[outcome as Outcome])
    const outcome = aborted || counts.cancelled ? 'cancelled' : bad ? 'failed' : counts.held ? 'held' : 'ok'
    return { outcome, counts }
  }

  #wait(stage: StagePlan): void {
    this.#states.set(stage.id, 'waiting')
    if (this.isReady(stage)) this.ready.push(stage)
  }

  #isDone(id: string): boolean {
    const state = this.#states.get(id)
    return state === undefined || GOOD.has(state)
  }

  #mayBeDone(id: string): boolean {
    const state = this.#states.get(id)
    return state === 'waiting' || state === 'running' || this.#isDone(id)
  }
}

function consumersOf(plan: Plan): Map<string, string[]> {
  const consumers = new Map<string, string[]>()
  for (const stage of plan.stages) {
    for (const id of stage.needs) {
      const list = consumers.get(id)
      if (list) list.push(stage.id)
      else consumers.set(id, [stage.id])
    }
  }
  return consumers
}

function words(state: State | undefined): string {
  if (state === 'skipped') return 'was skipped'
  if (state === 'held') return 'was held by its gate'
  if (state === 'disabled') return 'is disabled by its `when:`'
  if (state === 'moved') return 'saw its inputs change'
  if (state === 'timed-out') return 'ran out of time'
  return 'failed'
}
