/** The optimisers of optimizer.ts as TensorFlow.js ops, for steps that a device takes as one graph with its update in it. */
import type { Tensor } from '@tensorflow/tfjs'
import type { OptimizerConfig } from './engine.ts'
import { BETA1, BETA2, EPSILON, RMS_DECAY } from './optimizer.ts'
import type { Tf } from './tfjs.ts'

/** Numbers that change from step to step; Adam's corrections are in them. */
export interface Scalars<Value> {
  readonly rate: Value
  readonly epsilon: Value
  /** 1 - rate · decay of adamw. */
  readonly shrink: Value
}

export function scalarsOf({ name, weightDecay }: OptimizerConfig, rate: number, step: number): Scalars<number> {
  const shrink = 1 - rate * weightDecay
  if (name !== 'adam' && name !== 'adamw') return { rate, epsilon: EPSILON, shrink }
  const correction = Math.sqrt(1 - BETA2 ** step)
  return { rate: (rate * correction) / (1 - BETA1 ** step), epsilon: EPSILON * correction, shrink }
}

/** Euclidean norm over all gradients together. */
export function normOf(tf: Tf, gradients: readonly Tensor[]): Tensor {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)))
  return tf.sqrt(squares.length > 0 ? tf.addN(squares) : tf.scalar(0))
}

/** The factor of all gradients: 1 up to the largest norm allowed. Divides by no zero and makes no infinity. */
export function clipFactor(tf: Tf, norm: Tensor, largest: number): Tensor | undefined {
  return largest > 0 ? tf.div(tf.scalar(largest), tf.maximum(norm, largest)) : undefined
}

/**
 * @param slots in the order of slotNames
 * @param kernel of two or more axes: weight decay touches it
 * @returns the new weight and the new slots
 */
export function moved(
  tf: Tf,
  config: OptimizerConfig,
  [weight, ...slots]: readonly [Tensor, ...Tensor[]],
  gradient: Tensor,
  { rate, epsilon, shrink }: Scalars<Tensor>,
  kernel: boolean,
): readonly Tensor[] {
  const { name, weightDecay, momentum } = config
  const decays = kernel && weightDecay > 0
  const g = decays && name !== 'adamw' ? tf.add(gradient, tf.mul(weight, weightDecay)) : gradient
  const blend = (old: Tensor, now: Tensor, keep: number) => tf.add(tf.mul(old, keep), tf.mul(now, 1 - keep))
  switch (name) {
    case 'adam':
    case 'adamw': {
      const m = blend(slots[0]!, g, BETA1)
      const v = blend(slots[1]!, tf.square(g), BETA2)
      const from = decays && name === 'adamw' ? tf.mul(weight, shrink) : weight
      return [tf.sub(from, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon))), m, v]
    }
    case 'sgd': {
      const velocity = tf.add(tf.mul(slots[0]!, momentum), g)
      return [tf.sub(weight, tf.mul(velocity, rate)), velocity]
    }
    case 'rmsprop': {
      const v = blend(slots[0]!, tf.square(g), RMS_DECAY)
      const velocity = tf.add(tf.mul(slots[1]!, momentum), tf.div(g, tf.add(tf.sqrt(v), EPSILON)))
      return [tf.sub(weight, tf.mul(velocity, rate)), v, velocity]
    }
  }
}
