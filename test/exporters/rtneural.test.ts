/** RTNeural: what is refused and why, the layout of the file, the folded normaliser, one-hot inputs, the C++ header. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { normalize } from '../../src/data/normalize.ts'
import type { ExportConfig, ExportOptions } from '../../src/exporter.ts'
import { compareOutputs } from '../../src/exporters/compare.ts'
import { rtneural } from '../../src/exporters/rtneural.ts'
import { chainOf } from '../../src/exporters/rtneural/chain.ts'
import { identifier, layerTypes } from '../../src/exporters/rtneural/header.ts'
import { forward } from '../../src/network/forward.ts'
import type { ModelFile, Network, Weights } from '../../src/network.ts'
import {
  activation,
  batchNorm,
  chain,
  conv,
  dense,
  dropout,
  modelFile,
  normalizer,
  randomWeights,
  recurrent,
  sampleNetworks,
} from './networks.ts'

const dir = mkdtempSync(join(tmpdir(), 'kpipe-rtneural-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const options = { foldNormalizer: 'layer', modelHash: 'f00d' } as const
const inWeights = { ...options, foldNormalizer: 'weights' } as const
const named = (name: string) => sampleNetworks.find((network) => network.name === name)!

async function written(network: Network, weights: Weights, extra = {}, how: ExportOptions = options) {
  const files = await rtneural.write(modelFile(network, extra), weights, dir, how)
  return JSON.parse(readFileSync(join(dir, files[0]!), 'utf8')) as { in_shape: unknown; layers: any[]; kpipe: any }
}

describe('refuse', () => {
  const wide: Network = { ...chain('wide', [4], [dense('a', 3), dense('b', 3)]), outputs: ['a', 'b'] }
  const image: Network = { ...chain('image', [8, 8, 1], [dense('a', 2)]) }
  const residual: Network = {
    ...chain('residual', [4], [dense('a', 4), dense('b', 4)]),
    layers: [
      ...chain('', [4], [dense('a', 4), dense('b', 4)]).layers,
      { kind: 'add', name: 'sum', inputs: ['a', 'b'] },
    ],
    outputs: ['sum'],
  }
  const branch: Network = { ...chain('branch', [4], [dense('a', 4), dense('b', 4)]), outputs: ['a'] }
  const keyed = named('chordlstm').layers.filter((layer) => layer.name !== 'key_steps')
  const conditioned: Network = {
    ...named('chordlstm'),
    layers: [
      ...keyed.slice(0, 3),
      { ...dense('mood', 2, 'relu'), kind: 'dense', inputs: ['key_vector'] },
      { kind: 'repeat', name: 'key_steps', inputs: ['mood'], times: 5 },
      ...keyed.slice(3),
    ],
  }

  it.each<[string, Network, RegExp]>([
    [
      'gelu',
      chain('n', [4], [dense('a', 3, 'gelu')]),
      /layer "a" \(dense\): RTNeural has no gelu \(a file that names it crashes the host\)/,
    ],
    [
      'layer normalisation',
      chain('n', [4], [{ kind: 'layer_norm', name: 'ln', epsilon: 1e-5 }, dense('a', 2)]),
      /layer "ln" \(layer_norm\): .*without a word/,
    ],
    [
      'pooling',
      chain(
        'n',
        [4, 4, 1],
        [{ kind: 'max_pool2d', name: 'pool', poolSize: [2, 2], strides: [2, 2], padding: 'valid' }],
      ),
      /layer "pool" .*no pooling/,
    ],
    [
      'a padded convolution',
      chain('n', [6, 2], [{ ...conv('c', 3, 3), padding: 'same' }]),
      /layer "c" .*padding must be valid, not same/,
    ],
    [
      'a strided convolution',
      chain('n', [6, 2], [{ ...conv('c', 3, 3), stride: 2 }]),
      /layer "c" .*stride must be 1, not 2/,
    ],
    [
      'flatten over time',
      chain('n', [6, 2], [{ kind: 'flatten', name: 'flat' }, dense('a', 2)]),
      /layer "flat" \(flatten\): joins time steps/,
    ],
    [
      'an lstm behind a convolution',
      chain('n', [6, 2], [conv('c', 3, 2), recurrent('lstm', 'l', 2)]),
      /layer "l" \(lstm\): comes after the convolution "c", .*warm-up/,
    ],
    ['residual paths', residual, /layer "sum" \(add\): .*no residual paths/],
    ['a layer beside the way', branch, /layer "b" \(dense\): stands beside the way/],
    ['two outputs', wide, /outputs a, b: RTNeural gives one output/],
    ['an image', image, /input "x" of shape \[8, 8, 1\]/],
    ['a layer on one branch', conditioned, /layer "mood" \(dense\): works on one branch/],
  ])('%s', (_, network, reason) => {
    const reasons = rtneural.refuse(network)
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(reason)
  })

  it('names every layer at once', () => {
    const network = chain('n', [4], [dense('a', 3, 'gelu'), dense('b', 3, 'gelu')])
    expect(rtneural.refuse(network).map((reason) => reason.slice(0, 9))).toEqual(['layer "a"', 'layer "b"'])
  })

  it('finds what a config can tell', () => {
    expect(
      rtneural.refuseConfig({ architecture_type: 'mlp', activation: 'relu', output_activation: 'softmax' }),
    ).toEqual([])
    const refusals = rtneural.refuseConfig({ architecture_type: 'cnn', activation: 'gelu', output_activation: 'gelu' })
    expect(refusals.map(({ field }) => field)).toEqual(['architecture_type', 'activation', 'output_activation'])
    expect(refusals[1]).toEqual({
      field: 'activation',
      message: 'RTNeural has no gelu',
      hint: 'use one of linear, relu, leaky_relu, tanh, sigmoid, softmax, elu',
    })
    const fieldsOf = (config: ExportConfig) => rtneural.refuseConfig(config).map(({ field }) => field)
    expect(fieldsOf({ normalization_layer: 'layer_norm' })).toEqual(['normalization_layer'])
    expect(fieldsOf({ normalization_layer: 'batch_norm', architecture_type: 'gru' })).toEqual([])
    expect(fieldsOf({ architecture_type: 'cnn1d' })).toEqual(['pooling', 'global_pooling', 'padding'])
    const streams = { pooling: 'none', global_pooling: 'none', padding: 'valid' }
    expect(fieldsOf({ architecture_type: 'cnn1d', ...streams })).toEqual([])
  })
})

describe('the file', () => {
  it('is the Keras layout: "" for linear, kernels [in][out], zeros for a missing bias', async () => {
    const network = chain('layout', [2], [dense('a', 3, 'relu'), dense('b', 1, 'linear', false)])
    const weights: Weights = {
      'a/kernel': { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      'a/bias': { shape: [3], data: Float32Array.of(7, 8, 9) },
      'b/kernel': { shape: [3, 1], data: Float32Array.of(0.1, -0, 1e-30) },
    }
    const { in_shape, layers } = await written(network, weights)
    expect(in_shape).toEqual([null, 2])
    expect(layers).toEqual([
      {
        type: 'dense',
        activation: 'relu',
        shape: [null, 3],
        weights: [
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          [7, 8, 9],
        ],
      },
      { type: 'dense', activation: '', shape: [null, 1], weights: [[[0.100000001], [0], [1e-30]], [0]] },
    ])
  })

  it('keeps every float32 exactly with 9 digits', async () => {
    const network = chain('digits', [64], [dense('a', 32)])
    const weights = randomWeights(network, 'digits')
    const { layers } = await written(network, weights)
    const text = (layers[0].weights[0] as number[][]).flat()
    expect(Float32Array.from(text)).toEqual(weights['a/kernel']!.data)
    const digits = text.map((value) =>
      String(value)
        .replace(/e.*/, '')
        .replace(/^-?0?\.?0*/, '')
        .replace('.', ''),
    )
    expect(Math.max(...digits.map((item) => item.length))).toBe(9)
  })

  it('leaves out dropout and linear activations, and puts moving averages last', async () => {
    const network = chain(
      'norms',
      [2],
      [dropout('d'), batchNorm('n'), activation('none', 'linear'), activation('t', 'tanh')],
    )
    const data = (...values: number[]) => ({ shape: [2], data: Float32Array.from(values) })
    const weights = {
      'n/gamma': data(1, 2),
      'n/beta': data(3, 4),
      'n/moving_mean': data(5, 6),
      'n/moving_variance': data(7, 8),
    }
    const { layers } = await written(network, weights)
    expect(layers).toEqual([
      {
        type: 'batchnorm',
        epsilon: Math.fround(1e-3),
        shape: [null, 2],
        weights: [
          [1, 2],
          [3, 4],
          [5, 6],
          [7, 8],
        ],
      },
      { type: 'activation', activation: 'tanh', shape: [null, 2], weights: [] },
    ])
  })

  it('tells what a plug-in author needs under "kpipe"', async () => {
    const network = named('tcn')
    const { kpipe } = await written(network, randomWeights(network), {
      normalizer: normalizer(2),
      labels: ['up', 'down'],
    })
    expect(kpipe).toMatchObject({
      id: 'tcn',
      model_version: 'f00d',
      trained_on_generated_data: true,
      feature: { name: 'mel', sample_rate: 16000, n_fft: 2048, hop_length: 512, n_mels: 128 },
      input: { size: 2, meaning: '2 raw mel features per step; the first layer is the standard normaliser' },
      output: { size: 2, per_step: true, warm_up_steps: 7, labels: ['up', 'down'] },
      normalizer: { kind: 'standard', applied_by: 'the first layer of this file' },
    })
    expect(kpipe.normalizer.offset).toHaveLength(2)
  })
})

describe('fold_normalizer', () => {
  const kept = { normalizer: { kind: 'minmax', offset: [1, -4], scale: [2, 0.5] } }
  const hand = chain('hand', [2], [dense('a', 1)])
  const byHand = {
    'a/kernel': { shape: [2, 1], data: Float32Array.of(6, 1) },
    'a/bias': { shape: [1], data: Float32Array.of(5) },
  }

  it('layer: (x - offset) · 1 / scale in front, the network as it is', async () => {
    const { layers } = await written(hand, byHand, kept)
    expect(layers).toHaveLength(2)
    expect(layers[0]).toEqual({
      type: 'batchnorm',
      epsilon: 0,
      shape: [null, 2],
      weights: [
        [0.5, 2],
        [0, 0],
        [1, -4],
        [1, 1],
      ],
    })
    expect(layers[1].weights).toEqual([[[6], [1]], [5]])
    expect(readFileSync(join(dir, 'hand.hpp'), 'utf8')).toContain('RTNeural::BatchNorm1DT<float, 2>,')
  })

  it('weights: W / scale, b - offset · W / scale', async () => {
    const { layers } = await written(hand, byHand, kept, inWeights)
    expect(layers.map(({ weights }) => weights)).toEqual([[[[3], [2]], [10]]])
  })

  it('none: the weights as they are, and the probe normalised', async () => {
    const none = { ...options, foldNormalizer: 'none' } as const
    const { layers, kpipe } = await written(hand, byHand, kept, none)
    expect(layers.map(({ weights }) => weights)).toEqual([[[[6], [1]], [5]]])
    expect(kpipe.normalizer).toEqual({ ...kept.normalizer, applied_by: 'the host, before forward' })
    const x = rtneural.fileInputs(modelFile(hand, kept as Partial<ModelFile>), [Float32Array.of(3, -4)], 1, none)[0]!
    expect(x.data).toEqual(Float32Array.of(1, 0))
  })

  it.each(['square', 'tcn', 'lstms', 'grus'])('%s: both kinds of file take raw features', async (name) => {
    const network = named(name)
    const normalizerData = normalizer(network.inputs[0]!.shape.at(-1)!, 'minmax')
    const model = modelFile(network, { normalizer: normalizerData })
    const weights = randomWeights(network)
    const length = 2 * network.inputs[0]!.shape.reduce((a, b) => a * b)
    const raw = Float32Array.from({ length }, (_, i) => -40 + ((i * 7) % 31))
    const expected = forward(network, weights, [normalize(raw, normalizerData, normalizerData.offset.length)], 2)[0]!
    for (const how of [options, inWeights]) {
      const files = await rtneural.write(model, weights, dir, how)
      const x = rtneural.fileInputs(model, [raw], 2, how)
      expect(x[0]!.data).toEqual(raw)
      const got = (await rtneural.read(join(dir, files[0]!))).predict(x).data
      got.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
    }
  })

  it('layer keeps the digits of features that are large and hardly vary, weights does not', async () => {
    const network = named('square')
    const narrow = { kind: 'standard', offset: [900, 1000, 1100, 1200], scale: [1e-3, 2e-3, 3e-3, 4e-3] } as const
    const model = modelFile(network, { normalizer: narrow })
    const weights = randomWeights(network)
    const raw = Float32Array.from(
      { length: 40 },
      (_, i) => narrow.offset[i % 4]! + narrow.scale[i % 4]! * ((i % 7) - 3),
    )
    const expected = forward(network, weights, [normalize(raw, narrow, 4)], 10)[0]!
    const difference = async (how: ExportOptions) => {
      const [file] = await rtneural.write(model, weights, dir, how)
      const got = (await rtneural.read(join(dir, file!))).predict(rtneural.fileInputs(model, [raw], 10, how))
      return compareOutputs(expected, got.data, 10).maxScaledDiff
    }
    expect(await difference(options)).toBeLessThan(1e-6)
    expect(await difference(inWeights)).toBeGreaterThan(1e-4)
  })

  it('says when it cannot', async () => {
    const first = modelFile(named('normfirst'), { normalizer: normalizer(4) })
    const writing = rtneural.write(first, randomWeights(first.network), dir, inWeights)
    await expect(writing).rejects.toThrow('the first layer "norm" (batch_norm) has no kernel')
    const short = modelFile(named('square'), { normalizer: normalizer(3) })
    for (const how of [options, inWeights]) {
      const refused = rtneural.write(short, randomWeights(short.network), dir, how)
      await expect(refused).rejects.toThrow('the normaliser has 3 numbers, one step of the input has 4')
    }
  })
})

describe('embeddings', () => {
  it('become one linear layer over one-hot blocks, laid out as the file says', async () => {
    const network = named('chordlstm')
    const weights = randomWeights(network)
    const { in_shape, layers, kpipe } = await written(network, weights)
    expect(in_shape).toEqual([null, null, 10])
    expect(kpipe.input.layout.map((block: any) => [block.input, block.offset, block.width, block.every_step])).toEqual([
      ['chords', 0, 7, 'own value'],
      ['key', 7, 3, 'same value'],
    ])
    const [kernel] = layers[0].weights as [number[][]]
    expect(Float32Array.from(kernel[2]!)).toEqual(
      Float32Array.of(...weights['chord_embedding/embeddings']!.data.slice(8, 12), 0, 0),
    )
    const x = rtneural.fileInputs(
      modelFile(network),
      [Float32Array.of(0, 1, 2, 3, 6), Float32Array.of(2)],
      1,
      options,
    )[0]!
    expect(x.shape).toEqual([1, 5, 10])
    expect(x.data.slice(40, 50)).toEqual(Float32Array.of(0, 0, 0, 0, 0, 0, 1, 0, 0, 1))
  })

  it('refuse ids out of range', () => {
    const inputs = [Float32Array.of(0, 1, 7, 3, 6), Float32Array.of(0)]
    expect(() => rtneural.fileInputs(modelFile(named('chordlstm')), inputs, 1, options)).toThrow(
      'input "chords" got the id 7',
    )
  })
})

describe('the header', () => {
  it('writes leaky_relu as a PReLU behind its layer', async () => {
    const network = chain('leak', [2], [dense('a', 3, 'leaky_relu')])
    expect(layerTypes(chainOf(network))).toEqual(['DenseT<float, 2, 3>', 'PReLUActivationT<float, 3>'])
  })

  it('has one C++ type a layer, activations apart', () => {
    expect(layerTypes(chainOf(named('tcn')))).toEqual([
      'Conv1DT<float, 2, 4, 3, 2>',
      'ReLuActivationT<float, 4>',
      'BatchNorm1DT<float, 4>',
      'Conv1DT<float, 4, 3, 2, 3>',
      'DenseT<float, 3, 2>',
      'TanhActivationT<float, 2>',
    ])
    expect(layerTypes(chainOf(named('chordlstm')))[0]).toBe('DenseT<float, 10, 6>')
    expect(layerTypes(chainOf(named('grus')))[1]).toBe('GRULayerT<float, 4, 3>')
  })

  it('is a whole file', async () => {
    const network = named('lastlstm')
    await rtneural.write(modelFile(network, { normalizer: normalizer(3) }), randomWeights(network), dir, options)
    await expect(readFileSync(join(dir, 'lastlstm.hpp'), 'utf8')).toMatchFileSnapshot('../golden/rtneural/lastlstm.hpp')
  })

  it('lifts the limit of Eigen only where a kernel is above it', async () => {
    const text = async (units: number) => {
      const network = chain(`wide${units}`, [256], [dense('a', units)])
      await rtneural.write(modelFile(network), randomWeights(network), dir, options)
      return readFileSync(join(dir, `wide${units}.hpp`), 'utf8')
    }
    expect(await text(128)).not.toContain('EIGEN')
    expect(await text(129)).toContain('#define EIGEN_STACK_ALLOCATION_LIMIT 0')
  })

  it('makes C++ names of ids', () => {
    expect([identifier('chord-lstm'), identifier('2step')]).toEqual(['chord_lstm', 'model_2step'])
  })
})
