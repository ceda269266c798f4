/** Dense layers one after the other, dropout after each hidden one. All five Kelly models are this and a config. */
import type { Layer, Network } from '../network.ts'
import type { NetworkConfig } from './config.ts'

/** Input `features` [input_size] → dense_1, dropout_1, dense_2, … → `output` [output_size]. */
export function mlp(config: NetworkConfig): Network {
  const layers: Layer[] = []
  let from = 'features'
  for (const [i, units] of config.hidden_layers.entries()) {
    const name = `dense_${i + 1}`
    layers.push({ kind: 'dense', name, inputs: [from], units, activation: config.activation, useBias: true })
    from = name
    if (config.dropout > 0) {
      from = `dropout_${i + 1}`
      layers.push({ kind: 'dropout', name: from, inputs: [name], rate: config.dropout })
    }
  }
  const activation = config.output_activation
  layers.push({ kind: 'dense', name: 'output', inputs: [from], units: config.output_size, activation, useBias: true })
  return {
    name: config.model_id,
    inputs: [{ name: 'features', shape: [config.input_size], dtype: 'float32' }],
    layers,
    outputs: ['output'],
  }
}
