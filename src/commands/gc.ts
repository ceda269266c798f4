/** `kpipe gc`: what the cache could give back, and with --apply gives back. What may go is decided in garbage.ts. */
import { rmdirSync, rmSync } from 'node:fs'
import type { Io } from '../io.ts'
import { loadKind } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { columns } from '../reporters/text.ts'
import { acquireLock } from '../run/lock.ts'
import { recover } from '../run/recover.ts'
import { openSession, type Session } from '../run/session.ts'
import { type Cache, children, findGarbage, type Garbage, openCache, totalBytes } from './garbage.ts'
import { loadProjectPlan, openProject, type Project } from './project.ts'

export interface GcOptions {
  readonly words: readonly string[]
  readonly budget: string
  readonly maxAge: string
  readonly apply: boolean
  readonly json: boolean
}

const DAY_MS = 86_400_000
/** Lines of the table; the largest first. */
const MOST_ROWS = 20

export async function gcCommand(options: GcOptions, io: Io): Promise<number> {
  if (options.words.length > 0)
    throw new UserError(`gc takes no ${options.words[0]}: it looks at the cache of all pipelines`, {
      hint: 'kpipe gc',
      exitCode: 2,
    })
  const limits = {
    budget: options.budget === '' ? null : parseSize(options.budget),
    maxAgeMs: options.maxAge === '' ? null : parseAge(options.maxAge),
  }
  if (options.apply && limits.budget === null && limits.maxAgeMs === null)
    throw new UserError('gc --apply needs --budget or --max-age', {
      hint: 'kpipe gc --max-age 30d --apply',
      exitCode: 2,
    })
  const project = openProject(io.cwd)
  // Under the lock nothing is being written, so that every stored file without a manifest is garbage.
  const lock = options.apply
    ? await acquireLock(project.layout.lock, (reason) => io.err(`${reason}\n`), new AbortController().signal)
    : null
  try {
    const cache = await openProjectCache(project)
    if (lock && cache.sessions[0]) recover(cache.sessions[0])
    const garbage = findGarbage(cache, limits)
    if (options.apply) remove(project, cache, garbage)
    const total = totalBytes(project.layout.cache)
    io.out(options.json ? gcJson(garbage, total, options.apply) : gcText(garbage, total, options.apply, io.columns))
    return 0
  } finally {
    lock?.release()
  }
}

async function openProjectCache(project: Project): Promise<Cache> {
  const sessions: Session[] = []
  let broken = false
  for (const file of project.pipelines.values()) {
    const plan = await loadProjectPlan(project, file, []).catch(() => null)
    if (plan) sessions.push(openSession(project.layout, plan, project.index, loadKind))
    else broken = true
  }
  return openCache(project.layout, project.index, sessions, broken)
}

/** Manifests first: a crash in between leaves bytes that nobody names, never a manifest without its bytes. */
function remove(project: Project, cache: Cache, { doomed, candidates }: Garbage): void {
  const { results } = cache.store
  for (const one of doomed) results.drop(one.result.key)
  results.compact(0)
  results.close()
  for (const path of candidates.flatMap((candidate) => candidate.paths)) rmSync(path, { recursive: true, force: true })
  for (const folder of [cache.layout.blobs, cache.layout.trees].flatMap(children)) {
    try {
      rmdirSync(folder)
    } catch {
      // not empty
    }
  }
  project.index.prune()
  project.index.save()
}

const freedBytes = ({ candidates }: Garbage) => candidates.reduce((sum, candidate) => sum + candidate.bytes, 0)

function gcJson(garbage: Garbage, total: number, applied: boolean): string {
  const { held, doomed, candidates } = garbage
  const kept = held
    .filter((one) => !doomed.has(one))
    .map((one) => ({ stage: one.result.stage, key: one.result.key, why: one.root }))
  const removed = candidates.map(({ what, bytes, ageMs }) => ({ what, bytes, ageDays: ageMs / DAY_MS }))
  return `${JSON.stringify({ applied, freed: freedBytes(garbage), total, kept, removed }, null, 2)}\n`
}

function gcText(garbage: Garbage, total: number, applied: boolean, width: number): string {
  const { held, doomed, candidates } = garbage
  const rows = [...candidates]
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_ROWS)
    .map(({ bytes, ageMs, what }) => [sizeWords(bytes), ageMs >= DAY_MS ? `${Math.floor(ageMs / DAY_MS)} d` : '', what])
  const more = candidates.length - rows.length
  const needed = held.filter((one) => one.root !== '').length
  const lines = [
    ...(rows.length > 0 ? [...columns([['bytes', 'unused', 'what'], ...rows], width)] : []),
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more`] : []),
    ...(rows.length > 0 ? [''] : []),
    `${applied ? 'freed' : 'would free'} ${sizeWords(freedBytes(garbage))}: ${doomed.size} of ${held.length} results; ${needed} are needed by current pipelines or the registry`,
    `cache: ${sizeWords(total)}${applied ? '' : ' (nothing was deleted; --apply with --max-age or --budget deletes)'}`,
  ]
  return `${lines.join('\n')}\n`
}

/** `5G`, `500M`, `1.5G`, plain bytes. */
function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text)
  if (!match)
    throw new UserError(`--budget must be a size such as 500M or 5G, got "${text}"`, {
      hint: 'write --budget 5G',
      exitCode: 2,
    })
  return Number(match[1]) * 1024 ** ' KMGT'.indexOf(match[2]!.toUpperCase() || ' ')
}

/** `30d`, `12h`. */
function parseAge(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([dhm])$/.exec(text)
  if (!match)
    throw new UserError(`--max-age must be an age such as 30d or 12h, got "${text}"`, {
      hint: 'write --max-age 30d',
      exitCode: 2,
    })
  return Number(match[1]) * { d: DAY_MS, h: 3_600_000, m: 60_000 }[match[2] as 'd' | 'h' | 'm']
}

function sizeWords(value: number): string {
  if (value < 1024) return `${value} B`
  const power = Math.min(4, Math.floor(Math.log2(value) / 10))
  return `${(value / 1024 ** power).toFixed(value / 1024 ** power < 10 ? 1 : 0)} ${' KMGT'[power]}B`
}
