/** Half precision on the graphs of a GPU, computed by the CPU: what is rounded, how the loss is scaled, what is kept. */
import { describe, expect, it } from 'vitest'
import type { TrainingConfig } from '../../src/compute/engine.ts'
import { deviceTrainer } from '../../src/compute/engines/onnxruntime-device.ts'
import { LossScale } from '../../src/compute/loss-scale.ts'
import { loadRuntime } from '../../src/compute/onnxruntime.ts'
import { loadTfForTracing } from '../../src/compute/tfjs.ts'
import { halfBits } from '../../src/lib/onnx.ts'
import type { Weights } from '../../src/network.ts'
import { cases, randomWeights } from '../network/networks.ts'
import { head, makeBatch, withWeights } from './batches.ts'

const optimizer = { name: 'sgd', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
const config: TrainingConfig = { network: head('linear'), loss: 'mse', optimizer, batchSize: 4, seed: 1 }
const make = async (one: TrainingConfig, weights = randomWeights(one.network)) =>
  deviceTrainer(loadRuntime(), await loadTfForTracing(), one, weights, 'cpu')

describe('half precision', () => {
  it.each(cases)('$name: as in single precision, but for its rounding', async ({ network }) => {
    const full: TrainingConfig = { ...config, network: withWeights(network) }
    const weights = randomWeights(full.network)
    const batch = makeBatch(full.network, 'mse', 3, 4)
    const [a, b] = [await make(full, weights), await make({ ...full, precision: 'float16' }, weights)]
    const losses = [await a.step(batch), await b.step(batch)]
    expect(Math.abs(losses[0]! - losses[1]!)).toBeLessThan(5e-3 * Math.max(1, Math.abs(losses[0]!)))
    const [of, half] = [(await a.state()).weights, (await b.state()).weights]
    expect(distance(of, half)).toBeLessThan(1e-2)
    expect(distance(weights, half)).toBeGreaterThan(1e-4)
  })

  it('is other numbers than single precision', async () => {
    const batch = makeBatch(config.network, 'mse', 4, 4)
    const [a, b] = [await make(config), await make({ ...config, precision: 'float16' })]
    await Promise.all([a.step(batch), b.step(batch)])
    expect(distance((await a.state()).weights, (await b.state()).weights)).toBeGreaterThan(1e-6)
  })

  it('a step that overflows is taken again with a smaller scale', async () => {
    const half: TrainingConfig = { ...config, precision: 'float16' }
    const batch = makeBatch(config.network, 'mse', 4, 4)
    // Gradients of about 40: times the first scale, 65536, they are beyond half precision's largest number.
    for (const target of batch.y[0]!.keys()) batch.y[0]![target] = 100
    const [full, trainer] = [await make(config), await make(half)]
    const [expected, loss] = [await full.step(batch), await trainer.step(batch)]
    expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-2)
    const state = await trainer.state()
    expect(state.step).toBe(1)
    expect(state.slots['loss_scale']!.data[0]).toBeLessThan(2 ** 14)
    expect(state.slots['loss_scale']!.data[0]).toBeGreaterThanOrEqual(1)
    const again = await make(half)
    await again.restore(state)
    await Promise.all([trainer.step(batch), again.step(batch)])
    expect(await again.state()).toEqual(await trainer.state())
  })

  it('numbers that no scale can hold are reported, and nothing is moved', async () => {
    const trainer = await make({ ...config, precision: 'float16' })
    const before = (await trainer.state()).weights
    const batch = makeBatch(config.network, 'mse', 4, 4)
    batch.x[0]![0] = Number.NaN
    expect(await trainer.step(batch)).toBeNaN()
    expect((await trainer.state()).weights).toEqual(before)
  })
})

describe('loss scale', () => {
  it('halves with every overflow down to 1, and grows after 2000 steps', () => {
    const scale = new LossScale()
    for (let i = 0; i < 16; i++) expect(scale.overflowed()).toBe(true)
    expect([scale.value, scale.overflowed()]).toEqual([1, false])
    for (let i = 0; i < 2000; i++) scale.fitted()
    expect(scale.value).toBe(2)
    const other = new LossScale()
    other.restore(scale.slots())
    expect(other.value).toBe(2)
  })
})

describe('halfBits', () => {
  // IEEE 754-2019, binary16; the ties and limits that numpy.float16 gives too.
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.5, 0x6800],
    [0.1, 0x2e66],
  ])('%f', (value, bits) => expect(halfBits(value)).toBe(bits))
  it('NaN', () => expect(halfBits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00))
})

function distance(a: Weights, b: Weights): number {
  return Math.max(
    ...Object.entries(a).flatMap(([name, { data }]) => [...data].map((v, i) => Math.abs(v - b[name]!.data[i]!))),
  )
}
