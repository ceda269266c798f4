/** Dense layers one after the other, dropout after each hidden one. All five Kelly models are this and a config. */
import type { Network } from '../network.ts'
import type { PlainConfig } from './config.ts'
import { addDenseLayers, addOutput, chainFrom } from './parts.ts'

/**
 * Input `features` [input_size] → dense_1, dropout_1, dense_2, … → `output` [output_size]. With a `normalization_layer` each
 * hidden layer is dense_1 without bias, norm_1, relu_1.
 */
export function mlp(config: PlainConfig): Network {
  const chain = chainFrom('features')
  addDenseLayers(chain, config, config.normalization_layer ?? 'none')
  addOutput(chain, config)
  return {
    name: config.model_id,
    inputs: [{ name: 'features', shape: [config.input_size], dtype: 'float32' }],
    layers: chain.layers,
    outputs: ['output'],
  }
}
