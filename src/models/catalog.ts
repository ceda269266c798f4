/** What the front door hands to the plan: the schema of config files and the defaults of the models they change. */
import { countParameters } from '../network/shapes.ts'
import { configSchema, modelDefaults } from './config.ts'
import { buildNetwork } from './index.ts'

export const configCatalog = {
  schema: configSchema,
  defaults: modelDefaults as unknown as Record<string, Record<string, unknown>>,
}

/** Rows for `kpipe list models`. */
export function describeModels(): Record<string, string>[] {
  return Object.entries(modelDefaults).map(([name, config]) => {
    const sizes = [config.input_size, ...config.hidden_layers, config.output_size].join('-')
    return {
      name,
      architecture: `${config.architecture_type} ${sizes}`,
      parameters: countParameters(buildNetwork(config)).total.toLocaleString('en'),
      task: config.task,
    }
  })
}
