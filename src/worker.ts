/** The worker process: takes jobs from its parent one after another, and ends with it. A front door, as cli.ts is. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Job, JobOutcome } from './executor.ts'
import type { FromWorker, ToWorker } from './executors/messages.ts'
import { loadKind } from './kinds.ts'
import { runJob, takeEnvironment } from './run/job.ts'
import type { Progress } from './stage.ts'

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
  takeEnvironment(job)
  process.chdir(job.cwd) // a kind that opens a relative path means the project, wherever kpipe was called
  let last = 0
  let pending: FromWorker | null = null
  const hooks = {
    progress: (progress: Progress) => {
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
    const why = error instanceof Error ? error.message : String(error)
    outcome = { ok: false, cause: 'failed', error: `the stage kind ${job.kind} cannot be loaded: ${why}`, hint: '' }
  }
  if (pending) send(pending)
  for (const stream of [process.stdout, process.stderr]) await flushed(stream)
  send({ type: 'done', outcome })
  setImmediate(tidy)
}

/** A heap larger than this is swept before the next job: what a stage of a hundred thousand items left would add up. */
const LARGE_HEAP = 96 << 20

/** V8 alone would let garbage stand until the heap is several times the size of what is in use. */
function tidy(): void {
  if (process.memoryUsage().heapUsed < LARGE_HEAP) return
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

/** What the stage printed must be on its way before its end is told, or the end of its log is lost. */
const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()))

function send(message: FromWorker): void {
  if (process.connected) process.send!(message)
}
