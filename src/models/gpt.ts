/** GPT-2 (Radford et al. 2019): pre-norm blocks, learned positions, tanh GELU, output tied to the token table. */
import type { Layer, Network } from '../network.ts'
import type { PlainConfig } from './config.ts'

/**
 * Input `tokens` [sequence_length] → token_embedding + position_embedding → `blocks` times (norm, attention, add; norm,
 * 4x wider dense, dense, add) → norm → `output` [sequence_length, vocabulary]. Dropout after the embeddings and before
 * every add. With `tie_head` the output layer is the transposed token table; without, a kernel of its own, no bias.
 */
export function gpt(config: PlainConfig): Network {
  const { sequence_length: steps = 512, embedding_size: width = 512, blocks = 8, dropout, tie_head = true } = config
  const vocabulary = config.vocabulary ?? config.output_size
  const layers: Layer[] = []
  const add = (layer: Layer): string => {
    layers.push(layer)
    return layer.name
  }
  const drop = (name: string, from: string) =>
    dropout > 0 ? add({ kind: 'dropout', name, inputs: [from], rate: dropout }) : from
  let at = add({ kind: 'embedding', name: 'token_embedding', inputs: ['tokens'], vocabulary, dimensions: width })
  at = add({ kind: 'position_embedding', name: 'position_embedding', inputs: [at], positions: steps })
  at = drop('dropout', at)
  for (let block = 1; block <= blocks; block++) at = addBlock(`block_${block}`, at, config, width, add, drop)
  at = add({ kind: 'layer_norm', name: 'norm', inputs: [at], epsilon: EPSILON })
  const activation = config.output_activation
  if (tie_head) add({ kind: 'tied_dense', name: 'output', inputs: [at], table: 'token_embedding', activation })
  else add({ kind: 'dense', name: 'output', inputs: [at], units: vocabulary, activation, useBias: false })
  const tokens = { name: 'tokens', shape: [steps], dtype: 'int32' } as const
  return { name: config.model_id, inputs: [tokens], layers, outputs: ['output'] }
}

const EPSILON = 1e-5

/** @returns name of its last layer */
function addBlock(
  name: string,
  from: string,
  { heads = 8, activation }: PlainConfig,
  width: number,
  add: (layer: Layer) => string,
  drop: (name: string, from: string) => string,
): string {
  let at = add({ kind: 'layer_norm', name: `${name}_norm_1`, inputs: [from], epsilon: EPSILON })
  at = add({ kind: 'causal_attention', name: `${name}_attention`, inputs: [at], heads })
  at = drop(`${name}_dropout_1`, at)
  const middle = add({ kind: 'add', name: `${name}_add_1`, inputs: [from, at] })
  at = add({ kind: 'layer_norm', name: `${name}_norm_2`, inputs: [middle], epsilon: EPSILON })
  at = add({ kind: 'dense', name: `${name}_dense_1`, inputs: [at], units: 4 * width, activation, useBias: true })
  at = add({
    kind: 'dense',
    name: `${name}_dense_2`,
    inputs: [at],
    units: width,
    activation: 'linear',
    useBias: true,
  })
  at = drop(`${name}_dropout_2`, at)
  return add({ kind: 'add', name: `${name}_add_2`, inputs: [middle, at] })
}
