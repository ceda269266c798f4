/**
 * A network in TensorFlow.js ops: the one definition that every engine runs or traces. Reads no tensor's values, so a
 * symbolic backend can record it; random numbers (dropout masks) come in from outside. Sequence layers: graph-sequence.ts.
 */
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs'
import { GELU_SCALE, LEAK } from '../network/activations.ts'
import { type PoolLayer, padBefore, windowOf } from '../network/pooling.ts'
import { convLength, inferShapes, type LayerShape } from '../network/shapes.ts'
import type { Activation, Layer, Network } from '../network.ts'
import { causalAttention, gru, lstm } from './graph-sequence.ts'
import type { OutputTensors } from './losses.ts'
import type { Tf } from './tfjs.ts'

/** Absent: inference. Present: training. */
export interface TrainingMode {
  /** Dropout layer → [batch, ...shape], 0 or 1/(1 - rate). */
  readonly masks: Readonly<Record<string, Tensor>>
  /** [batch]: 1/count for real examples, 0 for padding; batch statistics are taken over the real ones. */
  readonly share: Tensor
}

export interface GraphResult {
  /** In the order of network.outputs. */
  readonly outputs: readonly OutputTensors[]
  /** New moving averages of batch_norm layers by weight name; empty at inference. */
  readonly updates: Readonly<Record<string, Tensor>>
}

/** @param inputs in the order of network.inputs, [batch, ...shape]; int32 inputs as int32 tensors */
export function applyNetwork(
  tf: Tf,
  network: Network,
  weights: Readonly<Record<string, Tensor>>,
  inputs: readonly Tensor[],
  mode?: TrainingMode,
): GraphResult {
  const values = new Map<string, OutputTensors>()
  const updates: Record<string, Tensor> = {}
  for (const [i, spec] of network.inputs.entries()) values.set(spec.name, plain(inputs[i]!))
  for (const at of inferShapes(network)) {
    const own = [...at.weights.map((spec) => spec.name), ...at.shared].map((name) => weights[name]!)
    const from = at.layer.inputs.map((name) => values.get(name)!.value)
    const value = applyLayer(tf, at, own, from, mode, updates)
    // Dropout and flatten at inference hand on the very value they got, with what is known of it.
    values.set(at.layer.name, value)
  }
  return { outputs: network.outputs.map((name) => values.get(name)!), updates }
}

function applyLayer(
  tf: Tf,
  at: LayerShape,
  weights: readonly Tensor[],
  inputs: readonly Tensor[],
  mode: TrainingMode | undefined,
  updates: Record<string, Tensor>,
): OutputTensors {
  const { layer, shape } = at
  const x = inputs[0]!
  switch (layer.kind) {
    case 'dense':
      return activated(
        tf,
        layer.activation,
        addBias(tf, product(tf, x, weights[0]!), layer.useBias ? weights[1] : undefined),
      )
    case 'dropout':
      return plain(mode && layer.rate > 0 ? tf.mul(x, mode.masks[layer.name]!) : x)
    case 'activation':
      return activated(tf, layer.activation, x)
    case 'batch_norm':
      return plain(batchNorm(tf, layer, weights, x, layer.frozen ? undefined : mode, updates))
    case 'layer_norm': {
      const mean = tf.mean(x, -1, true)
      const centred = tf.sub(x, mean)
      const variance = tf.mean(tf.square(centred), -1, true)
      const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, layer.epsilon)))
      return plain(tf.add(tf.mul(scaled, weights[0]!), weights[1]!))
    }
    case 'conv1d':
      return activated(
        tf,
        layer.activation,
        addBias(tf, conv1d(tf, layer, at, weights[0]!, x), layer.useBias ? weights[1] : undefined),
      )
    case 'conv2d': {
      const made = tf.conv2d(x as Tensor4D, weights[0] as Tensor4D, [...layer.strides], layer.padding)
      return activated(tf, layer.activation, addBias(tf, made, layer.useBias ? weights[1] : undefined))
    }
    case 'max_pool1d':
    case 'avg_pool1d':
    case 'max_pool2d':
    case 'avg_pool2d':
      return plain(pool(tf, layer, at, x))
    case 'global_avg_pool':
      return plain(tf.mean(x, range(1, x.shape.length - 1)))
    case 'global_max_pool':
      return plain(tf.max(tf.reshape(x, [x.shape[0]!, -1, shape[0]!]), 1))
    case 'flatten':
      return plain(tf.reshape(x, [x.shape[0]!, ...shape]))
    case 'embedding':
      return plain(tf.gather(weights[0]!, tf.cast(x, 'int32')))
    case 'position_embedding':
      return plain(tf.add(x, tf.slice(weights[0]!, [0, 0], [shape[0]!, shape[1]!])))
    case 'tied_dense':
      return activated(tf, layer.activation, transposedProduct(tf, x, weights[0]!))
    case 'concat':
      return plain(tf.concat([...inputs], x.shape.length - 1))
    case 'add':
      return plain(inputs.slice(1).reduce((sum, other) => tf.add(sum, other), x))
    case 'repeat':
      return plain(tf.tile(tf.expandDims(x, 1), [1, layer.times, 1]))
    case 'lstm':
      return plain(lstm(tf, layer, weights, x as Tensor3D))
    case 'gru':
      return plain(gru(tf, layer, weights, x as Tensor3D))
    case 'causal_attention':
      return plain(causalAttention(tf, layer, weights, x as Tensor3D))
  }
}

/** x [..., in] · kernel [in, out]; leading axes are folded into one product. */
export function product(tf: Tf, x: Tensor, kernel: Tensor): Tensor {
  const size = kernel.shape[0]!
  if (x.shape.length === 2) return tf.matMul(x as Tensor2D, kernel as Tensor2D)
  const folded = tf.matMul(tf.reshape(x, [-1, size]), kernel as Tensor2D)
  return tf.reshape(folded, [...x.shape.slice(0, -1), kernel.shape[1]!])
}

/** x [..., size] · table [units, size] transposed. */
function transposedProduct(tf: Tf, x: Tensor, table: Tensor): Tensor {
  const [units, size] = table.shape as [number, number]
  const folded = tf.matMul(tf.reshape(x, [-1, size]) as Tensor2D, table as Tensor2D, false, true)
  return tf.reshape(folded, [...x.shape.slice(0, -1), units])
}

function addBias(tf: Tf, x: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? tf.add(x, bias) : x
}

function plain(value: Tensor): OutputTensors {
  return { value, logits: value, activation: 'linear' }
}

function activated(tf: Tf, activation: Activation, logits: Tensor): OutputTensors {
  return { value: activate(tf, activation, logits), logits, activation }
}

function activate(tf: Tf, activation: Activation, x: Tensor): Tensor {
  switch (activation) {
    case 'linear':
      return x
    case 'relu':
      return tf.relu(x)
    case 'tanh':
      return tf.tanh(x)
    case 'sigmoid':
      return tf.sigmoid(x)
    case 'elu':
      return tf.elu(x)
    case 'leaky_relu':
      return tf.leakyRelu(x, LEAK)
    case 'selu':
      return tf.selu(x)
    case 'silu':
      return tf.mul(x, tf.sigmoid(x))
    case 'softplus':
      return tf.softplus(x)
    case 'softmax':
      return tf.softmax(x)
    case 'gelu':
      // The erf form, as Keras' default and tfjs'.
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))
    case 'gelu_tanh': {
      const cubic = tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715))
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(cubic, GELU_SCALE)), 1))
    }
  }
}

/**
 * Keras' rule (biased variance, moving = moving·momentum + batch·(1 - momentum)), with the statistics over real examples.
 * The batch statistics are part of the gradient.
 */
function batchNorm(
  tf: Tf,
  layer: Extract<Layer, { kind: 'batch_norm' }>,
  [gamma, beta, movingMean, movingVariance]: readonly Tensor[],
  x: Tensor,
  mode: TrainingMode | undefined,
  updates: Record<string, Tensor>,
): Tensor {
  let [mean, variance] = [movingMean!, movingVariance!]
  if (mode) {
    const share = tf.reshape(mode.share, [-1, 1])
    const between = range(1, x.shape.length - 1)
    const average = (values: Tensor) => tf.sum(tf.mul(between.length > 0 ? tf.mean(values, between) : values, share), 0)
    mean = average(x)
    variance = average(tf.square(tf.sub(x, mean)))
    const blend = (old: Tensor, now: Tensor) => tf.add(tf.mul(old, layer.momentum), tf.mul(now, 1 - layer.momentum))
    updates[`${layer.name}/moving_mean`] = blend(movingMean!, mean)
    updates[`${layer.name}/moving_variance`] = blend(movingVariance!, variance)
  }
  const scale = tf.mul(tf.rsqrt(tf.add(variance, layer.epsilon)), gamma!)
  return tf.add(tf.mul(tf.sub(x, mean), scale), beta!)
}

/** With stride 1 as one product over shifted copies (TensorFlow.js has no gradient of dilated convolutions). */
function conv1d(tf: Tf, layer: Extract<Layer, { kind: 'conv1d' }>, at: LayerShape, kernel: Tensor, x: Tensor): Tensor {
  if (layer.stride > 1) return tf.conv1d(x as Tensor3D, kernel as Tensor3D, layer.stride, layer.padding)
  const frames = at.shape[0]!
  const missing = layer.padding === 'same' ? (layer.kernelSize - 1) * layer.dilation : 0
  const left = Math.floor(missing / 2)
  const padded =
    missing > 0
      ? tf.pad(x, [
          [0, 0],
          [left, missing - left],
          [0, 0],
        ])
      : x
  const taps = range(0, layer.kernelSize).map((k) =>
    tf.slice(padded, [0, k * layer.dilation, 0], [x.shape[0]!, frames, x.shape[2]!]),
  )
  const columns = taps.length > 1 ? tf.concat(taps, 2) : taps[0]!
  return product(tf, columns, tf.reshape(kernel, [-1, layer.filters]))
}

/**
 * Over one axis as over a picture that is one column wide. Averages at padded edges are taken over zeros and scaled up by
 * hand: TensorFlow.js' gradient of its own padded averages divides by the wrong count.
 */
function pool(tf: Tf, layer: PoolLayer, at: LayerShape, x: Tensor): Tensor {
  const { size, strides } = windowOf(layer)
  const [batch, height] = x.shape as [number, number]
  const flat = x.shape.length === 3
  const picture = (flat ? tf.reshape(x, [batch, height, 1, x.shape[2]!]) : x) as Tensor4D
  const largest = layer.kind === 'max_pool1d' || layer.kind === 'max_pool2d'
  const made = largest
    ? tf.maxPool(picture, [...size], [...strides], layer.padding)
    : averages(tf, picture, size, strides, layer.padding)
  return flat ? tf.reshape(made, [batch, ...at.shape]) : made
}

type Pair = readonly [number, number]

function averages(tf: Tf, x: Tensor4D, size: Pair, strides: Pair, padding: 'valid' | 'same'): Tensor {
  const axes = ([0, 1] as const).map((i) => edgesOf(x.shape[i + 1]!, size[i], strides[i], padding))
  const [rows, columns] = axes as [(typeof axes)[0], (typeof axes)[0]]
  const none = [0, 0] as [number, number]
  const padded = axes.some(({ pad: [before, after] }) => before + after > 0)
  const whole = (padded ? tf.pad(x, [none, rows.pad, columns.pad, none]) : x) as Tensor4D
  const made = tf.avgPool(whole, [...size], [...strides], 'valid')
  if (!padded) return made
  const scales = rows.counts.flatMap((row) => columns.counts.map((column) => (size[0] * size[1]) / (row * column)))
  return tf.mul(made, tf.tensor(scales, [1, rows.counts.length, columns.counts.length, 1]))
}

/** Zeros before and after one axis, and how many numbers of x each window sees there. */
function edgesOf(length: number, size: number, stride: number, padding: 'valid' | 'same') {
  const windows = convLength(length, size, stride, padding)
  const before = padBefore(length, windows, size, stride, padding)
  const after = padding === 'valid' ? 0 : Math.max(0, (windows - 1) * stride + size - length - before)
  const counts = range(0, windows).map((i) => {
    const start = i * stride - before
    return Math.min(length, start + size) - Math.max(0, start)
  })
  return { pad: [before, after] as [number, number], counts }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}
