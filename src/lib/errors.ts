/**
 * Two kinds of mistake a user can make, each with all that is needed to say it well.
 * A bug of ours is a plain Error; these two are never printed with a stack.
 */

/** What is wrong with one data file: path, byte offset, what was found, what was expected, what to do. */
export interface DataFault {
  /** Path as the user knows it (relative to the data folder where there is one, `/`-separated). */
  readonly path: string
  /** Byte offset in the file, or null where the fault has no single place (a missing file). */
  readonly offset: number | null
  /** Stable short name of the fault, e.g. `truncated`, `bad-header`, `silent`, `label-range`. */
  readonly code: string
  /** One sentence: what was found, and what was expected. */
  readonly message: string
  /** One sentence: what to do, or '' where there is nothing to add. */
  readonly hint: string
}

/** Thrown by readers of audio, MIDI, labels and feature files. */
export class DataError extends Error {
  readonly fault: DataFault
  constructor(fault: DataFault) {
    super(formatFault(fault))
    this.name = 'DataError'
    this.fault = fault
  }
}

/** `audio/x.wav: byte 44: file ends early …; re-export the file` */
export function formatFault(fault: DataFault): string {
  const place = fault.offset === null ? fault.path : `${fault.path}: byte ${fault.offset}`
  return fault.hint ? `${place}: ${fault.message} (${fault.hint})` : `${place}: ${fault.message}`
}

/** A wrong command line or a stage that cannot go on for a reason the user can mend; `hint` says how. */
export class UserError extends Error {
  readonly hint: string
  /** Exit code of the process: 1 a stage failed, 2 usage or pipeline error. */
  readonly exitCode: 1 | 2
  constructor(message: string, options: { hint?: string; exitCode?: 1 | 2 } = {}) {
    super(message)
    this.name = 'UserError'
    this.hint = options.hint ?? ''
    this.exitCode = options.exitCode ?? 1
  }
}
