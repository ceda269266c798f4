/** `kpipe job job.json`: do one job described in a file; what an executor calls on a machine without the pipeline. */
import { readFileSync } from 'node:fs'
import type { Io } from '../io.ts'
import type { Job, JobHooks, JobOutcome } from '../executor.ts'
import type { CommandRunner } from '../executors/command.ts'
import { loadKind } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { runJob, takeEnvironment } from '../run/job.ts'

/** The outcome as one JSON line on stdout; progress and messages as JSON lines on stderr. */
export async function jobCommand(words: readonly string[], io: Io): Promise<number> {
  const [file] = words
  if (file === undefined) throw new UserError('which job?', { hint: 'kpipe job path/to/job.json', exitCode: 2 })
  const job = readJob(file)
  const say = (type: string, value: object) => io.err(`${JSON.stringify({ type, ...value })}\n`)
  const abort = new AbortController()
  process.on('SIGTERM', () => abort.abort('cancelled'))
  const hooks = {
    progress: (progress: object) => say('progress', progress),
    log: (level: string, text: string) => say('log', { level, text }),
    started: (pid: number) => say('started', { pid }),
  }
  const outcome =
    job.type === 'command' ? await runShell(job, hooks, abort.signal) : await runKind(job, hooks, abort.signal)
  io.out(`${JSON.stringify(outcome)}\n`)
  return outcome.ok ? 0 : 1
}

async function runKind(job: Job, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome> {
  takeEnvironment(job)
  return runJob(job, await loadKind(job.kind, job.kindFile), hooks, signal)
}

async function runShell(...[job, hooks, signal]: Parameters<CommandRunner['run']>): Promise<JobOutcome> {
  const { commandRunner } = await import('../executors/command.ts')
  const runner = commandRunner()
  try {
    return await runner.run(job, hooks, signal)
  } finally {
    runner.close()
  }
}

function readJob(file: string): Job {
  let job: Job
  try {
    job = JSON.parse(readFileSync(file, 'utf8')) as Job
  } catch (error) {
    throw new UserError(`${file} is not a job description: ${(error as Error).message}`, {
      hint: 'an executor writes these files; give one of them',
      exitCode: 2,
    })
  }
  if (job.type !== 'kind' && job.type !== 'command')
    throw new UserError(
      `${file} is not a job description: its type is ${JSON.stringify(job.type)}, not "kind" or "command"`,
      { hint: 'an executor writes these files; give one of them', exitCode: 2 },
    )
  return job
}
