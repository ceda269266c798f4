/**
 * A training in a TensorFlow session: weights and slots are variables there, a step is fed the batch, the dropout masks and a
 * few numbers, and gives the loss back. Runs in the caller's thread; TensorFlow's pool shares the work.
 */
import type { Weights } from '../../network.ts'
import { sizeOf } from '../../network/shapes.ts'
import { names } from '../compile.ts'
import { dropoutMask, dropoutSpecs } from '../dropout.ts'
import type { Batch, EngineState, Trainer, TrainingConfig } from '../engine.ts'
import { threadsFor } from '../threads.ts'
import { openSession, type TensorFeed } from '../tensorflow.ts'
import type { Tf } from '../tfjs.ts'
import { lossWeights, massOf, weightShape } from '../weights.ts'
import { type ScalarName, type Stored, trainingGraph } from './tensorflow-graph.ts'
import { scalarsOf } from './tensorflow-update.ts'

export function trainer(tf: Tf, config: TrainingConfig, initial: Weights): Trainer {
  const graph = trainingGraph(tf, config)
  const session = openSession(graph.model, threadsFor(graph.work))
  const drops = dropoutSpecs(config.network)
  let rate = config.optimizer.learningRate
  let taken = 0

  const values = (stored: Readonly<Record<string, Stored>>): Weights => {
    const entries = Object.entries(stored)
    if (entries.length === 0) return {}
    const data = session.run(
      [],
      entries.map(([, { value }]) => value),
    )
    return Object.fromEntries(entries.map(([name, { shape }], i) => [name, { shape, data: data[i]! }]))
  }
  const set = (weights: Weights, slots: (name: string, shape: readonly number[]) => Float32Array): void => {
    const own = Object.entries(graph.weights).map(([name, { feed }]) => ({ ...feed, data: weights[name]!.data }))
    const others = Object.entries(graph.slots).map(([name, { feed }]) => ({ ...feed, data: slots(name, feed.shape) }))
    session.run([...own, ...others], [graph.fetch.set])
  }
  set(initial, (_, shape) => new Float32Array(sizeOf(shape)))

  const step = async (batch: Batch): Promise<number> => {
    const loss = one(session.run([...batchOf(batch), ...masks(0), ...moving()], [graph.fetch.step]))
    if (Number.isFinite(loss)) taken++
    return loss
  }

  const accumulate = async (batches: readonly Batch[]): Promise<number> => {
    if (batches.length === 1) return step(batches[0]!)
    const before = graph.averages.length > 0 ? await state() : null
    const masses = batches.map((batch) => massOf(batch, config))
    const whole = masses.reduce((sum, mass) => sum + mass)
    session.run([], [graph.fetch.clear])
    let total = 0
    for (const [part, batch] of batches.entries()) {
      const weight = whole > 0 ? masses[part]! / whole : 0
      const feeds = [...batchOf(batch), ...masks(part), scalar('weight', weight)]
      total += one(session.run(feeds, [graph.fetch.part])) * weight
    }
    const loss = one(session.run([scalar('total', total), ...moving()], [graph.fetch.apply]))
    if (Number.isFinite(loss)) taken++
    // The parts have moved the averages, which must not have happened.
    else if (before) await restore(before)
    return Number.isFinite(loss) ? total : loss
  }

  const state = async (): Promise<EngineState> => ({
    weights: values(graph.weights),
    slots: values(graph.slots),
    step: taken,
  })

  const restore = async (from: EngineState): Promise<void> => {
    set(from.weights, (name) => from.slots[name]!.data)
    taken = from.step
  }

  return {
    notes: [],
    step,
    accumulate,
    loss: async (batch) => one(session.run(batchOf(batch), [graph.fetch.loss])),
    predict: async (x) => session.run(inputs(x), graph.fetch.outputs),
    setLearningRate: (value) => {
      rate = value
    },
    state,
    restore,
    dispose: () => session.release(),
  }

  function fed(name: string, data: Float32Array): TensorFeed {
    return { ...graph.feeds[name]!, data }
  }

  function scalar(name: ScalarName, value: number): TensorFeed {
    return fed(name, Float32Array.of(value))
  }

  /** The numbers of the update. */
  function moving(): TensorFeed[] {
    return Object.entries(scalarsOf(config.optimizer, rate, taken + 1)).map(([name, value]) =>
      scalar(name as ScalarName, value),
    )
  }

  function inputs(x: readonly Float32Array[]): TensorFeed[] {
    return x.map((data, i) => fed(names.x(i), data))
  }

  function batchOf(batch: Batch): TensorFeed[] {
    const { x, y, count } = batch
    const weights = lossWeights(batch, config, new Float32Array(sizeOf(weightShape(config))))
    const share = new Float32Array(config.batchSize).fill(1 / count, 0, count)
    return [
      ...inputs(x),
      ...y.map((data, i) => fed(names.y(i), data)),
      fed(names.share, share),
      fed(names.weights, weights),
    ]
  }

  function masks(part: number): TensorFeed[] {
    return drops.map((spec) =>
      fed(names.mask(spec.layer), dropoutMask(spec, config.seed, taken, config.batchSize, undefined, part)),
    )
  }
}

function one(values: readonly Float32Array[]): number {
  return values[0]![0]!
}
