/**
 * What of the cache nobody needs, and why the rest must stay. Kept always: the last good result of every stage of the present
 * pipelines, what one of them would restore now, and every result that a published file (the registry) names by hash. Looks
 * only; deleting is the command's.
 */
import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { decide } from '../run/decide.ts'
import { recordName, resolvePath, type Session } from '../run/session.ts'
import { Journal } from '../store/journal.ts'
import { fileName, type Layout } from '../store/layout.ts'
import type { StatIndex } from '../store/stat-index.ts'
import { Store, type StoredResult } from '../store/store.ts'
import { Trees } from '../store/tree.ts'

export interface Limits {
  /** Bytes the cache may have; null = any. */
  readonly budget: number | null
  /** Not used for longer than this; null = any age. */
  readonly maxAgeMs: number | null
}

export interface Candidate {
  readonly what: string
  readonly paths: readonly string[]
  readonly bytes: number
  readonly ageMs: number
}

export interface Held {
  readonly result: StoredResult
  readonly usedMs: number
  /** Of the manifest alone. */
  readonly bytes: number
  /** Why it must stay; '' = nobody needs it. */
  readonly root: string
}

/** Everything gc looks at, opened once. */
export interface Cache {
  readonly layout: Layout
  readonly trees: Trees
  readonly store: Store
  readonly journal: Journal
  /** Of every pipeline that can be read. */
  readonly sessions: readonly Session[]
  /** Some pipeline cannot be read: what it needs is not known. */
  readonly broken: boolean
}

export interface Garbage {
  readonly held: readonly Held[]
  readonly doomed: ReadonlySet<Held>
  readonly candidates: readonly Candidate[]
}

const DAY_MS = 86_400_000
/** Logs, items and checkpoints of this age go where no other age is asked for. */
const OLD_MS = 30 * DAY_MS

export function openCache(layout: Layout, index: StatIndex, sessions: readonly Session[], broken: boolean): Cache {
  const trees = new Trees(layout, index)
  return {
    layout,
    trees,
    store: new Store(layout, trees, index),
    journal: new Journal(layout.journal),
    sessions,
    broken,
  }
}

export function findGarbage(cache: Cache, limits: Limits): Garbage {
  const held = heldResults(cache)
  const doomed = choose(held, limits, totalBytes(cache.layout.cache), (one) => outputBytes(cache, one))
  return { held, doomed, candidates: [...sweep(cache, held, doomed), ...leftovers(cache, limits.maxAgeMs ?? OLD_MS)] }
}

/** Every stored result with the reason why it must stay, if there is one. */
function heldResults(cache: Cache): Held[] {
  const roots = new Map([...rootsOfBroken(cache), ...cache.sessions.flatMap(rootsOfPipeline)])
  const named = new Set(
    cache.sessions.flatMap((session) =>
      session.plan.stages.flatMap((stage) => (stage.to ? hashesIn(resolvePath(session, stage.to)) : [])),
    ),
  )
  return [...cache.store.results.list()].map(({ result, usedMs, bytes }) => {
    const hashes = [result.key, ...Object.values(result.outs).map((content) => content.slice(2))]
    const published = hashes.some((hash) => named.has(hash)) ? 'named by a published file' : ''
    return { result, usedMs, bytes, root: roots.get(result.key) ?? published }
  })
}

/** A pipeline that cannot be read may still need all it made; only its records tell which results those are. */
function rootsOfBroken({ broken, journal, sessions }: Cache): (readonly [string, string])[] {
  if (!broken) return []
  const readable = sessions.map((session) => `${session.plan.name}/`)
  return [...journal.all()]
    .filter((record) => record.key !== '' && !readable.some((name) => record.stage.startsWith(name)))
    .map((record) => [record.key, `${record.stage} (its pipeline has mistakes)`])
}

function rootsOfPipeline(session: Session): (readonly [string, string])[] {
  return session.plan.stages.flatMap((stage) => {
    const name = recordName(session.plan, stage)
    const record = session.journal.get(name)
    const current = record?.key ? [[record.key, `current result of ${name}`] as const] : []
    if (!stage.needs.every((id) => session.journal.get(`${session.plan.name}/${id}`)?.key)) return current
    try {
      const decision = decide(session, stage, false)
      if (decision.action !== 'restore') return current
      return [...current, [decision.print.key, `${name} would restore it now`] as const]
    } catch {
      return current // its inputs cannot be looked at: then nothing can be restored either
    }
  })
}

/** sha256 hashes written in JSON files at a published place: registry entries name results that way. */
function hashesIn(path: string): string[] {
  const MOST_BYTES = 16 << 20
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  if (stats.isDirectory())
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => hashesIn(join(path, name)))
  return stats.size > MOST_BYTES ? [] : (readFileSync(path, 'utf8').match(/\b[0-9a-f]{64}\b/g) ?? [])
}

/** Results to delete: too old, or the oldest until the budget is met. Without limits: all that nobody needs. */
function choose(
  held: readonly Held[],
  { budget, maxAgeMs }: Limits,
  total: number,
  sizeOf: (one: Held) => number,
): Set<Held> {
  const free = held.filter((one) => one.root === '').sort((a, b) => a.usedMs - b.usedMs)
  if (budget === null && maxAgeMs === null) return new Set(free)
  const doomed = new Set(maxAgeMs === null ? [] : free.filter((one) => Date.now() - one.usedMs > maxAgeMs))
  let left = total - [...doomed].reduce((sum, one) => sum + sizeOf(one), 0)
  for (const one of free) {
    if (budget === null || left <= budget) break
    if (doomed.has(one)) continue
    doomed.add(one)
    left -= sizeOf(one)
  }
  return doomed
}

/** What deleting a result could free: an upper bound, since blobs shared with kept results do not go. */
function outputBytes({ store, trees }: Cache, held: Held): number {
  const bytes = (content: string) => {
    if (content.startsWith('F:'))
      return statSync(store.blobPath(content.slice(2)), { throwIfNoEntry: false })?.size ?? 0
    return trees.has(content.slice(2)) ? trees.files(content).reduce((sum, file) => sum + file.bytes, 0) : 0
  }
  return Object.values(held.result.outs).reduce((sum, content) => sum + bytes(content), 0)
}

/** Doomed manifests, and every stored file that no other manifest names (of a run that was killed, too). */
function sweep(cache: Cache, held: readonly Held[], doomed: ReadonlySet<Held>): Candidate[] {
  const kept = new Set<string>()
  for (const one of held) {
    if (doomed.has(one)) continue
    const contents = [...Object.values(one.result.outs), ...Object.values(one.result.doc.inputs).flat()]
    for (const content of contents) mark(cache, content, kept)
  }
  const { layout } = cache
  const loose = [...filesBelow(layout.blobs), ...filesBelow(layout.trees)].filter(
    (path) => !kept.has(basename(dirname(path)) + basename(path)),
  )
  const now = Date.now()
  const found: Candidate[] = [...doomed].map((one) => ({
    what: `result of ${one.result.stage}`,
    paths: [],
    bytes: one.bytes,
    ageMs: now - one.usedMs,
  }))
  const bytes = loose.reduce((sum, path) => sum + statSync(path).size, 0)
  const what = `${loose.length.toLocaleString('en')} stored file${loose.length === 1 ? '' : 's'} that no result needs`
  return loose.length === 0 ? found : [...found, { what, paths: loose, bytes, ageMs: 0 }]
}

function mark(cache: Cache, content: string, kept: Set<string>): void {
  const hash = content.slice(2)
  if (content === '-' || kept.has(hash)) return
  kept.add(hash)
  if (!content.startsWith('D:') || !existsSync(join(cache.layout.trees, hash.slice(0, 2), hash.slice(2)))) return
  for (const entry of cache.trees.entries(hash))
    mark(cache, `${entry.type === 'D' || entry.type === 'L' ? 'D' : 'F'}:${entry.hash}`, kept)
}

/** Run logs, item tables, checkpoints and plans past their age, and output folders of stages that are gone. */
function leftovers({ layout, journal, sessions }: Cache, maxAgeMs: number): Candidate[] {
  const now = Date.now()
  const age = (path: string) => now - statSync(path).mtimeMs
  const oldOnes = (folder: string, least = maxAgeMs) => children(folder).filter((path) => age(path) > least)
  const candidates = (what: string, paths: readonly string[]): Candidate[] =>
    paths.map((path) => ({ what, paths: [path], bytes: totalBytes(path), ageMs: age(path) }))
  const resumeKeys = new Set([...journal.all()].map((record) => record.resumeKey))
  const stages = sessions.flatMap((session) => session.plan.stages)
  const bundles = new Set(stages.map((stage) => stage.kindFile))
  return [
    ...candidates('log of an old run', oldOnes(layout.runs)),
    ...candidates('item results not used for long', oldOnes(layout.items)),
    ...candidates(
      'checkpoints that no stage would continue from',
      oldOnes(layout.checkpoints).filter((path) => !resumeKeys.has(basename(path))),
    ),
    // Small, and written again by the next look: never sooner than after a month.
    ...candidates('a plan of long ago', oldOnes(layout.plans, OLD_MS)),
    ...candidates(
      'a stage kind as it was long ago',
      oldOnes(layout.kinds, OLD_MS).filter((path) => !bundles.has(path)),
    ),
    ...candidates('output of a stage that is gone', goneOutputs(layout, sessions)),
  ]
}

/** Of pipelines that are read only: about the others nothing is known. */
function goneOutputs(layout: Layout, sessions: readonly Session[]): string[] {
  return sessions.flatMap(({ plan }) => {
    const folder = join(layout.out, fileName(plan.name))
    const present = new Set(plan.stages.map((stage) => join(folder, fileName(stage.id))))
    return children(folder).filter((path) => !present.has(path))
  })
}

export function children(folder: string): string[] {
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

export function totalBytes(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return 0
  if (!stats.isDirectory()) return stats.size
  return filesBelow(path).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
}
