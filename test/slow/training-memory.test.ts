import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import type { Engine } from '../../src/compute/engine.ts'
import { engines } from '../../src/compute/engines/index.ts'
import { buildNetwork, initialWeights, modelDefaults } from '../../src/models/index.ts'
import { makeBatch } from '../compute/batches.ts'

const STEPS = 10_000
const native: readonly Engine[] = [engines.onnxruntime, engines.tensorflow]

// The process' memory, not the heap's: sessions and tensors of the native library are outside it. 16 MB is 2 kB a step, a
// third of the smallest array that a step could forget; V8's own heap moves by 10.
for (const engine of native) {
  const missing = await engine.available()
  if (missing) it.skip(`NOT CHECKED, engine ${engine.name}: ${missing}`)
  else
    it(`memory stays flat over ${STEPS} steps of engine ${engine.name}`, async () => {
      expect(await growth(engine)).toBeLessThan(16)
    })
}

/** Megabytes that the process grows from step 2,000, when everything is compiled, to the last, garbage collected at both. */
async function growth(engine: Engine): Promise<number> {
  const defaults = modelDefaults['dynamics_engine']!
  const network = buildNetwork({ ...defaults, dropout: 0.1 })
  const optimizer = { name: 'adam', learningRate: 1e-3, weightDecay: 0, momentum: 0, clipNorm: 1 } as const
  const config = { network, loss: defaults.loss, optimizer, batchSize: 64, seed: 1 }
  const trainer = await engine.create(config, initialWeights(network, 1))
  const batch = makeBatch(network, defaults.loss, 64, 64)
  const collect = collector()
  const sizes: number[] = []
  for (let step = 1; step <= STEPS; step++) {
    await trainer.step(batch)
    if (step % 100 === 0) await trainer.loss(batch)
    if (step !== 2000 && step !== STEPS) continue
    collect()
    sizes.push(process.memoryUsage.rss() / 2 ** 20)
  }
  trainer.dispose()
  return sizes[1]! - sizes[0]!
}

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
