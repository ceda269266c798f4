/** The contract of plan/: a pipeline with every name resolved. Frozen after load; everything later only reads it. */

export interface Place {
  /** Relative to the project folder where it lies inside it. */
  readonly file: string
  /** 1-based. */
  readonly line: number
  /** 1-based, in characters. */
  readonly column: number
}

/** One mistake, with the text it is about. */
export interface Diagnostic {
  readonly place: Place
  /** Length of the text under the caret, at least 1. */
  readonly length: number
  readonly message: string
  /** "did you mean …?" or what to write; '' where there is nothing to add. */
  readonly hint: string
}

/** Where an input comes from. */
export type InputRef =
  | { readonly stage: string; readonly path: string } // path below the stage's output folder, '' = the folder
  | { readonly file: string } // file, folder or glob of the user's, as written

export interface Gate {
  /** Stage whose metrics are looked at. */
  readonly stage: string
  readonly metric: string
  readonly max?: number
  readonly min?: number
}

/** What a `command` stage declares; paths relative to the project folder. */
export interface CommandSpec {
  readonly run: string
  readonly deps: readonly string[]
  readonly outs: readonly string[]
  /** Values that are part of the key. */
  readonly params: Readonly<Record<string, unknown>>
  /** JSON file among the outs whose numbers become the stage's metrics, or ''. */
  readonly metrics: string
}

/** More cores than there are: the stage runs alone, on all of them. */
export const ALL_CORES = 1_000_000

export interface StagePlan {
  /** `train@emotion_recognizer`; unique in the pipeline. */
  readonly id: string
  /** `train`: the name in the YAML, which a `foreach` shares. */
  readonly group: string
  readonly kind: string
  /** Options with defaults filled in; {} for `command`. */
  readonly options: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, InputRef | readonly InputRef[]>>
  /** Ids of all stages that must be done first (inputs, gates, `after`, command deps). */
  readonly needs: readonly string[]
  /** Named files and folders outside the pipeline, from the kind's `external`. */
  readonly external: Readonly<Record<string, string>>
  readonly command: CommandSpec | null
  /** Declared environment: a value, or null = taken from the caller's environment when the run starts (part of the key). */
  readonly env: Readonly<Record<string, string | null>>
  /** Passed through from the caller's environment, visible to the stage but not in the key. */
  readonly passEnv: readonly string[]
  /** cpu defaults to 1, or to ALL_CORES where its kind says so. Any other name is a user's own pool. `memory` is in bytes. */
  readonly resources: Readonly<Record<string, number>>
  /** null = no limit. */
  readonly timeoutSeconds: number | null
  readonly retries: number
  readonly gates: readonly Gate[]
  /** false: `when:` said no. */
  readonly enabled: boolean
  /** Folder or file outside the cache that outputs are copied to, relative to the project folder, or ''. */
  readonly to: string
  readonly about: string
  /** Unkeyed options and resume rules copied from the kind, so that planning a run needs no kind loaded. */
  readonly unkeyed: readonly string[]
  /** Options that enter the key as another word for the same. */
  readonly keyed: Readonly<Record<string, unknown>>
  readonly resumeIgnore: readonly string[] | null
  /** Hash of the kind's code and everything it imports; '' for `command`. */
  readonly code: string
  /** File of a user's own kind (absolute), or '' for a built-in one. */
  readonly kindFile: string
  /** True if the kind has a publish rule of its own. */
  readonly publishes: boolean
  readonly at: Place
}

export interface Plan {
  readonly name: string
  readonly about: string
  /** Pipeline file relative to the project folder. */
  readonly file: string
  readonly params: Readonly<Record<string, unknown>>
  /** Capacity of every resource pool; cpu and memory default to the machine's when the run starts. */
  readonly pools: Readonly<Record<string, number>>
  /** In an order where every stage comes after all it needs. */
  readonly stages: readonly StagePlan[]
  /** Files this plan was made from, relative to the project folder, with their sha256 ('' = looked for and absent). */
  readonly sources: Readonly<Record<string, string>>
}
