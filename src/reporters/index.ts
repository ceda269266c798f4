/** How a run is told. One file and one line here per reporter. */
import type { Reporter } from '../events.ts'
import { jsonReporter } from './json.ts'
import { plainReporter } from './plain.ts'

export interface ReporterOptions {
  /** Progress and messages. */
  readonly err: (text: string) => void
  /** The summary, or data. */
  readonly out: (text: string) => void
  readonly color: boolean
  readonly unicode: boolean
  readonly columns: number
  readonly quiet: boolean
}

export const reporters = { plain: plainReporter, json: jsonReporter } satisfies Record<
  string,
  (options: ReporterOptions) => Reporter
>
