/** One small network for every layer kind (and mode of it), with numbers to feed it. Shared by forward and gradient tests. */
import { random } from '../../src/lib/random.ts'
import { sizeOf, weightSpecs } from '../../src/network/shapes.ts'
import type { Layer, Network, TensorSpec, Weights } from '../../src/network.ts'

export interface Case {
  readonly name: string
  readonly network: Network
}

const dense = { kind: 'dense', useBias: true, activation: 'linear', units: 3 } as const
const conv = {
  kind: 'conv1d',
  filters: 4,
  kernelSize: 3,
  stride: 1,
  dilation: 1,
  padding: 'same',
  activation: 'tanh',
  useBias: true,
} as const
const conv2 = {
  kind: 'conv2d',
  filters: 3,
  kernelSize: [3, 2],
  strides: [1, 1],
  padding: 'same',
  activation: 'linear',
  useBias: true,
} as const

const activations = [
  'linear',
  'tanh',
  'sigmoid',
  'softmax',
  'softplus',
  'elu',
  'selu',
  'silu',
  'gelu',
  'gelu_tanh',
  'relu',
  'leaky_relu',
] as const

export const cases: readonly Case[] = [
  ...activations.map((activation) => chain(`dense ${activation}`, [5], { ...dense, activation })),
  chain('dense without bias', [5], { ...dense, useBias: false }),
  chain('dense over time', [4, 5], dense),
  chain('dense of more than eight units', [5], { ...dense, units: 19 }),
  chain('activation', [5], { kind: 'activation', activation: 'tanh' }),
  chain('batch_norm', [5], { kind: 'batch_norm', epsilon: 1e-3, momentum: 0.9 }),
  chain('batch_norm over time', [4, 5], { kind: 'batch_norm', epsilon: 1e-3, momentum: 0.9 }),
  chain('layer_norm', [4, 5], { kind: 'layer_norm', epsilon: 1e-5 }),
  chain('conv1d same', [7, 2], conv),
  chain('conv1d valid dilated', [9, 2], { ...conv, padding: 'valid', dilation: 2 }),
  chain('conv1d even kernel, dilated', [9, 2], { ...conv, kernelSize: 2, dilation: 3 }),
  chain('conv1d stride 2 same', [8, 2], { ...conv, stride: 2 }),
  chain('conv2d same', [5, 4, 2], conv2),
  chain('conv2d stride 2 valid', [6, 5, 2], { ...conv2, strides: [2, 2], padding: 'valid' }),
  chain('max_pool2d', [4, 5, 2], { kind: 'max_pool2d', poolSize: [2, 2], strides: [2, 2], padding: 'same' }),
  chain('max_pool2d valid with a rest', [4, 5, 2], {
    kind: 'max_pool2d',
    poolSize: [2, 2],
    strides: [2, 2],
    padding: 'valid',
  }),
  chain('max_pool2d overlapping', [5, 5, 2], {
    kind: 'max_pool2d',
    poolSize: [3, 2],
    strides: [2, 1],
    padding: 'valid',
  }),
  chain('max_pool1d', [7, 2], { kind: 'max_pool1d', poolSize: 2, stride: 2, padding: 'valid' }),
  chain('max_pool1d overlapping, same', [7, 2], { kind: 'max_pool1d', poolSize: 3, stride: 2, padding: 'same' }),
  chain('avg_pool1d', [7, 2], { kind: 'avg_pool1d', poolSize: 2, stride: 2, padding: 'valid' }),
  chain('avg_pool1d overlapping, same', [7, 2], { kind: 'avg_pool1d', poolSize: 4, stride: 2, padding: 'same' }),
  chain('avg_pool2d', [4, 5, 2], { kind: 'avg_pool2d', poolSize: [2, 2], strides: [2, 2], padding: 'valid' }),
  chain('avg_pool2d same', [5, 4, 2], { kind: 'avg_pool2d', poolSize: [2, 3], strides: [2, 2], padding: 'same' }),
  chain('avg_pool2d overlapping', [5, 6, 2], {
    kind: 'avg_pool2d',
    poolSize: [3, 2],
    strides: [2, 1],
    padding: 'valid',
  }),
  chain('avg_pool2d with gaps', [6, 6, 2], {
    kind: 'avg_pool2d',
    poolSize: [2, 1],
    strides: [3, 2],
    padding: 'valid',
  }),
  chain('global_avg_pool', [4, 5, 2], { kind: 'global_avg_pool' }),
  chain('global_max_pool', [4, 5, 2], { kind: 'global_max_pool' }),
  chain('global_max_pool over time', [6, 3], { kind: 'global_max_pool' }),
  chain('flatten', [4, 2], { kind: 'flatten' }),
  chain('repeat', [5], { kind: 'repeat', times: 3 }),
  chain('lstm', [4, 3], { kind: 'lstm', units: 5, returnSequences: false }),
  chain('lstm sequences', [4, 3], { kind: 'lstm', units: 5, returnSequences: true }),
  chain('gru', [4, 3], { kind: 'gru', units: 5, returnSequences: false }),
  chain('gru sequences', [4, 3], { kind: 'gru', units: 5, returnSequences: true }),
  chain('causal_attention', [4, 6], { kind: 'causal_attention', heads: 2 }),
  chain('position_embedding', [4, 6], { kind: 'position_embedding', positions: 5 }),
  chain('dropout', [5], { kind: 'dropout', rate: 0.4 }, { ...dense, activation: 'tanh' }),
  {
    name: 'tied_dense',
    network: {
      name: 'tied',
      inputs: [{ name: 'ids', shape: [3], dtype: 'int32' }],
      layers: [
        { kind: 'embedding', name: 'table', inputs: ['ids'], vocabulary: 6, dimensions: 5 },
        { kind: 'activation', name: 'bent', inputs: ['table'], activation: 'tanh' },
        { kind: 'tied_dense', name: 'out', inputs: ['bent'], table: 'table', activation: 'softmax' },
      ],
      outputs: ['out'],
    },
  },
  {
    name: 'embedding, concat and add',
    network: {
      name: 'graph',
      inputs: [
        { name: 'ids', shape: [3], dtype: 'int32' },
        { name: 'level', shape: [4], dtype: 'float32' },
      ],
      layers: [
        { kind: 'embedding', name: 'table', inputs: ['ids'], vocabulary: 6, dimensions: 2 },
        { kind: 'flatten', name: 'flat', inputs: ['table'] },
        { kind: 'dense', name: 'left', inputs: ['level'], units: 6, activation: 'tanh', useBias: true },
        { kind: 'add', name: 'sum', inputs: ['flat', 'left', 'flat'] },
        { kind: 'concat', name: 'both', inputs: ['sum', 'level'] },
        { kind: 'dense', name: 'out', inputs: ['both'], units: 3, activation: 'linear', useBias: true },
      ],
      outputs: ['out', 'left'],
    },
  },
]

/** Numbers in [-1, 1), or ids for int32 inputs. */
export function inputsFor(network: Network, batch: number, seed = 'x'): Float32Array[] {
  return network.inputs.map((spec: TensorSpec) => {
    const rng = random(`${seed}:${spec.name}`)
    return new Float32Array(batch * sizeOf(spec.shape)).map(() =>
      spec.dtype === 'int32' ? rng.below(6) : rng.uniform(-1, 1),
    )
  })
}

/** Every weight random, biases and norms too, so that no term is hidden by a zero or a one. Variances are positive. */
export function randomWeights(network: Network, seed = 'w'): Weights {
  return Object.fromEntries(
    weightSpecs(network).map((spec) => {
      const rng = random(`${seed}:${spec.name}`)
      const [low, high] = spec.name.endsWith('variance') ? [0.5, 1.5] : [-0.6, 0.6]
      return [
        spec.name,
        { shape: spec.shape, data: new Float32Array(sizeOf(spec.shape)).map(() => rng.uniform(low, high)) },
      ]
    }),
  )
}

type Unplaced = Layer extends infer One ? (One extends Layer ? Omit<One, 'name' | 'inputs'> : never) : never

function chain(name: string, shape: readonly number[], ...layers: Unplaced[]): Case {
  const placed = layers.map(
    (layer, i) => ({ ...layer, name: `layer_${i}`, inputs: [i === 0 ? 'x' : `layer_${i - 1}`] }) as unknown as Layer,
  )
  const network = {
    name,
    inputs: [{ name: 'x', shape, dtype: 'float32' as const }],
    layers: placed,
    outputs: [`layer_${layers.length - 1}`],
  }
  return { name, network }
}
