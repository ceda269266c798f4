/** Convolutions over a spectrogram as over a picture, then dense layers: the emotion classifier of MK. */
import { UserError } from '../lib/errors.ts'
import type { Layer, Network } from '../network.ts'
import type { NetworkConfig } from './config.ts'

/**
 * Input `features` [bands, frames, 1] → for each of `filters`: conv2d (no bias), batch_norm, activation, max_pool2d 2x2 →
 * mean over bands and frames → a dense layer with dropout for each of `hidden_layers` → `output` [output_size].
 * @throws UserError without an input shape of two axes
 */
export function cnn(config: NetworkConfig): Network {
  const { input_shape: shape = [], filters = [32, 64, 128], kernel_size: side = 3, activation, dropout } = config
  if (shape.length !== 2) {
    throw new UserError(`a cnn needs an input of two axes, got [${shape.join(', ')}]`, {
      hint: 'write input_shape: [bands, frames], as the feature gives them',
    })
  }
  const layers: Layer[] = []
  let from = 'features'
  const add = (layer: Layer) => {
    layers.push(layer)
    from = layer.name
  }
  for (const [i, count] of filters.entries()) {
    const n = i + 1
    add({
      kind: 'conv2d',
      name: `conv_${n}`,
      inputs: [from],
      filters: count,
      kernelSize: [side, side],
      strides: [1, 1],
      padding: 'same',
      activation: 'linear',
      useBias: false, // batch_norm shifts
    })
    add({ kind: 'batch_norm', name: `norm_${n}`, inputs: [from], epsilon: 1e-3, momentum: 0.99 })
    add({ kind: 'activation', name: `${activation}_${n}`, inputs: [from], activation })
    const two = [2, 2] as const
    add({ kind: 'max_pool2d', name: `pool_${n}`, inputs: [from], poolSize: two, strides: two, padding: 'valid' })
  }
  add({ kind: 'global_avg_pool', name: 'mean', inputs: [from] })
  for (const [i, units] of config.hidden_layers.entries()) {
    add({ kind: 'dense', name: `dense_${i + 1}`, inputs: [from], units, activation, useBias: true })
    if (dropout > 0) add({ kind: 'dropout', name: `dropout_${i + 1}`, inputs: [from], rate: dropout })
  }
  const { output_size: units, output_activation } = config
  add({ kind: 'dense', name: 'output', inputs: [from], units, activation: output_activation, useBias: true })
  const input = { name: 'features', shape: [...shape, 1], dtype: 'float32' } as const
  return { name: config.model_id, inputs: [input], layers, outputs: ['output'] }
}
