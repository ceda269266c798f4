/**
 * Programs of a training whose weights and slots stay on a device: the whole step with its update, the same in parts for
 * accumulated gradients, and copies to and fro. New values come out under other names; who runs them keeps or drops them.
 */
import type { Tensor } from '@tensorflow/tfjs'
import { type WeightSpec, weightSpecs } from '../network/shapes.ts'
import {
  backward,
  float,
  named,
  names,
  optimized,
  stepTypes,
  type Tensors,
  type Types,
  weightTypes,
} from './compile.ts'
import type { TrainingConfig } from './engine.ts'
import type { Program } from './ir.ts'
import { clipFactor, moved, normOf, type Scalars } from './optimizer-graph.ts'
import type { Tf } from './tfjs.ts'
import { slotNames } from './wasm/optimizer.ts'

export const ports = {
  slot: (name: string) => `slot:${name}`,
  /** Gradients summed so far. */
  sum: (name: string) => `sum:${name}`,
  /** The new value of an input. */
  next: (input: string) => `next:${input}`,
  scalar: (name: keyof Scalars<unknown> | 'weight' | 'scale' | 'unscale') => `scalar:${name}`,
  norm: 'norm',
} as const

const SCALAR = float([])
const scalarTypes: Types = Object.fromEntries(
  (['rate', 'epsilon', 'shrink'] as const).map((name) => [ports.scalar(name), SCALAR]),
)
/** float16 only: the loss times `scale` keeps small gradients above half precision's smallest number. */
const scaleTypes: Types = { [ports.scalar('scale')]: SCALAR, [ports.scalar('unscale')]: SCALAR }

/** Inputs: those of a step, slots, scalars. Outputs: loss, norm, next weights and slots, new moving averages. */
export function trainProgram(tf: Tf, config: TrainingConfig): Program {
  const types = { ...stepTypes(config), ...slotTypes(config), ...scalarTypes, ...scalesOf(config) }
  return optimized(tf, types, (given) => {
    const { loss, gradients, updates } = unscaledBackward(tf, config, given)
    return { [names.loss]: loss, ...named(names.update, updates), ...update(tf, config, given, gradients) }
  })
}

/** Inputs: those of a step, sums, weight. Outputs: loss, next sums (plus weight · gradients), new moving averages. */
export function partProgram(tf: Tf, config: TrainingConfig): Program {
  const types = { ...stepTypes(config), ...sumTypes(config), [ports.scalar('weight')]: SCALAR, ...scalesOf(config) }
  return optimized(tf, types, (given) => {
    const { loss, gradients, updates } = unscaledBackward(tf, config, given)
    const sums = Object.entries(gradients).map(([name, gradient]) => [
      ports.next(ports.sum(name)),
      tf.add(given[ports.sum(name)]!, tf.mul(gradient, given[ports.scalar('weight')]!)),
    ])
    return { [names.loss]: loss, ...named(names.update, updates), ...Object.fromEntries(sums) }
  })
}

/** Inputs: weights, slots, sums, scalars. Outputs: norm, next weights and slots. */
export function applyProgram(tf: Tf, config: TrainingConfig): Program {
  const types = { ...weightTypes(config.network), ...slotTypes(config), ...sumTypes(config), ...scalarTypes }
  return optimized(tf, types, (given) => {
    const gradients = trainable(config).map(({ name }) => [name, given[ports.sum(name)]!])
    return update(tf, config, given, Object.fromEntries(gradients))
  })
}

/** Inputs: weights and slots, or sums. Outputs: the same, as `next`. */
export function copyProgram(tf: Tf, config: TrainingConfig, of: 'state' | 'sums'): Program {
  const types = of === 'sums' ? sumTypes(config) : { ...weightTypes(config.network), ...slotTypes(config) }
  return optimized(tf, types, (given) => named(ports.next, given))
}

/** `weight:slot`, as in an engine's state, with the shape of the weight. */
export function slotSpecs(config: TrainingConfig): readonly { name: string; shape: readonly number[] }[] {
  return trainable(config).flatMap(({ name, shape }) =>
    slotNames(config.optimizer.name).map((slot) => ({ name: `${name}:${slot}`, shape })),
  )
}

export function trainable({ network }: TrainingConfig): readonly WeightSpec[] {
  return weightSpecs(network).filter((spec) => spec.trainable)
}

function unscaledBackward(tf: Tf, config: TrainingConfig, given: Tensors): ReturnType<typeof backward> {
  if (config.precision !== 'float16') return backward(tf, config, given)
  const made = backward(tf, config, given, given[ports.scalar('scale')]!)
  const unscale = given[ports.scalar('unscale')]!
  const gradients = Object.entries(made.gradients).map(([name, gradient]) => [name, tf.mul(gradient, unscale)])
  return { ...made, gradients: Object.fromEntries(gradients) }
}

function update(tf: Tf, config: TrainingConfig, given: Tensors, gradients: Tensors): Tensors {
  const norm = normOf(tf, Object.values(gradients))
  const factor = clipFactor(tf, norm, config.optimizer.clipNorm)
  const scalars = Object.fromEntries(
    (['rate', 'epsilon', 'shrink'] as const).map((name) => [name, given[ports.scalar(name)]!]),
  ) as unknown as Scalars<Tensor>
  const next = trainable(config).flatMap(({ name, shape }) => {
    const inputs = [
      names.weight(name),
      ...slotNames(config.optimizer.name).map((slot) => ports.slot(`${name}:${slot}`)),
    ]
    const gradient = factor ? tf.mul(gradients[name]!, factor) : gradients[name]!
    const values = inputs.map((input) => given[input]!) as [Tensor, ...Tensor[]]
    const made = moved(tf, config.optimizer, values, gradient, scalars, shape.length >= 2)
    return inputs.map((input, i) => [ports.next(input), made[i]!])
  })
  return { [ports.norm]: norm, ...Object.fromEntries(next) }
}

function slotTypes(config: TrainingConfig): Types {
  return Object.fromEntries(slotSpecs(config).map(({ name, shape }) => [ports.slot(name), float(shape)]))
}

function sumTypes(config: TrainingConfig): Types {
  return Object.fromEntries(trainable(config).map(({ name, shape }) => [ports.sum(name), float(shape)]))
}

function scalesOf({ precision }: TrainingConfig): Types {
  return precision === 'float16' ? scaleTypes : {}
}
