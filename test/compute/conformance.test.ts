import { describe, expect, it } from 'vitest'
import type { Batch, Engine, EngineState, OptimizerConfig, TrainingConfig } from '../../src/compute/engine.ts'
import { eager } from '../../src/compute/engines/eager.ts'
import { engines } from '../../src/compute/engines/index.ts'
import { buildNetwork, initialWeights, modelDefaults } from '../../src/models/index.ts'
import type { Layer, Network } from '../../src/network.ts'
import { cases, randomWeights } from '../network/networks.ts'
import { head, lossCases, makeBatch, withWeights } from './batches.ts'
import { gpu, ofTheGpu, onGpu } from './gpu.ts'

// Every compiled engine is held against engine eager: gradients, optimisers, loss curves, state.
const BATCH = 4
const sgd: OptimizerConfig = { name: 'sgd', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 }
const adam: OptimizerConfig = { ...sgd, name: 'adam', learningRate: 1e-3 }
const tested: readonly Engine[] = onGpu ? [gpu] : [...Object.values<Engine>(engines), ofTheGpu]
const compiled = await Promise.all(
  tested
    .filter((engine) => engine !== eager)
    .map(async (engine) => ({ name: engine.name, engine, missing: await engine.available() })),
)

for (const { name, missing } of compiled) if (missing) it.skip(`NOT CHECKED, engine ${name}: ${missing}`)
const present = compiled.filter(({ missing }) => !missing)

describe.each(present)('engine $name against eager', ({ engine }) => {
  it.each(cases)('layer: $name', async ({ network }) => {
    const config = { network: withWeights(network), loss: 'mse', optimizer: sgd, batchSize: BATCH, seed: 3 } as const
    await sameStep(engine, config, makeBatch(config.network, 'mse', BATCH - 1, BATCH))
  })

  it.each(lossCases)('loss: %s after %s', async (loss, activation) => {
    const network = head(activation, [3, 5])
    const config = { network, loss, optimizer: sgd, batchSize: BATCH, seed: 3 }
    await sameStep(engine, config, makeBatch(network, loss, BATCH - 1, BATCH))
  })

  const optimizers: OptimizerConfig[] = (['adam', 'adamw', 'sgd', 'rmsprop'] as const).flatMap((name) => [
    { ...adam, name },
    { name, learningRate: 0.01, weightDecay: 0.1, momentum: 0.9, clipNorm: 0.01 },
  ])
  it.each(optimizers)('optimiser: $name, decay $weightDecay, momentum $momentum, clip $clipNorm', async (optimizer) => {
    const network = head('linear')
    const config = { network, loss: 'mse', optimizer, batchSize: BATCH, seed: 3 } as const
    const batches = Array.from({ length: 20 }, (_, i) => makeBatch(network, 'mse', BATCH, BATCH, `${i}`))
    const [a, b] = [await train(eager, config, batches), await train(engine, config, batches)]
    expect(difference(a.state.weights, b.state.weights)).toBeLessThan(1e-5)
    expect(difference(a.state.slots, b.state.slots)).toBeLessThan(1e-5)
  })
})

describe.each(present)('100 steps of engine $name beside eager', ({ engine }) => {
  it.each(Object.keys(modelDefaults))('%s', async (name) => {
    const defaults = modelDefaults[name]!
    const network = buildNetwork({ ...defaults, dropout: name === 'groove_predictor' ? 0.2 : 0 })
    await sameCurve(engine, { network, loss: defaults.loss, optimizer: adam, batchSize: 16, seed: 1 })
  })

  const lstm = { kind: 'lstm', units: 12, returnSequences: true } as const
  const conv = { kind: 'conv2d', kernelSize: [3, 3], strides: [1, 1], padding: 'same', useBias: true } as const
  const pool = { kind: 'max_pool2d', poolSize: [2, 2], strides: [2, 2], padding: 'valid' } as const
  const classes = { kind: 'dense', units: 7, activation: 'softmax', useBias: true } as const
  it('embedding and LSTM', () =>
    sameCurve(engine, {
      network: chain([6], 'int32', [
        { kind: 'embedding', vocabulary: 6, dimensions: 5 },
        lstm,
        { ...lstm, returnSequences: false },
        classes,
      ]),
      loss: 'sparse_cross_entropy',
      optimizer: adam,
      batchSize: 8,
      seed: 1,
    }))
  it('convolutions', () =>
    sameCurve(engine, {
      network: chain([8, 9, 1], 'float32', [
        { ...conv, filters: 4, activation: 'relu' },
        { kind: 'batch_norm', epsilon: 1e-3, momentum: 0.9 },
        pool,
        { ...conv, filters: 6, activation: 'tanh' },
        { kind: 'global_avg_pool' },
        classes,
      ]),
      loss: 'cross_entropy',
      optimizer: adam,
      batchSize: 8,
      seed: 1,
    }))
  it('attention blocks', () =>
    sameCurve(engine, {
      network: chain([6], 'int32', [
        { kind: 'embedding', vocabulary: 6, dimensions: 8 },
        { kind: 'layer_norm', epsilon: 1e-5 },
        { kind: 'causal_attention', heads: 2 },
        { kind: 'dense', units: 16, activation: 'gelu', useBias: true },
        { kind: 'dropout', rate: 0.1 },
        classes,
      ]),
      loss: 'sparse_cross_entropy',
      optimizer: { ...adam, name: 'adamw', weightDecay: 0.01, clipNorm: 1 },
      batchSize: 8,
      seed: 1,
    }))
})

describe.each(present)('engine $name', ({ engine }) => {
  const network: Network = chain([5], 'float32', [
    { kind: 'dense', units: 16, activation: 'relu', useBias: true },
    { kind: 'batch_norm', epsilon: 1e-3, momentum: 0.9 },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'dense', units: 3, activation: 'sigmoid', useBias: true },
  ])
  const config: TrainingConfig = { network, loss: 'bce', optimizer: adam, batchSize: 8, seed: 11 }
  const batches = Array.from({ length: 6 }, (_, i) => makeBatch(network, 'bce', i === 5 ? 3 : 8, 8, `b${i}`))

  it('gives the same bits in every run', async () => {
    const [a, b] = [await train(engine, config, batches), await train(engine, config, batches)]
    expect(b).toEqual(a)
  })

  it('continues a restored state bit-identically', async () => {
    const whole = await train(engine, config, batches)
    const half = await train(engine, config, batches.slice(0, 3))
    const second = await engine.create(config, randomWeights(network, 'other'))
    await second.restore(half.state)
    for (const batch of batches.slice(3)) await second.step(batch)
    expect(await second.state()).toEqual(whole.state)
    second.dispose()
  })

  it('a batch that is not finite leaves weights, slots and step as they were', async () => {
    const trainer = await engine.create(config, initialWeights(network, 1))
    await trainer.step(batches[0]!)
    const before = await trainer.state()
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const batch = makeBatch(network, 'bce', 8, 8)
      batch.x[0]![4] = bad
      expect(Number.isFinite(await trainer.step(batch))).toBe(false)
    }
    expect(await trainer.state()).toEqual(before)
    trainer.dispose()
  })

  it('accumulates several batches as eager does', async () => {
    const accumulate = async (one: Engine) => {
      const trainer = await one.create({ ...config, optimizer: sgd }, randomWeights(network))
      const losses = [await trainer.accumulate!(batches.slice(0, 3)), await trainer.accumulate!(batches.slice(3))]
      const state = await trainer.state()
      trainer.dispose()
      return { losses, state }
    }
    const [a, b] = [await accumulate(eager), await accumulate(engine)]
    expect(b.state.step).toBe(2)
    expect(Math.abs(a.losses[1]! - b.losses[1]!)).toBeLessThan(1e-5)
    expect(difference(a.state.weights, b.state.weights)).toBeLessThan(1e-5)
  })

  it('leaves frozen layers alone and still trains the others', async () => {
    const frozen = {
      ...network,
      layers: network.layers.map((layer, i) => (i < 2 ? { ...layer, frozen: true } : layer)),
    }
    const [a, b] = [
      await train(eager, { ...config, network: frozen }, batches),
      await train(engine, { ...config, network: frozen }, batches),
    ]
    expect(difference(a.state.weights, b.state.weights)).toBeLessThan(1e-5)
    for (const name of ['layer_0/kernel', 'layer_1/gamma', 'layer_1/moving_mean']) {
      expect([...b.state.weights[name]!.data]).toEqual([...randomWeights(frozen)[name]!.data])
    }
    expect([...b.state.weights['layer_3/kernel']!.data]).not.toEqual([...randomWeights(frozen)['layer_3/kernel']!.data])
  })

  it('a state is a copy, and a new learning rate holds from the next step', async () => {
    const trainer = await engine.create({ ...config, optimizer: sgd }, initialWeights(network, 1))
    const before = await trainer.state()
    trainer.setLearningRate(0)
    await trainer.step(batches[0]!)
    const kernels = (state: EngineState) => [...state.weights['layer_0/kernel']!.data]
    expect(kernels(await trainer.state())).toEqual(kernels(before))
    trainer.setLearningRate(1)
    await trainer.step(batches[0]!)
    expect(kernels(await trainer.state())).not.toEqual(kernels(before))
    trainer.dispose()
  })
})

type Unplaced = Layer extends infer One ? (One extends Layer ? Omit<One, 'name' | 'inputs'> : never) : never

function chain(shape: number[], dtype: 'float32' | 'int32', layers: Unplaced[]): Network {
  const placed = layers.map(
    (layer, i) => ({ ...layer, name: `layer_${i}`, inputs: [i === 0 ? 'x' : `layer_${i - 1}`] }) as unknown as Layer,
  )
  return {
    name: 'chain',
    inputs: [{ name: 'x', shape, dtype }],
    layers: placed,
    outputs: [`layer_${layers.length - 1}`],
  }
}

async function train(
  engine: Engine,
  config: TrainingConfig,
  batches: readonly Batch[],
  weights = randomWeights(config.network),
) {
  const trainer = await engine.create(config, weights)
  const losses: number[] = []
  for (const batch of batches) losses.push(await trainer.step(batch))
  const state = await trainer.state()
  trainer.dispose()
  return { losses, state }
}

/** Loss, gradients (through one step of SGD at rate 1), moving averages, evaluation loss and predictions within 1e-5. */
async function sameStep(compiled: Engine, config: TrainingConfig, batch: Batch): Promise<void> {
  const weights = randomWeights(config.network)
  const run = async (engine: Engine) => {
    const trainer = await engine.create(config, weights)
    const numbers = [await trainer.loss(batch), await trainer.step(batch)]
    const state = await trainer.state()
    const predictions = await trainer.predict(batch.x, batch.count)
    trainer.dispose()
    return { numbers, predictions, state }
  }
  const [a, b] = [await run(eager), await run(compiled)]
  expect(difference(weights, b.state.weights)).toBeGreaterThan(1e-4)
  expect(difference(a.state.weights, b.state.weights)).toBeLessThan(1e-5)
  for (const [i, value] of a.numbers.entries()) expect(Math.abs(b.numbers[i]! - value)).toBeLessThan(1e-5)
  for (const [i, values] of a.predictions.entries()) {
    expect(Math.max(...values.map((value, j) => Math.abs(value - b.predictions[i]![j]!)))).toBeLessThan(1e-5)
  }
}

/** Loss curves within 1e-4 relative over 100 steps. */
async function sameCurve(engine: Engine, config: TrainingConfig): Promise<void> {
  const { network, loss, batchSize } = config
  const batches = Array.from({ length: 100 }, (_, i) =>
    makeBatch(network, loss, i % 10 === 9 ? batchSize - 3 : batchSize, batchSize, `batch:${i % 20}`),
  )
  const weights = initialWeights(network, 1)
  const [a, b] = [await train(eager, config, batches, weights), await train(engine, config, batches, weights)]
  expect(a.losses[99]).not.toBe(a.losses[79])
  for (const [i, value] of a.losses.entries()) {
    expect(Math.abs(b.losses[i]! - value), `step ${i + 1}: ${value}, ${b.losses[i]}`).toBeLessThan(
      1e-4 * Math.abs(value),
    )
  }
}

/** The largest difference, relative where numbers are above 1. */
function difference(a: EngineState['weights'], b: EngineState['weights']): number {
  expect(Object.keys(b).sort()).toEqual(Object.keys(a).sort())
  const gaps = Object.entries(a).flatMap(([name, { data }]) =>
    [...data].map((value, i) => Math.abs(value - b[name]!.data[i]!) / Math.max(1, Math.abs(value))),
  )
  return Math.max(...gaps)
}
