/**
 * From a register stage's output folder to the models folder: model files, cards, registry.json and its schema.
 * Synchronous from reading the registry to writing it, so that no other stage of this process comes between; files first
 * and registry.json last, so that it never lists what is not there.
 *
 * Layout: `<id>.json …` and `model_cards/<id>.md` belong to the version in production, or to the newest where none is.
 * A newer version beside one in production lies in `versions/<id>/<version>/` until a person sets its status.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { readJson, writeAtomic } from '../lib/files.ts'
import { keepNotes, modelCard } from './card.ts'
import { type Candidate, mergeModel, ordered, readRegistry, registryText } from './registry.ts'
import { type Registry, type RegistryEntry, registrySchemaText } from './schema.ts'

/** entries.json: what a register stage leaves, all of it following from content. */
export interface Entries {
  readonly format: 'kpipe-register/1'
  readonly pipeline: string
  readonly models: readonly {
    readonly entry: Candidate
    /** Name in the output folder by what it is: `rtneural_path`, `header_path`, …; the first is the entry's `file`. */
    readonly files: Readonly<Record<string, string>>
  }[]
}

/** provenance.json: facts of the moment, kept apart from what follows from content. */
export interface Provenance {
  /** By model id, ISO 8601 or null. */
  readonly training_date: Readonly<Record<string, string | null>>
}

/** True if the folder holds exactly this stage's entries and files. A folder that cannot be merged into does not. */
export function isRegistered(out: string, target: string): boolean {
  try {
    return changes(out, target).length === 0
  } catch (error) {
    // What is wrong with the registry is said where it is to be changed: register() throws the same.
    if (error instanceof UserError) return false
    throw error
  }
}

/** Copies the files and merges the entries; nothing is written where nothing differs. */
export function register(out: string, target: string): void {
  for (const change of changes(out, target)) {
    if (change.data === null) removeOwn(target, change.path)
    else writeAtomic(join(target, change.path), change.data)
  }
}

/** The cards of these versions, after something in their entries has changed. */
export function writeCards(
  registry: Registry,
  of: readonly { readonly id: string; readonly version: number }[],
  target: string,
): void {
  for (const entry of registry.models)
    if (typeof entry.card === 'string' && of.some(({ id, version }) => id === entry.id && version === entry.version))
      writeAtomic(join(target, entry.card), cardText(entry, target))
}

/** A file to write, or with null one to take away, in the order in which it is to be done. */
interface Change {
  readonly path: string
  readonly data: string | Uint8Array | null
}

function changes(out: string, target: string): readonly Change[] {
  const entries = readEntries(out)
  const registryPath = join(target, 'registry.json')
  const before = readRegistry(registryPath)
  const wanted = new Map<string, string | Uint8Array>()
  let registry: Registry = before
  const dates = readJson<Provenance>(join(out, 'provenance.json'))?.training_date ?? {}
  const gitCommit = once(() => headCommit(target))
  for (const { entry, files } of entries.models) {
    registry = mergeModel(registry, entry, { trainingDate: dates[entry.id] ?? null, gitCommit })
    const place = (placed: RegistryEntry, source: (name: string) => Uint8Array) => {
      for (const path of Object.values(placed.exports ?? {})) {
        const data = source(basename(path))
        if (data) wanted.set(path, data)
      }
    }
    const models = registry.models.map((model) => {
      if (model.id !== entry.id) return model
      const shown = registry.models.filter((other) => other.id === entry.id)
      const folder = model === shown[0] ? '' : `versions/${entry.id}/${model.version}/`
      const own = model.sha256 === entry.sha256
      const placed = own ? placeOwn(model, files, folder) : placeStanding(model)
      if (own)
        place({ ...placed, exports: pick(placed.exports ?? {}, Object.keys(files)) }, (name) =>
          readFileSync(join(out, name)),
        )
      else if (placed !== model) place(placed, (name) => readFileSync(join(target, dirname(model.file), name)))
      if (typeof placed.card === 'string') wanted.set(placed.card, cardText(placed, target))
      return placed
    })
    registry = { ...registry, models }
  }
  wanted.set('registry.schema.json', registrySchemaText())
  wanted.set('registry.json', registryText(registry, registryPath))
  const writes = [...wanted]
    .filter(([path, data]) => !holds(join(target, path), data))
    .map(([path, data]) => ({ path, data }))
  const kept = new Set([...wanted.keys(), ...registry.models.flatMap(listedFiles)])
  const ids = new Set(entries.models.map(({ entry }) => entry.id))
  const stale = filesBelow(join(target, 'versions'), 'versions').filter(
    (path) => ids.has(path.split('/')[1]!) && !kept.has(path),
  )
  return [...writes, ...stale.map((path) => ({ path, data: null }))]
}

/** The entry of the version just exported, with the places of its files. */
function placeOwn(model: RegistryEntry, files: Readonly<Record<string, string>>, folder: string): RegistryEntry {
  const placed = Object.fromEntries(Object.entries(files).map(([what, name]) => [what, `${folder}${name}`]))
  const [file] = Object.values(placed)
  const card = folder === '' ? `model_cards/${model.id}.md` : `${folder}${model.id}.md`
  const standing = moved(model.exports ?? {}, folder)
  return ordered({ ...model, file: file!, exports: { ...standing, ...placed }, card })
}

/** The entry in production that is not the one just exported: comes out of versions/ when a person has promoted it. */
function placeStanding(model: RegistryEntry): RegistryEntry {
  if (!model.file.startsWith('versions/')) return model
  return {
    ...model,
    file: basename(model.file),
    exports: moved(model.exports ?? {}, ''),
    card: `model_cards/${model.id}.md`,
  }
}

/** Paths in versions/ moved to another folder; a path elsewhere was put there by somebody else and stays. */
function moved(exports: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const move = (path: string) => (path.startsWith('versions/') ? `${folder}${basename(path)}` : path)
  return Object.fromEntries(Object.entries(exports).map(([what, path]) => [what, move(path)]))
}

function cardText(entry: RegistryEntry, target: string): string {
  const path = join(target, entry.card as string)
  return keepNotes(modelCard(entry), existsSync(path) ? readFileSync(path, 'utf8') : null)
}

function readEntries(out: string): Entries {
  const entries = readJson<Entries>(join(out, 'entries.json'))
  if (entries?.format !== 'kpipe-register/1') {
    throw new UserError(`${join(out, 'entries.json')} is not the output of a register stage`, {
      hint: 'run the register stage again',
    })
  }
  return entries
}

function holds(path: string, data: string | Uint8Array): boolean {
  const wanted =
    typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.size === wanted.length && readFileSync(path).equals(wanted)
}

function listedFiles(entry: RegistryEntry): string[] {
  const card = typeof entry.card === 'string' ? [entry.card] : []
  return [entry.file, ...Object.values(entry.exports ?? {}), ...card]
}

/** Only files below versions/, which nobody but kpipe writes; folders that become empty go with them. */
function removeOwn(target: string, path: string): void {
  rmSync(join(target, path), { force: true })
  for (let folder = dirname(path); folder.startsWith('versions'); folder = dirname(folder)) {
    if (readdirSync(join(target, folder)).length > 0) return
    rmdirSync(join(target, folder))
  }
}

function filesBelow(folder: string, name: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) =>
    item.isDirectory() ? filesBelow(join(folder, item.name), `${name}/${item.name}`) : [`${name}/${item.name}`],
  )
}

/** HEAD of the repository around the folder, or null where there is none or git is not installed. */
function headCommit(target: string): string | null {
  let folder = target
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const text = execFileSync('git', ['rev-parse', '--verify', 'HEAD'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    })
    return text.toString().trim()
  } catch {
    return null
  }
}

function pick<T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)))
}

function once<T>(compute: () => T): () => T {
  let done: { value: T } | undefined
  return () => (done ??= { value: compute() }).value
}
