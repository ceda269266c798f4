import { describe, expect, it } from 'vitest'
import type { Batch, TrainingConfig } from '../../src/compute/engine.ts'
import { dropoutMask, dropoutSpecs } from '../../src/compute/dropout.ts'
import { eager } from '../../src/compute/engines/eager.ts'
import { chooseEngine, engineNames, engines } from '../../src/compute/index.ts'
import { loadTf } from '../../src/compute/tfjs.ts'
import { random } from '../../src/lib/random.ts'
import type { Network, Weights } from '../../src/network.ts'
import { initialWeights } from '../../src/models/index.ts'
import { forward } from '../../src/network/forward.ts'

const BATCH = 8
const network: Network = {
  name: 'test',
  inputs: [{ name: 'x', shape: [5], dtype: 'float32' }],
  layers: [
    { kind: 'dense', name: 'one', inputs: ['x'], units: 16, activation: 'relu', useBias: true },
    { kind: 'batch_norm', name: 'norm', inputs: ['one'], epsilon: 1e-3, momentum: 0.9 },
    { kind: 'dropout', name: 'drop', inputs: ['norm'], rate: 0.25 },
    { kind: 'dense', name: 'out', inputs: ['drop'], units: 3, activation: 'sigmoid', useBias: true },
  ],
  outputs: ['out'],
}
const config: TrainingConfig = {
  network,
  loss: 'bce',
  batchSize: BATCH,
  seed: 11,
  optimizer: { name: 'adam', learningRate: 0.01, weightDecay: 0, momentum: 0.9, clipNorm: 0 },
}
const without: TrainingConfig = {
  ...config,
  network: {
    ...network,
    layers: network.layers.map((layer) => (layer.kind === 'dropout' ? { ...layer, rate: 0 } : layer)),
  },
}

function batch(seed: number, count = BATCH): Batch {
  const rng = random(`batch:${seed}`)
  const fill = (size: number) => new Float32Array(BATCH * size).map(() => rng.next())
  return { x: [fill(5)], y: [fill(3)], count }
}

const plain = (weights: Weights) =>
  Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, [...data]]))

describe('engine eager', () => {
  it('runs on the wasm backend with nothing to say about it', async () => {
    expect((await loadTf()).tf.getBackend()).toBe('wasm')
    expect((await eager.create(config, initialWeights(network, 1))).notes).toEqual([])
  })

  it('learns a batch by heart', async () => {
    const trainer = await eager.create(without, initialWeights(network, 1))
    const one = { ...batch(1), y: [batch(1).y[0]!.map((value) => Math.round(value))] }
    const first = await trainer.step(one)
    for (let i = 0; i < 300; i++) await trainer.step(one)
    expect(await trainer.step(one)).toBeLessThan(first / 20)
  })

  it('restored state continues bit-identically, dropout included', async () => {
    const whole = await eager.create(config, initialWeights(network, 1))
    for (let i = 0; i < 6; i++) await whole.step(batch(i))
    const first = await eager.create(config, initialWeights(network, 1))
    for (let i = 0; i < 3; i++) await first.step(batch(i))
    const state = await first.state()
    await first.step(batch(99)) // The state is a copy: this must not reach it.
    const second = await eager.create(config, initialWeights(network, 2))
    await second.restore(state)
    for (let i = 3; i < 6; i++) await second.step(batch(i))
    const [a, b] = [await whole.state(), await second.state()]
    expect(b.step).toBe(6)
    expect(plain(b.weights)).toEqual(plain(a.weights))
    expect(plain(b.slots)).toEqual(plain(a.slots))
  })

  it('padding rows change nothing: not the loss, not a weight, not the moving averages', async () => {
    const after = async (padding: number) => {
      const trainer = await eager.create(config, initialWeights(network, 1))
      const { x, y } = batch(4)
      const part = {
        x: [x[0]!.map((value, i) => (i < 5 * 5 ? value : padding))],
        y: [y[0]!.map((value, i) => (i < 5 * 3 ? value : padding / 2))],
        count: 5,
      }
      const losses = [await trainer.loss(part), await trainer.step(part), await trainer.step(part)]
      return { losses, weights: plain((await trainer.state()).weights) }
    }
    expect(await after(0.9)).toEqual(await after(0))
  })

  it('a padded batch gives the mean of its real rows', async () => {
    const { x, y } = batch(4)
    const trainer = await eager.create(without, initialWeights(network, 1))
    const single = async (row: number) => {
      const pick = (values: Float32Array, size: number) => {
        const out = new Float32Array(BATCH * size)
        out.set(values.subarray(row * size, (row + 1) * size))
        return [out]
      }
      return trainer.loss({ x: pick(x[0]!, 5), y: pick(y[0]!, 3), count: 1 })
    }
    const losses = await Promise.all([0, 1, 2].map(single))
    expect(await trainer.loss({ x, y, count: 3 })).toBeCloseTo((losses[0]! + losses[1]! + losses[2]!) / 3, 6)
  })

  it('moves batch_norm averages by the statistics of the batch', async () => {
    const trainer = await eager.create(config, initialWeights(network, 1))
    await trainer.step(batch(1))
    const one: Network = { ...network, layers: [network.layers[0]!], outputs: ['one'] }
    const values = forward(one, initialWeights(network, 1), batch(1).x, BATCH)[0]!
    const channel = Array.from({ length: BATCH }, (_, row) => values[row * 16 + 4]!)
    const mean = channel.reduce((a, b) => a + b) / BATCH
    const variance = channel.reduce((a, b) => a + (b - mean) ** 2, 0) / BATCH
    const { weights } = await trainer.state()
    expect(weights['norm/moving_mean']!.data[4]).toBeCloseTo(0.1 * mean, 6)
    expect(weights['norm/moving_variance']!.data[4]).toBeCloseTo(0.9 + 0.1 * variance, 6)
  })

  it('predicts what the plain forward pass predicts', async () => {
    const trainer = await eager.create(config, initialWeights(network, 1))
    for (let i = 0; i < 5; i++) await trainer.step(batch(i))
    const [predicted] = await trainer.predict(batch(7).x, BATCH)
    const expected = forward(network, (await trainer.state()).weights, batch(7).x, BATCH)[0]!
    for (const [i, value] of expected.entries()) expect(predicted![i]).toBeCloseTo(value, 6)
  })

  it.each([
    ['a target', (one: Batch) => void (one.y[0]![4] = Number.NaN)],
    ['an input', (one: Batch) => void (one.x[0]![4] = Number.POSITIVE_INFINITY)],
  ])('%s that is not finite leaves weights, slots and step as they were', async (_, spoil) => {
    const trainer = await eager.create(config, initialWeights(network, 1))
    await trainer.step(batch(1))
    const before = await trainer.state()
    const bad = batch(2)
    spoil(bad)
    expect(Number.isFinite(await trainer.step(bad))).toBe(false)
    const after = await trainer.state()
    expect([after.step, plain(after.weights), plain(after.slots)]).toEqual([
      before.step,
      plain(before.weights),
      plain(before.slots),
    ])
  })

  it('holds no tensor between steps', async () => {
    const { tf } = await loadTf()
    const trainer = await eager.create(config, initialWeights(network, 1))
    await trainer.step(batch(0))
    const { numTensors, numBytes } = tf.memory()
    for (let i = 0; i < 50; i++) {
      await trainer.step(batch(i))
      await trainer.loss(batch(i))
      await trainer.predict(batch(i).x, BATCH)
    }
    expect(tf.memory()).toMatchObject({ numTensors, numBytes })
    expect(numTensors).toBe(0)
  })

  it('uses the learning rate that was set last', async () => {
    const still = await eager.create(without, initialWeights(network, 1))
    still.setLearningRate(0)
    await still.step(batch(1))
    const { weights } = await still.state()
    expect([...weights['one/kernel']!.data]).toEqual([...initialWeights(network, 1)['one/kernel']!.data])
  })
})

describe('dropout masks', () => {
  it('drop the given share, scale the rest, and differ by step, layer and seed', () => {
    const [spec] = dropoutSpecs(network)
    const mask = dropoutMask(spec!, 1, 0, 5000)
    const kept = mask.filter((value) => value > 0)
    expect(Math.abs(1 - kept.length / mask.length - 0.25)).toBeLessThan(0.01)
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    expect([...dropoutMask(spec!, 1, 0, 5000)]).toEqual([...mask])
    for (const other of [
      dropoutMask(spec!, 2, 0, 5000),
      dropoutMask(spec!, 1, 1, 5000),
      dropoutMask({ ...spec!, layer: 'b' }, 1, 0, 5000),
    ]) {
      expect([...other]).not.toEqual([...mask])
    }
    expect(dropoutSpecs(without.network)).toEqual([])
  })
})

describe('choosing an engine', () => {
  it('knows auto and every name of the map, and refuses others', async () => {
    expect(engineNames).toEqual(['auto', ...Object.keys(engines)])
    expect((await chooseEngine('eager')).name).toBe('eager')
    expect(Object.keys(engines)).toContain((await chooseEngine('auto')).name)
    await expect(chooseEngine('torch')).rejects.toThrow('there is no engine "torch"')
  })
})
