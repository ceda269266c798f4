/**
 * What a person does with a registry: give a version another status, and ask whether the listed files are there as they were
 * registered. Pure but for reading files; where files are put when a version goes into production is publish.ts's affair.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { sha256 } from '../lib/files.ts'
import { nearest } from '../lib/nearest.ts'
import { stepStatus } from './registry.ts'
import type { Registry, RegistryEntry, Status } from './schema.ts'

export interface StatusChange {
  readonly id: string
  readonly version: number
  readonly from: Status
  readonly to: Status
}

/**
 * The registry with another status of one listed version (null: of the only one, or of the newest); a version of the same
 * model that is in production steps back to deprecated for a new one. Nothing changes where the status is that already.
 *
 * @throws UserError for a model or version that is not listed, and for a step that is not allowed
 */
export function setStatus(
  registry: Registry,
  id: string,
  to: Status,
  version: number | null,
): { readonly registry: Registry; readonly changes: readonly StatusChange[] } {
  const meant = entryOf(registry, id, version)
  const steps = new Map<RegistryEntry, Status>()
  if (to === 'production')
    for (const entry of registry.models)
      if (entry.id === id && entry !== meant && entry.status === 'production') steps.set(entry, 'deprecated')
  steps.set(meant, to)
  const changes = [...steps]
    .map(([entry, status]) => ({
      id,
      version: numberOf(entry),
      from: entry.status,
      to: stepStatus(entry.status, status),
    }))
    .filter((change) => change.from !== change.to)
  const models = registry.models.map((entry) => ({ ...entry, status: steps.get(entry) ?? entry.status }))
  return { registry: changes.length > 0 ? { ...registry, models } : registry, changes }
}

/** Entries that other tools wrote have no number: they are the first. */
export const numberOf = (entry: RegistryEntry): number => entry.version ?? 1

function entryOf(registry: Registry, id: string, version: number | null): RegistryEntry {
  const listed = registry.models.filter((entry) => entry.id === id)
  if (listed.length === 0) {
    const ids = [...new Set(registry.models.map((entry) => entry.id))]
    const near = nearest(id, ids) || ids.find((one) => one.startsWith(id))
    throw new UserError(`the registry lists no model ${id}`, {
      hint: near
        ? `did you mean ${near}?`
        : ids.length > 0
          ? `it lists ${ids.join(', ')}`
          : 'kpipe run registers models',
      exitCode: 2,
    })
  }
  if (version === null) return listed.reduce((newest, entry) => (numberOf(entry) > numberOf(newest) ? entry : newest))
  const found = listed.find((entry) => numberOf(entry) === version)
  if (found) return found
  const before = listed.some((entry) => entry.history?.some((record) => record.version === version))
  throw new UserError(
    `version ${version} of ${id} is not listed${before ? ' any more: of it only the record is kept' : ''}`,
    {
      hint: before
        ? 'go back to its config and run: kpipe run registers it again under its number'
        : `listed: ${listed.map(numberOf).join(', ')}`,
      exitCode: 2,
    },
  )
}

/** One sentence for every listed file that is not there or is not what was registered; [] where all is well. */
export function registryFaults(registry: Registry, folder: string): string[] {
  return registry.models.flatMap((entry) => {
    const name = `${entry.id} version ${numberOf(entry)}`
    const paths = new Set([entry.file, ...Object.values(entry.exports ?? {})])
    const missing = [...paths].filter((path) => !existsSync(join(folder, path)))
    const told = missing.map((path) => `${name}: ${path} is not there`)
    if (missing.includes(entry.file) || entry.sha256 === undefined) return told
    const found = sha256(readFileSync(join(folder, entry.file)))
    return found === entry.sha256 ? told : [...told, `${name}: ${entry.file} is not the file that was registered`]
  })
}
