/** `kpipe attach`: look at a running or finished run from another terminal. Reads the run's event log, changes nothing. */
import { join } from 'node:path'
import type { RunProcess, TimedEvent } from '../events.ts'
import type { Io } from '../io.ts'
import { followLog } from '../reporters/follow.ts'
import { reporterFor, reporterOptions, reporters } from '../reporters/index.ts'
import { openLive } from '../reporters/live.ts'
import { isAlive } from '../run/alive.ts'
import { findRunId } from '../run/history.ts'
import type { Layout } from '../store/layout.ts'
import { openProject } from './project.ts'

export interface AttachOptions {
  readonly words: readonly string[]
  readonly reporter: string
}

/** Exit code: that of the run where it ended under our eyes as lines, else 0. */
export async function attachCommand(options: AttachOptions, io: Io): Promise<number> {
  const chosen = reporterFor(
    { asked: options.reporter, json: false, quiet: false },
    { terminal: process.stdout.isTTY === true, env: process.env },
  )
  const { layout } = openProject(io.cwd)
  const file = join(layout.runs, findRunId(layout, options.words[0] ?? 'last'), 'events.jsonl')
  return chosen === 'dashboard' ? watchRun(layout, file, io) : printRun(layout, file, chosen, io)
}

async function watchRun(layout: Layout, file: string, io: Io): Promise<number> {
  const left = new AbortController()
  const leave = () => left.abort()
  const keys = process.stdin.isTTY ? process.stdin : null
  const { color, unicode } = io
  const live = await openLive({
    terminal: process.stdout,
    keys,
    root: layout.root,
    color,
    unicode,
    controls: false,
    onWish: leave,
    onBreak: (error) => {
      io.err(`the dashboard failed: ${error instanceof Error ? error.message : String(error)}\n`)
      leave()
    },
  })
  process.once('SIGINT', leave).once('SIGTERM', leave)
  // The keyboard keeps the process alive only once the first frame stands.
  const alive = setInterval(() => undefined, 1 << 30)
  try {
    let runner: RunProcess | undefined
    const onEvent = (event: TimedEvent) => {
      if (event.type === 'run-started') runner = event.process
      live.event(event)
    }
    const end = await followLog(file, { onEvent, isAlive: () => isAlive(layout, runner), signal: left.signal })
    if (end === 'abandoned') live.abandoned()
    // A finished run stays on the screen for whoever wants to look around in it.
    if (keys && !left.signal.aborted) await new Promise((resolve) => left.signal.addEventListener('abort', resolve))
    return 0
  } finally {
    clearInterval(alive)
    process.off('SIGINT', leave).off('SIGTERM', leave)
    live.close()
  }
}

async function printRun(layout: Layout, file: string, chosen: 'plain' | 'json', io: Io): Promise<number> {
  const reporter = reporters[chosen](reporterOptions(io, { quiet: false }))
  let code = 0
  let runner: RunProcess | undefined
  const onEvent = (event: TimedEvent) => {
    if (event.type === 'run-started') runner = event.process
    reporter.event(event)
    if (event.type === 'run-finished') code = { ok: 0, held: 0, failed: 1, cancelled: 130 }[event.outcome]
  }
  const { signal } = new AbortController()
  const end = await followLog(file, { onEvent, isAlive: () => isAlive(layout, runner), signal })
  if (end === 'abandoned') io.err(`${ABANDONED}\n`)
  reporter.close()
  return end === 'abandoned' ? 1 : code
}

const ABANDONED = 'this run ended without saying how (killed?); kpipe run goes on from what it finished'
