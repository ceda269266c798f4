/** What one command works with: the plan, the store and the indexes, opened together; and where a stage's inputs and outputs lie. */
import { mkdirSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { InputRef, Plan, StagePlan } from '../plan.ts'
import type { StageKind } from '../stage.ts'
import { envHash, type KeyDocument, keyOf, PLATFORM, resumeKeyOf } from '../store/fingerprint.ts'
import { Journal } from '../store/journal.ts'
import { fileName, type Layout } from '../store/layout.ts'
import type { StatIndex } from '../store/stat-index.ts'
import { Store } from '../store/store.ts'
import { type ContentHash, expandGlob, hashBelow, Trees } from '../store/tree.ts'

/** A kind by name, or by the file of a user's own; given from the front door, since the runner knows no kinds. */
export type LoadKind = (name: string, file: string) => Promise<StageKind>

export interface Session {
  readonly layout: Layout
  readonly plan: Plan
  readonly index: StatIndex
  readonly trees: Trees
  readonly store: Store
  /** Replaced when the run lock was taken after another run had worked. */
  journal: Journal
  readonly stages: ReadonlyMap<string, StagePlan>
  /** Stages whose metrics others read: gates, and kinds they are inputs of. */
  readonly asked: ReadonlySet<string>
  readonly loadKind: LoadKind
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function openSession(
  layout: Layout,
  plan: Plan,
  index: StatIndex,
  loadKind: LoadKind,
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
    asked: new Set(plan.stages.flatMap(askedBy)),
    loadKind,
    environment,
  }
}

function askedBy(stage: StagePlan): string[] {
  const refs = stage.command ? [] : (Object.values(stage.inputs).flat() as InputRef[])
  return [...stage.gates.map((gate) => gate.stage), ...refs.flatMap((ref) => ('stage' in ref ? [ref.stage] : []))]
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
  const options = Object.fromEntries(
    Object.entries({ ...stage.options, ...stage.keyed }).filter(([name]) => !stage.unkeyed.includes(name)),
  )
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
  const named = (value: unknown): unknown => {
    if (typeof value === 'string') return names.has(value) ? `<external ${names.get(value)}>` : value
    if (Array.isArray(value)) return value.map(named)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner)]))
  }
  return named(options) as Record<string, unknown>
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

/** Where each file of a stage's output goes at `to:`, and what should stand there. */
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
