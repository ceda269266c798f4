/**
 * registry.json: read, merge a newly exported model in, write. Knows the rules (versions, statuses, a production model is
 * never replaced in silence) and no files besides registry.json: publish.ts moves those.
 */
import { existsSync, readFileSync } from 'node:fs'
import { UserError } from '../lib/errors.ts'
import { checkSchema } from '../lib/schema.ts'
import {
  type Registry,
  type RegistryEntry,
  registrySchema,
  type Status,
  type TrainingFacts,
  type VersionRecord,
} from './schema.ts'

/** A model as this pipeline exported it: all of its entry that follows from content alone. */
export interface Candidate {
  readonly id: string
  readonly format: string
  readonly task: string
  readonly sha256: string
  readonly training: TrainingFacts
  readonly [key: string]: unknown
}

/** Facts of the moment, which must not make a stage's output differ: asked for only when a version is new. */
export interface Moment {
  readonly trainingDate: string | null
  readonly gitCommit: () => string | null
}

/** Which status may follow which. Setting one by hand in registry.json is a step, too. */
export const statusSteps: Readonly<Record<Status, readonly Status[]>> = {
  stub: ['training', 'trained'],
  training: ['stub', 'trained'],
  trained: ['training', 'production', 'deprecated'],
  production: ['trained', 'deprecated'],
  deprecated: ['trained'],
}

/** @throws UserError for a step that is not allowed */
export function stepStatus(from: Status, to: Status): Status {
  if (from === to || statusSteps[from].includes(to)) return to
  throw new UserError(`a ${from} model cannot become ${to}`, {
    hint: `from ${from} it can become ${statusSteps[from].join(' or ')}`,
  })
}

/** @throws UserError where the file is not JSON or not a registry; it is then left as it is. No file: an empty registry. */
export function readRegistry(path: string): Registry {
  if (!existsSync(path)) return { $schema: './registry.schema.json', registry_version: '1.1', models: [] }
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw broken(path, `is not JSON: ${(error as Error).message}`)
  }
  checkRegistry(value, path)
  return value as Registry
}

/** Text of registry.json. @throws UserError where the registry does not fit its schema */
export function registryText(registry: Registry, path: string): string {
  checkRegistry(registry, path)
  return `${JSON.stringify(registry, null, 2)}\n`
}

/**
 * The registry with this model in it; other models, their order and unknown fields stay. A content that is known keeps its
 * version, status, date and commit. A new one gets the next version and status `trained`: it takes the place of the one
 * listed, unless that one is in production, which then stays and the new one is listed after it.
 *
 * @throws UserError where two versions of the model are in production
 */
export function mergeModel(registry: Registry, candidate: Candidate, moment: Moment): Registry {
  const listed = registry.models.filter((entry) => entry.id === candidate.id)
  const history = listed.flatMap((entry) => entry.history ?? [])
  const inProduction = listed.filter((entry) => entry.status === 'production')
  if (inProduction.length > 1) {
    const versions = inProduction.map((entry) => entry.version ?? 'without number').join(' and ')
    throw new UserError(`registry.json lists two versions of ${candidate.id} in production: ${versions}`, {
      hint: 'set all but one of them to deprecated',
    })
  }
  const newest = entryOf(candidate, listed, history, moment)
  const known = listed.find((entry) => entry.sha256 === candidate.sha256)
  const production = inProduction[0] === known ? undefined : inProduction[0]
  const stays = production ? [production, known] : [known]
  const retired = listed.filter((entry) => !stays.includes(entry) && entry.status !== 'stub').map(recordOf)
  const before = [...history.filter((record) => record.sha256 !== candidate.sha256), ...retired]
  before.sort((a, b) => a.version - b.version)
  const shown = production
    ? [{ ...production, history: before }, omit(newest, ['history'])]
    : [{ ...newest, history: before }]
  return { ...registry, models: inPlace(registry.models, candidate.id, shown as RegistryEntry[]) }
}

/** The entry that stands for this content; without `file`, `exports` and `card`, which depend on where it is put. */
function entryOf(
  candidate: Candidate,
  listed: readonly RegistryEntry[],
  history: readonly VersionRecord[],
  moment: Moment,
): object {
  const known = listed.find((entry) => entry.sha256 === candidate.sha256)
  const earlier = known ?? history.find((record) => record.sha256 === candidate.sha256)
  if (earlier) {
    const { git_commit = null, training_date = null } = earlier.training ?? {}
    const status = known ? known.status : stepStatus(earlier.status, 'trained')
    const training = { ...candidate.training, git_commit, training_date }
    return ordered({ ...earlier, ...candidate, status, version: earlier.version ?? 1, training })
  }
  const last = Math.max(0, ...[...listed, ...history].map((item) => item.version ?? (item.status === 'stub' ? 0 : 1)))
  const training = { ...candidate.training, git_commit: moment.gitCommit(), training_date: moment.trainingDate }
  return ordered({ ...candidate, status: 'trained', version: last + 1, training })
}

/** The documented fields first and in the documented order, then all others as they come. */
export function ordered<T extends object>(entry: T): T {
  const first = ['id', 'file', 'format', 'task', 'status', 'version', 'training', 'exports', 'sha256', 'bytes']
  const rank = (key: string) => (key === 'history' ? Infinity : first.includes(key) ? first.indexOf(key) : first.length)
  const entries = Object.entries(entry).sort(([a], [b]) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
  return Object.fromEntries(entries) as T
}

function recordOf(entry: RegistryEntry): VersionRecord {
  const rest = omit(entry, ['id', 'file', 'exports', 'card', 'history'])
  return {
    ...rest,
    version: entry.version ?? 1,
    status: stepStatus(entry.status, entry.status === 'training' ? 'training' : 'deprecated'),
  }
}

/** Puts the entries of one model where its first one stood, or at the end. */
function inPlace(models: readonly RegistryEntry[], id: string, shown: readonly RegistryEntry[]): RegistryEntry[] {
  const at = models.findIndex((entry) => entry.id === id)
  const others = models.filter((entry) => entry.id !== id)
  const before = at < 0 ? others.length : models.slice(0, at).filter((entry) => entry.id !== id).length
  return [...others.slice(0, before), ...shown, ...others.slice(before)]
}

function omit<T extends object>(value: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as T
}

function checkRegistry(value: unknown, path: string): void {
  const [problem, ...more] = checkSchema(registrySchema, value)
  if (!problem) return
  const where = problem.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${key}` : key),
    '',
  )
  const rest = more.length > 0 ? ` (and ${more.length} more)` : ''
  throw broken(path, `${where ? `${where} ` : ''}${problem.message}${rest}`)
}

function broken(path: string, what: string): UserError {
  return new UserError(`${path}: ${what}`, {
    hint: 'mend it by hand or move it away; kpipe does not overwrite a registry it cannot read',
  })
}
