/** The contract between the front door and a command: where it speaks to. */

/** stdout carries data and summaries, stderr progress and messages. */
export interface Io {
  readonly cwd: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly color: boolean
  readonly unicode: boolean
  readonly columns: number
}
