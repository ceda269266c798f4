/** First weights of a network: seeded, the same on every machine, each weight from a stream of its own. */
import { type Random, random } from '../lib/random.ts'
import { LEAK, SELU_ALPHA, SELU_SCALE } from '../network/activations.ts'
import { inferShapes, sizeOf, type WeightSpec } from '../network/shapes.ts'
import type { Activation, Network, Weight, Weights } from '../network.ts'

/**
 * Kernels: Glorot uniform (Glorot & Bengio 2010), He uniform (He et al. 2015) before relu and its kin, LeCun uniform before
 * selu (Klambauer et al. 2017); recurrent kernels: orthogonal (Saxe et al. 2014); embeddings: uniform ±0.05; LSTM forget bias 1 (Jozefowicz et al. 2015).
 */
export function initialWeights(network: Network, seed: number): Weights {
  const weights: Record<string, Weight> = {}
  for (const { layer, weights: specs } of inferShapes(network)) {
    const activation = 'activation' in layer ? layer.activation : 'linear'
    for (const spec of specs) {
      weights[spec.name] = { shape: spec.shape, data: initialize(spec, activation, random(`${seed}:${spec.name}`)) }
    }
  }
  return weights
}

/**
 * Lets an untrained network predict the mean of the training targets: biases of its output layers become the inverse of
 * their activation there, and their kernels a tenth of what they were. Training then spends its steps on what tells rows
 * apart, which with few rows is the difference between more and less than the mean. Other outputs than
 * dense ones with a bias stay as they are.
 * @param means in the order of network.outputs, one row each
 */
export function startAtMean(network: Network, weights: Weights, means: readonly Float32Array[]): Weights {
  const changed: Record<string, Weight> = { ...weights }
  for (const [i, name] of network.outputs.entries()) {
    const layer = network.layers.find((one) => one.name === name)
    const bias = weights[`${name}/bias`]
    const kernel = weights[`${name}/kernel`]
    if (layer?.kind !== 'dense' || !bias || !kernel || means[i]!.length !== bias.data.length) continue
    changed[`${name}/bias`] = { shape: bias.shape, data: means[i]!.map((mean) => inverse(layer.activation, mean)) }
    changed[`${name}/kernel`] = { shape: kernel.shape, data: kernel.data.map((value) => value / 10) }
  }
  return changed
}

/** What goes into the activation for `value` to come out; kept off the ends, where the gradient dies. */
function inverse(activation: Activation, value: number): number {
  const inside = (low: number, high: number) => Math.min(high, Math.max(low, value))
  switch (activation) {
    case 'sigmoid': {
      const p = inside(0.001, 0.999)
      return Math.log(p / (1 - p))
    }
    case 'softmax':
      return Math.log(inside(0.0001, 1))
    case 'tanh':
      return Math.atanh(inside(-0.99, 0.99))
    case 'elu':
      return value < 0 ? Math.log1p(inside(-0.99, 0)) : value
    case 'selu':
      return value < 0 ? Math.log1p(inside(-1.75, 0) / (SELU_SCALE * SELU_ALPHA)) : value / SELU_SCALE
    case 'leaky_relu':
      return value < 0 ? value / LEAK : value
    case 'softplus':
      return Math.log(Math.expm1(inside(0.001, 80)))
    case 'relu':
    case 'silu':
    case 'gelu':
    case 'gelu_tanh':
      return inside(0.001, Infinity)
    case 'linear':
      return value
  }
}

/** Activations that let one half through and hold the other back. */
const rectified: ReadonlySet<Activation> = new Set([
  'relu',
  'leaky_relu',
  'elu',
  'silu',
  'softplus',
  'gelu',
  'gelu_tanh',
])

function initialize(spec: WeightSpec, activation: Activation, rng: Random): Float32Array {
  const data = new Float32Array(sizeOf(spec.shape))
  switch (spec.init) {
    case 'zeros':
      return data
    case 'ones':
      return data.fill(1)
    case 'forget_bias':
      return data.fill(1, data.length / 4, data.length / 2)
    case 'embedding':
      return data.map(() => rng.uniform(-0.05, 0.05))
    case 'recurrent':
      return orthogonalRows(data, spec.shape[0]!, rng)
    case 'kernel': {
      const limit =
        activation === 'selu'
          ? Math.sqrt(3 / spec.fanIn)
          : Math.sqrt(6 / (rectified.has(activation) ? spec.fanIn : spec.fanIn + spec.fanOut))
      return data.map(() => rng.uniform(-limit, limit))
    }
  }
}

/** Gram-Schmidt over rows of normal numbers; every row is at least as long as there are rows. */
function orthogonalRows(data: Float32Array, rows: number, rng: Random): Float32Array {
  const columns = data.length / rows
  const basis: Float64Array[] = []
  for (let row = 0; row < rows; row++) {
    const vector = Float64Array.from({ length: columns }, () => rng.normal())
    for (const other of basis) {
      const along = dot(vector, other)
      for (let i = 0; i < columns; i++) vector[i] = vector[i]! - along * other[i]!
    }
    const norm = Math.sqrt(dot(vector, vector))
    for (let i = 0; i < columns; i++) vector[i] = vector[i]! / norm
    basis.push(vector)
    data.set(vector, row * columns)
  }
  return data
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
