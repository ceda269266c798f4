/** What every architecture keeps to. A new one joins by its line in src/models/index.ts and a small config here. */
import { describe, expect, it } from 'vitest'
import type { Batch, Engine, LossName } from '../../src/compute/engine.ts'
import { eager } from '../../src/compute/engines/eager.ts'
import { engines } from '../../src/compute/index.ts'
import { random } from '../../src/lib/random.ts'
import { architectures, buildNetwork, initialWeights, type NetworkConfig, otherModels } from '../../src/models/index.ts'
import type { Network } from '../../src/network.ts'
import { forward } from '../../src/network/forward.ts'
import { countParameters, inferShapes, outputSpecs, sizeOf } from '../../src/network/shapes.ts'
import { idColumns, rowSizes } from '../../src/train/targets.ts'

const BATCH = 4
const others = await Promise.all(
  Object.values(engines as Readonly<Record<string, Engine>>).map(async (engine) => ({
    engine,
    missing: engine === eager ? 'it is the reference' : await engine.available(),
  })),
)
const compiled = others.flatMap(({ engine, missing }) => (missing ? [] : [[engine.name, engine] as const]))

interface Sample {
  readonly config: Omit<NetworkConfig, 'model_id' | 'architecture_type'>
  readonly loss: LossName
  /** Of all weights, by hand. */
  readonly parameters: number
  readonly output: readonly number[]
}

const samples: Record<keyof typeof architectures, Sample> = {
  mlp: {
    config: {
      input_size: 6,
      hidden_layers: [16, 8],
      output_size: 3,
      activation: 'relu',
      output_activation: 'linear',
      dropout: 0.1,
    },
    loss: 'mse',
    parameters: 6 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3,
    output: [3],
  },
  cnn: {
    config: {
      input_size: 12 * 10,
      input_shape: [12, 10],
      filters: [4, 6],
      hidden_layers: [8],
      output_size: 3,
      activation: 'relu',
      output_activation: 'softmax',
      dropout: 0.1,
    },
    loss: 'sparse_cross_entropy',
    parameters: 9 * 4 + 4 * 4 + 9 * 4 * 6 + 4 * 6 + 6 * 8 + 8 + 8 * 3 + 3,
    output: [3],
  },
  cnn1d: {
    config: {
      input_size: 10 * 4,
      input_shape: [10, 4],
      filters: [5, 6],
      hidden_layers: [8],
      output_size: 3,
      activation: 'silu',
      output_activation: 'softmax',
      dropout: 0.1,
    },
    loss: 'sparse_cross_entropy',
    parameters: 3 * 4 * 5 + 4 * 5 + 3 * 5 * 6 + 4 * 6 + 6 * 8 + 8 + 8 * 3 + 3,
    output: [3],
  },
  gru: {
    config: {
      input_size: 6 * 4,
      input_shape: [6, 4],
      hidden_layers: [8, 7],
      normalization_layer: 'layer_norm',
      output_size: 3,
      activation: 'relu',
      output_activation: 'linear',
      dropout: 0.1,
    },
    loss: 'mse',
    parameters: 3 * 8 * (4 + 8 + 2) + 2 * 8 + 3 * 7 * (8 + 7 + 2) + 2 * 7 + 7 * 3 + 3,
    output: [6, 3],
  },
  lstm: {
    config: {
      input_size: 7,
      sequence_length: 5,
      embedding_size: 6,
      conditions: [
        { name: 'genre', vocabulary: 3, embedding_size: 2 },
        { name: 'key', vocabulary: 4, embedding_size: 3 },
      ],
      condition_units: 7,
      hidden_layers: [8, 9],
      output_size: 11,
      activation: 'relu',
      output_activation: 'softmax',
      dropout: 0.1,
    },
    loss: 'sparse_cross_entropy',
    parameters: 11 * 6 + 3 * 2 + 4 * 3 + (5 * 7 + 7) + 4 * 8 * (13 + 8 + 1) + 4 * 9 * (8 + 9 + 1) + 9 * 11 + 11,
    output: [5, 11],
  },
  gpt: {
    config: {
      input_size: 6,
      sequence_length: 6,
      vocabulary: 11,
      embedding_size: 8,
      blocks: 2,
      heads: 2,
      hidden_layers: [],
      output_size: 11,
      activation: 'gelu_tanh',
      output_activation: 'softmax',
      dropout: 0.1,
    },
    loss: 'sparse_cross_entropy',
    parameters: 11 * 8 + 6 * 8 + 2 * (12 * 64 + 13 * 8) + 2 * 8,
    output: [6, 11],
  },
}

describe.each(Object.entries(samples))('%s', (name, sample) => {
  const network = buildNetwork({ model_id: 'sample', architecture_type: name, ...sample.config })

  it('has the shapes and as many parameters as worked out by hand', () => {
    expect(inferShapes(network).length).toBe(network.layers.length)
    expect(outputSpecs(network).map(({ shape }) => shape)).toEqual([sample.output])
    expect(countParameters(network).total).toBe(sample.parameters)
    expect(rowSizes(network, sample.loss).inputs.reduce((a, b) => a + b)).toBe(sample.config.input_size)
  })

  it('is plain data: it survives JSON, and equal configs give equal networks', () => {
    expect(JSON.parse(JSON.stringify(network))).toEqual(network)
    expect(buildNetwork({ model_id: 'sample', architecture_type: name, ...sample.config })).toEqual(network)
  })

  it('has no dropout where dropout is 0', () => {
    const without = buildNetwork({ model_id: 'sample', architecture_type: name, ...sample.config, dropout: 0 })
    expect(without.layers.filter((layer) => layer.kind === 'dropout')).toEqual([])
    expect(network.layers.some((layer) => layer.kind === 'dropout')).toBe(true)
    expect(countParameters(without)).toEqual(countParameters(network))
  })

  it('learns a batch by heart with the eager engine, and every weight moves', async () => {
    const first = initialWeights(network, 1)
    const trainer = await eager.create(config(network, sample.loss, 0.01), first)
    const batch = makeBatch(network, sample.loss)
    const before = await trainer.loss(batch)
    await trainer.step(batch)
    const one = await trainer.loss(batch)
    for (let i = 0; i < 60; i++) await trainer.step(batch)
    expect(one).toBeLessThan(before)
    expect(await trainer.loss(batch)).toBeLessThan(0.7 * before)
    const { weights } = await trainer.state()
    for (const [key, { data }] of Object.entries(weights))
      expect([key, [...data]]).not.toEqual([key, [...first[key]!.data]])
  })

  it.each(compiled)('gives the same curve with engine %s as with eager', async (_, engine) => {
    const curve = async (one: Engine) => {
      const trainer = await one.create(config(network, sample.loss, 0.01), initialWeights(network, 1))
      const losses: number[] = []
      for (let i = 0; i < 20; i++) losses.push(await trainer.step(makeBatch(network, sample.loss)))
      trainer.dispose()
      return losses
    }
    const [expected, got] = [await curve(eager), await curve(engine)]
    for (const [i, loss] of expected.entries()) expect(Math.abs(got[i]! / loss - 1)).toBeLessThan(1e-4)
  })

  it('predicts with the engine what the plain forward pass computes', async () => {
    const weights = initialWeights(network, 2)
    const trainer = await eager.create(config(network, sample.loss, 0.01), weights)
    const { x } = makeBatch(network, sample.loss)
    const [predicted] = await trainer.predict(x, BATCH)
    const expected = forward(network, weights, x, BATCH)[0]!
    expect(predicted!.length).toBe(BATCH * sizeOf(sample.output))
    for (const [i, value] of expected.entries()) expect(Math.abs(predicted![i]! - value)).toBeLessThan(1e-5)
  })
})

describe('options of the architectures', () => {
  const mlp = samples.mlp.config
  const build = (architecture_type: keyof typeof samples, more: Partial<NetworkConfig>) =>
    buildNetwork({ model_id: 'sample', architecture_type, ...samples[architecture_type].config, ...more })
  const kinds = (network: Network) => network.layers.map(({ name, kind }) => `${name} ${kind}`)

  it('mlp: a normalisation stands between the products and the activation, which loses its bias', () => {
    const network = build('mlp', { normalization_layer: 'layer_norm', hidden_layers: [4], dropout: 0 })
    expect(kinds(network)).toEqual(['dense_1 dense', 'norm_1 layer_norm', 'relu_1 activation', 'output dense'])
    expect(countParameters(network).total).toBe(6 * 4 + 2 * 4 + 4 * 3 + 3)
  })

  it('swish is silu', () => {
    expect(build('mlp', { activation: 'swish' })).toEqual(build('mlp', { activation: 'silu' }))
    expect(mlp.activation).toBe('relu')
  })

  it('cnn: averages, maxima, no normalisation', () => {
    const network = build('cnn', {
      pooling: 'average',
      global_pooling: 'max',
      normalization_layer: 'none',
      filters: [4],
    })
    expect(kinds(network).slice(0, 3)).toEqual(['conv_1 conv2d', 'pool_1 avg_pool2d', 'maximum global_max_pool'])
    expect(() => build('cnn', { global_pooling: 'none' })).toThrow('it needs global pooling')
  })

  it('cnn1d: without pooling it answers at each step that its convolutions leave', () => {
    const stream = { pooling: 'none', global_pooling: 'none', padding: 'valid', dilations: [1, 2] } as const
    expect(outputSpecs(build('cnn1d', stream))[0]!.shape).toEqual([10 - 2 - 4, 3])
    expect(() => build('cnn1d', { dilations: [1] })).toThrow('2 filters and 1 dilations')
    expect(() => build('cnn1d', { input_shape: [40] })).toThrow('a cnn1d needs an input of two axes, got [40]')
  })

  it('gru and lstm: numbers or ids, every step or the last, conditions with either', () => {
    expect(outputSpecs(build('gru', { return_sequences: false }))[0]!.shape).toEqual([3])
    const conditions = [{ name: 'genre', vocabulary: 3, embedding_size: 2 }]
    const numbers = build('gru', { conditions })
    expect(numbers.inputs.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual(['features float32', 'genre int32'])
    const ids = build('gru', { sequence_length: 5, vocabulary: 9 })
    expect(ids.inputs).toEqual([{ name: 'sequence', shape: [5], dtype: 'int32' }])
    expect(build('lstm', { conditions: [] }).layers.map(({ kind }) => kind)).toContain('embedding')
  })
})

describe('the catalogue', () => {
  const parametersOf = (name: string) => countParameters(buildNetwork(otherModels[name]!)).total

  it('has the chord LSTM with its five inputs', () => {
    const network = buildNetwork(otherModels['chord_lstm']!)
    expect(network.inputs.map(({ name, shape, dtype }) => [name, shape, dtype])).toEqual([
      ['sequence', [12], 'int32'],
      ['genre', [1], 'int32'],
      ['mood', [1], 'int32'],
      ['key', [1], 'int32'],
      ['scale', [1], 'int32'],
    ])
    const shapes = Object.fromEntries(inferShapes(network).map(({ layer, shape }) => [layer.name, shape]))
    expect(shapes).toMatchObject({ conditions: [48], joined: [12, 256], lstm_1: [12, 256], output: [12, 279] })
    const embeddings = 279 * 128 + 8 * 16 + 27 * 16 + 24 * 12 + 2 * 4
    const lstm = 4 * 256 * (256 + 256 + 1)
    expect(parametersOf('chord_lstm')).toBe(embeddings + (48 * 128 + 128) + 2 * lstm + (256 * 279 + 279))
    expect(parametersOf('chord_lstm')).toBe(1_165_167)
  })

  it('has the emotion CNN with seven classes', () => {
    const shapes = Object.fromEntries(
      inferShapes(buildNetwork(otherModels['emotion_cnn']!)).map(({ layer, shape }) => [layer.name, shape]),
    )
    expect(shapes).toMatchObject({ conv_1: [128, 64, 32], pool_3: [16, 8, 128], mean: [128], output: [7] })
    expect(parametersOf('emotion_cnn')).toBe(
      9 * (32 + 32 * 64 + 64 * 128) + 4 * (32 + 64 + 128) + 66_048 + 131_328 + 32_896 + 903,
    )
  })

  it('has GPT-2 as published: its smallest size has 124,439,808 parameters', () => {
    const small = { ...otherModels['solo_gpt']!, vocabulary: 50_257, sequence_length: 1024, embedding_size: 768 }
    const count = (more: object) => countParameters(buildNetwork({ ...small, blocks: 12, heads: 12, ...more })).total
    expect(count({})).toBe(124_439_808)
    expect(count({ tie_head: false })).toBe(124_439_808 + 768 * 50_257)
  })

  it('refuses a cnn without a picture to look at', () => {
    const { input_shape: _, ...config } = otherModels['emotion_cnn']!
    expect(() => buildNetwork(config)).toThrow('a cnn needs an input of two axes, got []')
  })
})

function config(network: Network, loss: LossName, learningRate: number) {
  const optimizer = { name: 'adam', learningRate, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
  return { network, loss, optimizer, batchSize: BATCH, seed: 1 }
}

/** Ids below the bound of their table, other numbers in -1 … 1. */
function makeBatch(network: Network, loss: LossName): Batch {
  const rng = random('model case')
  const bounds = idColumns(network, loss)
  const { y } = rowSizes(network, loss)
  const x = network.inputs.map(({ name, shape }) => {
    const bound = bounds.find(({ what }) => what === `input "${name}"`)?.bound
    return Float32Array.from({ length: BATCH * sizeOf(shape) }, () => (bound ? rng.below(bound) : rng.uniform(-1, 1)))
  })
  const bound = bounds.find((columns) => columns.in === 'y')?.bound
  const target = Float32Array.from({ length: BATCH * y }, () => (bound ? rng.below(bound) : rng.uniform(-1, 1)))
  return { x, y: [target], count: BATCH }
}
