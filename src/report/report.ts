/** What a report is drawn from: one run or the present state of a pipeline, as plain facts and files. Gathered by the front door. */
import type { Outcome } from '../events.ts'
import type { Metrics } from '../stage.ts'

export interface Report {
  readonly pipeline: string
  readonly about: string
  /** Id of the run, or null: the results of the pipeline as they stand. */
  readonly run: string | null
  /** ISO 8601: start of the run, or the time of the newest result. */
  readonly at: string
  /** Of a run: `ok`, `failed` …; '' for a pipeline. */
  readonly outcome: string
  /** Of the whole run; of a pipeline the sum of what its stages took. */
  readonly seconds: number
  readonly params: Readonly<Record<string, unknown>>
  readonly set: readonly string[]
  readonly stages: readonly ReportStage[]
  readonly version: string
}

export interface ReportStage {
  readonly id: string
  readonly kind: string
  readonly needs: readonly string[]
  /** Null: it has not run, or nobody knows how it ended. */
  readonly outcome: Outcome | null
  /** Seconds it took in this run. */
  readonly seconds: number
  /** Seconds it took when it really ran. */
  readonly cost: number
  /** When its result was made (ISO 8601), or ''. */
  readonly createdAt: string
  readonly reason: string
  readonly error: string
  readonly headline: string
  readonly notes: readonly string[]
  readonly metrics: Metrics
  readonly options: Readonly<Record<string, unknown>>
  /** Of its result, sorted by path; [] where the result is not in the cache any more. */
  readonly files: readonly ReportFile[]
  /** Bytes of one of `files`, or null where they are out of reach. */
  read(path: string): Uint8Array | null
}

export interface ReportFile {
  /** Below the output folder; of a command as it was declared. */
  readonly path: string
  readonly bytes: number
  /** sha256 */
  readonly hash: string
}

/** A section of the page. */
export interface Panel {
  readonly title: string
  /** One sentence under the title. */
  readonly about: string
  /** HTML, or '' where no stage left anything that this panel draws: the section is then left out. */
  readonly draw: (report: Report) => Promise<string> | string
}

/** A JSON file of a stage, where there is one and it is JSON. */
export function jsonOf<T>(stage: ReportStage, path: string): T | null {
  if (!stage.files.some((file) => file.path === path)) return null
  const bytes = stage.read(path)
  if (!bytes) return null
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T
  } catch {
    return null
  }
}

/** The JSON files named `path` that say they are of this format, with their stages. */
export function reportsOf<T extends { readonly format: string }>(
  report: Report,
  path: string,
  format: T['format'],
): { stage: ReportStage; data: T }[] {
  return report.stages.flatMap((stage) => {
    const data = jsonOf<T>(stage, path)
    return data?.format === format ? [{ stage, data }] : []
  })
}

/** `emotion_recognizer` of `train@emotion_recognizer`. */
export const instanceOf = (id: string): string => id.slice(id.indexOf('@') + 1)
