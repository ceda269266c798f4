/** Is the process of a run still there? Asked by those who look at a run from outside; what a run may write is the lock's affair. */
import { existsSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import type { RunProcess } from '../events.ts'
import { processStart } from '../lib/processes.ts'
import type { Layout } from '../store/layout.ts'

/** A run that works touches its lock more often than this. */
const HEARTBEAT_MS = 10_000

export function thisProcess(): RunProcess {
  const { pid } = process
  // Elsewhere it would take a process of its own to ask, which a run with nothing to do is not to pay for.
  return { host: hostname(), pid, started: process.platform === 'linux' ? processStart(pid) : '' }
}

/** Of a run on another machine, or one that an older kpipe logged, only the lock tells, which may be that of another run. */
export function isAlive(layout: Layout, of: RunProcess | undefined): boolean {
  if (!of || of.host !== hostname()) return Date.now() - beatOf(layout) < HEARTBEAT_MS
  const now = processStart(of.pid)
  return now !== '' && (of.started === '' || now === of.started)
}

function beatOf({ lock }: Layout): number {
  return existsSync(lock) ? (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) : 0
}
