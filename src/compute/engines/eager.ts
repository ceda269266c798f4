/**
 * Engine `eager`: the graph runs op by op on TensorFlow.js' wasm kernels, tfjs differentiates it, the optimiser updates
 * plain arrays. Needs nothing but npm; the reference that other engines are held to.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs'
import type { Weight, Weights } from '../../network.ts'
import { outputSpecs, sizeOf, weightSpecs } from '../../network/shapes.ts'
import { dropoutMask, dropoutSpecs } from '../dropout.ts'
import type { Batch, Engine, Trainer, TrainingConfig } from '../engine.ts'
import { applyNetwork, type TrainingMode } from '../graph.ts'
import { lossTerm } from '../losses.ts'
import { createOptimizer } from '../optimizer.ts'
import { loadTf, type Tf } from '../tfjs.ts'
import { lossWeights, massOf, weightShape } from '../weights.ts'

export const eager: Engine = {
  name: 'eager',
  supports: ['accumulate', 'freeze'],
  // The plain cpu backend runs anywhere Node does.
  available: async () => '',
  create: async (config, weights) => {
    const { tf, fallback } = await loadTf()
    const notes = fallback
      ? [`TensorFlow.js runs on its slower cpu backend: WebAssembly did not start (${fallback})`]
      : []
    return trainer(tf, config, weights, notes)
  },
}

function trainer(tf: Tf, config: TrainingConfig, initial: Weights, notes: readonly string[]): Trainer {
  const { network, batchSize, seed } = config
  const specs = weightSpecs(network)
  const outputs = outputSpecs(network)
  const drops = dropoutSpecs(network)
  const shape = weightShape(config)
  const weights = copy(initial)
  const trainable = specs.filter((spec) => spec.trainable).map((spec) => spec.name)
  const optimizer = createOptimizer(
    config.optimizer,
    Object.fromEntries(trainable.map((name) => [name, weights[name]!])),
  )
  let rate = config.optimizer.learningRate
  let taken = 0

  /** Loss, gradients and new moving averages of one batch. */
  const backward = (batch: Batch, part: number, averages: Readonly<Record<string, Float32Array>>) => {
    const updates: Record<string, Float32Array> = {}
    let loss = Number.NaN
    let gradients: Float32Array[] = []
    // Results leave through variables: tidy searches what it returns for tensors, number by number.
    tf.tidy(() => {
      const constants = tensors(
        specs.filter((spec) => !spec.trainable).map((spec) => spec.name),
        averages,
      )
      const mode = { masks: masks(part), share: shares(batch.count) }
      const [x, y, counting] = [inputs(batch.x), targets(batch), weightsOf(batch)]
      const forward = (...moving: Tensor[]) => {
        const all = { ...constants }
        for (const [i, name] of trainable.entries()) all[name] = moving[i]!
        const result = total(all, x, y, counting, mode)
        for (const [name, tensor] of Object.entries(result.updates)) updates[name] = tensor.dataSync() as Float32Array
        return result.loss as Scalar
      }
      const { value, grads } = tf.valueAndGrads(forward)(Object.values(tensors(trainable)))
      loss = value.dataSync()[0]!
      gradients = grads.map((grad) => grad.dataSync() as Float32Array)
    })
    return { loss, gradients, updates }
  }

  const accumulate = async (batches: readonly Batch[]) => {
    const masses = batches.map((batch) => massOf(batch, config))
    const whole = masses.reduce((sum, mass) => sum + mass)
    let averages: Readonly<Record<string, Float32Array>> = {}
    let [loss, gradients] = [0, [] as readonly Float32Array[]]
    for (const [part, batch] of batches.entries()) {
      const made = backward(batch, part, averages)
      const weight = whole > 0 ? masses[part]! / whole : 0
      loss += made.loss * weight
      gradients = part === 0 && batches.length === 1 ? made.gradients : weightedSum(gradients, made.gradients, weight)
      averages = { ...averages, ...made.updates }
    }
    if (!Number.isFinite(loss)) return loss
    if (!optimizer.update(gradients, rate, taken + 1)) return Number.NaN
    for (const [name, values] of Object.entries(averages)) weights[name]!.data.set(values)
    taken++
    return loss
  }

  return {
    notes,
    step: (batch) => accumulate([batch]),
    accumulate,
    loss: async (batch) =>
      tf.tidy(
        () =>
          total(
            tensors(specs.map((spec) => spec.name)),
            inputs(batch.x),
            targets(batch),
            weightsOf(batch),
          ).loss.dataSync()[0]!,
      ),
    predict: async (x) => {
      let values: Float32Array[] = []
      tf.tidy(() => {
        const result = applyNetwork(tf, network, tensors(specs.map((spec) => spec.name)), inputs(x))
        values = result.outputs.map((output) => Float32Array.from(output.value.dataSync()))
      })
      return values
    },
    setLearningRate: (value) => {
      rate = value
    },
    state: async () => ({ weights: copy(weights), slots: copy(optimizer.slots), step: taken }),
    restore: async (state) => {
      fill(weights, state.weights)
      fill(optimizer.slots, state.slots)
      taken = state.step
    },
    // All tensors live inside one call; nothing is held between steps.
    dispose: () => {},
  }

  function total(
    values: Record<string, Tensor>,
    x: readonly Tensor[],
    y: readonly Tensor[],
    counting: Tensor,
    mode?: TrainingMode,
  ): { loss: Tensor; updates: Readonly<Record<string, Tensor>> } {
    const result = applyNetwork(tf, network, values, x, mode)
    const terms = result.outputs.map((output, i) => lossTerm(tf, config.loss, output, y[i]!, counting))
    return { loss: terms.reduce((sum, term) => tf.add(sum, term)), updates: result.updates }
  }

  /** @param instead values that are not in the weights yet */
  function tensors(
    names: readonly string[],
    instead: Readonly<Record<string, Float32Array>> = {},
  ): Record<string, Tensor> {
    return Object.fromEntries(
      names.map((name) => [name, tf.tensor(instead[name] ?? weights[name]!.data, [...weights[name]!.shape])]),
    )
  }

  function inputs(x: readonly Float32Array[]): Tensor[] {
    return network.inputs.map((spec, i) => {
      const shape = [batchSize, ...spec.shape]
      return spec.dtype === 'int32' ? tf.tensor(Int32Array.from(x[i]!), shape, 'int32') : tf.tensor(x[i]!, shape)
    })
  }

  function targets(batch: Batch): Tensor[] {
    return outputs.map((spec, i) => {
      if (config.loss !== 'sparse_cross_entropy') return tf.tensor(batch.y[i]!, [batchSize, ...spec.shape])
      return tf.tensor(Int32Array.from(batch.y[i]!), [batchSize, ...spec.shape.slice(0, -1)], 'int32')
    })
  }

  function weightsOf(batch: Batch): Tensor {
    return tf.tensor(lossWeights(batch, config, new Float32Array(sizeOf(shape))), shape)
  }

  function shares(count: number): Tensor {
    return tf.tensor1d(new Float32Array(batchSize).fill(1 / count, 0, count))
  }

  function masks(part: number): Record<string, Tensor> {
    return Object.fromEntries(
      drops.map((spec) => [
        spec.layer,
        tf.tensor(dropoutMask(spec, seed, taken, batchSize, undefined, part), [batchSize, ...spec.shape]),
      ]),
    )
  }
}

/** sums + weight · values; new arrays for the first ones. */
function weightedSum(
  sums: readonly Float32Array[],
  values: readonly Float32Array[],
  weight: number,
): readonly Float32Array[] {
  if (sums.length === 0) return values.map((array) => array.map((value) => value * weight))
  for (const [i, array] of values.entries()) {
    const sum = sums[i]!
    for (let j = 0; j < sum.length; j++) sum[j] = sum[j]! + array[j]! * weight
  }
  return sums
}

function copy(weights: Weights): Record<string, Weight> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  )
}

/** Into the arrays that are there, which the optimiser holds. */
function fill(target: Weights, source: Weights): void {
  for (const [name, weight] of Object.entries(target)) weight.data.set(source[name]!.data)
}
