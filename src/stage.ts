/**
 * The contract between the runner and what a stage does. Types, and one function that only returns its argument:
 * the runner knows nothing of music, a stage kind knows nothing of caches.
 */
export type * from './callback.ts'

/** JSON Schema draft-07 of a kind's `with:` block; `default`s in it are filled in when the pipeline is read. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A mistake in a kind's options found before anything runs. */
export interface OptionProblem {
  /** Path of the option inside `with:`, e.g. ['formats', 0]. */
  readonly path: readonly (string | number)[]
  readonly message: string
  /** What to write instead, or ''. */
  readonly hint?: string
}

/** A file or folder outside the pipeline that the stage reads (a data folder on another disk). */
export interface ExternalInput {
  /** Name of the input in the key and in `ctx.inputs`. */
  readonly name: string
  /** As the user wrote it; relative to the project folder. Only the content enters the key, never this path. */
  readonly path: string
}

export interface InputDeclaration {
  readonly about: string
  /** Default true. */
  readonly required?: boolean
  /** May be several stages (a list, or a whole `foreach` group). Default false. */
  readonly many?: boolean
}

/** One stage kind = one file in `stages/`. Keep this definition light: load heavy rooms inside `run`. */
export interface StageKind<Options = any> {
  readonly kind: string
  /** One line for `kpipe list kinds`. */
  readonly summary: string
  readonly options: JsonSchema
  readonly inputs?: Readonly<Record<string, InputDeclaration>>
  /** Files the stage leaves in its output folder, each with a sentence. */
  readonly outputs?: Readonly<Record<string, string>>
  /** Output files that tell of the machine rather than of the result (latency figures); `verify` does not compare them. */
  readonly volatile?: readonly string[]
  /** Options that cannot change the result (progress intervals); left out of the key. */
  readonly unkeyed?: readonly string[]
  /**
   * Options that enter the key as another word, because several mean one result (`device: cuda` and `gpu`). Pure; asked
   * where `check` has found nothing.
   */
  readonly keyed?: (options: Options) => Readonly<Record<string, unknown>>
  /** The stage can continue from a checkpoint; options named here may change without a fresh start (epochs, patience). */
  readonly resume?: { readonly ignore: readonly string[] }
  /** Environment variables that every stage of this kind reads (their values are part of the key). */
  readonly env?: readonly string[]
  /** Mistakes that the schema cannot see. Pure, no file access. */
  readonly check?: (options: Options) => readonly OptionProblem[]
  readonly external?: (options: Options) => readonly ExternalInput[]
  /**
   * How many cores the work uses at once, where the stage's `resources` do not say: one (default) or all that a run has. Pure.
   * The stage finds the number that it was given in KPIPE_CORES.
   */
  readonly cores?: (options: Options) => 'one' | 'all'
  /** Copies of outputs that live outside the cache: the pipeline's `to:` folder is written through this when given. */
  readonly publish?: PublishRule
  readonly run: (ctx: StageContext<Options>) => Promise<StageResult | void>
}

/**
 * How outputs reach `to:`. Without a rule every output file is copied. With one, the kind decides
 * (the registry merges its entries into a file that other pipelines write too).
 */
export interface PublishRule {
  /** True if `target` (absolute path of `to:`) already holds what `out` (the output folder) says. */
  readonly check: (out: string, target: string) => Promise<boolean> | boolean
  /** Make it so, atomically. */
  readonly apply: (out: string, target: string) => Promise<void> | void
}

export interface InputFile {
  /** Relative to the input's `path`, `/`-separated. */
  readonly path: string
  /** sha256 of the content, lower-case hex. */
  readonly hash: string
  readonly bytes: number
}

export interface StageInput {
  /** Id of the stage that made it, or null for a file or folder of the user's. */
  readonly stage: string | null
  /** Absolute path of the output folder (or of the user's file or folder). */
  readonly path: string
  /** Content hash of the whole. */
  readonly hash: string
  /** Metrics the producing stage reported. */
  readonly metrics: Metrics
  /** When the producing stage ran (ISO 8601), or null. Facts that must not make an output differ belong in the registry only. */
  readonly createdAt: string | null
  /** Every file below `path` with its content hash, sorted by path. Links to folders are walked through. */
  files(): readonly InputFile[]
}

export type Metrics = Readonly<Record<string, number | string | boolean | null>>

export interface EachItem {
  /** Stable name, e.g. the file's path in the data set. */
  readonly id: string
  /** Text of all that the value depends on besides the code: content hashes, options used. */
  readonly key: string
  /**
   * The files it is computed from (absolute paths) with the hashes that the key speaks of; [] where there are none. They are
   * looked at again afterwards, so that an edit in between is not taken for what was there before. Left out, the item
   * counts only once the stage has ended and none of its inputs has changed: a killed job then begins anew.
   */
  readonly reads?: readonly { readonly path: string; readonly hash: string }[]
}

/** Items by number: a list, or something that makes each when it is asked for. */
export interface EachItems {
  readonly length: number
  at(index: number): EachItem | undefined
}

export interface EachHow {
  /** How many items may be under way at a time, for a `compute` that hands them to others. Default 1. */
  readonly atOnce?: number
  /**
   * Gets every value in the order of the items, stored or new, instead of `values`: what a hundred thousand of them gave need
   * not be held at once.
   */
  readonly take?: (value: Uint8Array, index: number) => void
}

export interface EachResult {
  /** One entry an item, in the order given; empty where they were taken one by one. */
  readonly values: readonly Uint8Array[]
  readonly computed: number
  readonly reused: number
}

export interface Progress {
  readonly done: number
  /** 0 where unknown. */
  readonly total: number
  /** e.g. 'items', 'epochs', 'bytes'. */
  readonly unit: string
  /** e.g. { loss: 0.31, val_loss: 0.35 }. */
  readonly metrics?: Readonly<Record<string, number>>
  /** A few words on what is going on. */
  readonly note?: string
}

export interface StageContext<Options = any> {
  /** Id in the plan, e.g. `train@emotion_recognizer`. */
  readonly stage: string
  readonly pipeline: string
  readonly options: Options
  readonly inputs: Readonly<Record<string, StageInput>>
  /** Inputs declared `many`. */
  readonly lists: Readonly<Record<string, readonly StageInput[]>>
  /** Absolute path of a file in the output folder; its parent folders exist afterwards. `out('')` is the folder. */
  out(name: string): string
  /** Absolute path of an empty folder that is removed after the job. */
  readonly scratch: string
  /**
   * Folder that survives an interrupted or failed job and is offered again to the next one whose key differs at most in
   * `resume.ignore`; null where the kind declares no `resume`. Commit a checkpoint by writing a new file and renaming it.
   */
  readonly checkpoints: string | null
  /** Per-item cache: computes only the items whose key is not stored yet. Finished items are kept even when the job fails. */
  each(
    table: string,
    items: EachItems,
    compute: (item: EachItem, index: number) => Uint8Array | Promise<Uint8Array>,
    how?: EachHow,
  ): Promise<EachResult>
  progress(progress: Progress): void
  log(level: 'info' | 'warn', message: string): void
  /** Aborted on ctrl-c and on timeout; long loops look at it. */
  readonly signal: AbortSignal
}

export interface StageResult {
  /** Flat facts for the summary table, gates and `kpipe why`; dotted names group (`latency.p99_ms`). */
  readonly metrics?: Metrics
  /** The one figure the summary table shows, e.g. `val_loss 0.0312`. */
  readonly headline?: string
  /** Sentences the run summary must show (data dropped, baseline not beaten). */
  readonly notes?: readonly string[]
}

/** Only gives the type; a kind is plain data. */
export function defineStage<Options>(kind: StageKind<Options>): StageKind<Options> {
  return kind
}
