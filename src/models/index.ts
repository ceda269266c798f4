/** Model families by name: config → Network. A new family is one file and one line here. */
import { UserError } from '../lib/errors.ts'
import type { Network } from '../network.ts'
import { cnn } from './cnn.ts'
import type { NetworkConfig } from './config.ts'
import { gpt } from './gpt.ts'
import { lstm } from './lstm.ts'
import { mlp } from './mlp.ts'

export { configSchema, type ModelConfig, modelDefaults, type NetworkConfig, optionSchema } from './config.ts'
export { otherModels } from './others.ts'
export { initialWeights, startAtMean } from './weights.ts'

export const architectures = { mlp, cnn, lstm, gpt } satisfies Record<string, (config: NetworkConfig) => Network>

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
