/** The row a stage leaves behind when it ends, above the dashboard. */
import type { KpipeEvent } from '../events.ts'
import { asciiSigns } from '../lib/ascii.ts'
import type { Look } from './screen.ts'
import { OUTCOME_WORDS, seconds } from './text.ts'
import { cut, harmless } from './width.ts'

export type Finished = Extract<KpipeEvent, { type: 'stage-finished' }>

const GOOD: ReadonlySet<string> = new Set(['ran', 'same', 'restored'])
const BAD: ReadonlySet<string> = new Set(['failed', 'timed-out', 'moved'])
/** They did nothing; the summary counts them. */
const SILENT: ReadonlySet<string> = new Set(['fresh', 'disabled', 'skipped'])

/** No line for a stage that did nothing; one for others, cut to the width, with the whole error below it. */
export function finishedLines(event: Finished, { unicode, paint, size }: Look): string[] {
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
  const text = cut(`${event.stage}  ${facts.join(unicode ? ' · ' : ' - ')}`, size.columns - 2, unicode)
  const said = event.error === event.outcome ? '' : event.error
  const error = said ? said.split('\n').map((line) => `    ${harmless(line)}`) : []
  const log = bad && event.outputs.length > 0 ? [`    log: ${event.outputs.join(', ')}`] : []
  const lines = [`${color(mark)} ${text}`, ...error, ...log]
  return unicode ? lines : lines.map(asciiSigns)
}
