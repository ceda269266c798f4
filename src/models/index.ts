/** Model families by name: config → Network. A new family is one file and one line here. */
import { UserError } from '../lib/errors.ts'
import type { Network } from '../network.ts'
import { mlp, type NetworkConfig } from './mlp.ts'

export { configSchema, type ModelConfig, modelDefaults, optionSchema } from './config.ts'
export type { NetworkConfig } from './mlp.ts'
export { initialWeights, startAtMean } from './weights.ts'

export const architectures = { mlp } satisfies Record<string, (config: NetworkConfig) => Network>

/** @throws UserError for an unknown architecture_type */
export function buildNetwork(config: NetworkConfig): Network {
  const build = (architectures as Record<string, ((config: NetworkConfig) => Network) | undefined>)[
    config.architecture_type
  ]
  if (!build) {
    throw new UserError(`there is no architecture_type "${config.architecture_type}"`, {
      hint: `write one of: ${Object.keys(architectures).join(', ')}`,
    })
  }
  return build(config)
}
