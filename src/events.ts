/** Everything that can happen in a run, as plain JSON: written to events.jsonl, drawn by reporters. Nothing else flows back. */

export type Outcome =
  | 'ran' // ran, output differs from the last one
  | 'same' // ran, output equal to the last one: nothing after it needs to run for its sake
  | 'fresh' // output already in place
  | 'restored' // taken from the cache
  | 'failed'
  | 'timed-out'
  | 'moved' // inputs changed while it ran: result not kept
  | 'held' // a gate stopped it
  | 'skipped' // something before it did not succeed
  | 'disabled' // `when:` is false
  | 'cancelled' // ctrl-c

export interface StageSummary {
  readonly id: string
  readonly kind: string
  readonly needs: readonly string[]
  /** Seconds it took when it really ran last, null where it never did; older logs lack it. */
  readonly expectedSeconds?: number | null
}

export interface RunProcess {
  readonly host: string
  readonly pid: number
  /** Tells it from another process that gets its number later; '' where the system does not say. */
  readonly started: string
}

export type KpipeEvent =
  | {
      readonly type: 'run-started'
      readonly run: string
      readonly pipeline: string
      readonly stages: readonly StageSummary[]
      readonly jobs: number
      /** Params of the pipeline as they were for this run, and the `--set`s of the command line; older logs lack them. */
      readonly params?: Readonly<Record<string, unknown>>
      readonly set?: readonly string[]
      /** Who runs it, so that others can tell whether it still does; older logs lack it. */
      readonly process?: RunProcess
    }
  | { readonly type: 'waiting'; readonly reason: string }
  /** Somebody at the dashboard: no new stage starts, or they start again. */
  | { readonly type: 'paused'; readonly paused: boolean }
  /** ctrl-c was heard: what runs is asked to end. */
  | { readonly type: 'stopping' }
  /** Nothing runs any more, but something could be tried again: the run ends in so many seconds. */
  | { readonly type: 'ending'; readonly seconds: number }
  /** Put back to be tried again, after it had ended. */
  | { readonly type: 'stage-waiting'; readonly stage: string; readonly reason: string }
  | {
      readonly type: 'stage-started'
      readonly stage: string
      readonly reason: string
      readonly attempt: number
      readonly log: string
      readonly expectedSeconds: number | null
    }
  | {
      readonly type: 'stage-progress'
      readonly stage: string
      readonly done: number
      readonly total: number
      readonly unit: string
      readonly metrics: Readonly<Record<string, number>>
      readonly note: string
      readonly etaSeconds: number | null
    }
  | { readonly type: 'stage-log'; readonly stage: string; readonly level: 'info' | 'warn'; readonly text: string }
  | {
      readonly type: 'stage-retry'
      readonly stage: string
      readonly attempt: number
      readonly of: number
      readonly error: string
      readonly delaySeconds: number
    }
  | {
      readonly type: 'stage-finished'
      readonly stage: string
      readonly outcome: Outcome
      readonly seconds: number
      /** Why it ran, was held or skipped; '' where there is nothing to say. */
      readonly reason: string
      readonly error: string
      readonly headline: string
      readonly notes: readonly string[]
      readonly metrics: Readonly<Record<string, number | string | boolean | null>>
      /** Where the outputs are, relative to the project folder. */
      readonly outputs: readonly string[]
      readonly items: { readonly computed: number; readonly reused: number } | null
      /** Seconds the stage took when it really ran (for fresh and restored: what was saved). */
      readonly cost: number
      /** Key of the result that stands after it, '' where there is none; older logs lack it. */
      readonly key?: string
    }
  | {
      readonly type: 'run-finished'
      readonly outcome: 'ok' | 'failed' | 'held' | 'cancelled'
      readonly seconds: number
      readonly counts: Readonly<Partial<Record<Outcome, number>>>
    }

/** As written to events.jsonl and by `--json`: `at` is seconds since the run began, `time` is ISO 8601. */
export type TimedEvent = KpipeEvent & { readonly at: number; readonly time: string }

/** Told, never asked; one that throws cannot fail a run. */
export interface Reporter {
  event(event: TimedEvent): void
  /** Flush and restore the terminal. */
  close(): void
}
