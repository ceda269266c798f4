/** Finding the project and its pipelines, and their plans: from the plan cache while nothing they were made from has moved. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { allKinds, buildInfo, loadKind, ownKindFiles } from '../kinds.ts'
import { UserError } from '../lib/errors.ts'
import { readJson, sha256, writeAtomic } from '../lib/files.ts'
import { nearest } from '../lib/nearest.ts'
import type { Plan } from '../plan.ts'
import { openSession, type Session } from '../run/session.ts'
import { type Layout, layoutOf } from '../store/layout.ts'
import { StatIndex } from '../store/stat-index.ts'

/** Looked for first when no pipeline is named. */
const DEFAULT_PIPELINES = ['default', 'kelly']

export interface Project {
  readonly layout: Layout
  readonly index: StatIndex
  /** Pipeline files by name. */
  readonly pipelines: ReadonlyMap<string, string>
}

/**
 * The nearest folder at or above `cwd` that has a `pipelines/` folder, or that kpipe has worked in before with a pipeline
 * file that lies there by itself.
 */
export function openProject(cwd: string): Project {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (isFolder(join(folder, 'pipelines')) || existsSync(layoutOf(folder).journal)) return projectAt(folder)
    if (folder === dirname(folder)) break
  }
  throw new UserError(`no kpipe project here: neither ${cwd} nor a folder above it has a pipelines/ folder`, {
    hint: 'kpipe init my-models makes one; or go to yours, or name a pipeline file: kpipe run path/to/pipeline.yaml',
    exitCode: 2,
  })
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

export function projectAt(root: string): Project {
  const layout = layoutOf(root)
  const hasFolder = isFolder(join(root, 'pipelines'))
  const folder = hasFolder ? join(root, 'pipelines') : root
  const files = readdirSync(folder).filter(
    (name) => /\.ya?ml$/.test(name) && (hasFolder || isPipeline(join(folder, name))),
  )
  return {
    layout,
    index: new StatIndex(layout.statIndex),
    pipelines: new Map(files.sort().map((name) => [name.replace(/\.ya?ml$/, ''), join(folder, name)])),
  }
}

/** YAML of others may lie beside it. */
function isPipeline(file: string): boolean {
  try {
    return /^stages\s*:/m.test(readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}

export interface Selection {
  readonly project: Project
  readonly file: string
  /** Stage or group names that were given. */
  readonly stages: readonly string[]
}

/** Which pipeline and which stages the words on the command line mean. A pipeline's name wins over a stage's. */
export function select(words: readonly string[], cwd: string): Selection {
  const [first, ...rest] = words
  if (first !== undefined && /\.ya?ml$/.test(first)) {
    const file = resolve(cwd, first)
    if (!existsSync(file))
      throw new UserError(`there is no pipeline file ${first}`, {
        hint: 'kpipe list pipelines names those of this project',
        exitCode: 2,
      })
    const folder = dirname(file)
    return { project: projectAt(basename(folder) === 'pipelines' ? dirname(folder) : folder), file, stages: rest }
  }
  const project = openProject(cwd)
  const named = first === undefined ? undefined : project.pipelines.get(first)
  if (named) return { project, file: named, stages: rest }
  return { project, file: defaultPipeline(project, words), stages: words }
}

function defaultPipeline(project: Project, words: readonly string[]): string {
  const { pipelines } = project
  for (const name of DEFAULT_PIPELINES) if (pipelines.has(name)) return pipelines.get(name)!
  if (pipelines.size === 1) return [...pipelines.values()][0]!
  if (pipelines.size === 0)
    throw new UserError(`${join(project.layout.root, 'pipelines')} holds no pipeline (*.yaml)`, {
      hint: 'kpipe init . --template blank makes one',
      exitCode: 2,
    })
  const near = words[0] ? nearest(words[0], pipelines.keys()) : ''
  throw new UserError(`which pipeline? there are ${[...pipelines.keys()].join(', ')}`, {
    hint: near ? `did you mean ${near}?` : `name one: kpipe run ${[...pipelines.keys()][0]}`,
    exitCode: 2,
  })
}

interface CachedPlan {
  readonly build: string
  readonly ownKinds: readonly string[]
  /** path → sha256, '' = absent */
  readonly sources: Readonly<Record<string, string>>
  readonly plan: Plan
}

/** The plan of a pipeline file. Throws a PipelineError with every mistake in it. */
export async function loadProjectPlan(project: Project, file: string, set: readonly string[]): Promise<Plan> {
  const { layout, index } = project
  const cacheFile = join(
    layout.plans,
    `${sha256(JSON.stringify([relative(layout.root, file), set])).slice(0, 24)}.json`,
  )
  const cached = readJson<CachedPlan>(cacheFile)
  if (cached && isCurrent(cached, layout.root, index)) return cached.plan
  const [{ loadPlan, formatDiagnostics }, kinds, { configCatalog }] = await Promise.all([
    import('../plan/index.ts'),
    allKinds(layout.root, layout.kinds),
    import('../models/catalog.ts'),
  ])
  const loaded = await loadPlan({ root: layout.root, file, kinds: kinds.kinds, catalog: configCatalog, set: [...set] })
  if ('diagnostics' in loaded) throw new PipelineError(formatDiagnostics, loaded.diagnostics, layout.root)
  const sources: Record<string, string> = { ...loaded.plan.sources }
  for (const source of kinds.sources) sources[source] = index.hashFile(join(layout.root, source))
  const fresh: CachedPlan = { build: buildInfo().id, ownKinds: ownKindFiles(layout.root), sources, plan: loaded.plan }
  keep(cacheFile, fresh)
  return loaded.plan
}

/** A project that may not be written to can still be looked at. */
function keep(file: string, plan: CachedPlan): void {
  try {
    writeAtomic(file, JSON.stringify(plan))
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error
  }
}

function isCurrent(cached: CachedPlan, root: string, index: StatIndex): boolean {
  if (cached.build !== buildInfo().id || JSON.stringify(cached.ownKinds) !== JSON.stringify(ownKindFiles(root)))
    return false
  // A bundle of a user's own kind that was deleted with the rest of the cache is made again.
  if (!cached.plan.stages.every((stage) => stage.kindFile === '' || existsSync(stage.kindFile))) return false
  return Object.entries(cached.sources).every(([source, hash]) => {
    const path = resolve(root, source)
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats ? stats.isFile() && index.hashFile(path, stats) === hash : hash === ''
  })
}

export async function openPipeline(selection: Selection, set: readonly string[]): Promise<Session> {
  const plan = await loadProjectPlan(selection.project, selection.file, set)
  return openSession(selection.project.layout, plan, selection.project.index, loadKind)
}

type Format = typeof import('../plan/index.ts').formatDiagnostics
type Diagnostics = Parameters<Format>[0]

/** Every mistake of a pipeline; printed whole, exit code 2. */
export class PipelineError extends Error {
  readonly #format: Format
  readonly diagnostics: Diagnostics
  readonly root: string
  constructor(format: Format, diagnostics: Diagnostics, root: string) {
    super('the pipeline has mistakes')
    this.name = 'PipelineError'
    this.#format = format
    this.diagnostics = diagnostics
    this.root = root
  }
  text(readSource: (file: string) => string | undefined, color: boolean): string {
    return this.#format(this.diagnostics, readSource, { color })
  }
}
