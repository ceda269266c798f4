/** Do one stage: make its context, run its kind, say how it ended. The same code in a local worker and on a cluster node. */
import { appendFileSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DataError, UserError } from '../lib/errors.ts'
import { systemRemedy } from '../lib/system-errors.ts'
import type { Job, JobHooks, JobInput, JobOutcome } from '../executor.ts'
import type { InputFile, StageContext, StageInput, StageKind } from '../stage.ts'
import { parseTree, readTree } from '../store/tree.ts'
import { computeEach } from './items.ts'

export async function runJob(job: Job, kind: StageKind, hooks: JobHooks, signal: AbortSignal): Promise<JobOutcome> {
  const counts = { computed: 0, reused: 0, used: false }
  try {
    mkdirSync(job.out, { recursive: true })
    mkdirSync(job.scratch, { recursive: true })
    const result = await kind.run(contextOf(job, hooks, signal, counts))
    signal.throwIfAborted()
    return {
      ok: true,
      result: result ?? {},
      items: counts.used ? { computed: counts.computed, reused: counts.reused } : null,
    }
  } catch (error) {
    return outcomeOf(error, signal, job.log)
  } finally {
    rmSync(job.scratch, { recursive: true, force: true })
  }
}

/** From here on the process sees what the stage declares and nothing else. */
export function takeEnvironment(job: Job): void {
  for (const name of Object.keys(process.env)) if (!(name in job.env)) delete process.env[name]
  Object.assign(process.env, job.env)
}

function contextOf(
  job: Job,
  hooks: JobHooks,
  signal: AbortSignal,
  counts: { computed: number; reused: number; used: boolean },
): StageContext {
  const inputs: Record<string, StageInput> = {}
  const lists: Record<string, readonly StageInput[]> = {}
  for (const [name, input] of Object.entries(job.inputs)) {
    if (Array.isArray(input)) lists[name] = input.map((one: JobInput) => inputOf(one, job.trees))
    else inputs[name] = inputOf(input as JobInput, job.trees)
  }
  return {
    stage: job.stage,
    pipeline: job.pipeline,
    options: job.options,
    inputs,
    lists,
    out: (name) => {
      const path = join(job.out, name)
      mkdirSync(name === '' ? path : dirname(path), { recursive: true })
      return path
    },
    scratch: job.scratch,
    checkpoints: job.checkpoints,
    each: async (table, items, compute, how = {}) => {
      const done = await computeEach({
        folder: job.items && join(job.items, `${job.kind}.${table}`),
        salt: `${job.kind}\0${job.code}\0${table}`,
        items,
        compute,
        signal,
        onItem: (count, total) => hooks.progress({ done: count, total, unit: 'items' }),
        job: job.log,
        atOnce: how.atOnce,
        take: how.take,
      })
      counts.used = true
      counts.computed += done.computed
      counts.reused += done.reused
      return done
    },
    progress: (progress) => hooks.progress(progress),
    log: (level, message) => hooks.log(level, message),
    signal,
  }
}

function inputOf(input: JobInput, treesFolder: string): StageInput {
  let files: readonly InputFile[] | undefined
  return {
    stage: input.stage,
    path: input.path,
    hash: input.content.slice(2),
    metrics: input.metrics,
    createdAt: input.createdAt,
    files: () => (files ??= listFiles(input, treesFolder)),
  }
}

function listFiles(input: JobInput, treesFolder: string): readonly InputFile[] {
  if (input.files) return input.files
  if (input.content.startsWith('F:'))
    return [{ path: '', hash: input.content.slice(2), bytes: statSync(input.path).size }]
  const found: InputFile[] = []
  const walk = (hash: string, below: string) => {
    for (const entry of parseTree(readTree(treesFolder, hash))) {
      const path = below ? `${below}/${entry.name}` : entry.name
      if (entry.type === 'D' || entry.type === 'L') walk(entry.hash, path)
      else found.push({ path, hash: entry.hash, bytes: entry.size })
    }
  }
  walk(input.content.slice(2), '')
  return found
}

/** A user's mistake or bad data is one sentence; anything else is a fault of ours, whose stack belongs in the log. */
function outcomeOf(error: unknown, signal: AbortSignal, log: string): JobOutcome {
  if (signal.aborted)
    return {
      ok: false,
      cause: signal.reason === 'timed-out' ? 'timed-out' : 'cancelled',
      error: String(signal.reason ?? 'cancelled'),
      hint: '',
    }
  if (error instanceof DataError) return { ok: false, cause: 'failed', error: error.message, hint: '' }
  if (error instanceof UserError) return { ok: false, cause: 'failed', error: error.message, hint: error.hint }
  // Kinds of a user's own bundle carry their own copies of the classes: go by name there.
  const named = error as { name?: string; hint?: string; message?: string }
  if (named?.name === 'DataError' || named?.name === 'UserError')
    return { ok: false, cause: 'failed', error: named.message ?? '', hint: named.hint ?? '' }
  keepStack(log, error)
  const remedy = systemRemedy(error)
  if (remedy) return { ok: false, cause: 'failed', error: (error as Error).message, hint: remedy }
  return {
    ok: false,
    cause: 'failed',
    error: `unexpected error: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'the log has the details',
  }
}

function keepStack(log: string, error: unknown): void {
  try {
    mkdirSync(dirname(log), { recursive: true })
    appendFileSync(log, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  } catch {
    // the message is still told
  }
}
