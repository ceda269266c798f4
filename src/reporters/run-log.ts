/** events.jsonl of a run: buffered until the first stage really does something, so that a run with nothing to do leaves nothing behind. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, TimedEvent } from '../events.ts'

/** Progress lines of a stage are kept at most this often. */
const PROGRESS_SECONDS = 1
/** Lines are written together; somebody who follows the file sees them this late at most. */
const FLUSH_MS = 100

export function runLog(file: string): Reporter {
  const waiting: string[] = []
  let fd: number | null = null
  let timer: NodeJS.Timeout | null = null
  const lastProgress = new Map<string, number>()
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (fd === null || waiting.length === 0) return
    try {
      writeSync(fd, waiting.splice(0).join(''))
    } catch {
      // A disk that is full ends the stages that need it; the log of the run must not end the run.
    }
  }
  return {
    event: (event: TimedEvent) => {
      if (event.type === 'stage-progress') {
        const last = lastProgress.get(event.stage) ?? -Infinity
        if (event.at - last < PROGRESS_SECONDS && event.done < event.total) return
        lastProgress.set(event.stage, event.at)
      }
      const works = event.type === 'stage-started' || (event.type === 'stage-finished' && event.outcome !== 'fresh')
      waiting.push(`${JSON.stringify(event)}\n`)
      if (fd === null && works) {
        mkdirSync(dirname(file), { recursive: true })
        fd = openSync(file, 'a')
        // At once: whoever looks for a run that works finds one that says what it is.
        flush()
      } else if (fd !== null) timer ??= setTimeout(flush, FLUSH_MS)
    },
    close: () => {
      flush()
      if (fd !== null) closeSync(fd)
    },
  }
}
