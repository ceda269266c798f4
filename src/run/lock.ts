/**
 * One run at a time works in a project; a second one waits and says for whom. The lock is a file that appears whole (a link
 * to a file written before); a dead owner (same host: process gone or another with its number; other host: no heartbeat for
 * ten seconds by our own clock) is moved away by rename, which exactly one waiter wins. Readers (status, why, list) need no
 * lock.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart } from '../lib/processes.ts'

interface Owner {
  readonly token: string
  readonly host: string
  /** Process numbers mean something only inside one such space: two containers may share a host name. */
  readonly space: string
  readonly pid: number
  readonly started: string
}

const HEARTBEAT_MS = 2000
const STALE_MS = 10_000
const POLL_MS = 100

export interface Lock {
  /** False if somebody took the lock away (a suspended laptop): the holder must not commit any more. */
  held(): boolean
  release(): void
}

/**
 * @param onWait called once, with who holds the lock.
 * @throws AbortError when `signal` says stop while waiting.
 */
export async function acquireLock(file: string, onWait: (reason: string) => void, signal: AbortSignal): Promise<Lock> {
  const me = ourselves()
  let waited = false
  let seen = { token: '', beat: 0, at: 0 }
  for (;;) {
    if (signal.aborted) throw new DOMException('stopped while waiting for another run', 'AbortError')
    if (tryCreate(file, me)) return hold(file, me)
    const owner = readOwner(file)
    if (owner) {
      const beat = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
      if (seen.token !== owner.token || seen.beat !== beat) seen = { token: owner.token, beat, at: performance.now() }
      if (isDead(owner, me, performance.now() - seen.at) && steal(file, owner.token)) continue
      if (!waited) onWait(waitingFor(owner, me))
      waited = true
    }
    await sleep(POLL_MS)
  }
}

function ourselves(): Owner {
  let space = ''
  try {
    space = readlinkSync('/proc/self/ns/pid')
  } catch {
    // not Linux: one space a host
  }
  const { pid } = process
  return { token: randomBytes(8).toString('hex'), host: hostname(), space, pid, started: processStart(pid) }
}

function waitingFor(owner: Owner, me: Owner): string {
  const where = owner.host === me.host ? '' : ` on ${owner.host}`
  return `another kpipe run (process ${owner.pid}${where}) is working in this project; waiting for it`
}

function isDead(owner: Owner, me: Owner, silentMs: number): boolean {
  if (owner.host !== me.host || owner.space !== me.space) return silentMs > STALE_MS
  return processStart(owner.pid) !== owner.started
}

function tryCreate(file: string, me: Owner): boolean {
  mkdirSync(dirname(file), { recursive: true })
  const whole = `${file}.${me.token}`
  try {
    writeFileSync(whole, JSON.stringify(me))
    linkSync(whole, file)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP' || code === 'EACCES')
      return tryCreateUnlinked(file, me)
    throw error
  } finally {
    rmSync(whole, { force: true })
  }
}

/** For file systems without hard links (FAT, some network disks): there a crash may leave a torn file. */
function tryCreateUnlinked(file: string, me: Owner): boolean {
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

/** The owner, undefined where there is none or it is just being written. A file that stays torn is moved away. */
function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs > STALE_MS) steal(file, undefined)
    return undefined
  }
}

/** Take the lock of a dead owner away. True: the place is free now. */
function steal(file: string, token: string | undefined): boolean {
  if (tokenOf(file) !== token) return false
  const aside = `${file}.stale.${randomBytes(8).toString('hex')}`
  try {
    renameSync(file, aside)
  } catch {
    return false // another waiter was first
  }
  try {
    if (tokenOf(aside) === token) return true
    // Between our look and the rename a live run took the place: it gets it back, unless a third was faster.
    linkSync(aside, file)
  } catch {
    // then the fence (`held`) stops the one of the two that lost
  } finally {
    rmSync(aside, { force: true })
  }
  return false
}

function tokenOf(file: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Owner).token
  } catch {
    return undefined
  }
}

function hold(file: string, me: Owner): Lock {
  const beat = setInterval(() => {
    try {
      if (tokenOf(file) === me.token) utimesSync(file, new Date(), new Date())
    } catch {
      // the next beat tries again
    }
  }, HEARTBEAT_MS)
  beat.unref()
  return {
    held: () => tokenOf(file) === me.token,
    release: () => {
      clearInterval(beat)
      if (tokenOf(file) === me.token) rmSync(file, { force: true })
    },
  }
}

/** Who holds the lock, for people; changes nothing. `alive` null: on another machine, nobody here can tell. */
export function lockState(file: string): { readonly owner: string; readonly alive: boolean | null } | null {
  let owner: Owner
  try {
    owner = JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    return existsSync(file) ? { owner: 'unknown', alive: false } : null
  }
  const me = ourselves()
  const here = owner.host === me.host && owner.space === me.space
  return here
    ? { owner: String(owner.pid), alive: !isDead(owner, me, 0) }
    : { owner: `${owner.pid} on ${owner.host}`, alive: null }
}
