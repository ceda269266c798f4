/**
 * The dashboard's doorstep: holds events back until a stage really works, and only then loads it. A run with nothing to do
 * never does. The summary at the end is the plain reporter's.
 */
import type { Reporter, TimedEvent } from '../events.ts'
import { reporterOptions, type ReporterOptions } from './index.ts'
import type { Live, LiveOptions } from './live.ts'
import { plainReporter } from './plain.ts'

export function dashboardReporter(options: ReporterOptions, live: LiveOptions): Reporter {
  let broken = false
  const summary = plainReporter(
    reporterOptions(options, { quiet: options.quiet, err: (text) => broken && options.err(text) }),
  )
  const onBreak = (error: unknown) => {
    broken = true
    options.err(`the dashboard failed, the run goes on without it: ${error instanceof Error ? error.message : error}\n`)
    live.onBreak(error)
  }
  let held: TimedEvent[] = []
  let opening = false
  let opened: Live | null = null
  let over = false
  const open = async () => {
    const { openLive } = await import('./live.ts')
    const screen = await openLive({ ...live, onBreak })
    if (over) return screen.close()
    opened = screen
    for (const event of held.splice(0)) opened.event(event)
  }
  const close = () => {
    over = true
    opened?.close()
  }
  return {
    event: (event) => {
      if (opened) opened.event(event)
      else if (!over) held.push(event)
      if (!opening && WORK.has(event.type)) {
        opening = true
        open().catch(onBreak)
      }
      if (event.type === 'run-finished') {
        close()
        held = []
      }
      summary.event(event)
    },
    close,
  }
}

const WORK: ReadonlySet<string> = new Set(['stage-started', 'waiting'])
