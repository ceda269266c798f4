/**
 * One run at a time works in a project; a second one waits and says for whom. The lock is a file made with O_EXCL and named
 * by a token; a dead owner (same host: process gone or another with its number; other host: no heartbeat for ten seconds by
 * our own clock) is moved away by rename, which exactly one waiter wins. Readers (status, why, list) need no lock.
 */
import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart } from '../lib/processes.ts'

interface Owner {
  readonly token: string
  readonly host: string
  readonly pid: number
  readonly started: string
}

const HEARTBEAT_MS = 2000
const STALE_MS = 10_000

export interface Lock {
  /** False if somebody took the lock away (a suspended laptop): the holder must not commit any more. */
  held(): boolean
  release(): void
}

/** @param onWait called once, with who holds the lock. */
export async function acquireLock(file: string, onWait: (reason: string) => void, signal: AbortSignal): Promise<Lock> {
  const me: Owner = {
    token: randomBytes(8).toString('hex'),
    host: hostname(),
    pid: process.pid,
    started: processStart(process.pid),
  }
  let waited = false
  let seen = { token: '', beat: 0, at: 0 }
  for (;;) {
    if (tryCreate(file, me)) return hold(file, me)
    const owner = readOwner(file)
    if (owner && !signal.aborted) {
      if (!waited)
        onWait(
          `another kpipe run (process ${owner.pid}${owner.host === me.host ? '' : ` on ${owner.host}`}) is working in this project; waiting for it`,
        )
      waited = true
      const beat = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
      if (seen.token !== owner.token || seen.beat !== beat) seen = { token: owner.token, beat, at: performance.now() }
      const dead =
        owner.host === me.host ? processStart(owner.pid) !== owner.started : performance.now() - seen.at > STALE_MS
      if (dead) steal(file, owner)
      else await sleep(100)
    }
    signal.throwIfAborted()
  }
}

function tryCreate(file: string, me: Owner): boolean {
  mkdirSync(dirname(file), { recursive: true })
  try {
    const fd = openSync(file, 'wx')
    writeSync(fd, JSON.stringify(me))
    closeSync(fd)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The owner; a file without a whole owner (crashed between open and write) counts as dead once it is old. */
function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs > 1000) rmSync(file, { force: true })
    return undefined
  }
}

function steal(file: string, owner: Owner): void {
  const aside = `${file}.stale.${owner.token}`
  try {
    renameSync(file, aside)
    // Between our look and the rename a live run may have taken the place: give it back.
    const moved = JSON.parse(readFileSync(aside, 'utf8')) as Owner
    if (moved.token !== owner.token) renameSync(aside, file)
    else rmSync(aside, { force: true })
  } catch {
    // another waiter was first
  }
}

function hold(file: string, me: Owner): Lock {
  const beat = setInterval(() => {
    try {
      if (readOwner(file)?.token === me.token) utimesSync(file, new Date(), new Date())
    } catch {
      // the next beat tries again
    }
  }, HEARTBEAT_MS)
  beat.unref()
  return {
    held: () => readOwner(file)?.token === me.token,
    release: () => {
      clearInterval(beat)
      if (readOwner(file)?.token === me.token) rmSync(file, { force: true })
    },
  }
}
