/** `kpipe registry`: the versions of every model, another status for one of them, and whether the listed files are sound. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import { nearest } from '../lib/nearest.ts'
import { writeCards } from '../registry/publish.ts'
import { readRegistry, registryText } from '../registry/registry.ts'
import { type Registry, type RegistryEntry, type Status, statuses } from '../registry/schema.ts'
import { registryFaults, setStatus } from '../registry/status.ts'
import { columns, number } from '../reporters/text.ts'
import { acquireLock } from '../run/lock.ts'
import { loadProjectPlan, openProject, type Project } from './project.ts'

export interface RegistryOptions {
  readonly words: readonly string[]
  /** registry.json or the folder it lies in; '' = where the project's pipelines register. */
  readonly file: string
  /** 0 = the newest one listed. */
  readonly version: number
  readonly json: boolean
}

const ACTIONS = ['list', 'check', 'set']

export async function registryCommand(options: RegistryOptions, io: Io): Promise<number> {
  const [action = 'list', ...words] = options.words
  if (!ACTIONS.includes(action)) throw unknownAction(action)
  const most = action === 'set' ? 2 : 0
  if (words.length > most)
    throw new UserError(`registry ${action} takes no ${words[most]}`, { hint: 'kpipe registry --help', exitCode: 2 })
  const files = options.file ? [fileOf(resolve(io.cwd, options.file))] : await registriesOf(openProject(io.cwd))
  if (action === 'set') return set(files, words, options, io)
  const registries = files.map((file) => ({ file, registry: readRegistry(file) }))
  return action === 'check' ? check(registries, options, io) : list(registries, options, io)
}

function unknownAction(word: string): UserError {
  const near = nearest(word, ACTIONS)
  return new UserError(`registry knows no ${word}`, {
    hint: near ? `did you mean kpipe registry ${near}?` : 'kpipe registry, registry check or registry set MODEL STATUS',
    exitCode: 2,
  })
}

const fileOf = (path: string): string => (basename(path).endsWith('.json') ? path : join(path, 'registry.json'))

/** Where the register stages of this project's pipelines publish to. */
async function registriesOf(project: Project): Promise<string[]> {
  const { root } = project.layout
  const found = new Set<string>()
  for (const file of project.pipelines.values()) {
    const plan = await loadProjectPlan(project, file, []).catch(() => null)
    for (const stage of plan?.stages ?? [])
      if (stage.kind === 'register' && stage.to) found.add(join(resolve(root, stage.to), 'registry.json'))
  }
  const there = [...found, join(root, 'models', 'registry.json')].filter((file) => existsSync(file))
  if (there.length > 0) return [...new Set(there)]
  throw new UserError('no registry here yet', {
    hint: 'kpipe run registers what it exported; one that lies elsewhere: kpipe registry --file PATH',
    exitCode: 2,
  })
}

type Read = { readonly file: string; readonly registry: Registry }

function list(registries: readonly Read[], { json }: RegistryOptions, io: Io): number {
  if (json) {
    const shown = registries.map(({ file, registry }) => ({ file, models: registry.models }))
    io.out(`${JSON.stringify(shown, null, 2)}\n`)
    return 0
  }
  const head = ['model', 'version', 'status', 'val_loss', 'trained', 'file']
  for (const { file, registry } of registries) {
    const rows = registry.models.flatMap((entry) => [rowOf(entry, entry.file), ...historyRows(entry)])
    if (registries.length > 1) io.out(`${relative(io.cwd, file)}\n`)
    if (rows.length === 0) io.out('no models yet: kpipe run registers them\n')
    else io.out(`${columns([head, ...rows], io.columns).join('\n')}\n`)
  }
  return 0
}

type Row = Pick<RegistryEntry, 'status' | 'training' | 'version'> & { readonly trained_on_generated_data?: unknown }

function rowOf(entry: Row & Pick<RegistryEntry, 'id'>, file: string): string[] {
  const loss = entry.training?.val_loss
  const generated = entry.trained_on_generated_data === true ? ' (generated data)' : ''
  return [
    entry.id,
    String(entry.version ?? 1),
    entry.status,
    typeof loss === 'number' ? number(loss) : '',
    `${entry.training?.training_date?.slice(0, 10) ?? ''}${generated}`,
    file,
  ]
}

/** Newest first, below the version that is listed. */
const historyRows = (entry: RegistryEntry): string[][] =>
  [...(entry.history ?? [])].reverse().map((record) => rowOf({ ...record, id: '' }, ''))

function check(registries: readonly Read[], { json }: RegistryOptions, io: Io): number {
  const found = registries.map(({ file, registry }) => ({
    file,
    models: registry.models.length,
    faults: registryFaults(registry, dirname(file)),
  }))
  const sound = found.every(({ faults }) => faults.length === 0)
  if (json) io.out(`${JSON.stringify(found, null, 2)}\n`)
  else
    for (const { file, models, faults } of found) {
      const name = relative(io.cwd, file)
      for (const fault of faults) io.out(`${name}: ${fault}\n`)
      if (faults.length === 0) io.out(`${name}: ${models} models, all listed files are there as registered\n`)
    }
  if (!sound && !json) io.out('kpipe run puts files that it exported in their places again\n')
  return sound ? 0 : 1
}

async function set(files: readonly string[], words: readonly string[], options: RegistryOptions, io: Io) {
  const [id, status] = words
  if (id === undefined || status === undefined)
    throw new UserError('registry set takes a model and a status', {
      hint: 'kpipe registry set groovepredictor production',
      exitCode: 2,
    })
  if (!statuses.includes(status as Status)) {
    const near = nearest(status, statuses) || statuses.find((one) => one.startsWith(status))
    throw new UserError(`there is no status ${status}`, {
      hint: near ? `did you mean ${near}?` : `one of ${statuses.join(', ')}`,
      exitCode: 2,
    })
  }
  const file = files.find((one) => readRegistry(one).models.some((entry) => entry.id === id)) ?? files[0]!
  const release = await lockFor(io)
  try {
    const { registry, changes } = setStatus(readRegistry(file), id, status as Status, options.version || null)
    if (changes.length > 0) {
      const text = registryText(registry, file)
      writeCards(registry, changes, dirname(file))
      writeAtomic(file, text)
    }
    tell(registry, changes, options, io)
    return 0
  } finally {
    release()
  }
}

/** No run registers meanwhile; a registry outside of any project has no run. */
async function lockFor(io: Io): Promise<() => void> {
  let project: Project
  try {
    project = openProject(io.cwd)
  } catch (error) {
    if (error instanceof UserError) return () => undefined
    throw error
  }
  const { lock } = project.layout
  const held = await acquireLock(lock, (reason) => io.err(`${reason}\n`), new AbortController().signal)
  return () => held.release()
}

function tell(registry: Registry, changes: ReturnType<typeof setStatus>['changes'], options: RegistryOptions, io: Io) {
  if (options.json) return io.out(`${JSON.stringify(changes, null, 2)}\n`)
  if (changes.length === 0) return io.out('nothing to change\n')
  for (const { id, version, from, to } of changes) io.out(`${id} version ${version}: ${from} -> ${to}\n`)
  const waits = registry.models.some((entry) => entry.status === 'production' && entry.file.startsWith('versions/'))
  if (waits) io.out('its files are still in versions/: the next kpipe run puts them in place\n')
}
