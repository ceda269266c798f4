/** The worker process: takes jobs from its parent one after another, and ends with it. */
import type { Job, JobOutcome } from '../executor.ts'
import { runJob } from './job.ts'
import { loadKind } from '../kinds.ts'

export type ToWorker = { readonly type: 'job'; readonly job: Job } | { readonly type: 'abort'; readonly reason: string }
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: Parameters<import('../executor.ts').JobHooks['progress']>[0] }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly text: string }
  | { readonly type: 'done'; readonly outcome: JobOutcome }

let abort = new AbortController()

/** At most this often; the last progress of a job is always sent with its outcome. */
const PROGRESS_MS = 100

process.on('message', (message: ToWorker) => {
  if (message.type === 'abort') abort.abort(message.reason)
  else void work(message.job)
})
// The parent is gone (killed, even): what we would make nobody commits, so stop at once.
process.on('disconnect', () => process.exit(1))
// ctrl-c reaches the whole terminal group; the parent decides and tells us.
process.on('SIGINT', () => undefined)

async function work(job: Job): Promise<void> {
  abort = new AbortController()
  for (const name of Object.keys(process.env)) if (!(name in job.env)) delete process.env[name]
  Object.assign(process.env, job.env)
  let last = 0
  let pending: FromWorker | null = null
  const hooks = {
    progress: (progress: Extract<FromWorker, { type: 'progress' }>['progress']) => {
      pending = { type: 'progress', progress }
      const now = performance.now()
      if (now - last < PROGRESS_MS) return
      last = now
      send(pending)
      pending = null
    },
    log: (level: 'info' | 'warn', text: string) => send({ type: 'log', level, text }),
  }
  let outcome: JobOutcome
  try {
    outcome = await runJob(job, await loadKind(job.kind, job.kindFile), hooks, abort.signal)
  } catch (error) {
    outcome = {
      ok: false,
      cause: 'failed',
      error: `the stage kind ${job.kind} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      hint: '',
    }
  }
  if (pending) send(pending)
  send({ type: 'done', outcome })
}

function send(message: FromWorker): void {
  if (process.connected) process.send!(message)
}
