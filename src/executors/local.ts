/** Jobs on this machine: kinds in worker processes that are kept for the next job, commands in a shell of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import PQueue from 'p-queue'
import type { Executor, Job, JobHooks, JobOutcome } from '../executor.ts'
import type { FromWorker, ToWorker } from '../run/worker.ts'
import { commandRunner, GRACE_MS } from './command.ts'
import type { ExecutorOptions } from './index.ts'

export function localExecutor(options: ExecutorOptions): Executor {
  const queue = new PQueue({ concurrency: options.jobs })
  const idle: ChildProcess[] = []
  const commands = commandRunner()
  const runKind = async (job: Job, hooks: JobHooks, signal: AbortSignal) => {
    const worker =
      idle.pop() ??
      fork(options.worker, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced', execArgv: [] })
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

function doJob(worker: ChildProcess, job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome> {
  return new Promise((resolve) => {
    let killer: NodeJS.Timeout | undefined
    let tail = ''
    const write = (bytes: Buffer) => {
      appendFileSync(job.log, bytes)
      tail = (tail + bytes.toString()).slice(-2000)
    }
    const abort = () => {
      const message: ToWorker = { type: 'abort', reason: String(signal.reason) }
      if (worker.connected) worker.send(message)
      killer = setTimeout(() => worker.kill('SIGKILL'), GRACE_MS)
    }
    const settle = (outcome: JobOutcome) => {
      clearTimeout(killer)
      signal.removeEventListener('abort', abort)
      worker.removeAllListeners('message').removeAllListeners('exit').removeAllListeners('error')
      worker.stdout!.removeListener('data', write)
      worker.stderr!.removeListener('data', write)
      resolve(outcome)
    }
    const died = (what: string): JobOutcome =>
      signal.aborted
        ? {
            ok: false,
            cause: signal.reason === 'timed-out' ? 'timed-out' : 'cancelled',
            error: String(signal.reason),
            hint: '',
          }
        : {
            ok: false,
            cause: 'failed',
            error: `the stage's process ${what}`,
            hint: tail.trim().split('\n').at(-1) ?? '',
          }
    worker.stdout!.on('data', write)
    worker.stderr!.on('data', write)
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'progress') hooks.progress(message.progress)
      else if (message.type === 'log') hooks.log(message.level, message.text)
      else settle(message.outcome)
    })
    worker.on('exit', (code, killedBy) =>
      settle(
        died(
          killedBy
            ? `was killed by ${killedBy}${killedBy === 'SIGKILL' ? ' (out of memory?)' : ''}`
            : `ended with exit code ${code}`,
        ),
      ),
    )
    worker.on('error', (error) => settle(died(`could not be started: ${error.message}`)))
    signal.addEventListener('abort', abort, { once: true })
    const message: ToWorker = { type: 'job', job }
    worker.send(message)
    if (signal.aborted) abort()
  })
}
