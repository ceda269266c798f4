/** How a run is told. One file and one line here per reporter. */
import type { Reporter } from '../events.ts'
import { UserError } from '../lib/errors.ts'
import { jsonReporter } from './json.ts'
import { plainReporter } from './plain.ts'

export interface ReporterOptions {
  /** Progress and messages. */
  readonly err: (text: string) => void
  /** The summary, or data. */
  readonly out: (text: string) => void
  readonly color: boolean
  readonly unicode: boolean
  /** Asked when something is written: a window may be resized during a run. */
  readonly columns: number
  readonly quiet: boolean
}

/** Of a command's surroundings; never by copying, which would hold on to the width of the start. */
export function reporterOptions(
  io: Omit<ReporterOptions, 'quiet'>,
  more: Pick<ReporterOptions, 'quiet'> & Partial<Pick<ReporterOptions, 'err'>>,
): ReporterOptions {
  const { err, out, color, unicode } = io
  return {
    err,
    out,
    color,
    unicode,
    ...more,
    get columns() {
      return io.columns
    },
  }
}

export const reporters = { plain: plainReporter, json: jsonReporter } satisfies Record<
  string,
  (options: ReporterOptions) => Reporter
>

export type ReporterName = keyof typeof reporters | 'dashboard'
const NAMES: readonly string[] = ['dashboard', ...Object.keys(reporters)]

export interface Surroundings {
  /** stdout is a terminal. */
  readonly terminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The dashboard on a terminal with a person before it, else lines. @throws UserError for a name there is not */
export function reporterFor(
  { asked, json, quiet }: { readonly asked: string; readonly json: boolean; readonly quiet: boolean },
  { terminal, env }: Surroundings,
): ReporterName {
  if (asked !== '' && !NAMES.includes(asked))
    throw new UserError(`there is no reporter ${asked}`, {
      hint: `write --reporter ${NAMES.join(', ').replace(/, (?=\w+$)/, ' or ')}`,
      exitCode: 2,
    })
  if (json || asked === 'json') return 'json'
  const on = (name: string) => ![undefined, '', '0', 'false'].includes(env[name])
  const able = terminal && env['TERM'] !== 'dumb' && !on('CI') && !on('CONTINUOUS_INTEGRATION')
  if (asked === 'dashboard' && !able)
    throw new UserError('the dashboard needs a terminal', {
      hint: 'leave --reporter out, or --reporter plain',
      exitCode: 2,
    })
  return asked === '' ? (able && !quiet ? 'dashboard' : 'plain') : (asked as ReporterName)
}
