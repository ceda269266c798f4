/**
 * A training on ONNX Runtime whose weights and slots stay in the memory of a device (a GPU through WebGPU): the traced step
 * with its update is one graph, its new values become the next step's inputs, and only batches go in and losses come out.
 * In half precision the loss is scaled: a step whose gradients overflow is taken again with half the scale.
 */
import { sizeOf, weightSpecs } from '../../network/shapes.ts'
import type { Weights } from '../../network.ts'
import { lossProgram, names, predictProgram } from '../compile.ts'
import { applyProgram, copyProgram, partProgram, ports, slotSpecs, trainable, trainProgram } from '../compile-device.ts'
import { dropoutMask, dropoutSpecs } from '../dropout.ts'
import type { Batch, Trainer, TrainingConfig } from '../engine.ts'
import type { Program } from '../ir.ts'
import { LossScale } from '../loss-scale.ts'
import type { Provider, Runtime, Tensors } from '../onnxruntime.ts'
import { scalarsOf } from '../optimizer-graph.ts'
import type { Tf } from '../tfjs.ts'
import { lossWeights, massOf, weightShape } from '../weights.ts'
import { deviceProgram, dispose, type Given, type ProgramOptions } from './onnxruntime-program.ts'

/** @param provider cpu: the same graphs in our own memory, for tests where there is no device */
export async function deviceTrainer(
  runtime: Runtime,
  tf: Tf,
  config: TrainingConfig,
  initial: Weights,
  provider: Provider,
): Promise<Trainer> {
  const { network, batchSize, optimizer, precision } = config
  const programs = makePrograms(runtime, tf, config, provider)
  const scale = precision === 'float16' ? new LossScale() : null
  /** Weights and slots by the names of the programs' inputs, on the device. */
  let held: Record<string, Tensors[string]> = {}
  let rate = optimizer.learningRate
  let taken = 0

  const scales = (): Given => (scale ? scalars({ scale: scale.value, unscale: 1 / scale.value }) : {})
  const rates = (): Given => scalars({ ...scalarsOf(optimizer, rate, taken + 1) })

  /** New values take the place of those that are held. */
  const adopt = (made: Tensors): void => {
    const next = Object.entries(made).flatMap(([name, tensor]) => {
      const input = inputFor(name)
      return input ? [[input, tensor] as const] : []
    })
    for (const [input] of next) held[input]?.dispose()
    held = { ...held, ...Object.fromEntries(next) }
  }

  const load = async (weights: Weights, slots: Weights): Promise<void> => {
    const values: Record<string, Float32Array> = {}
    for (const { name } of weightSpecs(network)) values[names.weight(name)] = weights[name]!.data
    for (const { name, shape } of slotSpecs(config)) {
      values[ports.slot(name)] = slots[name]?.data ?? new Float32Array(sizeOf(shape))
    }
    adopt(await programs.put.run(values))
  }

  /** One update by what `attempt` makes; where it is not finite nothing is kept of it. */
  const update = async (attempt: () => Promise<{ loss: number; made: Tensors }>): Promise<number> => {
    for (;;) {
      const { loss, made } = await attempt()
      if (Number.isFinite(loss) && Number.isFinite(made[ports.norm]!.data[0]!)) {
        adopt(made)
        scale?.fitted()
        taken++
        return loss
      }
      dispose(made)
      if (!Number.isFinite(loss) || !scale?.overflowed()) return Number.NaN
    }
  }

  const whole = (batch: Batch) => {
    const given = { ...batchArrays(batch), ...masks(config, taken, 0), ...rates() }
    return async () => {
      const made = await programs.train.run({ ...held, ...given, ...scales() })
      return { loss: made[names.loss]!.data[0]!, made }
    }
  }

  const inParts = (batches: readonly Batch[]) => async () => {
    const masses = batches.map((batch) => massOf(batch, config))
    const total = masses.reduce((sum, mass) => sum + mass)
    let running = asInputs(await programs.zero.run(zeroSums(config)))
    let loss = 0
    for (const [i, batch] of batches.entries()) {
      const weight = total > 0 ? masses[i]! / total : 0
      const given = { ...batchArrays(batch), ...masks(config, taken, i), ...scalars({ weight }), ...scales() }
      const made = await programs.part.run({ ...held, ...running, ...given })
      loss += made[names.loss]!.data[0]! * weight
      dispose(running)
      running = asInputs(made)
    }
    const made = await programs.apply.run({ ...held, ...running, ...rates() })
    const averages = Object.entries(running).filter(([name]) => name.startsWith(names.weight('')))
    dispose(Object.fromEntries(Object.entries(running).filter(([name]) => name.startsWith(ports.sum('')))))
    return { loss, made: { ...made, ...Object.fromEntries(averages.map(([name, t]) => [ports.next(name), t])) } }
  }

  await load(initial, {})
  return {
    notes: [],
    step: (batch) => update(whole(batch)),
    accumulate: (batches) => update(batches.length === 1 ? whole(batches[0]!) : inParts(batches)),
    loss: async (batch) => (await programs.loss.run({ ...held, ...batchArrays(batch) }))[names.loss]!.data[0]!,
    predict: async (x) => {
      const made = await programs.predict.run({ ...held, ...xArrays(x) })
      return network.outputs.map((_, i) => made[names.output(i)]!.data)
    },
    setLearningRate: (value) => {
      rate = value
    },
    state: async () => {
      const read = await programs.get.run(held)
      const copy = (input: string, shape: readonly number[]) => ({ shape, data: read[ports.next(input)]!.data.slice() })
      const weights = weightSpecs(network).map(({ name, shape }) => [name, copy(names.weight(name), shape)])
      const slots = slotSpecs(config).map(({ name, shape }) => [name, copy(ports.slot(name), shape)])
      return {
        weights: Object.fromEntries(weights),
        slots: { ...Object.fromEntries(slots), ...scale?.slots() },
        step: taken,
      }
    },
    restore: async (state) => {
      await load(state.weights, state.slots)
      scale?.restore(state.slots)
      taken = state.step
    },
    dispose: () => {
      dispose(held)
      for (const program of Object.values(programs)) program.release()
    },
  }

  function xArrays(x: Batch['x']): Given {
    return Object.fromEntries(x.map((values, i) => [names.x(i), values]))
  }

  function batchArrays(batch: Batch): Given {
    const { x, y, count } = batch
    const targets = y.map((values, i) => [names.y(i), values])
    const share = new Float32Array(batchSize).fill(1 / count, 0, count)
    const weights = lossWeights(batch, config, new Float32Array(sizeOf(weightShape(config))))
    return { ...xArrays(x), ...Object.fromEntries(targets), [names.share]: share, [names.weights]: weights }
  }
}

function makePrograms(runtime: Runtime, tf: Tf, config: TrainingConfig, provider: Provider) {
  const { precision } = config
  const program = (make: () => Program, back: ProgramOptions['back'], own?: ProgramOptions['precision']) =>
    deviceProgram(runtime, make, { name: config.network.name, provider, back, precision: own })
  return {
    train: program(() => trainProgram(tf, config), [names.loss, ports.norm], precision),
    part: program(() => partProgram(tf, config), [names.loss], precision),
    apply: program(() => applyProgram(tf, config), [ports.norm]),
    put: program(() => copyProgram(tf, config, 'state'), []),
    get: program(() => copyProgram(tf, config, 'state'), 'all'),
    zero: program(() => copyProgram(tf, config, 'sums'), []),
    // Single precision: what the exported model will give.
    loss: program(() => lossProgram(tf, config), 'all'),
    predict: program(() => predictProgram(tf, config), 'all'),
  }
}

/** The input whose next value an output is, or ''. */
function inputFor(output: string): string {
  if (output.startsWith(ports.next(''))) return output.slice(ports.next('').length)
  return output.startsWith(names.update('')) ? names.weight(output.slice(names.update('').length)) : ''
}

function asInputs(made: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(made).flatMap(([name, tensor]) => (inputFor(name) ? [[inputFor(name), tensor]] : [])),
  )
}

function masks({ network, seed, batchSize }: TrainingConfig, step: number, part: number): Given {
  return Object.fromEntries(
    dropoutSpecs(network).map((spec) => [
      names.mask(spec.layer),
      dropoutMask(spec, seed, step, batchSize, undefined, part),
    ]),
  )
}

function zeroSums(config: TrainingConfig): Given {
  return Object.fromEntries(
    trainable(config).map(({ name, shape }) => [ports.sum(name), new Float32Array(sizeOf(shape))]),
  )
}

function scalars(values: Readonly<Record<string, number>>): Given {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [ports.scalar(name as 'rate'), Float32Array.of(value)]),
  )
}
