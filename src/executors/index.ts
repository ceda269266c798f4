/** Where stages can run. One file and one line here per place. */
import type { Executor } from '../executor.ts'
import { localExecutor } from './local.ts'

export interface ExecutorOptions {
  /** How many jobs at once. */
  readonly jobs: number
  /** The worker's script. */
  readonly worker: string
}

export const executors = { local: localExecutor } satisfies Record<string, (options: ExecutorOptions) => Executor>
