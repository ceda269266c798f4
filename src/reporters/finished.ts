/** The row a stage leaves behind when it ends, above the dashboard. */
import type { KpipeEvent } from '../events.ts'
import type { Look } from './screen.ts'
import { OUTCOME_WORDS, seconds } from './text.ts'
import { harmless } from './width.ts'

type Finished = Extract<KpipeEvent, { type: 'stage-finished' }>

const GOOD: ReadonlySet<string> = new Set(['ran', 'same', 'restored'])
const BAD: ReadonlySet<string> = new Set(['failed', 'timed-out', 'moved'])
/** They did nothing; the summary counts them. */
const SILENT: ReadonlySet<string> = new Set(['fresh', 'disabled', 'skipped'])

/** No line for a stage that did nothing; one for others, with the error below it. */
export function finishedLines(event: Finished, { unicode, paint }: Omit<Look, 'size'>): string[] {
  if (SILENT.has(event.outcome) || (event.outcome === 'cancelled' && event.seconds === 0)) return []
  const good = GOOD.has(event.outcome)
  const bad = BAD.has(event.outcome)
  const mark = good ? (unicode ? '✓' : '+') : bad ? (unicode ? '✗' : 'x') : unicode ? '·' : '-'
  const color = good ? paint.green : bad ? paint.red : paint.yellow
  const facts = [
    good ? `${OUTCOME_WORDS[event.outcome]} in ${seconds(event.seconds)}` : OUTCOME_WORDS[event.outcome],
    event.headline,
    good ? '' : event.reason,
  ].filter(Boolean)
  const error = event.error ? event.error.split('\n').map((line) => `    ${harmless(line)}`) : []
  const log = bad && event.outputs.length > 0 ? [`    log: ${event.outputs.join(', ')}`] : []
  return [`${color(mark)} ${event.stage}  ${facts.join(unicode ? ' · ' : ' - ')}`, ...error, ...log]
}
