/** Programs of a model: a training step with its gradients, the loss alone, the outputs alone. Static in the batch size. */
import type { Scalar, Tensor } from '@tensorflow/tfjs'
import { outputSpecs, weightSpecs } from '../network/shapes.ts'
import type { Network } from '../network.ts'
import { dropoutSpecs } from './dropout.ts'
import type { LossName, TrainingConfig } from './engine.ts'
import { applyNetwork, type TrainingMode } from './graph.ts'
import type { Program, ValueType } from './ir.ts'
import { lossTerm } from './losses.ts'
import { optimize } from './passes.ts'
import type { Tf } from './tfjs.ts'
import { trace } from './trace.ts'
import { weightShape } from './weights.ts'

export type Tensors = Readonly<Record<string, Tensor>>
export type Types = Readonly<Record<string, ValueType>>

/** Names of a program's inputs and outputs, made so that no two can be equal. */
export const names = {
  weight: (name: string) => `w:${name}`,
  gradient: (name: string) => `grad:${name}`,
  update: (name: string) => `update:${name}`,
  x: (i: number) => `x:${i}`,
  y: (i: number) => `y:${i}`,
  mask: (layer: string) => `mask:${layer}`,
  output: (i: number) => `output:${i}`,
  share: 'share',
  weights: 'weights',
  loss: 'loss',
} as const

/**
 * Inputs: weights of the network, x, y, weights of the loss, share, masks. Outputs: loss, a gradient for every trainable
 * weight, new moving averages.
 */
export function stepProgram(tf: Tf, config: TrainingConfig): Program {
  return optimized(tf, stepTypes(config), (given) => {
    const { loss, gradients, updates } = backward(tf, config, given)
    return { [names.loss]: loss, ...named(names.gradient, gradients), ...named(names.update, updates) }
  })
}

/** What `backward` reads. */
export function stepTypes(config: TrainingConfig): Types {
  const { network, batchSize } = config
  const masks = dropoutSpecs(network).map(
    (spec) => [names.mask(spec.layer), float([batchSize, ...spec.shape])] as const,
  )
  return { ...weightTypes(network), ...batchTypes(config), ...Object.fromEntries(masks) }
}

/** @param scale of the gradients (loss scaling): a scalar */
export function backward(
  tf: Tf,
  { network, loss }: TrainingConfig,
  given: Tensors,
  scale?: Tensor,
): { loss: Tensor; gradients: Tensors; updates: Tensors } {
  const trainable = weightSpecs(network).filter((spec) => spec.trainable)
  const mode: TrainingMode = {
    masks: Object.fromEntries(dropoutSpecs(network).map(({ layer }) => [layer, given[names.mask(layer)]!])),
    share: given[names.share]!,
  }
  let updates: Tensors = {}
  let plain: Tensor | undefined
  const forward = (...moving: Tensor[]) => {
    const weights = weightsOf(network, given)
    for (const [i, spec] of trainable.entries()) weights[spec.name] = moving[i]!
    const result = applyNetwork(tf, network, weights, inputsOf(tf, network, given), mode)
    updates = result.updates
    plain = totalLoss(tf, loss, result.outputs, given)
    return (scale ? tf.mul(plain, scale) : plain) as Scalar
  }
  const { grads } = tf.valueAndGrads(forward)(trainable.map((spec) => given[names.weight(spec.name)]!))
  return { loss: plain!, gradients: Object.fromEntries(trainable.map((spec, i) => [spec.name, grads[i]!])), updates }
}

/** The tensors under the names that a program's ports have. */
export function named(port: (name: string) => string, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [port(name), tensor]))
}

/** Inputs: weights of the network, x, y, weights of the loss, share. Output: loss without dropout. */
export function lossProgram(tf: Tf, config: TrainingConfig): Program {
  const { network, loss } = config
  return optimized(tf, { ...weightTypes(network), ...batchTypes(config) }, (given) => {
    const result = applyNetwork(tf, network, weightsOf(network, given), inputsOf(tf, network, given))
    return { [names.loss]: totalLoss(tf, loss, result.outputs, given) }
  })
}

/** Inputs: weights, x. Outputs: the network's, without dropout. */
export function predictProgram(tf: Tf, { network, batchSize }: TrainingConfig): Program {
  return optimized(tf, { ...weightTypes(network), ...inputTypes(network, batchSize) }, (given) => {
    const result = applyNetwork(tf, network, weightsOf(network, given), inputsOf(tf, network, given))
    return Object.fromEntries(result.outputs.map((output, i) => [names.output(i), output.value]))
  })
}

export function optimized(tf: Tf, types: Types, build: (given: Tensors) => Tensors): Program {
  return optimize(trace(tf, types, build))
}

function totalLoss(
  tf: Tf,
  loss: LossName,
  outputs: ReturnType<typeof applyNetwork>['outputs'],
  given: Tensors,
): Tensor {
  return outputs
    .map((output, i) => lossTerm(tf, loss, output, given[names.y(i)]!, given[names.weights]!))
    .reduce((sum, term) => tf.add(sum, term))
}

function weightsOf(network: Network, given: Tensors): Record<string, Tensor> {
  return Object.fromEntries(weightSpecs(network).map(({ name }) => [name, given[names.weight(name)]!]))
}

/** Ids travel as floats, which is how batches hold them. */
function inputsOf(tf: Tf, network: Network, given: Tensors): Tensor[] {
  return network.inputs.map((spec, i) => tf.cast(given[names.x(i)]!, spec.dtype))
}

export function weightTypes(network: Network): Types {
  return Object.fromEntries(weightSpecs(network).map(({ name, shape }) => [names.weight(name), float(shape)]))
}

function inputTypes(network: Network, batch: number): Types {
  return Object.fromEntries(network.inputs.map((spec, i) => [names.x(i), float([batch, ...spec.shape])]))
}

function batchTypes(config: TrainingConfig): Types {
  const { network, loss, batchSize: batch } = config
  const targets = outputSpecs(network).map((spec, i) => {
    const shape = loss === 'sparse_cross_entropy' ? spec.shape.slice(0, -1) : spec.shape
    return [names.y(i), float([batch, ...shape])]
  })
  return {
    ...inputTypes(network, batch),
    ...Object.fromEntries(targets),
    [names.share]: float([batch]),
    [names.weights]: float(weightShape(config)),
  }
}

export function float(shape: readonly number[]): ValueType {
  return { shape, dtype: 'float32' }
}
