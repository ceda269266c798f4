import { describe, expect, it } from 'vitest'
import type { Batch, Engine, LossName } from '../../src/compute/engine.ts'
import { eager } from '../../src/compute/engines/eager.ts'
import { engines as known } from '../../src/compute/engines/index.ts'
import { random } from '../../src/lib/random.ts'
import { sizeOf, weightSpecs } from '../../src/network/shapes.ts'
import type { Network, Weights } from '../../src/network.ts'
import { cases, randomWeights } from '../network/networks.ts'
import { head, lossCases, makeBatch, withWeights } from './batches.ts'

const BATCH = 4

// Every gradient of an engine is held against the slope of the eager engine's loss along a random direction of each weight.
// An engine shows its gradient through one step of plain SGD at rate 1.
const engines = await Promise.all(
  Object.values<Engine>(known).map(async (engine) => ({
    name: engine.name,
    engine,
    missing: await engine.available(),
  })),
)

describe.each(engines)('gradients against finite differences: $name', ({ engine, missing }) => {
  if (missing) {
    it.skip(`NOT CHECKED: ${missing}`)
    return
  }
  it.each(cases)('layer: $name', async ({ name, network }) => {
    // A long step would cross the kinks of these two.
    const step = /relu|selu|max_pool/.test(name) ? 2e-4 : 4e-3
    await checkGradients(engine, network, 'mse', BATCH, step)
  })

  it.each(lossCases)('loss: %s after %s', async (loss, activation) =>
    checkGradients(engine, head(activation), loss, BATCH),
  )
  it.each(lossCases)('loss: %s after %s, partial batch over time', async (loss, activation) =>
    checkGradients(engine, head(activation, [3, 5]), loss, BATCH - 1),
  )
})

async function checkGradients(
  engine: Engine,
  network: Network,
  loss: LossName,
  count: number,
  step = 4e-3,
): Promise<void> {
  network = withWeights(network)
  const weights = randomWeights(network)
  const batch = makeBatch(network, loss, count, BATCH)
  const gradients = await gradientsOf(engine, network, loss, weights, batch)
  for (const spec of weightSpecs(network).filter((one) => one.trainable)) {
    const rng = random(`direction:${spec.name}`)
    const direction = Float32Array.from({ length: sizeOf(spec.shape) }, () => rng.normal())
    const along = direction.reduce((sum, d, i) => sum + d * gradients[spec.name]![i]!, 0)
    const at = async (scale: number) => {
      const data = weights[spec.name]!.data.map((w, i) => w + scale * direction[i]!)
      return lossAt(network, loss, { ...weights, [spec.name]: { shape: spec.shape, data } }, batch)
    }
    // Fourth-order difference: the step can be large enough for float32.
    const slope =
      (8 * ((await at(step)) - (await at(-step))) - ((await at(2 * step)) - (await at(-2 * step)))) / (12 * step)
    expect(Math.abs(slope - along), `${spec.name}: slope ${slope}, gradient ${along}`).toBeLessThan(
      1.5e-6 / step + 3e-3 * Math.abs(slope),
    )
  }
}

/** The loss with batch statistics and dropout as in a step: taken from a step that moves nothing. Eager needs no compiling. */
async function lossAt(network: Network, loss: LossName, weights: Weights, batch: Batch): Promise<number> {
  const trainer = await eager.create(config(network, loss, 0), weights)
  return trainer.step(batch)
}

async function gradientsOf(engine: Engine, network: Network, loss: LossName, weights: Weights, batch: Batch) {
  const trainer = await engine.create(config(network, loss, 1), weights)
  await trainer.step(batch)
  const after = (await trainer.state()).weights
  trainer.dispose()
  return Object.fromEntries(
    Object.entries(weights).map(([name, w]) => [name, w.data.map((value, i) => value - after[name]!.data[i]!)]),
  )
}

function config(network: Network, loss: LossName, learningRate: number) {
  return {
    network,
    loss,
    optimizer: { name: 'sgd' as const, learningRate, weightDecay: 0, momentum: 0, clipNorm: 0 },
    batchSize: BATCH,
    seed: 3,
  }
}
