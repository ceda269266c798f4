/** Contract between the run loop and the place where a stage's work is done. A job is plain JSON: the same here and on a cluster node. */
import type { InputFile, Metrics, Progress, StageResult } from './stage.ts'

export interface JobInput {
  readonly stage: string | null
  readonly path: string
  /** `F:<sha256>` or `D:<tree hash>` */
  readonly content: string
  readonly metrics: Metrics
  readonly createdAt: string | null
  /** Files of a glob (paths relative to `path`); otherwise they are listed from the stored tree. */
  readonly files?: readonly InputFile[]
}

export interface Job {
  readonly type: 'kind' | 'command'
  readonly pipeline: string
  readonly stage: string
  readonly kind: string
  /** Bundled file of a user's own kind, '' for a built-in one. */
  readonly kindFile: string
  readonly code: string
  readonly options: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, JobInput | readonly JobInput[]>>
  /** Output folder to fill (kinds). */
  readonly out: string
  readonly scratch: string
  readonly checkpoints: string | null
  /** Folder of the per-item caches, or '' to compute every item anew (`verify`). */
  readonly items: string
  readonly trees: string
  /** Shell command and its folder (commands). */
  readonly command: string
  readonly cwd: string
  /** The whole environment of the stage. */
  readonly env: Readonly<Record<string, string>>
  readonly log: string
}

export type JobOutcome =
  | {
      readonly ok: true
      readonly result: StageResult
      readonly items: { readonly computed: number; readonly reused: number } | null
    }
  | {
      readonly ok: false
      readonly cause: 'failed' | 'timed-out' | 'cancelled'
      readonly error: string
      readonly hint: string
    }

export interface JobHooks {
  progress(progress: Progress): void
  log(level: 'info' | 'warn', text: string): void
  /** Process that does the work (of a command: the leader of its group), and when it began. */
  started?(pid: number, started: string): void
}

export interface Executor {
  readonly name: string
  /** Resolves always; `signal` asks for a clean end (SIGTERM, then SIGKILL after five seconds). */
  run(job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome>
  /** Let go of idle workers. */
  close(): Promise<void>
}
