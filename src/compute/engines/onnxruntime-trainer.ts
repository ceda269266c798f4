/**
 * A training on ONNX Runtime: the traced step runs as one graph over arrays of one wasm memory, weights in and gradients out
 * in place, and a SIMD optimiser moves the weights there. The whole state is in that memory: nothing is left in a session.
 */
import type { Weight, Weights } from '../../network.ts'
import { weightSpecs } from '../../network/shapes.ts'
import { lossProgram, names, predictProgram, stepProgram } from '../compile.ts'
import { dropoutMask, dropoutSpecs } from '../dropout.ts'
import type { Batch, Trainer, TrainingConfig } from '../engine.ts'
import type { Program } from '../ir.ts'
import { toOnnx } from '../onnx.ts'
import type { OrtTensor, Runtime, Session, Tensors } from '../onnxruntime.ts'
import { productWork } from '../passes.ts'
import type { Tf } from '../tfjs.ts'
import { threadsFor } from '../threads.ts'
import { lossWeights, massOf } from '../weights.ts'
import { fusedOptimizer } from '../wasm/optimizer.ts'
import { layOut, type Memory } from './onnxruntime-memory.ts'

export function trainer(runtime: Runtime, tf: Tf, config: TrainingConfig, initial: Weights): Trainer {
  const memory = layOut(config)
  for (const [name, view] of Object.entries(memory.weights)) view.set(initial[name]!.data)
  const tensors = new Map<Float32Array, OrtTensor>()
  const [runStep, runLoss, runPredict] = [
    prepared(() => stepProgram(tf, config)),
    prepared(() => lossProgram(tf, config)),
    prepared(() => predictProgram(tf, config)),
  ]
  const optimize = fusedOptimizer(config.optimizer, memory.memory, memory.regions)
  const drops = dropoutSpecs(config.network)
  let rate = config.optimizer.learningRate
  let taken = 0

  /** @returns the loss of one batch; its gradients and new moving averages are in the memory */
  const backward = async (batch: Batch, part: number): Promise<number> => {
    feed(batch)
    for (const spec of drops) {
      dropoutMask(spec, config.seed, taken, config.batchSize, memory.named[names.mask(spec.layer)], part)
    }
    await runStep()
    return memory.named[names.loss]![0]!
  }

  const update = async (batches: readonly Batch[]): Promise<number> => {
    const before = Object.keys(memory.updates).map(
      (name) => [memory.weights[name]!, memory.weights[name]!.slice()] as const,
    )
    const loss = batches.length === 1 ? await backward(batches[0]!, 0) : await backwardAll(batches)
    if (!Number.isFinite(loss) || !optimize(rate, taken + 1)) {
      for (const [view, values] of before) view.set(values)
      return Number.NaN
    }
    moveAverages()
    taken++
    return loss
  }

  /** The gradients of several batches, weighted by what counts in them, end up where those of one would be. */
  const backwardAll = async (batches: readonly Batch[]): Promise<number> => {
    const masses = batches.map((batch) => massOf(batch, config))
    const whole = masses.reduce((sum, mass) => sum + mass)
    const sums = new Float32Array(memory.gradients.length)
    let total = 0
    for (const [part, batch] of batches.entries()) {
      if (part > 0) moveAverages()
      const weight = whole > 0 ? masses[part]! / whole : 0
      total += (await backward(batch, part)) * weight
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + memory.gradients[i]! * weight
    }
    memory.gradients.set(sums)
    return total
  }

  const moveAverages = () => {
    for (const [name, view] of Object.entries(memory.updates)) memory.weights[name]!.set(view)
  }

  return {
    notes: [],
    step: (batch) => update([batch]),
    accumulate: update,
    loss: async (batch) => {
      feed(batch)
      await runLoss()
      return memory.named[names.loss]![0]!
    },
    predict: async (x) => {
      for (const [i, values] of x.entries()) memory.named[names.x(i)]!.set(values)
      await runPredict()
      return config.network.outputs.map((_, i) => memory.named[names.output(i)]!.slice())
    },
    setLearningRate: (value) => {
      rate = value
    },
    state: async () => ({ weights: copies(config, memory.weights), slots: slotCopies(memory), step: taken }),
    restore: async (state) => {
      for (const [name, view] of Object.entries(memory.weights)) view.set(state.weights[name]!.data)
      for (const [name, { view }] of Object.entries(memory.slots)) view.set(state.slots[name]!.data)
      taken = state.step
    },
    dispose: () => {
      for (const run of [runStep, runLoss, runPredict]) run.release()
    },
  }

  /** Traced, compiled and bound to the memory on its first run. */
  function prepared(make: () => Program): (() => Promise<void>) & { release: () => void } {
    let ready: Promise<{ session: Session; feeds: Tensors; fetches: Tensors }> | undefined
    const load = async () => {
      const program = make()
      const session = await runtime.createSession(
        toOnnx(program, config.network.name),
        threadsFor(productWork(program)),
      )
      return { session, feeds: bind(program.inputs), fetches: bind(program.outputs) }
    }
    const run = async () => {
      ready ??= load()
      const { session, feeds, fetches } = await ready
      await session.run(feeds, fetches)
    }
    const release = () => {
      void ready?.then(({ session }) => session.release())
      ready = undefined
    }
    return Object.assign(run, { release })
  }

  function bind(ports: Program['inputs']): Tensors {
    return Object.fromEntries(
      ports.map(({ name, value }) => {
        const view = memory.named[name]!
        const tensor = tensors.get(view) ?? runtime.tensor(view, value.shape)
        tensors.set(view, tensor)
        return [name, tensor]
      }),
    )
  }

  function feed(batch: Batch): void {
    for (const [i, values] of batch.x.entries()) memory.named[names.x(i)]!.set(values)
    for (const [i, values] of batch.y.entries()) memory.named[names.y(i)]!.set(values)
    lossWeights(batch, config, memory.named[names.weights]!)
    memory.named[names.share]!.fill(0).fill(1 / batch.count, 0, batch.count)
  }
}

function copies({ network }: TrainingConfig, views: Memory['weights']): Weights {
  return Object.fromEntries(
    weightSpecs(network).map(({ name, shape }) => [name, { shape, data: views[name]!.slice() }]),
  )
}

function slotCopies({ slots }: Memory): Weights {
  const copy = ({ shape, view }: Memory['slots'][string]): Weight => ({ shape, data: view.slice() })
  return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, copy(slot)]))
}
