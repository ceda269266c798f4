import { describe, expect, it } from 'vitest'
import type { Batch, Engine, OptimizerConfig, TrainingConfig } from '../../src/compute/engine.ts'
import { chooseEngine, engines } from '../../src/compute/index.ts'
import { freezeLayers } from '../../src/models/fine-tune.ts'
import { initialWeights } from '../../src/models/index.ts'
import type { Network, Weights } from '../../src/network.ts'
import { makeBatch } from './batches.ts'

// Several batches in one update, and layers that stay as they are; on every engine that says it can.
const sgd: OptimizerConfig = { name: 'sgd', learningRate: 0.5, weightDecay: 0, momentum: 0, clipNorm: 0 }
const plain: Network = {
  name: 'plain',
  inputs: [{ name: 'x', shape: [5], dtype: 'float32' }],
  layers: [
    { kind: 'dense', name: 'one', inputs: ['x'], units: 7, activation: 'tanh', useBias: true },
    { kind: 'dense', name: 'out', inputs: ['one'], units: 4, activation: 'linear', useBias: true },
  ],
  outputs: ['out'],
}
const normed: Network = {
  ...plain,
  layers: [
    plain.layers[0]!,
    { kind: 'batch_norm', name: 'norm', inputs: ['one'], epsilon: 1e-3, momentum: 0.9 },
    { kind: 'dropout', name: 'drop', inputs: ['norm'], rate: 0.3 },
    { kind: 'dense', name: 'out', inputs: ['drop'], units: 4, activation: 'linear', useBias: true },
  ],
}

const config = (network: Network, optimizer: OptimizerConfig, batchSize: number): TrainingConfig => ({
  network,
  loss: 'mse',
  optimizer,
  batchSize,
  seed: 3,
})

/** Rows [from, to) of a batch, padded to `size`. */
function part({ x, y }: Batch, from: number, to: number, size: number): Batch {
  const cut = (values: Float32Array, width: number) => {
    const rows = new Float32Array(size * width)
    rows.set(values.subarray(from * width, to * width))
    return [rows]
  }
  return { x: cut(x[0]!, 5), y: cut(y[0]!, 4), count: to - from }
}

function difference(a: Weights, b: Weights): number {
  return Math.max(
    ...Object.entries(a).map(([name, { data }]) => Math.max(...data.map((v, i) => Math.abs(v - b[name]!.data[i]!)))),
  )
}

const all: readonly Engine[] = Object.values(engines)
const able = await Promise.all(
  (['accumulate', 'freeze'] as const).map(async (feature) => {
    const found = all.filter((engine) => engine.supports?.includes(feature))
    const here = await Promise.all(found.map(async (engine) => ((await engine.available()) ? [] : [engine])))
    return here.flat()
  }),
)

it('at least the eager engine can do both', () => {
  for (const engines of able) expect(engines.map(({ name }) => name)).toContain('eager')
})

describe.each(able[0]!)('accumulating with engine $name', (engine) => {
  it.each([sgd, { ...sgd, name: 'adam', learningRate: 0.01 }, { ...sgd, clipNorm: 0.01 }] as OptimizerConfig[])(
    'equals one large batch, though the last one is smaller: $name, clip $clipNorm',
    async (optimizer) => {
      const whole = makeBatch(plain, 'mse', 10, 10)
      const large = await engine.create(config(plain, optimizer, 10), initialWeights(plain, 1))
      const small = await engine.create(config(plain, optimizer, 4), initialWeights(plain, 1))
      const parts = [part(whole, 0, 4, 4), part(whole, 4, 8, 4), part(whole, 8, 10, 4)]
      for (let i = 0; i < 3; i++) {
        const [a, b] = [await large.step(whole), await small.accumulate!(parts)]
        expect(Math.abs(a - b)).toBeLessThan(1e-6)
      }
      const [a, b] = [await large.state(), await small.state()]
      expect([a.step, b.step]).toEqual([3, 3])
      expect(difference(a.weights, b.weights)).toBeLessThan(2e-6)
    },
  )

  it('of a single batch is a step, bit by bit', async () => {
    const batch = makeBatch(normed, 'mse', 3, 4)
    const [a, b] = [
      await engine.create(config(normed, sgd, 4), initialWeights(normed, 1)),
      await engine.create(config(normed, sgd, 4), initialWeights(normed, 1)),
    ]
    expect(await a.step(batch)).toBe(await b.accumulate!([batch]))
    expect(await b.state()).toEqual(await a.state())
  })

  it('draws other dropout masks for each batch, the same in every run', async () => {
    const batch = makeBatch(normed, 'mse', 4, 4)
    const after = async (batches: readonly Batch[]) => {
      const trainer = await engine.create(config(normed, sgd, 4), initialWeights(normed, 1))
      await trainer.accumulate!(batches)
      return (await trainer.state()).weights
    }
    // Equal batches with equal masks would give the gradient of one.
    expect(difference(await after([batch, batch]), await after([batch]))).toBeGreaterThan(1e-3)
    expect(await after([batch, batch])).toEqual(await after([batch, batch]))
  })

  it('moves the averages of batch_norm once a batch', async () => {
    const [a, b] = ['a', 'b'].map((seed) => makeBatch(normed, 'mse', 4, 4, seed))
    const still = { ...sgd, learningRate: 0 }
    const together = await engine.create(config(normed, still, 4), initialWeights(normed, 1))
    await together.accumulate!([a!, b!])
    const apart = await engine.create(config(normed, still, 4), initialWeights(normed, 1))
    await apart.step(a!)
    await apart.step(b!)
    expect((await together.state()).weights).toEqual((await apart.state()).weights)
  })

  it('changes nothing where one of the batches is not finite', async () => {
    const trainer = await engine.create(config(normed, sgd, 4), initialWeights(normed, 1))
    const before = await trainer.state()
    const bad = makeBatch(normed, 'mse', 4, 4)
    bad.y[0]![3] = Number.NaN
    expect(Number.isFinite(await trainer.accumulate!([makeBatch(normed, 'mse', 4, 4), bad]))).toBe(false)
    expect(await trainer.state()).toEqual(before)
  })
})

describe.each(able[1]!)('freezing with engine $name', (engine) => {
  it.each([sgd, { ...sgd, name: 'adamw', learningRate: 0.01, weightDecay: 0.1 }] as OptimizerConfig[])(
    'keeps weights and averages of frozen layers bit-equal and gives them no slots: $name',
    async (optimizer) => {
      const network = freezeLayers(normed, ['one', 'norm'])
      const first = initialWeights(network, 1)
      const trainer = await engine.create(config(network, optimizer, 4), first)
      for (let i = 0; i < 5; i++) await trainer.step(makeBatch(network, 'mse', 4, 4, `${i}`))
      const { weights, slots } = await trainer.state()
      for (const name of Object.keys(first)) {
        const same = first[name]!.data.every((value, i) => Object.is(value, weights[name]!.data[i]))
        expect([name, same]).toEqual([name, !name.startsWith('out/')])
      }
      expect(Object.keys(slots).filter((name) => !name.startsWith('out/'))).toEqual([])
      expect(Object.keys(slots).length).toBeGreaterThan(0)
    },
  )

  it('lets gradients through a frozen layer to those before it', async () => {
    const network = freezeLayers(plain, ['out'])
    const trainer = await engine.create(config(network, sgd, 4), initialWeights(network, 1))
    const batch = makeBatch(network, 'mse', 4, 4)
    const before = await trainer.loss(batch)
    for (let i = 0; i < 20; i++) await trainer.step(batch)
    expect(await trainer.loss(batch)).toBeLessThan(0.9 * before)
  })
})

describe('choosing an engine', () => {
  it('passes over engines that cannot do what the training needs, and says so of one that was named', async () => {
    const chosen = await chooseEngine('auto', ['accumulate', 'freeze'])
    expect(chosen.supports).toEqual(expect.arrayContaining(['accumulate', 'freeze']))
    for (const engine of all) {
      const missing = await engine.available()
      const said = missing
        ? `engine "${engine.name}" cannot run here: ${missing}`
        : engine.supports?.includes('accumulate')
          ? ''
          : `engine "${engine.name}" cannot accumulate gradients yet`
      const made = chooseEngine(engine.name, ['accumulate'])
      if (missing) await expect(made).rejects.toHaveProperty('hint', expect.stringContaining(engine.setup ?? 'npm ci'))
      if (said) await expect(made).rejects.toThrow(said)
      else expect((await made).name).toBe(engine.name)
    }
    expect((await chooseEngine('eager', ['accumulate', 'freeze'])).name).toBe('eager')
  })
})
