/** How much a training step of a model has to multiply, from its options alone: enough to say whether it wants many cores. */
import type { Network } from '../network.ts'
import { inferShapes, sizeOf } from '../network/shapes.ts'
import { common, type NetworkConfig } from './config.ts'
import { buildNetwork } from './index.ts'

/** Sizes that only the features know, until then. */
const UNKNOWN_SIZE = 512

/** Multiplications of one step with its gradients; 0 where the options do not say enough. */
export function stepWork(options: NetworkConfig & { readonly batch_size?: number }): number {
  try {
    const network = buildNetwork({
      ...options,
      input_size: options.input_size ?? UNKNOWN_SIZE,
      output_size: options.output_size ?? UNKNOWN_SIZE,
    })
    // Each product of the forward pass comes back twice: for its input and for its weight.
    return 3 * (options.batch_size ?? common.batch_size) * forwardWork(network)
  } catch {
    return 0
  }
}

/** Multiplications for one example. */
export function forwardWork(network: Network): number {
  return inferShapes(network).reduce((sum, { layer, inputs, shape, weights }) => {
    const [input = []] = inputs
    const kernels = weights
      .filter((weight) => weight.shape.length >= 2)
      .reduce((size, weight) => size + sizeOf(weight.shape), 0)
    switch (layer.kind) {
      case 'embedding':
      case 'position_embedding':
        return sum
      case 'lstm':
      case 'gru':
        return sum + kernels * input[0]!
      case 'causal_attention':
        return sum + kernels * input[0]! + 2 * input[0]! ** 2 * input[1]!
      case 'tied_dense':
        return sum + sizeOf(shape) * input.at(-1)!
      default:
        // A kernel is used once at every place of the result.
        return sum + kernels * sizeOf(shape.slice(0, -1))
    }
  }, 0)
}
