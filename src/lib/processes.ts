/** Telling a live process from a dead one, or from another that got its number. */
import { readdirSync, readFileSync } from 'node:fs'

/** A text that differs between two processes with the same number, '' where the process is not there. */
export function processStart(pid: number): string {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return ''
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : fields[19]! // field 22 of proc(5): start time in clock ticks
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    // Loaded on use: it costs a run with nothing to do three milliseconds, and only systems without /proc come here.
    const { execFileSync } = process.getBuiltinModule('node:child_process')
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** Signal a process group; the group may be gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // already gone
  }
}

/**
 * Kill a process and the group it leads, if it is still the one that began at `started`, and wait until nothing of it runs
 * any more: a killed process may finish the write it is at. Gives up waiting after a second (a disk that does not answer).
 */
export function endProcess(pid: number, started: string): void {
  if (pid <= 0 || started === '' || processStart(pid) !== started) return
  signalGroup(pid, 'SIGKILL')
  try {
    process.kill(pid, 'SIGKILL') // one that leads no group
  } catch {
    // already gone
  }
  const nap = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < 200 && (processStart(pid) === started || groupRuns(pid)); i++) Atomics.wait(nap, 0, 0, 5)
}

function groupRuns(group: number): boolean {
  if (process.platform !== 'linux') {
    try {
      return process.kill(-group, 0)
    } catch {
      return false
    }
  }
  // Asking by signal would count zombies, which stay for ever where process 1 does not reap them (containers).
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false
    }
  })
}
