/** LSTM, GRU and causal self-attention in TensorFlow.js ops. The input products of all time steps are one product. */
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs'
import type { Layer } from '../network.ts'
import type { Tf } from './tfjs.ts'

/** x [batch, time, features]; gates i f c o, sigmoid and tanh (not tfjs layers' hard sigmoid). */
export function lstm(tf: Tf, layer: Extract<Layer, { kind: 'lstm' }>, weights: readonly Tensor[], x: Tensor3D): Tensor {
  const [kernel, recurrent, bias] = weights
  const steps = inputProducts(tf, x, kernel!, bias!)
  const zero: Tensor = tf.zeros([x.shape[0], layer.units])
  let [hidden, cell] = [zero, zero]
  const outputs = steps.map((fromInput, t) => {
    const sum = t === 0 ? fromInput : tf.add(fromInput, tf.matMul(hidden as Tensor2D, recurrent as Tensor2D))
    const [i, f, c, o] = tf.split(sum, 4, 1) as [Tensor, Tensor, Tensor, Tensor]
    const fresh = tf.mul(tf.sigmoid(i), tf.tanh(c))
    cell = t === 0 ? fresh : tf.add(tf.mul(tf.sigmoid(f), cell), fresh)
    hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell))
    return hidden
  })
  return layer.returnSequences ? tf.stack(outputs, 1) : hidden
}

/** The reset_after form: gates z r h, bias [2, 3·units] for input and state. */
export function gru(tf: Tf, layer: Extract<Layer, { kind: 'gru' }>, weights: readonly Tensor[], x: Tensor3D): Tensor {
  const [kernel, recurrent, bias] = weights
  const [inputBias, stateBias] = tf.unstack(bias!, 0) as [Tensor, Tensor]
  const steps = inputProducts(tf, x, kernel!, inputBias)
  let hidden: Tensor = tf.zeros([x.shape[0], layer.units])
  const outputs = steps.map((fromInput) => {
    const fromState = tf.add(tf.matMul(hidden as Tensor2D, recurrent as Tensor2D), stateBias)
    const [zx, rx, hx] = tf.split(fromInput, 3, 1) as [Tensor, Tensor, Tensor]
    const [zh, rh, hh] = tf.split(fromState, 3, 1) as [Tensor, Tensor, Tensor]
    const update = tf.sigmoid(tf.add(zx, zh))
    const candidate = tf.tanh(tf.add(hx, tf.mul(tf.sigmoid(tf.add(rx, rh)), hh)))
    hidden = tf.add(candidate, tf.mul(update, tf.sub(hidden, candidate)))
    return hidden
  })
  return layer.returnSequences ? tf.stack(outputs, 1) : hidden
}

/** As GPT-2: one q|k|v product, scores / sqrt(head size), later steps hidden, heads joined by a projection. */
export function causalAttention(
  tf: Tf,
  layer: Extract<Layer, { kind: 'causal_attention' }>,
  weights: readonly Tensor[],
  x: Tensor3D,
): Tensor {
  const [qkvKernel, qkvBias, projKernel, projBias] = weights
  const [batch, time, width] = x.shape
  const size = width / layer.heads
  const folded = tf.reshape(x, [batch * time, width]) as Tensor2D
  const qkv = tf.add(tf.matMul(folded, qkvKernel as Tensor2D), qkvBias!)
  const [q, k, v] = tf.split(qkv, 3, 1).map((part) => {
    const heads = tf.reshape(part, [batch, time, layer.heads, size])
    return tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), [batch * layer.heads, time, size]) as Tensor3D
  }) as [Tensor3D, Tensor3D, Tensor3D]
  // The queries are fewer than the scores.
  const scores = tf.matMul(tf.mul(q, 1 / Math.sqrt(size)), k, false, true) as Tensor
  const attention = tf.softmax(tf.add(scores, hiddenFuture(tf, time)))
  const mixed = tf.reshape(tf.matMul(attention as Tensor3D, v), [batch, layer.heads, time, size]) as Tensor4D
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * time, width]) as Tensor2D
  const projected = tf.add(tf.matMul(joined, projKernel as Tensor2D), projBias!)
  return tf.reshape(projected, [batch, time, width])
}

/** [1, time, time]: 0 where step t may see step s, else so low that its softmax is 0. */
function hiddenFuture(tf: Tf, time: number): Tensor {
  const mask = new Float32Array(time * time)
  for (let t = 0; t < time; t++) mask.fill(-1e9, t * time + t + 1, (t + 1) * time)
  return tf.tensor(mask, [1, time, time])
}

/** [batch, time, features] · kernel + bias, cut into one [batch, gates] a step. */
function inputProducts(tf: Tf, x: Tensor3D, kernel: Tensor, bias: Tensor): Tensor[] {
  const [batch, time, features] = x.shape
  const folded = tf.matMul(tf.reshape(x, [batch * time, features]) as Tensor2D, kernel as Tensor2D)
  return tf.unstack(tf.reshape(tf.add(folded, bias), [batch, time, kernel.shape[1]!]), 1)
}
