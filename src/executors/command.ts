/**
 * `command` stages: each runs in a subshell of a long-lived `/bin/sh`, one such shell a slot. Forking a small shell costs a
 * fraction of what spawning from a large Node process does (1 ms each, and the event loop stands still meanwhile), which is
 * what decides a pipeline of a thousand tiny commands. The shell leads a process group of its own, so that a timeout ends
 * everything a command started. A line `KPIPE {"done":3,"total":9}` on stdout reports progress: Python needs no library.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync, watch } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import type { Job, JobHooks, JobOutcome } from '../executor.ts'
import { processStart, signalGroup } from '../lib/processes.ts'

/** Between asking and killing. */
export const GRACE_MS = 5000
/** Commands that are over before this have their log written at their end. */
const FOLLOW_MS = 300
const TAIL_LINES = 5

export interface CommandRunner {
  run(job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome>
  close(): void
}

/** Shells that would outlive a kpipe that is ended at once (second ctrl-c, a fault of ours): they go with it. */
const living = new Set<number>()
process.on('exit', () => {
  for (const pid of living) signalGroup(pid, 'SIGKILL')
})

export function commandRunner(): CommandRunner {
  const idle: Shell[] = []
  const all: Shell[] = []
  return {
    run: async (job, hooks, signal) => {
      const shell = idle.pop() ?? new Shell(job, all.length)
      if (!all.includes(shell)) all.push(shell)
      const outcome = await runInShell(shell, job, hooks, signal)
      if (shell.alive) idle.push(shell)
      return outcome
    },
    close: () => {
      for (const shell of all) shell.close()
    },
  }
}

class Shell {
  readonly pid: number
  readonly started: string
  readonly #child: ChildProcess
  readonly #env: Readonly<Record<string, string>>
  readonly #log: number
  readonly #logFile: string
  alive = true
  #settle: ((status: number | string) => void) | null = null

  constructor(job: Job, number: number) {
    const folder = dirname(job.log)
    mkdirSync(folder, { recursive: true })
    this.#logFile = join(folder, `.shell-${process.pid}-${number}.log`)
    this.#log = openSync(this.#logFile, 'a+')
    this.#env = job.env
    this.#child = spawn('/bin/sh', [], {
      cwd: job.cwd,
      env: job.env,
      stdio: ['pipe', this.#log, this.#log, 'pipe'],
      detached: true,
    })
    this.pid = this.#child.pid ?? 0
    this.started = this.pid > 0 ? processStart(this.pid) : ''
    if (this.pid > 0) living.add(this.pid)
    this.#child.on('exit', (code, killedBy) => this.#end(killedBy ?? `ended with exit code ${code}`))
    this.#child.on('error', (error) => this.#end(`/bin/sh could not be started: ${error.message}`))
    this.#child.stdin!.on('error', () => undefined) // it died; 'exit' tells
    // SIGTERM goes to the whole group: the command may end in its own way, and the shell lives to tell how. (A subshell has
    // the default action again.)
    this.#child.stdin!.write('trap : TERM\n')
    let text = ''
    const results = this.#child.stdio[3] as NodeJS.ReadableStream
    results.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      if (!text.endsWith('\n')) return
      const status = Number(text.trim())
      text = ''
      this.#settle?.(status)
    })
  }

  /** Exit status, or a text saying how the shell itself ended. */
  run(job: Job): Promise<number | string> {
    const changed = Object.entries(job.env).filter(([name, value]) => this.#env[name] !== value)
    const gone = Object.keys(this.#env).filter((name) => !(name in job.env))
    const environment = `${changed.map(([name, value]) => `export ${name}=${quote(value)};`).join('')}${gone.length > 0 ? `unset ${gone.join(' ')};` : ''}`
    return new Promise((resolve) => {
      this.#settle = (status) => {
        this.#settle = null
        resolve(status)
      }
      if (!this.alive) return this.#settle('ended before the command began')
      this.#child.stdin!.write(`(exec 3>&-;${environment}eval ${quote(job.command)}) </dev/null; echo $? >&3\n`)
    })
  }

  get logFile(): string {
    return this.#logFile
  }

  logSize(): number {
    return fstatSync(this.#log).size
  }

  readLog(from: number, to: number): Buffer {
    const bytes = Buffer.alloc(to - from)
    readSync(this.#log, bytes, 0, bytes.length, from)
    return bytes
  }

  close(): void {
    // Idle, so there is nothing to end gently. Waiting for it to read its end of input could keep kpipe from exiting.
    if (this.alive && this.pid > 0) signalGroup(this.pid, 'SIGKILL')
    living.delete(this.pid)
    this.alive = false
    closeSync(this.#log)
    rmSync(this.#logFile, { force: true })
  }

  #end(how: string): void {
    this.alive = false
    living.delete(this.pid)
    this.#settle?.(how)
  }
}

async function runInShell(shell: Shell, job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome> {
  const log = followLog(shell, job, hooks)
  let killer: NodeJS.Timeout | undefined
  const abort = () => {
    signalGroup(shell.pid, 'SIGTERM')
    killer = setTimeout(() => signalGroup(shell.pid, 'SIGKILL'), GRACE_MS)
  }
  hooks.started?.(shell.pid, shell.started)
  signal.addEventListener('abort', abort, { once: true })
  const done = shell.run(job)
  if (signal.aborted) abort()
  const status = await done
  clearTimeout(killer)
  signal.removeEventListener('abort', abort)
  if (signal.aborted) {
    // What the command had started must not go on writing outputs.
    signalGroup(shell.pid, 'SIGKILL')
    shell.alive = false
  }
  log.close()
  if (signal.aborted)
    return {
      ok: false,
      cause: signal.reason === 'timed-out' ? 'timed-out' : 'cancelled',
      error: String(signal.reason),
      hint: '',
    }
  if (status === 0) return { ok: true, result: {}, items: null }
  const error =
    typeof status === 'number' ? `command ended with ${statusWords(status)}` : `its shell was ended: ${status}`
  return { ok: false, cause: 'failed', error, hint: log.tail() }
}

/** Copies what the command prints from the shell's log to the stage's, live once the command has run for a while. */
function followLog(shell: Shell, job: Job, hooks: JobHooks): { close(): void; tail(): string } {
  let at = shell.logSize()
  let watcher: ReturnType<typeof watch> | undefined
  let tail = ''
  const pump = () => {
    const size = shell.logSize()
    if (size === at) return
    const bytes = shell.readLog(at, size)
    at = size
    appendFileSync(job.log, bytes)
    const text = tail + bytes.toString()
    tellProgress(text, hooks)
    tail = text.slice(-4000)
  }
  const timer = setTimeout(() => {
    pump()
    watcher = watch(shell.logFile, pump)
  }, FOLLOW_MS)
  return {
    close: () => {
      clearTimeout(timer)
      watcher?.close()
      pump()
    },
    tail: () => tail.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
  }
}

function tellProgress(text: string, hooks: JobHooks): void {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  const line = lines.findLast((candidate) => candidate.startsWith('KPIPE {'))
  if (!line) return
  try {
    const { done, total, step, of, unit, note, ...rest } = JSON.parse(line.slice(6)) as Record<string, unknown>
    const metrics = Object.fromEntries(
      Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    )
    hooks.progress({
      done: Number(done ?? step ?? 0),
      total: Number(total ?? of ?? 0),
      unit: String(unit ?? 'steps'),
      note: String(note ?? ''),
      metrics,
    })
  } catch {
    // a line of the command's own that only looks like ours
  }
}

/** A shell tells of a signal as 128 + its number, but a program may give such an exit code by itself. */
function statusWords(status: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0]
  return signal ? `exit code ${status} (${signal})` : `exit code ${status}`
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
