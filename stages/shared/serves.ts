/** Which models the data has something for, and what to write to train those alone. */
import type { ValidationReport } from '../../src/data/manifest.ts'
import { lacks } from '../../src/features/needs.ts'
import { modelDefaults } from '../../src/models/config.ts'

type Counts = ValidationReport['counts']

export interface Served {
  readonly models: readonly string[]
  /** Model → what the data lacks for it. */
  readonly others: Readonly<Record<string, string>>
}

export function servedModels(counts: Counts): Served {
  const missing = Object.entries(modelDefaults).map(([name, { feature }]) => [name, lacks(feature, counts)] as const)
  return {
    models: missing.flatMap(([name, what]) => (what === '' ? [name] : [])),
    others: Object.fromEntries(missing.filter(([, what]) => what !== '')),
  }
}

/** `this data serves a, b: --set models=[a,b]`, '' where it serves none. */
export function servedHint(counts: Counts): string {
  const { models } = servedModels(counts)
  return models.length === 0 ? '' : `this data serves ${models.join(', ')}: --set 'models=[${models.join(',')}]'`
}
