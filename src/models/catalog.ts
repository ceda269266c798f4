/** What the front door hands to the plan: the schema of config files and the defaults of the models they change. */
import { countParameters } from '../network/shapes.ts'
import { configSchema, modelDefaults } from './config.ts'
import { buildNetwork } from './index.ts'
import { type OtherModel, otherModels } from './others.ts'

const models: Readonly<Record<string, OtherModel>> = { ...modelDefaults, ...otherModels }

export const configCatalog = {
  schema: configSchema,
  defaults: models as unknown as Record<string, Record<string, unknown>>,
}

/** Rows for `kpipe list models`. */
export function describeModels(): Record<string, string>[] {
  return Object.entries(models).map(([name, config]) => ({
    name,
    architecture: `${config.architecture_type} ${sizesOf(config)}`,
    parameters: countParameters(buildNetwork(config)).total.toLocaleString('en'),
    task: config.task,
  }))
}

/** The figures that tell models of one family apart. */
function sizesOf(config: OtherModel): string {
  if (config.architecture_type === 'gpt') return `${config.blocks} x ${config.embedding_size}, ${config.heads} heads`
  const middle = config.architecture_type.startsWith('cnn')
    ? [...(config.filters ?? []), ...config.hidden_layers]
    : null
  return [config.input_size, ...(middle ?? config.hidden_layers), config.output_size].join('-')
}
