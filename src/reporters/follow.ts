/** Reads the event log of a run as it grows. Polls, which every file system can, and a second terminal needs nothing quicker. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TimedEvent } from '../events.ts'

const POLL_MS = 250
const PIECE_BYTES = 1 << 20

export interface Follow {
  readonly onEvent: (event: TimedEvent) => void
  /** Does anybody still write? */
  readonly isAlive: () => boolean
  readonly signal: AbortSignal
}

/** 'finished': the run has ended; 'abandoned': it stopped writing without an end; 'left': the signal said so. */
export async function followLog(file: string, follow: Follow): Promise<'finished' | 'abandoned' | 'left'> {
  const next = reader(file)
  let finished = false
  const pump = () => {
    for (const event of next()) {
      follow.onEvent(event)
      finished ||= event.type === 'run-finished'
    }
  }
  pump() // who runs it stands in the first line
  while (!finished) {
    const alive = follow.isAlive() // asked before reading: what was written until then is read below
    pump()
    if (finished) return 'finished'
    if (!alive) return 'abandoned'
    await sleep(POLL_MS, undefined, { signal: follow.signal }).catch(() => undefined)
    if (follow.signal.aborted) return 'left'
  }
  return 'finished'
}

/** Each call gives the events that were written since the last one; a line that is not whole yet waits. */
function reader(file: string): () => TimedEvent[] {
  let at = 0
  let rest = ''
  const decoder = new TextDecoder()
  return () => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (size <= at) return []
    const fd = openSync(file, 'r')
    try {
      const piece = Buffer.alloc(PIECE_BYTES)
      for (let got = 1; got > 0; at += got) {
        got = readSync(fd, piece, 0, piece.length, at)
        rest += decoder.decode(piece.subarray(0, got), { stream: true })
      }
    } finally {
      closeSync(fd)
    }
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    return lines.flatMap(parse)
  }
}

function parse(line: string): TimedEvent[] {
  try {
    return [JSON.parse(line) as TimedEvent]
  } catch {
    return [] // torn by a crash
  }
}
