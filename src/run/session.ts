/** What one command works with: the plan, the store and the indexes, opened together; and what a stage would do now. */
import { mkdirSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { InputRef, Plan, StagePlan } from '../plan.ts'
import { explainChange } from '../store/explain.ts'
import { envHash, type KeyDocument, keyOf, PLATFORM, resumeKeyOf } from '../store/fingerprint.ts'
import { Journal, type StageRecord } from '../store/journal.ts'
import { fileName, type Layout } from '../store/layout.ts'
import type { StatIndex } from '../store/stat-index.ts'
import { Store, type StoredResult } from '../store/store.ts'
import { type ContentHash, expandGlob, hashBelow, Trees } from '../store/tree.ts'

export interface Session {
  readonly layout: Layout
  readonly plan: Plan
  readonly index: StatIndex
  readonly trees: Trees
  readonly store: Store
  /** Replaced when the run lock was taken after another run had worked. */
  journal: Journal
  readonly stages: ReadonlyMap<string, StagePlan>
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function openSession(
  layout: Layout,
  plan: Plan,
  index: StatIndex,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Session {
  const trees = new Trees(layout, index)
  return {
    layout,
    plan,
    index,
    trees,
    store: new Store(layout, trees, index),
    journal: new Journal(layout.journal),
    stages: new Map(plan.stages.map((stage) => [stage.id, stage])),
    environment,
  }
}

export const recordName = (plan: Plan, stage: StagePlan): string => `${plan.name}/${stage.id}`

/** Absolute output paths of a stage by name: '' = the output folder, else the declared outs of a command. */
export function outputPaths(session: Session, stage: StagePlan): Record<string, string> {
  if (!stage.command) return { '': join(session.layout.out, fileName(session.plan.name), fileName(stage.id)) }
  return Object.fromEntries(stage.command.outs.map((out) => [out, resolvePath(session, out)]))
}

export const resolvePath = (session: Session, path: string): string =>
  isAbsolute(path) ? path : join(session.layout.root, path)

/** For people: inside the project relative to it, else as it is. */
export function displayPath(session: Session, path: string): string {
  const below = relative(session.layout.root, path)
  return below.startsWith('..') || isAbsolute(below) ? path : below
}

export interface ResolvedInput {
  readonly stage: string | null
  /** Absolute; of a glob the project folder. */
  readonly path: string
  readonly content: ContentHash
  /** Matches of a glob, relative to the project folder. */
  readonly matches: readonly string[] | null
}

export interface Fingerprint {
  readonly doc: KeyDocument
  readonly key: string
  readonly inputs: Readonly<Record<string, ResolvedInput | readonly ResolvedInput[]>>
  /** Inputs that are not there, as written. */
  readonly missing: readonly string[]
}

/** Hash everything the stage depends on. Its producers must be done. */
export function fingerprint(session: Session, stage: StagePlan): Fingerprint {
  const missing: string[] = []
  const inputs: Record<string, ResolvedInput | readonly ResolvedInput[]> = {}
  const resolve = (ref: InputRef): ResolvedInput => {
    const input = resolveInput(session, ref)
    if (input.content === '-' || input.matches?.length === 0)
      missing.push('file' in ref ? ref.file : `${ref.stage}${ref.path ? `:${ref.path}` : ''}`)
    return input
  }
  for (const [name, ref] of Object.entries(stage.inputs))
    inputs[name] = Array.isArray(ref) ? ref.map(resolve) : resolve(ref as InputRef)
  for (const [name, path] of Object.entries(stage.external)) inputs[name] = resolve({ file: path })
  for (const dep of stage.command?.deps ?? []) inputs[dep] = resolve({ file: dep })
  const options =
    stage.unkeyed.length === 0
      ? stage.options
      : Object.fromEntries(Object.entries(stage.options).filter(([name]) => !stage.unkeyed.includes(name)))
  const doc: KeyDocument = {
    v: 1,
    kind: stage.kind,
    code: stage.code,
    platform: PLATFORM,
    options: withoutPaths(options, stage.external),
    command: stage.command ? { run: stage.command.run, outs: stage.command.outs, params: stage.command.params } : null,
    env: Object.fromEntries(
      Object.keys(stage.env).map((name) => [name, envHash(stage.env[name] ?? session.environment[name])]),
    ),
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [
        name,
        Array.isArray(input) ? input.map((one: ResolvedInput) => one.content) : (input as ResolvedInput).content,
      ]),
    ),
  }
  return { doc, key: keyOf(doc), inputs, missing }
}

/** Where a user's data lies must not matter, only what it holds: an option that is the path of an external input stands as its name. */
function withoutPaths(
  options: Readonly<Record<string, unknown>>,
  external: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const names = new Map(Object.entries(external).map(([name, path]) => [path, name]))
  if (names.size === 0) return { ...options }
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      typeof value === 'string' && names.has(value) ? `<external ${names.get(value)}>` : value,
    ]),
  )
}

function resolveInput(session: Session, ref: InputRef): ResolvedInput {
  if ('stage' in ref) {
    const producer = session.stages.get(ref.stage)!
    const outs = outputPaths(session, producer)
    if (!producer.command) {
      const base = session.trees.hash(outs['']!)
      return {
        stage: ref.stage,
        path: join(outs['']!, ref.path),
        content: ref.path ? hashBelow(session.trees, base, ref.path) : base,
        matches: null,
      }
    }
    const path = ref.path ? resolvePath(session, ref.path) : (Object.values(outs)[0] ?? '')
    return { stage: ref.stage, path, content: session.trees.hash(path), matches: null }
  }
  if (/[*?]/.test(ref.file)) {
    const matches = expandGlob(session.layout.root, ref.file)
    return {
      stage: null,
      path: session.layout.root,
      content: session.trees.ofFiles(session.layout.root, matches),
      matches,
    }
  }
  const path = resolvePath(session, expandHome(ref.file, session))
  return { stage: null, path, content: session.trees.hash(path), matches: null }
}

const expandHome = (path: string, session: Session) =>
  path.startsWith('~/') ? join(session.environment['HOME'] ?? '', path.slice(2)) : path

export type Decision =
  | { readonly action: 'fresh'; readonly print: Fingerprint; readonly record: StageRecord }
  | { readonly action: 'restore'; readonly print: Fingerprint; readonly result: StoredResult; readonly reason: string }
  | {
      readonly action: 'run'
      readonly print: Fingerprint
      readonly reason: string
      readonly reasons: readonly string[]
    }

/** What the stage has to do now, and why. Its producers must be done. Reads only. */
export function decide(session: Session, stage: StagePlan, force: boolean): Decision {
  const print = fingerprint(session, stage)
  const record = session.journal.get(recordName(session.plan, stage))
  if (force) return { action: 'run', print, reason: 'forced', reasons: ['forced'] }
  const edited = record?.key === print.key ? editedOutputs(session, stage, record) : []
  if (record && record.key === print.key && !record.dirty && edited.length === 0)
    return { action: 'fresh', print, record }
  const result = session.store.results.get(print.key)
  const reasons = whyStale(session, print, record, edited)
  if (result && session.store.complete(result)) return { action: 'restore', print, result, reason: reasons.join('; ') }
  return { action: 'run', print, reason: summarize(reasons), reasons }
}

function editedOutputs(session: Session, stage: StagePlan, record: StageRecord): string[] {
  return Object.entries(outputPaths(session, stage)).flatMap(([out, path]) => {
    const now = session.trees.hash(path)
    if (now === record.outs[out]) return []
    return [`${out || 'output'} ${now === '-' ? 'is missing' : 'was changed by hand'}`]
  })
}

function whyStale(
  session: Session,
  print: Fingerprint,
  record: StageRecord | undefined,
  edited: readonly string[],
): string[] {
  if (record?.dirty)
    return record.key
      ? ['the last attempt did not finish', ...changesSince(session, print, record)]
      : ['the last attempt did not finish']
  if (!record) return ['never ran before']
  if (record.key === print.key) return edited.length > 0 ? [...edited] : ['its result is gone from the cache']
  const changes = changesSince(session, print, record)
  return changes.length > 0 ? changes : ['the last result is not in the cache any more']
}

/** Sentences on what differs between the last good run's key document and now. */
export function changesSince(session: Session, print: Fingerprint, record: StageRecord): string[] {
  if (record.key === print.key) return []
  const last = session.store.results.get(record.key)
  if (!last) return []
  const places = Object.entries(print.inputs).flatMap(([name, input]) =>
    Array.isArray(input) ? [] : [[name, (input as ResolvedInput).path] as const],
  )
  return explainChange(last.doc, print.doc, session.trees, session.store, Object.fromEntries(places))
}

const MOST_REASONS = 3
function summarize(reasons: readonly string[]): string {
  const more = reasons.length - MOST_REASONS
  return reasons.slice(0, MOST_REASONS).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** Checkpoint folder offered to the stage under this fingerprint, or null where its kind cannot resume. */
export function checkpointFolder(
  session: Session,
  stage: StagePlan,
  print: Fingerprint,
): { path: string; resumeKey: string } | null {
  if (stage.resumeIgnore === null) return null
  const resumeKey = resumeKeyOf(print.doc, stage.resumeIgnore)
  const path = join(session.layout.checkpoints, resumeKey)
  mkdirSync(path, { recursive: true })
  return { path, resumeKey }
}

/** True if the `to:` copies of a stage's outputs say what its outputs say. Stat-only when nothing moved. */
export function publishedFiles(
  session: Session,
  stage: StagePlan,
  content: ContentHash,
): readonly { from: string; to: string; hash: string }[] {
  const out = outputPaths(session, stage)['']!
  const target = resolvePath(session, stage.to)
  return session.trees
    .files(content)
    .map((file) => ({ from: join(out, file.path), to: join(target, file.path), hash: `F:${file.hash}` }))
}

export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
