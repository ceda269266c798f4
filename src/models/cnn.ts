/** Convolutions over a spectrogram as over a picture, then dense layers: the emotion classifier of MK. */
import { UserError } from '../lib/errors.ts'
import type { Network } from '../network.ts'
import type { PlainConfig } from './config.ts'
import { addDenseLayers, addHidden, addOutput, chainFrom } from './parts.ts'

/**
 * Input `features` [bands, frames, 1] → for each of `filters`: conv2d, normalisation, activation, pooling 2x2 → mean (or
 * maximum) over bands and frames → a dense layer with dropout for each of `hidden_layers` → `output` [output_size].
 * @throws UserError without an input shape of two axes, and without global pooling
 */
export function cnn(config: PlainConfig): Network {
  const { input_shape: shape = [], filters = [32, 64, 128], kernel_size: side = 3 } = config
  const { normalization_layer: norm = 'batch_norm', pooling = 'max', global_pooling = 'average' } = config
  if (shape.length !== 2) {
    throw new UserError(`a cnn needs an input of two axes, got [${shape.join(', ')}]`, {
      hint: 'write input_shape: [bands, frames], as the feature gives them',
    })
  }
  if (global_pooling === 'none') {
    throw new UserError('a cnn gives one answer a spectrogram, so it needs global pooling', {
      hint: 'write global_pooling: average or max',
    })
  }
  const chain = chainFrom('features')
  for (const [i, count] of filters.entries()) {
    const n = i + 1
    addHidden(chain, norm, n, config.activation, (activation, useBias) => ({
      kind: 'conv2d',
      name: `conv_${n}`,
      filters: count,
      kernelSize: [side, side],
      strides: [1, 1],
      padding: 'same',
      activation,
      useBias,
    }))
    const window = { name: `pool_${n}`, poolSize: [2, 2], strides: [2, 2], padding: 'valid' } as const
    if (pooling === 'max') chain.add({ kind: 'max_pool2d', ...window })
    if (pooling === 'average') chain.add({ kind: 'avg_pool2d', ...window })
  }
  if (global_pooling === 'average') chain.add({ kind: 'global_avg_pool', name: 'mean' })
  else chain.add({ kind: 'global_max_pool', name: 'maximum' })
  addDenseLayers(chain, config, 'none')
  addOutput(chain, config)
  const input = { name: 'features', shape: [...shape, 1], dtype: 'float32' } as const
  return { name: config.model_id, inputs: [input], layers: chain.layers, outputs: ['output'] }
}
