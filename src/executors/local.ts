/** Jobs on this machine: kinds in worker processes that are kept for the next job, commands in a shell of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import PQueue from 'p-queue'
import type { Executor, Job, JobHooks, JobOutcome } from '../executor.ts'
import { commandRunner, GRACE_MS } from './command.ts'
import type { ExecutorOptions } from './index.ts'
import { processStart } from '../lib/processes.ts'
import type { FromWorker, ToWorker } from './messages.ts'

const TAIL_CHARACTERS = 4000

export function localExecutor(options: ExecutorOptions): Executor {
  const queue = new PQueue({ concurrency: options.jobs })
  const idle: ChildProcess[] = []
  const commands = commandRunner()
  const runKind = async (job: Job, hooks: JobHooks, signal: AbortSignal) => {
    const worker = takeIdle(idle) ?? startWorker(options.worker)
    const outcome = await doJob(worker, job, hooks, signal)
    // A worker that was told to stop may be in the middle of anything: it is not used again.
    if (worker.connected && outcome.ok) idle.push(worker)
    else worker.kill('SIGKILL')
    return outcome
  }
  return {
    name: 'local',
    run: (job, hooks, signal) =>
      queue.add(() =>
        job.type === 'command' ? commands.run(job, hooks, signal) : runKind(job, hooks, signal),
      ) as Promise<JobOutcome>,
    close: async () => {
      await queue.onIdle()
      for (const worker of idle.splice(0)) worker.kill('SIGKILL')
      commands.close()
    },
  }
}

/** One that has not died while it waited. */
function takeIdle(idle: ChildProcess[]): ChildProcess | undefined {
  for (let worker = idle.pop(); worker; worker = idle.pop())
    if (worker.connected && worker.exitCode === null && worker.signalCode === null) return worker
  return undefined
}

function startWorker(script: string): ChildProcess {
  const worker = fork(script, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    execArgv: [],
  })
  // Also while it is idle an error must find somebody who listens; a job hears it in its own words.
  return worker.on('error', () => undefined)
}

/** Resolves always; afterwards nothing of ours listens to the worker any more but for its end. */
function doJob(worker: ChildProcess, job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome> {
  return new Promise((resolve) => {
    let killer: NodeJS.Timeout | undefined
    let tail = ''
    const onOutput = (bytes: Buffer) => {
      keepLog(job.log, bytes)
      tail = (tail + bytes.toString()).slice(-TAIL_CHARACTERS)
    }
    const onMessage = (message: FromWorker) => {
      if (message.type === 'progress') hooks.progress(message.progress)
      else if (message.type === 'log') hooks.log(message.level, message.text)
      // What it printed last is in the pipe by now, but may be read only after this message.
      else setImmediate(settle, message.outcome)
    }
    const onExit = (code: number | null, killedBy: NodeJS.Signals | null) => setImmediate(die, endWords(code, killedBy))
    const onError = (error: Error) => die(`could not be started: ${error.message}`)
    const onAbort = () => {
      tell(worker, { type: 'abort', reason: String(signal.reason) })
      killer = setTimeout(() => worker.kill('SIGKILL'), GRACE_MS)
    }
    const die = (what: string) => settle(signal.aborted ? stopped(signal) : died(what, tail))
    const settle = (outcome: JobOutcome) => {
      clearTimeout(killer)
      signal.removeEventListener('abort', onAbort)
      worker.off('message', onMessage).off('exit', onExit).off('error', onError)
      worker.stdout!.off('data', onOutput)
      worker.stderr!.off('data', onOutput)
      resolve(outcome)
    }
    worker.stdout!.on('data', onOutput)
    worker.stderr!.on('data', onOutput)
    worker.on('message', onMessage).on('exit', onExit).on('error', onError)
    signal.addEventListener('abort', onAbort, { once: true })
    hooks.started?.(worker.pid ?? 0, processStart(worker.pid ?? 0))
    tell(worker, { type: 'job', job })
    if (signal.aborted) onAbort()
  })
}

/** A disk that is full must end the stage by its own error, not kpipe by this one. */
function keepLog(log: string, bytes: Buffer): void {
  try {
    appendFileSync(log, bytes)
  } catch {
    // the end of it is still told where the stage fails
  }
}

/** A worker that is gone tells by its exit, not here. */
function tell(worker: ChildProcess, message: ToWorker): void {
  if (worker.connected) worker.send(message, () => undefined)
}

function endWords(code: number | null, killedBy: NodeJS.Signals | null): string {
  if (killedBy) return `was killed by ${killedBy}${killedBy === 'SIGKILL' ? ' (out of memory?)' : ''}`
  return `ended with exit code ${code}`
}

const stopped = (signal: AbortSignal): JobOutcome => ({
  ok: false,
  cause: signal.reason === 'timed-out' ? 'timed-out' : 'cancelled',
  error: String(signal.reason),
  hint: '',
})

/** Node ends a crash with its version; the line that helps is the error's own. */
function died(what: string, tail: string): JobOutcome {
  const lines = tail.trim().split('\n')
  const hint = lines.findLast((line) => /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b.*:|^FATAL ERROR:/.test(line))
  return { ok: false, cause: 'failed', error: `the stage's process ${what}`, hint: hint ?? lines.at(-1) ?? '' }
}
