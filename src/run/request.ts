/** What one walk of a plan is asked to do. */
import type { KpipeEvent } from '../events.ts'
import type { Executor } from '../executor.ts'

export interface RunRequest {
  /** Ids to walk; a stage outside it counts as done if its output is there. */
  readonly selected: ReadonlySet<string>
  readonly forced: ReadonlySet<string>
  readonly jobs: number
  readonly keepGoing: boolean
  readonly runId: string
  readonly signal: AbortSignal
  readonly emit: (event: KpipeEvent) => void
  /** Made on first use: a run with nothing to do loads no executor. */
  readonly executor: () => Promise<Executor>
}
