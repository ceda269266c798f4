import type { LayersModel, layers, Tensor } from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { applyNetwork } from '../../src/compute/graph.ts'
import { loadTf, type Tf } from '../../src/compute/tfjs.ts'
import { forward, prepareForward } from '../../src/network/forward.ts'
import { inferShapes } from '../../src/network/shapes.ts'
import type { Activation, Layer, Network, Weights } from '../../src/network.ts'
import { cases, inputsFor, randomWeights } from './networks.ts'

const BATCH = 3
const { tf } = await loadTf()

describe('plain forward pass', () => {
  it.each(cases)('$name equals the graph in TensorFlow.js ops', ({ network }) => {
    const weights = randomWeights(network)
    const inputs = inputsFor(network, BATCH)
    const expected = graphOutputs(tf, network, weights, inputs)
    const got = forward(network, weights, inputs, BATCH)
    for (const [i, output] of expected.entries()) expectClose(got[i]!, output, 2e-6)
  })

  it('covers every layer kind', () => {
    const covered = new Set(cases.flatMap(({ network }) => network.layers.map((layer) => layer.kind)))
    const all: Record<Layer['kind'], true> = {
      dense: true,
      dropout: true,
      activation: true,
      batch_norm: true,
      layer_norm: true,
      conv1d: true,
      conv2d: true,
      max_pool1d: true,
      avg_pool1d: true,
      max_pool2d: true,
      avg_pool2d: true,
      global_avg_pool: true,
      global_max_pool: true,
      flatten: true,
      embedding: true,
      concat: true,
      repeat: true,
      lstm: true,
      gru: true,
      causal_attention: true,
      add: true,
      position_embedding: true,
      tied_dense: true,
    }
    expect([...covered].sort()).toEqual(Object.keys(all).sort())
  })

  it.each(cases.filter(({ network }) => network.layers.length === 1 && kerasLayer(tf, network.layers[0]!) !== null))(
    '$name equals the layer of tfjs layers',
    ({ network }) => {
      const [{ shape, weights: specs }] = inferShapes(network) as [ReturnType<typeof inferShapes>[number]]
      const weights = randomWeights(network)
      const inputs = inputsFor(network, BATCH)
      const layer = kerasLayer(tf, network.layers[0]!)!
      const input = tf.input({ shape: [...network.inputs[0]!.shape] })
      const model: LayersModel = tf.model({ inputs: input, outputs: layer.apply(input) as never })
      layer.setWeights(specs.map((spec) => tf.tensor(weights[spec.name]!.data, [...spec.shape])))
      const expected = model.predict(tf.tensor(inputs[0]!, [BATCH, ...network.inputs[0]!.shape])) as Tensor
      expect(expected.shape).toEqual([BATCH, ...shape])
      expectClose(forward(network, weights, inputs, BATCH)[0]!, expected.dataSync() as Float32Array, 2e-6)
    },
  )

  it('computes a GRU step by hand in the reset_after form', () => {
    const layer = { kind: 'gru', name: 'g', inputs: ['x'], units: 1, returnSequences: true } as const
    const network: Network = {
      name: 'n',
      inputs: [{ name: 'x', shape: [2, 1], dtype: 'float32' }],
      layers: [layer],
      outputs: ['g'],
    }
    const weights = {
      'g/kernel': { shape: [1, 3], data: Float32Array.of(0.5, -0.25, 0.75) },
      'g/recurrent_kernel': { shape: [1, 3], data: Float32Array.of(0.125, 0.5, -0.5) },
      'g/bias': { shape: [2, 3], data: Float32Array.of(0.1, 0.2, 0.3, -0.1, 0.05, 0.4) },
    }
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
    const expected: number[] = []
    let h = 0
    for (const x of [1, -2]) {
      const z = sigmoid(0.5 * x + 0.1 + 0.125 * h - 0.1)
      const r = sigmoid(-0.25 * x + 0.2 + 0.5 * h + 0.05)
      const candidate = Math.tanh(0.75 * x + 0.3 + r * (-0.5 * h + 0.4))
      h = z * h + (1 - z) * candidate
      expected.push(h)
    }
    expectClose(forward(network, weights, [Float32Array.of(1, -2)], 1)[0]!, expected, 1e-7)
  })

  it('gives a row the same numbers alone and in a batch', () => {
    for (const { network } of cases) {
      const weights = randomWeights(network)
      const inputs = inputsFor(network, BATCH)
      const together = forward(network, weights, inputs, BATCH)[0]!
      const rows = inputs.map((input) => input.subarray((input.length / BATCH) * 2))
      const alone = forward(network, weights, rows, 1)[0]!
      expect([...alone]).toEqual([...together.subarray(alone.length * 2)])
    }
  })

  it('reuses its memory between calls of a prepared pass', () => {
    const { network } = cases[0]!
    const pass = prepareForward(network, randomWeights(network), 1)
    const first = pass(inputsFor(network, 1, 'a'))[0]!
    const copy = [...first]
    expect(pass(inputsFor(network, 1, 'b'))[0]).toBe(first)
    expect([...first]).not.toEqual(copy)
    expect([...pass(inputsFor(network, 1, 'a'))[0]!]).toEqual(copy)
  })

  it('names the weight or input that does not fit', () => {
    const { network } = cases[0]!
    const weights = randomWeights(network)
    const { 'layer_0/bias': _, ...without } = weights
    expect(() => prepareForward(network, without, 1)).toThrow(
      'weight "layer_0/bias" of network "dense linear" is missing',
    )
    const wrong = { ...weights, 'layer_0/kernel': { shape: [3, 5], data: new Float32Array(15) } }
    expect(() => prepareForward(network, wrong, 1)).toThrow('weight "layer_0/kernel" is [3,5], the network needs [5,3]')
    expect(() => forward(network, weights, [new Float32Array(4)], 1)).toThrow(
      'input "x" has 4 numbers, expected 5 (1 x [5])',
    )
  })

  it('refuses an id outside the vocabulary instead of reading another row', () => {
    const { network } = cases[cases.length - 1]!
    const inputs = [Float32Array.of(0, 6, 1), new Float32Array(4)]
    expect(() => forward(network, randomWeights(network), inputs, 1)).toThrow(
      'layer "table" got the id 6; ids are whole numbers from 0 to 5',
    )
  })
})

function graphOutputs(tf: Tf, network: Network, weights: Weights, inputs: readonly Float32Array[]): Float32Array[] {
  const values: Float32Array[] = []
  tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(weights).map(([name, w]) => [name, tf.tensor(w.data, [...w.shape])]),
    )
    const fed = network.inputs.map((spec, i) => tf.tensor(inputs[i]!, [BATCH, ...spec.shape], spec.dtype))
    for (const output of applyNetwork(tf, network, tensors, fed).outputs)
      values.push(output.value.dataSync() as Float32Array)
  })
  return values
}

/** The layer of tfjs with the same meaning, or null where tfjs has none (GRU with reset_after, attention, either GELU as we call it). */
type KerasActivation = 'linear' | 'tanh' | 'sigmoid' | 'softmax' | 'softplus' | 'elu' | 'selu' | 'relu'

function isKerasActivation(name: Activation): name is KerasActivation {
  return ['linear', 'tanh', 'sigmoid', 'softmax', 'softplus', 'elu', 'selu', 'relu'].includes(name)
}

function kerasLayer(tf: Tf, layer: Layer): layers.Layer | null {
  const { layers } = tf
  switch (layer.kind) {
    case 'dense':
      // gelu, gelu_tanh, silu and leaky_relu have other names, forms or slopes there.
      return isKerasActivation(layer.activation)
        ? layers.dense({ units: layer.units, activation: layer.activation, useBias: layer.useBias })
        : null
    case 'batch_norm':
      return layers.batchNormalization({ epsilon: layer.epsilon })
    case 'layer_norm':
      return layers.layerNormalization({ epsilon: layer.epsilon })
    case 'conv1d': {
      const { filters, kernelSize, padding, useBias } = layer
      return layers.conv1d({
        filters,
        kernelSize,
        padding,
        useBias,
        strides: layer.stride,
        dilationRate: layer.dilation,
        activation: 'tanh',
      })
    }
    case 'conv2d':
      return layers.conv2d({
        filters: layer.filters,
        kernelSize: [...layer.kernelSize],
        strides: [...layer.strides],
        padding: layer.padding,
      })
    case 'max_pool2d':
      return layers.maxPooling2d({ poolSize: [...layer.poolSize], strides: [...layer.strides], padding: layer.padding })
    case 'max_pool1d':
      return layers.maxPooling1d({ poolSize: layer.poolSize, strides: layer.stride, padding: layer.padding })
    case 'avg_pool1d':
      return layers.averagePooling1d({ poolSize: layer.poolSize, strides: layer.stride, padding: layer.padding })
    case 'avg_pool2d':
      return layers.averagePooling2d({
        poolSize: [...layer.poolSize],
        strides: [...layer.strides],
        padding: layer.padding,
      })
    case 'global_avg_pool':
      return layers.globalAveragePooling2d({})
    case 'flatten':
      return layers.flatten()
    case 'repeat':
      return layers.repeatVector({ n: layer.times })
    case 'lstm':
      // tfjs defaults to the hard sigmoid, which no other framework uses.
      return layers.lstm({ units: layer.units, returnSequences: layer.returnSequences, recurrentActivation: 'sigmoid' })
    default:
      return null
  }
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length)
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - expected[i]!)).toBeLessThan(tolerance)
}
