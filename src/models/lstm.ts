/** LSTM layers over a sequence of ids, told throughout by a few ids about the whole: the chord model. */
import type { Layer, Network, TensorSpec } from '../network.ts'
import type { NetworkConfig } from './config.ts'

/**
 * Inputs `sequence` [sequence_length] and one id [1] for each of `conditions`. The conditions' embeddings joined go through
 * `condition` (dense, activation), are repeated at each step and joined to the sequence's embedding; then an LSTM with
 * dropout for each of `hidden_layers`, and `output` [sequence_length, output_size] at each step.
 */
export function lstm(config: NetworkConfig): Network {
  const { sequence_length: steps = 12, embedding_size: dimensions = 128, conditions = [], dropout } = config
  const vocabulary = config.vocabulary ?? config.output_size
  const layers: Layer[] = []
  const ids = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, dtype: 'int32' })
  layers.push({ kind: 'embedding', name: 'sequence_embedding', inputs: ['sequence'], vocabulary, dimensions })
  let from = 'sequence_embedding'
  if (conditions.length > 0) {
    layers.push(...conditionLayers(config, steps))
    layers.push({ kind: 'concat', name: 'joined', inputs: [from, 'condition_steps'] })
    from = 'joined'
  }
  for (const [i, units] of config.hidden_layers.entries()) {
    const name = `lstm_${i + 1}`
    layers.push({ kind: 'lstm', name, inputs: [from], units, returnSequences: true })
    from = name
    if (dropout > 0) {
      from = `dropout_${i + 1}`
      layers.push({ kind: 'dropout', name: from, inputs: [name], rate: dropout })
    }
  }
  const { output_size: units, output_activation: activation } = config
  layers.push({ kind: 'dense', name: 'output', inputs: [from], units, activation, useBias: true })
  const inputs = [ids('sequence', [steps]), ...conditions.map(({ name }) => ids(name, [1]))]
  return { name: config.model_id, inputs, layers, outputs: ['output'] }
}

function conditionLayers(
  { conditions = [], condition_units = 128, activation }: NetworkConfig,
  steps: number,
): Layer[] {
  const layers = conditions.flatMap(({ name, vocabulary, embedding_size: dimensions }): Layer[] => [
    { kind: 'embedding', name: `${name}_embedding`, inputs: [name], vocabulary, dimensions },
    { kind: 'flatten', name: `${name}_vector`, inputs: [`${name}_embedding`] },
  ])
  const vectors = conditions.map(({ name }) => `${name}_vector`)
  if (vectors.length > 1) layers.push({ kind: 'concat', name: 'conditions', inputs: vectors })
  const joined = vectors.length > 1 ? 'conditions' : vectors[0]!
  layers.push({
    kind: 'dense',
    name: 'condition',
    inputs: [joined],
    units: condition_units,
    activation,
    useBias: true,
  })
  layers.push({ kind: 'repeat', name: 'condition_steps', inputs: ['condition'], times: steps })
  return layers
}
