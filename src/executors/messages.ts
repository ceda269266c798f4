/** What a worker process and the executor that started it say to each other. Types only. */
import type { Job, JobOutcome } from '../executor.ts'
import type { Progress } from '../stage.ts'

export type ToWorker = { readonly type: 'job'; readonly job: Job } | { readonly type: 'abort'; readonly reason: string }

export type FromWorker =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly text: string }
  | { readonly type: 'done'; readonly outcome: JobOutcome }
