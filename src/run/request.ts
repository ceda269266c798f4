/** What one walk of a plan is asked to do. */
import type { KpipeEvent } from '../events.ts'
import type { Executor } from '../executor.ts'
import type { Controls } from './controls.ts'

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
  /** Where somebody sits at a dashboard. */
  readonly controls?: Controls
  /** Stages that failed under a key, by id: not tried again under the same one. Kept up to date; `--watch` hands it from run to run. */
  readonly failures?: Map<string, { readonly key: string; readonly error: string }>
}
