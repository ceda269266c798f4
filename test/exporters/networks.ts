/** Small networks with seeded weights for the exporter tests: every layer kind, activation and order that is accepted. */
import { random } from '../../src/lib/random.ts'
import { buildNetwork } from '../../src/models/index.ts'
import type {
  Activation,
  Layer,
  ModelFile,
  Network,
  NormalizerData,
  TensorSpec,
  Weight,
  Weights,
} from '../../src/network.ts'
import { weightSpecs } from '../../src/network/shapes.ts'

export const activations: readonly Activation[] = ['linear', 'relu', 'leaky_relu', 'tanh', 'sigmoid', 'softmax', 'elu']

export function chain(name: string, shape: readonly number[], layers: readonly unknown[]): Network {
  const input: TensorSpec = { name: 'x', shape, dtype: 'float32' }
  const linked = (layers as readonly Omit<Layer, 'inputs'>[]).map((layer, i) => ({
    ...layer,
    inputs: [i === 0 ? 'x' : layers[i - 1]!['name' as never]],
  }))
  return { name, inputs: [input], layers: linked as unknown as Layer[], outputs: [linked.at(-1)!.name] }
}

export function dense(name: string, units: number, activation: Activation = 'linear', useBias = true) {
  return { kind: 'dense', name, units, activation, useBias }
}

export function conv(
  name: string,
  filters: number,
  kernelSize: number,
  dilation = 1,
  activation: Activation = 'linear',
  useBias = true,
) {
  return { kind: 'conv1d', name, filters, kernelSize, stride: 1, dilation, padding: 'valid', activation, useBias }
}

export function recurrent(kind: 'lstm' | 'gru', name: string, units: number, returnSequences = true) {
  return { kind, name, units, returnSequences }
}

export const batchNorm = (name: string) => ({ kind: 'batch_norm', name, epsilon: 1e-3, momentum: 0.99 })
export const dropout = (name: string) => ({ kind: 'dropout', name, rate: 0.3 })
export const activation = (name: string, of: Activation) => ({ kind: 'activation', name, activation: of })

/** Every weight random, biases and moving averages too, so that a forgotten or swapped one shows. */
export function randomWeights(network: Network, seed: string | number = 1): Weights {
  const rng = random(seed)
  const weights: Record<string, Weight> = {}
  for (const spec of weightSpecs(network)) {
    const length = spec.shape.reduce((product, size) => product * size, 1)
    const spread = spec.name.endsWith('variance') ? 0 : 1 / Math.sqrt(Math.max(1, spec.fanIn))
    const data = Float32Array.from({ length }, () => (spread === 0 ? rng.uniform(0.5, 2) : rng.normal() * spread))
    weights[spec.name] = { shape: spec.shape, data }
  }
  return weights
}

export function modelFile(network: Network, extra: Partial<ModelFile> = {}): ModelFile {
  return {
    format: 'kpipe-model/1',
    id: network.name,
    task: 'test',
    network,
    loss: 'mse',
    normalizer: null,
    feature: {
      name: 'mel',
      options: { sample_rate: 16000, n_fft: 2048, hop_length: 512, n_mels: 128 },
      generated: true,
    },
    labels: [],
    training: {
      epochs: 3,
      bestEpoch: 2,
      trainLoss: 0.5,
      valLoss: 0.6,
      seed: 42,
      examples: { train: 7, val: 2, test: 1 },
    },
    latencyTargetMs: 5,
    ...extra,
  }
}

/** Means and deviations of the size that log-mel features in decibels have. */
export function normalizer(size: number, kind: NormalizerData['kind'] = 'standard'): NormalizerData {
  const rng = random(`normalizer:${size}`)
  const numbers = (low: number, high: number) => Array.from({ length: size }, () => Math.fround(rng.uniform(low, high)))
  return { kind, offset: numbers(-60, -20), scale: numbers(5, 15) }
}

const ids = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, dtype: 'int32' })

/** Chord ids at every step, a key id for the whole sequence. */
const chordLstm: Network = {
  name: 'chordlstm',
  inputs: [ids('chords', [5]), ids('key', [1])],
  layers: [
    { kind: 'embedding', name: 'chord_embedding', inputs: ['chords'], vocabulary: 7, dimensions: 4 },
    { kind: 'embedding', name: 'key_embedding', inputs: ['key'], vocabulary: 3, dimensions: 2 },
    { kind: 'flatten', name: 'key_vector', inputs: ['key_embedding'] },
    { kind: 'repeat', name: 'key_steps', inputs: ['key_vector'], times: 5 },
    { kind: 'concat', name: 'joined', inputs: ['chord_embedding', 'key_steps'] },
    { kind: 'lstm', name: 'lstm', inputs: ['joined'], units: 6, returnSequences: true },
    { kind: 'dense', name: 'chord', inputs: ['lstm'], units: 7, activation: 'softmax', useBias: true },
  ],
  outputs: ['chord'],
}

/** Networks that every format which takes chains can hold. */
export const sampleNetworks: readonly Network[] = [
  chain('square', [4], [dense('a', 4, 'tanh'), dense('b', 4)]),
  chain(
    'activations',
    [5],
    [...activations.map((name, i) => dense(`d${i}`, 3 + i, name)), activation('last', 'sigmoid')],
  ),
  chain('nobias', [3], [dense('a', 6, 'relu', false), activation('none', 'linear'), dense('b', 2, 'linear', false)]),
  chain('dropped', [6], [dense('a', 8, 'elu'), dropout('drop'), batchNorm('norm'), dense('b', 3, 'softmax')]),
  chain('normfirst', [4], [batchNorm('norm'), dense('a', 2)]),
  chain('perstep', [6, 3], [dense('a', 4, 'tanh'), dense('b', 2)]),
  chain(
    'tcn',
    [14, 2],
    [conv('c1', 4, 3, 2, 'relu'), batchNorm('norm'), conv('c2', 3, 2, 3, 'linear', false), dense('out', 2, 'tanh')],
  ),
  chain('lstms', [7, 3], [recurrent('lstm', 'l1', 5), recurrent('lstm', 'l2', 4), dense('out', 2)]),
  chain(
    'lastlstm',
    [7, 3],
    [recurrent('lstm', 'l1', 5), recurrent('lstm', 'l2', 4, false), dense('out', 3, 'sigmoid')],
  ),
  chain('leaky', [9, 3], [conv('c1', 4, 3, 1, 'leaky_relu'), activation('again', 'leaky_relu'), dense('out', 2)]),
  ...fromConfigs(),
  chain('grus', [6, 2], [recurrent('gru', 'g1', 4), recurrent('gru', 'g2', 3, false), dense('out', 2)]),
  chordLstm,
]

/** Architectures of configs, with the options that make them one plain chain. */
function fromConfigs(): Network[] {
  const common = { activation: 'relu', output_activation: 'linear', dropout: 0.1, output_size: 2 } as const
  const sequence = { ...common, input_size: 24, input_shape: [8, 3], hidden_layers: [6, 5] }
  return [
    buildNetwork({ ...sequence, model_id: 'configgru', architecture_type: 'gru', return_sequences: false }),
    buildNetwork({ ...sequence, model_id: 'confignorm', architecture_type: 'lstm', normalization_layer: 'batch_norm' }),
    buildNetwork({
      ...sequence,
      model_id: 'configcnn1d',
      architecture_type: 'cnn1d',
      filters: [4, 5],
      dilations: [1, 2],
      pooling: 'none',
      global_pooling: 'none',
      padding: 'valid',
    }),
    buildNetwork({
      ...common,
      model_id: 'configmlp',
      architecture_type: 'mlp',
      input_size: 7,
      hidden_layers: [6, 5],
      normalization_layer: 'batch_norm',
    }),
  ]
}
