/** One model config by itself: what a stage with `config: NAME` would get from it, without a pipeline. */
import { type Catalog, openConfigs } from './configs.ts'
import { collectProblems } from './diagnostic.ts'
import { openFiles, parseSets } from './load.ts'
import { fromValue, toValue } from './node.ts'
import { makeReader } from './read.ts'
import type { Diagnostic } from '../plan.ts'

export interface ConfigRequest {
  /** Project folder, absolute. */
  readonly root: string
  /** Name of a model, of a file in configs/, or a path. */
  readonly name: string
  readonly catalog: Catalog
  /** `epochs=3`, over the file. */
  readonly set?: readonly string[]
}

export type ConfigResult =
  | { readonly config: Readonly<Record<string, unknown>> }
  | { readonly diagnostics: readonly Diagnostic[] }

/** Never throws for what stands in the file or on the command line. Options without a value anywhere are left out. */
export async function loadConfig({ root, name, catalog, set = [] }: ConfigRequest): Promise<ConfigResult> {
  const problems = collectProblems()
  const files = openFiles(root, problems)
  const base = name
    .split('/')
    .at(-1)!
    .replace(/\.ya?ml$/, '')
  const sets = parseSets(set, problems).map((one) => {
    const path = one.path.replace(/^configs\./, '')
    return { ...one, path: path.startsWith(`${base}.`) ? path : `${base}.${path}` }
  })
  const { checkSchema } = await import('../lib/schema.ts')
  const configs = openConfigs({ files, catalog, sets, problems, read: makeReader(problems), check: checkSchema })
  const found = configs.get(fromValue(name), name)
  configs.finish()
  if (!found || problems.count > 0) return { diagnostics: problems.list(name) }
  const values = (node: typeof found.values) => toValue(node) as Record<string, unknown>
  const { model: _, ...config } = { ...values(found.defaults), ...values(found.values) }
  return { config }
}
