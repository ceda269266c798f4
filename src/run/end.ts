/** How a stage ended, as the run tells it. */
import type { Outcome } from '../events.ts'
import type { StagePlan } from '../plan.ts'
import type { Metrics } from '../stage.ts'
import type { StoredResult } from '../store/store.ts'
import { displayPath, outputPaths, type Session } from './session.ts'

export interface StageEnd {
  readonly outcome: Outcome
  readonly reason: string
  readonly error: string
  readonly seconds: number
  readonly headline: string
  readonly notes: readonly string[]
  readonly metrics: Metrics
  readonly outputs: readonly string[]
  readonly items: { readonly computed: number; readonly reused: number } | null
  readonly cost: number
}

/** An end without outputs. */
export function ended(outcome: Outcome, reason: string, error = ''): StageEnd {
  return { outcome, reason, error, seconds: 0, headline: '', notes: [], metrics: {}, outputs: [], items: null, cost: 0 }
}

/** An end with the facts of a stored result. */
export function resultEnd(
  session: Session,
  stage: StagePlan,
  outcome: Outcome,
  result: StoredResult,
  reason: string,
  seconds: number,
): StageEnd {
  const paths = stage.to
    ? [stage.to]
    : Object.values(outputPaths(session, stage)).map((path) => displayPath(session, path))
  return {
    outcome,
    reason,
    error: '',
    seconds,
    headline: result.headline,
    notes: result.notes,
    metrics: result.metrics,
    outputs: paths,
    items: result.items,
    cost: result.seconds,
  }
}
