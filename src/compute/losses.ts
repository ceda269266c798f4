/**
 * Losses in TensorFlow.js ops, as every engine traces or runs them. Each is a weighted sum over examples or positions, so that
 * padding counts nothing and the mean stays exact (weights.ts). Where the output's activation allows it the loss is taken
 * from the values before the activation (sigmoid + bce, softmax + kl or cross-entropy): no log of zero, no lost gradient.
 */
import type { Tensor } from '@tensorflow/tfjs'
import type { Activation } from '../network.ts'
import type { LossName } from './engine.ts'
import type { Tf } from './tfjs.ts'

/** Keeps logs finite where only the activated output is at hand (Keras' epsilon). */
export const LOSS_EPSILON = 1e-7

export interface OutputTensors {
  /** [batch, ...shape] */
  readonly value: Tensor
  /** The same before `activation`; equal to `value` for linear. */
  readonly logits: Tensor
  readonly activation: Activation
}

/**
 * @param y [batch, ...shape]; [batch, ...shape without the last axis] int32 ids for sparse_cross_entropy
 * @param weights [batch] or [batch, ...positions], adding up to 1
 * @returns scalar: sum over examples of weight x mean (mse, mae, bce) or sum (kl, cross-entropies) over the last axis,
 *   averaged over the axes between, or weighed there where weights have them
 */
export function lossTerm(tf: Tf, name: LossName, output: OutputTensors, y: Tensor, weights: Tensor): Tensor {
  const perPosition = lossPerPosition(tf, name, output, y)
  if (weights.shape.length > 1) return tf.sum(tf.mul(perPosition, weights))
  const batch = weights.shape[0]!
  const perExample =
    perPosition.size === batch ? perPosition.reshape([batch]) : perPosition.reshape([batch, -1]).mean(1)
  return tf.sum(tf.mul(perExample, weights))
}

/** Reduced over the last axis only. */
function lossPerPosition(tf: Tf, name: LossName, output: OutputTensors, y: Tensor): Tensor {
  switch (name) {
    case 'mse':
      return tf.mean(tf.square(tf.sub(output.value, y)), -1)
    case 'mae':
      return tf.mean(tf.abs(tf.sub(output.value, y)), -1)
    case 'bce':
      return tf.mean(binaryCrossEntropy(tf, output, y), -1)
    case 'kl': {
      const entropy = tf.sum(tf.mul(y, tf.log(tf.maximum(y, LOSS_EPSILON))), -1)
      return tf.sub(entropy, tf.sum(tf.mul(y, logProbabilities(tf, output)), -1))
    }
    case 'cross_entropy':
      return tf.neg(tf.sum(tf.mul(y, logProbabilities(tf, output)), -1))
    case 'sparse_cross_entropy': {
      const classes = output.value.shape[output.value.shape.length - 1]!
      const oneHot = tf.cast(tf.oneHot(tf.cast(y, 'int32'), classes), 'float32')
      return tf.neg(tf.sum(tf.mul(oneHot, logProbabilities(tf, output)), -1))
    }
  }
}

/**
 * -y log p - (1 - y) log(1 - p). For p = sigmoid(z) that is max(z, 0) - log max(p, 1 - p) - y z, finite for every z, and its
 * gradient is p - y: both of what the network computes anyway. (softplus would do, and takes as long as a whole layer.)
 */
function binaryCrossEntropy(tf: Tf, output: OutputTensors, y: Tensor): Tensor {
  if (output.activation === 'sigmoid') {
    const loss = tf.customGrad((...inputs) => {
      const [z, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void]
      const p = tf.sigmoid(z)
      save([p, y])
      const likelier = tf.maximum(p, tf.sub(1, p))
      const value = tf.sub(tf.sub(tf.relu(z), tf.log(likelier)), tf.mul(z, y))
      return { value, gradFunc: (dy: Tensor, [kept, target]: Tensor[]) => tf.mul(dy, tf.sub(kept!, target!)) }
    })
    return loss(output.logits)
  }
  const p = tf.clipByValue(output.value, LOSS_EPSILON, 1 - LOSS_EPSILON)
  const one = tf.scalar(1)
  return tf.neg(tf.add(tf.mul(y, tf.log(p)), tf.mul(tf.sub(one, y), tf.log(tf.sub(one, p)))))
}

function logProbabilities(tf: Tf, output: OutputTensors): Tensor {
  if (output.activation !== 'softmax') return tf.log(tf.maximum(output.value, LOSS_EPSILON))
  return tf.logSoftmax(output.logits)
}
