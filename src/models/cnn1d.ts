/** Convolutions along time, then dense layers: of a whole sequence, or (without pooling) of every step. */
import { UserError } from '../lib/errors.ts'
import type { Network } from '../network.ts'
import type { PlainConfig } from './config.ts'
import { addDenseLayers, addHidden, addOutput, chainFrom } from './parts.ts'

/**
 * Input `features` [steps, numbers] → for each of `filters`: conv1d, normalisation, activation, pooling of 2 steps → mean (or
 * maximum) over time → a dense layer with dropout for each of `hidden_layers` → `output` [output_size]. With
 * `global_pooling: none` there is an output at each step that is left. RTNeural takes it with `pooling: none`,
 * `global_pooling: none` and `padding: valid`.
 * @throws UserError without an input shape of two axes, and where dilations are not as many as filters
 */
export function cnn1d(config: PlainConfig): Network {
  const { input_shape: shape = [], filters = [32, 64, 128], kernel_size: kernelSize = 3 } = config
  const { normalization_layer: norm = 'batch_norm', pooling = 'max', global_pooling = 'average' } = config
  const { padding = 'same', dilations = filters.map(() => 1) } = config
  if (shape.length !== 2) {
    throw new UserError(`a cnn1d needs an input of two axes, got [${shape.join(', ')}]`, {
      hint: 'write input_shape: [steps, numbers], as the feature gives them',
    })
  }
  if (dilations.length !== filters.length) {
    throw new UserError(`there are ${filters.length} filters and ${dilations.length} dilations`, {
      hint: 'write one dilation for each of filters',
    })
  }
  const chain = chainFrom('features')
  for (const [i, count] of filters.entries()) {
    const n = i + 1
    addHidden(chain, norm, n, config.activation, (activation, useBias) => ({
      kind: 'conv1d',
      name: `conv_${n}`,
      filters: count,
      kernelSize,
      stride: 1,
      dilation: dilations[i]!,
      padding,
      activation,
      useBias,
    }))
    const window = { name: `pool_${n}`, poolSize: 2, stride: 2, padding: 'valid' } as const
    if (pooling === 'max') chain.add({ kind: 'max_pool1d', ...window })
    if (pooling === 'average') chain.add({ kind: 'avg_pool1d', ...window })
  }
  if (global_pooling === 'average') chain.add({ kind: 'global_avg_pool', name: 'mean' })
  if (global_pooling === 'max') chain.add({ kind: 'global_max_pool', name: 'maximum' })
  addDenseLayers(chain, config, 'none')
  addOutput(chain, config)
  const input = { name: 'features', shape, dtype: 'float32' } as const
  return { name: config.model_id, inputs: [input], layers: chain.layers, outputs: ['output'] }
}
