import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { stepProgram } from '../../src/compute/compile.ts'
import { productWork } from '../../src/compute/passes.ts'
import { loadTfForTracing } from '../../src/compute/tfjs.ts'
import { LARGE_STEP, threadsFor } from '../../src/compute/threads.ts'
import { buildNetwork, modelDefaults, otherModels } from '../../src/models/index.ts'
import { stepWork } from '../../src/models/work.ts'

it('small steps take one thread, whatever is offered', () => {
  expect(threadsFor(1e6, { KPIPE_CORES: '8', KPIPE_THREADS: '8' })).toBe(1)
})

it('larger ones take the cores of the stage, or what the user says', () => {
  expect(threadsFor(1e8, { KPIPE_CORES: '3' })).toBe(3)
  expect(threadsFor(1e12, { KPIPE_CORES: '3' })).toBe(3)
  expect(threadsFor(1e12, { KPIPE_CORES: '3', KPIPE_THREADS: '5' })).toBe(5)
  expect(threadsFor(1e12, { KPIPE_CORES: 'many', KPIPE_THREADS: '0' })).toBe(availableParallelism())
})

it('outside of a run only large ones take more than one', () => {
  expect([threadsFor(1e8, {}), threadsFor(1e12, {})]).toEqual([1, availableParallelism()])
})

const small = Object.entries({
  ...modelDefaults,
  emotion_cnn: otherModels['emotion_cnn']!,
  chord_lstm: otherModels['chord_lstm']!,
})
it.each(small)('what the options of %s say is what its graph multiplies', async (_, config) => {
  const optimizer = { name: 'sgd', learningRate: 1, weightDecay: 0, momentum: 0, clipNorm: 0 } as const
  const training = {
    network: buildNetwork(config),
    loss: config.loss,
    optimizer,
    batchSize: config.batch_size,
    seed: 1,
  }
  const work = productWork(stepProgram(await loadTfForTracing(), training))
  expect(stepWork(config) / work).toBeGreaterThan(0.95)
  expect(stepWork(config) / work).toBeLessThan(1.25)
})

it('options that say too little, or nonsense, ask for nothing', () => {
  const config = modelDefaults['emotion_recognizer']!
  expect(stepWork({ ...config, architecture_type: 'nonsense' })).toBe(0)
  expect(stepWork({ ...config, hidden_layers: [8192, 8192] })).toBeGreaterThan(LARGE_STEP)
  const { input_size: _, ...unsized } = config
  expect(stepWork(unsized as typeof config)).toBeGreaterThan(stepWork(config))
})
