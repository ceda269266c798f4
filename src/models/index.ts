/** Model families by name: config → Network. A new family is one file and one line here. */
import { UserError } from '../lib/errors.ts'
import type { Activation, Network } from '../network.ts'
import { cnn } from './cnn.ts'
import { cnn1d } from './cnn1d.ts'
import type { ActivationName, NetworkConfig, PlainConfig } from './config.ts'
import { gpt } from './gpt.ts'
import { mlp } from './mlp.ts'
import { gru, lstm } from './recurrent.ts'

export { configSchema, type ModelConfig, modelDefaults, type NetworkConfig, optionSchema } from './config.ts'
export { otherModels } from './others.ts'
export { initialWeights, startAtMean } from './weights.ts'

type Build = (config: PlainConfig) => Network

export const architectures = { mlp, cnn, cnn1d, lstm, gru, gpt } satisfies Record<string, Build>

/** @throws UserError for an unknown architecture_type */
export function buildNetwork(config: NetworkConfig): Network {
  const build = (architectures as Record<string, Build | undefined>)[config.architecture_type]
  if (!build) {
    throw new UserError(`there is no architecture_type "${config.architecture_type}"`, {
      hint: `write one of: ${Object.keys(architectures).join(', ')}`,
    })
  }
  const { activation, output_activation, ...rest } = config
  return build({ ...rest, activation: plainName(activation), output_activation: plainName(output_activation) })
}

function plainName(name: ActivationName): Activation {
  return name === 'swish' ? 'silu' : name
}
