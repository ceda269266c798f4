/** What earlier runs wrote into their logs: one summary a run, and the run that a word on the command line means. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KpipeEvent, StageSummary, TimedEvent } from '../events.ts'
import { UserError } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Layout } from '../store/layout.ts'
import { isAlive } from './alive.ts'

export type StageEnd = Extract<KpipeEvent, { type: 'stage-finished' }>

/** Of runs that a word may mean. */
const MOST_NAMED = 5

export interface RunSummary {
  readonly id: string
  readonly pipeline: string
  /** ISO 8601 */
  readonly startedAt: string
  /** `unfinished`: it was killed. */
  readonly outcome: 'ok' | 'failed' | 'held' | 'cancelled' | 'running' | 'unfinished'
  /** To its end, or to its last event. */
  readonly seconds: number
  readonly params: Readonly<Record<string, unknown>>
  readonly set: readonly string[]
  readonly stages: readonly StageSummary[]
  /** By stage, in the order of their ends. */
  readonly ends: ReadonlyMap<string, StageEnd>
}

/** Ids of all runs, oldest first. */
export function runIds(layout: Layout): string[] {
  if (!existsSync(layout.runs)) return []
  return readdirSync(layout.runs)
    .filter((name) => existsSync(join(layout.runs, name, 'events.jsonl')))
    .sort()
}

/** Oldest first; logs that hold no start are left out. */
export function readRuns(layout: Layout): RunSummary[] {
  return runIds(layout).flatMap((id) => readRun(layout, id) ?? [])
}

/** A log may be cut short by a crash, or be written to while it is read: lines that are no JSON are passed over. */
export function readRun(layout: Layout, id: string): RunSummary | undefined {
  let text: string
  try {
    text = readFileSync(join(layout.runs, id, 'events.jsonl'), 'utf8')
  } catch {
    return undefined
  }
  const events = text.split('\n').flatMap((line) => parse(line) ?? [])
  const start = events.find((event) => event.type === 'run-started')
  if (!start) return undefined
  const ends = events.filter((event) => event.type === 'stage-finished')
  const end = events.findLast((event) => event.type === 'run-finished')
  return {
    id,
    pipeline: start.pipeline,
    startedAt: start.time,
    outcome: end?.outcome ?? (isAlive(layout, start.process) ? 'running' : 'unfinished'),
    seconds: end?.seconds ?? events.at(-1)!.at,
    params: start.params ?? {},
    set: start.set ?? [],
    stages: start.stages,
    ends: new Map(ends.map((event) => [event.stage, event])),
  }
}

/**
 * The run that a word means: an id, the beginning or the end of one, `last`, or `last~2` for the second before the last.
 * @throws UserError where there is none, or more than one
 */
export function findRunId(layout: Layout, word: string): string {
  const ids = runIds(layout)
  if (ids.length === 0) throw new UserError('no run has been logged yet', { hint: 'kpipe run makes one', exitCode: 2 })
  const back = /^last(?:~(\d+))?$/.exec(word)
  if (back && Number(back[1] ?? 0) >= ids.length)
    throw new UserError(`there is no ${word}: ${ids.length} run${ids.length === 1 ? '' : 's'} logged`, {
      hint: 'kpipe runs lists them',
      exitCode: 2,
    })
  if (back) return ids.at(-1 - Number(back[1] ?? 0))!
  const matches = ids.filter((id) => isMeant(id, word))
  if (ids.includes(word)) return word
  if (matches.length === 1) return matches[0]!
  const near = nearest(word, ids)
  throw new UserError(matches.length > 1 ? `${word} may be ${someOf(matches)}` : `there is no run ${word}`, {
    hint: near && matches.length === 0 ? `did you mean ${near}?` : 'kpipe runs lists them',
    exitCode: 2,
  })
}

/** @throws UserError as `findRunId`, and where the log of the run holds no start */
export function findRun(layout: Layout, word: string): RunSummary {
  const id = findRunId(layout, word)
  const run = readRun(layout, id)
  if (run) return run
  throw new UserError(`the log of run ${id} holds no start of a run`, {
    hint: 'it was killed as it began; kpipe runs lists the others',
    exitCode: 2,
  })
}

/** The newest first; a hundred runs of one day are not read by anybody. */
function someOf(ids: readonly string[]): string {
  const shown = ids.slice(-MOST_NAMED).reverse()
  return `${shown.join(' or ')}${ids.length > shown.length ? ` or ${ids.length - shown.length} others` : ''}`
}

/** True for a word that can only be meant as a run. */
export const looksLikeRun = (layout: Layout, word: string): boolean =>
  /^last(~\d+)?$/.test(word) || /^\d{8}-/.test(word) || runIds(layout).some((id) => isMeant(id, word))

const isMeant = (id: string, word: string): boolean => id.startsWith(word) || id.endsWith(`-${word}`)

function parse(line: string): TimedEvent | undefined {
  if (!line) return undefined
  try {
    return JSON.parse(line) as TimedEvent
  } catch {
    return undefined
  }
}
