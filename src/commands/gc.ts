/**
 * `kpipe gc`: what the cache could give back. Kept always: the last good result of every stage of the present pipelines, what
 * one of them would restore now, and every result that a published file (the registry) names by hash. The rest goes by age or
 * budget, oldest use first; nothing is deleted without --apply.
 */
import { type Dirent, existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../cli.ts'
import { UserError } from '../lib/errors.ts'
import { columns } from '../reporters/text.ts'
import { acquireLock } from '../run/lock.ts'
import { recover } from '../run/recover.ts'
import { decide, openSession, recordName, resolvePath, type Session } from '../run/session.ts'
import { fileName, type Layout } from '../store/layout.ts'
import type { StoredResult } from '../store/store.ts'
import { loadProjectPlan, openProject, type Project } from './project.ts'

export interface GcOptions {
  readonly budget: string
  readonly maxAge: string
  readonly apply: boolean
  readonly json: boolean
}

/** Blobs younger than this may belong to a result that is being written. */
const YOUNG_MS = 3600_000

interface Candidate {
  readonly what: string
  readonly paths: readonly string[]
  readonly bytes: number
  readonly ageMs: number
}

interface Held {
  readonly result: StoredResult
  readonly usedMs: number
  /** Of the manifest alone. */
  readonly bytes: number
  /** '' = nobody needs it. */
  readonly root: string
}

export async function gcCommand(options: GcOptions, io: Io): Promise<number> {
  const budget = options.budget === '' ? null : parseSize(options.budget)
  const maxAgeMs = options.maxAge === '' ? null : parseAge(options.maxAge)
  if (options.apply && budget === null && maxAgeMs === null)
    throw new UserError('gc --apply needs --budget or --max-age', {
      hint: 'kpipe gc --max-age 30d --apply',
      exitCode: 2,
    })
  const project = openProject(io.cwd)
  const lock = options.apply
    ? await acquireLock(project.layout.lock, (reason) => io.err(`${reason}\n`), new AbortController().signal)
    : null
  try {
    const { sessions, broken } = await openSessions(project)
    if (lock && sessions[0]) recover(sessions[0])
    const held = holdResults(project, sessions, broken)
    const doomed = choose(held, budget, maxAgeMs, totalBytes(project.layout.cache), (one) =>
      outputBytes(sessions[0], one),
    )
    const candidates = [
      ...sweep(project.layout, held, doomed, sessions[0]),
      ...leftovers(project.layout, sessions, maxAgeMs),
    ]
    const freed = candidates.reduce((sum, candidate) => sum + candidate.bytes, 0)
    if (options.apply)
      for (const candidate of candidates)
        for (const path of candidate.paths) rmSync(path, { recursive: true, force: true })
    if (options.apply && sessions[0]) forgetResults(sessions[0], doomed)
    if (options.apply) removeEmpty(project.layout)
    const total = totalBytes(project.layout.cache)
    if (options.json)
      io.out(
        `${JSON.stringify({ applied: options.apply, freed, total, kept: held.filter((one) => !doomed.has(one)).map((one) => ({ stage: one.result.stage, key: one.result.key, why: one.root })), removed: candidates.map(({ what, bytes, ageMs }) => ({ what, bytes, ageDays: ageMs / 86400_000 })) }, null, 2)}\n`,
      )
    else io.out(gcText(candidates, held, doomed, freed, total, options.apply, io.columns))
    return 0
  } finally {
    lock?.release()
  }
}

async function openSessions(project: Project): Promise<{ sessions: Session[]; broken: string[] }> {
  const sessions: Session[] = []
  const broken: string[] = []
  for (const [name, file] of project.pipelines) {
    const plan = await loadProjectPlan(project, file, []).catch(() => null)
    if (plan) sessions.push(openSession(project.layout, plan, project.index))
    else broken.push(name)
  }
  return { sessions, broken }
}

/** Every stored result with the reason why it must stay, if there is one. */
function holdResults(project: Project, sessions: readonly Session[], broken: readonly string[]): Held[] {
  const roots = new Map<string, string>()
  const named = new Set<string>()
  for (const session of sessions) {
    for (const stage of session.plan.stages) {
      const record = session.journal.get(recordName(session.plan, stage))
      if (record?.key) roots.set(record.key, `current result of ${recordName(session.plan, stage)}`)
      if (stage.to) for (const hash of hashesIn(resolvePath(session, stage.to))) named.add(hash)
      if (stage.needs.every((id) => session.journal.get(`${session.plan.name}/${id}`)?.key)) {
        const decision = decide(session, stage, false)
        if (decision.action === 'restore')
          roots.set(decision.print.key, `${recordName(session.plan, stage)} would restore it now`)
      }
    }
  }
  // A pipeline that cannot be read may still need all it made.
  for (const record of sessions[0]?.journal.all() ?? [])
    if (broken.some((name) => record.stage.startsWith(`${name}/`)))
      roots.set(record.key, `${record.stage} (its pipeline has mistakes)`)
  return [...(sessions[0]?.store.results.list() ?? [])].map(({ result, usedMs, bytes }) => {
    const published = [result.key, ...Object.values(result.outs).map((content) => content.slice(2))].find((hash) =>
      named.has(hash),
    )
    return { result, usedMs, bytes, root: roots.get(result.key) ?? (published ? 'named by a published file' : '') }
  })
}

/** sha256 hashes written in JSON files at a published place: registry entries name results that way. */
function hashesIn(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  if (stats.isDirectory())
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => hashesIn(join(path, name)))
  return stats.size > 16 << 20 ? [] : (readFileSync(path, 'utf8').match(/\b[0-9a-f]{64}\b/g) ?? [])
}

/** Results to delete: too old, or the oldest until the budget is met. Without limits: all that nobody needs. */
function choose(
  held: readonly Held[],
  budget: number | null,
  maxAgeMs: number | null,
  total: number,
  sizeOf: (one: Held) => number,
): Set<Held> {
  const free = held.filter((one) => one.root === '').sort((a, b) => a.usedMs - b.usedMs)
  if (budget === null && maxAgeMs === null) return new Set(free)
  const doomed = new Set(maxAgeMs === null ? [] : free.filter((one) => Date.now() - one.usedMs > maxAgeMs))
  if (budget !== null) {
    let left = total - [...doomed].reduce((sum, one) => sum + sizeOf(one), 0)
    for (const one of free) {
      if (left <= budget) break
      if (doomed.has(one)) continue
      doomed.add(one)
      left -= sizeOf(one)
    }
  }
  return doomed
}

/** What deleting a result could free: an upper bound, since blobs shared with kept results do not go. */
function outputBytes(session: Session | undefined, held: Held): number {
  const bytes = (content: string) => {
    if (content.startsWith('F:'))
      return statSync(session!.store.blobPath(content.slice(2)), { throwIfNoEntry: false })?.size ?? 0
    return session!.trees.has(content.slice(2))
      ? session!.trees.files(content).reduce((sum, file) => sum + file.bytes, 0)
      : 0
  }
  return session ? Object.values(held.result.outs).reduce((sum, content) => sum + bytes(content), 0) : 0
}

function sweep(
  layout: Layout,
  held: readonly Held[],
  doomed: ReadonlySet<Held>,
  session: Session | undefined,
): Candidate[] {
  if (!session) return []
  const kept = new Set<string>()
  const mark = (one: Held) => {
    const contents = [...Object.values(one.result.outs), ...Object.values(one.result.doc.inputs).flat()]
    for (const content of contents) markContent(session, content, kept)
  }
  for (const one of held) if (!doomed.has(one)) mark(one)
  const now = Date.now()
  const loose = [...filesBelow(layout.blobs), ...filesBelow(layout.trees)].filter((path) => {
    const parts = path.split('/')
    return !kept.has(parts.at(-2)! + parts.at(-1)!) && now - statSync(path).mtimeMs > YOUNG_MS
  })
  const bytes = loose.reduce((sum, path) => sum + statSync(path).size, 0)
  const found: Candidate[] = [...doomed].map((one) => ({
    what: `result of ${one.result.stage}`,
    paths: [],
    bytes: one.bytes,
    ageMs: now - one.usedMs,
  }))
  if (loose.length > 0)
    found.push({ what: `${loose.length.toLocaleString('en')} stored files of them`, paths: loose, bytes, ageMs: 0 })
  return found
}

function markContent(session: Session, content: string, kept: Set<string>): void {
  const hash = content.slice(2)
  if (content === '-' || kept.has(hash)) return
  kept.add(hash)
  if (!content.startsWith('D:') || !existsSync(`${session.layout.trees}/${hash.slice(0, 2)}/${hash.slice(2)}`)) return
  for (const entry of session.trees.entries(hash))
    markContent(session, `${entry.type === 'D' || entry.type === 'L' ? 'D' : 'F'}:${entry.hash}`, kept)
}

/** Run logs and item tables past their age, checkpoints and output folders of stages that are gone. */
function leftovers(layout: Layout, sessions: readonly Session[], maxAgeMs: number | null): Candidate[] {
  const now = Date.now()
  const old = (path: string) => now - statSync(path).mtimeMs > (maxAgeMs ?? 30 * 86400_000)
  const candidate = (what: string, path: string): Candidate => ({
    what,
    paths: [path],
    bytes: totalBytes(path),
    ageMs: now - statSync(path).mtimeMs,
  })
  const resumeKeys = new Set([...(sessions[0]?.journal.all() ?? [])].map((record) => record.resumeKey))
  const outs = new Set(
    sessions.flatMap((session) =>
      session.plan.stages.map((stage) => join(layout.out, fileName(session.plan.name), fileName(stage.id))),
    ),
  )
  const present = sessions.map((session) => join(layout.out, fileName(session.plan.name)))
  return [
    ...children(layout.runs)
      .filter(old)
      .map((path) => candidate('log of an old run', path)),
    ...children(layout.items)
      .filter(old)
      .map((path) => candidate('item results not used for long', path)),
    ...children(layout.checkpoints)
      .filter((path) => !resumeKeys.has(path.split('/').at(-1)!) && old(path))
      .map((path) => candidate('checkpoints that no stage would continue from', path)),
    ...children(layout.out)
      .filter((path) => present.includes(path))
      .flatMap(children)
      .filter((path) => !outs.has(path))
      .map((path) => candidate('output of a stage that is gone', path)),
  ]
}

function gcText(
  candidates: readonly Candidate[],
  held: readonly Held[],
  doomed: ReadonlySet<Held>,
  freed: number,
  total: number,
  applied: boolean,
  width: number,
): string {
  const rows = [...candidates]
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 20)
    .map((candidate) => [
      bytes(candidate.bytes),
      candidate.ageMs > 0 ? `${Math.floor(candidate.ageMs / 86400_000)} d` : '',
      candidate.what,
    ])
  const more = candidates.length - rows.length
  const keepers = held.filter((one) => one.root !== '')
  const lines = [
    ...columns([['bytes', 'unused', 'what'], ...rows], width),
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
    `${applied ? 'freed' : 'would free'} ${bytes(freed)}: ${doomed.size} of ${held.length} results; ${keepers.length} are needed by current pipelines or the registry`,
    `cache: ${bytes(total)}${applied ? '' : ' (nothing was deleted; --apply with --max-age or --budget deletes)'}`,
  ]
  return `${candidates.length === 0 ? lines.slice(1).join('\n').trimStart() : lines.join('\n')}\n`
}

function children(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

function filesBelow(folder: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  )
}

function totalBytes(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return 0
  if (!stats.isDirectory()) return stats.size
  return filesBelow(path).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function forgetResults(session: Session, doomed: ReadonlySet<Held>): void {
  for (const one of doomed) session.store.results.drop(one.result.key)
  session.store.results.compact(0)
  session.store.results.close()
}

function removeEmpty(layout: Layout): void {
  for (const folder of [layout.blobs, layout.trees].flatMap(children)) {
    try {
      rmdirSync(folder)
    } catch {
      // not empty
    }
  }
}

/** `5G`, `500M`, `1.5G`, plain bytes. */
function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text)
  if (!match) throw new UserError(`--budget must be a size such as 500M or 5G, got "${text}"`, { exitCode: 2 })
  return Number(match[1]) * 1024 ** ' KMGT'.indexOf(match[2]!.toUpperCase() || ' ')
}

/** `30d`, `12h`. */
function parseAge(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([dhm])$/.exec(text)
  if (!match) throw new UserError(`--max-age must be an age such as 30d or 12h, got "${text}"`, { exitCode: 2 })
  return Number(match[1]) * { d: 86400_000, h: 3600_000, m: 60_000 }[match[2] as 'd' | 'h' | 'm']
}

function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  const power = Math.min(4, Math.floor(Math.log2(value) / 10))
  return `${(value / 1024 ** power).toFixed(value / 1024 ** power < 10 ? 1 : 0)} ${' KMGT'[power]}B`
}
