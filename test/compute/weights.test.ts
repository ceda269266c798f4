import { describe, expect, it } from 'vitest'
import type { Batch, Engine, LossName, TrainingConfig } from '../../src/compute/engine.ts'
import { engines as known } from '../../src/compute/engines/index.ts'
import { lossWeights, massOf, weightShape } from '../../src/compute/weights.ts'
import { random } from '../../src/lib/random.ts'
import type { Network, Weights } from '../../src/network.ts'
import { forward } from '../../src/network/forward.ts'
import { outputSpecs, sizeOf, weightSpecs } from '../../src/network/shapes.ts'
import { rowLosses } from '../../src/train/metrics.ts'
import { randomWeights } from '../network/networks.ts'
import { head, lossCases, makeBatch } from './batches.ts'
import { gpu, ofTheGpu, onGpu } from './gpu.ts'

// What counts in a loss: rows by their weights, positions unless their target is the padding id. On every engine.
const BATCH = 4
const engines = await Promise.all(
  [...Object.values<Engine>(known), ofTheGpu, ...(onGpu ? [gpu] : [])].map(async (engine) => ({
    name: engine.name,
    engine,
    missing: await engine.available(),
  })),
)
for (const { name, missing } of engines) if (missing) it.skip(`NOT CHECKED, engine ${name}: ${missing}`)
const present = engines.filter(({ missing }) => !missing)

const sequence = head('softmax', [3, 5])
/** Some positions padded, one row wholly, and a padding row at the end with junk in it. */
function padded(id: number, seed = ''): Batch {
  const batch = makeBatch(sequence, 'sparse_cross_entropy', 3, BATCH, seed)
  for (const at of [1, 2, 3, 4, 5]) batch.y[0]![at] = id
  return batch
}

describe('weights of a loss', () => {
  const counting = { network: sequence, batchSize: BATCH, padId: 9 }

  it('add up to 1 over what counts, and the mass is the share of it', () => {
    const batch = { ...padded(9), weights: Float32Array.of(2, 5, 0.5) }
    // 1 of 3 positions of the first row, none of the second, all of the third.
    expect(massOf(batch, counting)).toBeCloseTo(2 / 3 + 0.5, 12)
    const weights = lossWeights(batch, counting, new Float32Array(12))
    const whole = 2 + 3 * 0.5
    const expected = [2, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0, 0, 0].map((weight) => weight / whole)
    for (const [i, value] of expected.entries()) expect(weights[i]).toBeCloseTo(value, 6)
  })

  it('are 1/count where nothing is masked, and 0 where nothing counts', () => {
    const plain = makeBatch(sequence, 'sparse_cross_entropy', 3, BATCH)
    expect([...lossWeights(plain, { batchSize: BATCH }, new Float32Array(4))]).toEqual(
      [1 / 3, 1 / 3, 1 / 3, 0].map(Math.fround),
    )
    expect(massOf(plain, { batchSize: BATCH })).toBe(3)
    const nothing = { ...plain, weights: new Float32Array(3) }
    expect(massOf(nothing, { batchSize: BATCH })).toBe(0)
    expect([...lossWeights(nothing, { batchSize: BATCH }, new Float32Array(4))]).toEqual([0, 0, 0, 0])
  })

  it('need one output where there is a padding id', () => {
    const two = { ...sequence, outputs: ['hidden', 'out'] }
    expect(() => weightShape({ ...counting, network: two })).toThrow('needs a network with one output, "head" has 2')
  })
})

describe.each(present)('engine $name', ({ engine }) => {
  it.each(lossCases)('%s after %s is the weighted mean of the rows', async (loss, activation) => {
    const network = head(activation, [3, 5])
    const batch = { ...makeBatch(network, loss, 3, BATCH), weights: Float32Array.of(2, 0, 0.25) }
    const weights = randomWeights(network)
    const expected = byHand(network, loss, weights, batch)
    const trainer = await engine.create(config(network, loss), weights)
    expect(await trainer.loss(batch)).toBeCloseTo(expected, 5)
    expect(await trainer.step(batch)).toBeCloseTo(expected, 5)
    trainer.dispose()
  })

  it.each([0, 3, -1, -100])('padding id %i: the mean over all positions that count', async (padId) => {
    const weights = randomWeights(sequence)
    const batch = { ...padded(padId), weights: Float32Array.of(2, 5, 0.5) }
    const trainer = await engine.create(config(sequence, 'sparse_cross_entropy', padId), weights)
    const expected = byHand(sequence, 'sparse_cross_entropy', weights, batch, padId)
    expect(await trainer.loss(batch)).toBeCloseTo(expected, 5)
    expect(await trainer.step(batch)).toBeCloseTo(expected, 5)
    trainer.dispose()
  })

  it('what does not count moves nothing, to the bit', async () => {
    const change = (batch: Batch) => {
      for (let i = 5; i < 30; i++) batch.x[0]![i] = 7 // the inputs of the padded positions
      return batch
    }
    const after = async (batch: Batch) => weightsAfter(engine, config(sequence, 'sparse_cross_entropy', -1), [batch])
    expect(await after(change(padded(-1)))).toEqual(await after(padded(-1)))
    expect(await after(change(makeBatch(sequence, 'sparse_cross_entropy', 3, BATCH)))).not.toEqual(
      await after(makeBatch(sequence, 'sparse_cross_entropy', 3, BATCH)),
    )
  })

  it('accumulates the exact mean over all positions that count', async () => {
    const [a, b] = [padded(-1, 'a'), { ...padded(-1, 'b'), weights: Float32Array.of(3, 1, 1) }]
    const whole = { ...union(a, b), weights: Float32Array.of(1, 1, 1, 3, 1, 1) }
    const together = { ...config(sequence, 'sparse_cross_entropy', -1), batchSize: 6 }
    const [parts, one] = [
      await weightsAfter(engine, config(sequence, 'sparse_cross_entropy', -1), [a, b]),
      await weightsAfter(engine, together, [whole]),
    ]
    for (const [name, { data }] of Object.entries(one)) {
      for (const [i, value] of data.entries()) expect(Math.abs(parts[name]!.data[i]! - value)).toBeLessThan(2e-6)
    }
  })

  it('has gradients of masked and weighed losses that finite differences confirm', async () => {
    const batch = { ...padded(-1), weights: Float32Array.of(2, 5, 0.5) }
    const settings = config(sequence, 'sparse_cross_entropy', -1)
    const weights = randomWeights(sequence)
    const after = await weightsAfter(engine, settings, [batch])
    const trainer = await engine.create({ ...settings, optimizer: { ...settings.optimizer, learningRate: 0 } }, weights)
    const { slots } = await trainer.state()
    for (const spec of weightSpecs(sequence)) {
      const rng = random(`direction:${spec.name}`)
      const start = weights[spec.name]!.data
      const direction = Float32Array.from({ length: sizeOf(spec.shape) }, () => rng.normal())
      const along = direction.reduce((sum, d, i) => sum + d * (start[i]! - after[spec.name]!.data[i]!), 0)
      const at = async (scale: number) => {
        const data = start.map((value, i) => value + scale * direction[i]!)
        await trainer.restore({ weights: { ...weights, [spec.name]: { shape: spec.shape, data } }, slots, step: 0 })
        return trainer.loss(batch)
      }
      const h = 4e-3
      const slope = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h)
      expect(Math.abs(slope - along), `${spec.name}: ${slope}, ${along}`).toBeLessThan(4e-4 + 3e-3 * Math.abs(slope))
    }
    trainer.dispose()
  })
})

function config(network: Network, loss: LossName, padId?: number): TrainingConfig {
  const optimizer = { name: 'sgd', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
  return { network, loss, optimizer, batchSize: BATCH, seed: 3, ...(padId === undefined ? {} : { padId }) }
}

async function weightsAfter(engine: Engine, settings: TrainingConfig, batches: readonly Batch[]): Promise<Weights> {
  const trainer = await engine.create(settings, randomWeights(settings.network))
  await trainer.accumulate!(batches)
  const { weights } = await trainer.state()
  trainer.dispose()
  return weights
}

/** Over the plain forward pass, in double precision. */
function byHand(network: Network, loss: LossName, weights: Weights, batch: Batch, padId?: number): number {
  const { shape } = outputSpecs(network)[0]!
  const size = sizeOf(shape)
  const prediction = forward(network, weights, batch.x, BATCH)[0]!
  const classes = shape.at(-1) as number
  const losses = rowLosses(loss, batch.y[0]!, prediction, size, classes, padId)
  let [sum, mass] = [0, 0]
  for (let i = 0; i < batch.count; i++) {
    const ids = [...batch.y[0]!.subarray(i * 3, (i + 1) * 3)]
    const counting = padId === undefined ? 3 : ids.filter((id) => id !== padId).length
    sum += losses[i]! * batch.weights![i]! * counting
    mass += batch.weights![i]! * counting
  }
  return sum / mass
}

function union(a: Batch, b: Batch): Batch {
  const join = (one: Float32Array, other: Float32Array) => {
    const size = (one.length / BATCH) * 3
    return Float32Array.of(...one.subarray(0, size), ...other.subarray(0, size))
  }
  return { x: [join(a.x[0]!, b.x[0]!)], y: [join(a.y[0]!, b.y[0]!)], count: 6 }
}
