/** Batches for any network and loss, and networks that show a gradient even of layers without weights. */
import type { Batch, LossName } from '../../src/compute/engine.ts'
import { random } from '../../src/lib/random.ts'
import type { Activation, Network } from '../../src/network.ts'
import { outputSpecs, sizeOf, weightSpecs } from '../../src/network/shapes.ts'
import { inputsFor } from '../network/networks.ts'

/** Each loss after the activations it is used with. */
export const lossCases: readonly [LossName, Activation][] = [
  ['mse', 'linear'],
  ['mae', 'linear'],
  ['bce', 'sigmoid'],
  ['bce', 'softmax'],
  ['kl', 'softmax'],
  ['cross_entropy', 'softmax'],
  ['sparse_cross_entropy', 'softmax'],
]

/** A small network that ends in the activation. */
export function head(activation: Activation, shape: readonly number[] = [5]): Network {
  return {
    name: 'head',
    inputs: [{ name: 'x', shape, dtype: 'float32' }],
    layers: [
      { kind: 'dense', name: 'hidden', inputs: ['x'], units: 6, activation: 'tanh', useBias: true },
      { kind: 'dense', name: 'out', inputs: ['hidden'], units: 4, activation, useBias: true },
    ],
    outputs: ['out'],
  }
}

export function makeBatch(network: Network, loss: LossName, count: number, batch: number, seed = ''): Batch {
  const y = outputSpecs(network).map((spec) => {
    const rng = random(`y:${spec.name}${seed}`)
    const classes = spec.shape[spec.shape.length - 1]!
    const size = batch * sizeOf(spec.shape)
    if (loss === 'sparse_cross_entropy') return Float32Array.from({ length: size / classes }, () => rng.below(classes))
    const values = Float32Array.from({ length: size }, () => rng.next())
    if (loss === 'mse' || loss === 'mae' || loss === 'bce') return values
    for (let row = 0; row < size; row += classes) {
      const sum = values.subarray(row, row + classes).reduce((a, b) => a + b)
      for (let i = row; i < row + classes; i++) values[i] = values[i]! / sum
    }
    return values
  })
  return { x: inputsFor(network, batch, `x${seed}`), y, count }
}

/** The network itself, or behind a dense layer over the last axis where it has no weight to show a gradient. */
export function withWeights(network: Network): Network {
  return weightSpecs(network).some((spec) => spec.trainable) ? network : withDense(network)
}

/** The same layers behind a dense layer over the last axis. */
function withDense(network: Network): Network {
  const [input] = network.inputs
  const units = input!.shape[input!.shape.length - 1]!
  const first = { kind: 'dense', name: 'before', inputs: ['x'], units, activation: 'linear', useBias: true } as const
  const layers = network.layers.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((name) => (name === 'x' ? 'before' : name)),
  }))
  return { ...network, layers: [first, ...layers] as Network['layers'] }
}
