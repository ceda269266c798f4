/** LSTM or GRU layers over a sequence of ids or of numbers, told throughout by a few ids about the whole: the chord model. */
import type { Layer, Network, TensorSpec } from '../network.ts'
import type { PlainConfig } from './config.ts'
import { addDropout, addNorm, addOutput, chainFrom } from './parts.ts'

/**
 * Inputs: ids `sequence` [sequence_length] with an embedding, or numbers `features` [steps, numbers] where `input_shape` says
 * so; and one id [1] for each of `conditions`. The conditions' embeddings joined go through `condition` (dense, activation),
 * are repeated at each step and joined to the sequence; then an LSTM with dropout for each of `hidden_layers`, and `output`
 * [steps, output_size] at each step, or [output_size] without `return_sequences`.
 */
export function lstm(config: PlainConfig): Network {
  return recurrent('lstm', config)
}

/** The same with GRU layers, in the reset_after form. */
export function gru(config: PlainConfig): Network {
  return recurrent('gru', config)
}

function recurrent(kind: 'lstm' | 'gru', config: PlainConfig): Network {
  const { conditions = [], hidden_layers, normalization_layer: norm = 'none', return_sequences = true } = config
  const source = sequenceOf(config)
  const chain = chainFrom(source.from)
  chain.layers.push(...source.layers)
  if (conditions.length > 0) {
    chain.layers.push(...conditionLayers(config, source.steps))
    chain.layers.push({ kind: 'concat', name: 'joined', inputs: [source.from, 'condition_steps'] })
    chain.from = 'joined'
  }
  for (const [i, units] of hidden_layers.entries()) {
    const n = i + 1
    const returnSequences = return_sequences || n < hidden_layers.length
    chain.add({ kind, name: `${kind}_${n}`, units, returnSequences })
    addNorm(chain, norm, n)
    addDropout(chain, config, n)
  }
  addOutput(chain, config)
  const ids = conditions.map(({ name }): TensorSpec => ({ name, shape: [1], dtype: 'int32' }))
  return { name: config.model_id, inputs: [source.input, ...ids], layers: chain.layers, outputs: ['output'] }
}

interface Sequence {
  readonly input: TensorSpec
  readonly layers: readonly Layer[]
  /** What the recurrent layers read. */
  readonly from: string
  readonly steps: number
}

/** Numbers where a shape of two axes is known and nothing speaks of ids. */
function sequenceOf(config: PlainConfig): Sequence {
  const { input_shape: shape, sequence_length: steps = 12, embedding_size: dimensions = 128 } = config
  if (shape?.length === 2 && config.sequence_length === undefined && config.vocabulary === undefined) {
    return { input: { name: 'features', shape, dtype: 'float32' }, layers: [], from: 'features', steps: shape[0]! }
  }
  const vocabulary = config.vocabulary ?? config.output_size
  const from = 'sequence_embedding'
  return {
    input: { name: 'sequence', shape: [steps], dtype: 'int32' },
    layers: [{ kind: 'embedding', name: from, inputs: ['sequence'], vocabulary, dimensions }],
    from,
    steps,
  }
}

function conditionLayers({ conditions = [], condition_units = 128, activation }: PlainConfig, steps: number): Layer[] {
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
