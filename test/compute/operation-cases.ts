/** A case for every operation that a traced program can hold, and the ways its shapes and attributes may be. */
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs'
import { loadTf } from '../../src/compute/tfjs.ts'

const { tf } = await loadTf()

export interface Case {
  readonly name: string
  readonly shapes: readonly (readonly number[])[]
  readonly run: (...x: Tensor[]) => Tensor
  /** Inputs between 0.5 and 2 instead of normal ones. */
  readonly positive?: boolean
  /** Has no gradient, or one that is 0 everywhere. */
  readonly flat?: boolean
  /** Length of the steps between which the slope is taken; shorter where there are kinks. */
  readonly step?: number
}

const small = [[2, 3]] as const
const unary = (name: string, run: Case['run'], more: Partial<Case> = {}): Case => ({
  name,
  shapes: small,
  run,
  ...more,
})
const pair = (name: string, run: Case['run'], more: Partial<Case> = {}): Case[] =>
  [[2, 3], [3], []].map((shape) => ({ name: `${name} with [${shape}]`, shapes: [[2, 3], shape], run, ...more }))
/** TensorFlow.js has their gradients only where nothing is broadcast. */
const equals = (name: string, run: Case['run'], more: Partial<Case> = {}): Case[] => [
  {
    name,
    shapes: [
      [2, 3],
      [2, 3],
    ],
    run,
    ...more,
  },
  ...[[3], []].map((shape) => ({ name: `${name} with [${shape}]`, shapes: [[2, 3], shape], run, flat: true })),
]
const truth = (name: string, run: (a: Tensor, b: Tensor) => Tensor) =>
  pair(name, (a, b) => tf.cast(run(a!, b!), 'float32'), { flat: true })
const kinks = { step: 1e-3 }
const image = [2, 5, 6, 3]

export const operations: readonly Case[] = [
  unary('relu', (x) => tf.relu(x!), kinks),
  unary('tanh', (x) => tf.tanh(x!)),
  unary('sigmoid', (x) => tf.sigmoid(x!)),
  unary('elu', (x) => tf.elu(x!)),
  unary('selu', (x) => tf.selu(x!)),
  unary('leaky relu', (x) => tf.leakyRelu(x!, 0.3), kinks),
  unary('erf', (x) => tf.erf(x!)),
  unary('exp', (x) => tf.exp(x!)),
  unary('log', (x) => tf.log(x!), { positive: true }),
  unary('sqrt', (x) => tf.sqrt(x!), { positive: true }),
  unary('rsqrt', (x) => tf.rsqrt(x!), { positive: true }),
  unary('reciprocal', (x) => tf.reciprocal(x!), { positive: true }),
  unary('abs', (x) => tf.abs(x!), kinks),
  unary('sign', (x) => tf.sign(x!), { flat: true }),
  unary('softplus', (x) => tf.softplus(x!)),
  unary('neg', (x) => tf.neg(x!)),
  unary('square', (x) => tf.square(x!)),
  unary('clip', (x) => tf.clipByValue(x!, -0.5, 0.5), kinks),
  unary('step', (x) => tf.step(x!, 0.25), { flat: true }),
  unary('cast to whole numbers', (x) => tf.cast(tf.cast(tf.mul(x!, 3), 'int32'), 'float32'), { flat: true }),
  unary('not', (x) => tf.cast(tf.logicalNot(tf.greater(x!, 0)), 'float32'), { flat: true }),
  ...pair('add', (a, b) => tf.add(a!, b!)),
  ...pair('sub', (a, b) => tf.sub(a!, b!)),
  ...pair('mul', (a, b) => tf.mul(a!, b!)),
  ...pair('div', (a, b) => tf.div(a!, b!), { positive: true }),
  ...equals('maximum', (a, b) => tf.maximum(a!, b!), kinks),
  ...equals('minimum', (a, b) => tf.minimum(a!, b!), kinks),
  ...pair('pow', (a, b) => tf.pow(a!, b!), { positive: true }),
  ...equals('squared difference', (a, b) => tf.squaredDifference(a!, b!)),
  ...truth('greater', (a, b) => tf.greater(a, b)),
  ...truth('greater or equal', (a, b) => tf.greaterEqual(a, b)),
  ...truth('less', (a, b) => tf.less(a, b)),
  ...truth('less or equal', (a, b) => tf.lessEqual(a, b)),
  ...truth('equal', (a, b) => tf.equal(tf.sign(a), tf.sign(b))),
  ...truth('not equal', (a, b) => tf.notEqual(tf.sign(a), tf.sign(b))),
  ...truth('and', (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0))),
  ...truth('or', (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0))),
  {
    name: 'where',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    run: (a, b) => tf.where(tf.tensor([1, 0, 0, 1, 1, 0], [2, 3], 'bool'), a!, b!),
  },
  {
    name: 'where of a comparison',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    run: (a, b) => tf.where(tf.greater(a!, b!), a!, b!),
    flat: true,
  },
  {
    name: 'sum of many',
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    run: (...x) => tf.addN(x),
  },
  { name: 'broadcast', shapes: [[1, 3]], run: (x) => tf.tanh(tf.broadcastTo(x!, [4, 3])) },

  unary('reshape', (x) => tf.tanh(tf.reshape(x!, [3, -1]))),
  { name: 'transpose', shapes: [[2, 3, 4]], run: (x) => tf.tanh(tf.transpose(x!, [2, 0, 1])) },
  { name: 'tile', shapes: [[2, 3]], run: (x) => tf.tanh(tf.tile(x!, [2, 3])) },
  { name: 'slice', shapes: [[4, 5]], run: (x) => tf.tanh(tf.slice(x!, [1, 2], [2, -1])) },
  { name: 'split', shapes: [[4, 6]], run: (x) => parts(tf.split(x!, [1, 2, 3], 1)) },
  {
    name: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    run: (a, b) => tf.tanh(tf.concat([a!, b!], 1)),
  },
  {
    name: 'stack',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    run: (a, b) => tf.tanh(tf.stack([a!, b!], 1)),
  },
  { name: 'unstack', shapes: [[2, 3]], run: (x) => parts(tf.unstack(x!, 1).map((part) => tf.expandDims(part, 1))) },
  {
    name: 'pad',
    shapes: [[2, 3]],
    run: (x) =>
      tf.exp(
        tf.pad(
          x!,
          [
            [1, 0],
            [2, 1],
          ],
          0.5,
        ),
      ),
  },

  { name: 'sum', shapes: [[2, 3, 4]], run: (x) => tf.tanh(tf.sum(x!, 1)) },
  { name: 'sum of rows', shapes: [[5, 4]], run: (x) => tf.tanh(tf.sum(x!, 0, true)) },
  { name: 'sum of all', shapes: [[5, 4]], run: (x) => tf.tanh(tf.sum(x!)) },
  { name: 'mean', shapes: [[2, 3, 4]], run: (x) => tf.tanh(tf.mean(x!, [0, 2], true)) },
  { name: 'max', shapes: [[2, 3, 4]], run: (x) => tf.max(x!, 1), ...kinks },
  { name: 'softmax', shapes: [[2, 3, 4]], run: (x) => tf.softmax(x!) },
  { name: 'log softmax', shapes: [[2, 3, 4]], run: (x) => tf.logSoftmax(x!) },

  ...[false, true].flatMap((a) => [false, true].map((b) => product(a, b))),
  ...[false, true].flatMap((a) => [false, true].map((b) => product(a, b, 3))),
  {
    name: 'dense',
    shapes: [[4, 3], [3, 5], [5]],
    run: (x, w, b) => tf.sigmoid(tf.add(tf.matMul(x as Tensor2D, w as Tensor2D), b!)),
  },
  { name: 'gather', shapes: [[5, 3]], run: (x) => tf.tanh(tf.gather(x!, tf.tensor([4, 0, 4, 1], [2, 2], 'int32'))) },
  {
    name: 'one hot',
    shapes: [[2, 3]],
    run: (x) => tf.cast(tf.oneHot(tf.cast(tf.abs(x!), 'int32'), 4), 'float32'),
    flat: true,
  },

  ...([1, 2] as const).flatMap((stride) =>
    (['same', 'valid'] as const).map((padding) => ({
      name: `conv2d, stride ${stride}, ${padding}`,
      shapes: [image, [3, 2, 3, 4]],
      run: (x: Tensor, w: Tensor) => tf.conv2d(x as Tensor4D, w as Tensor4D, stride, padding),
    })),
  ),
  {
    name: 'conv2d with bias',
    shapes: [image, [3, 3, 3, 4], [4]],
    run: (x, w, b) => tf.tanh(tf.add(tf.conv2d(x as Tensor4D, w as Tensor4D, 1, 'same'), b!)),
  },
  { name: 'max pool', shapes: [image], run: (x) => tf.maxPool(x as Tensor4D, 2, 2, 'valid'), ...kinks },
  {
    name: 'max pool of relu',
    shapes: [image],
    run: (x) => tf.maxPool(tf.relu(x as Tensor4D), 2, 2, 'valid'),
    ...kinks,
  },
  { name: 'average pool', shapes: [image], run: (x) => tf.tanh(tf.avgPool(x as Tensor4D, 2, 2, 'valid')) },
  {
    name: 'average pool that overlaps',
    shapes: [image],
    run: (x) => tf.tanh(tf.avgPool(x as Tensor4D, [3, 2], 1, 'valid')),
  },
  { name: 'max pool that overlaps', shapes: [image], run: (x) => tf.maxPool(x as Tensor4D, 3, 2, 'same'), ...kinks },
]

function parts(list: readonly Tensor[]): Tensor {
  return tf.concat(
    list.map((part, i) => tf.mul(tf.tanh(part), i + 1)),
    1,
  )
}

/** a · b with either stored the other way round; `batch` of them, or one pair. */
function product(transposeA: boolean, transposeB: boolean, batch = 0): Case {
  const lead = batch > 0 ? [batch] : []
  return {
    name: `${batch > 0 ? 'batched ' : ''}product${transposeA ? ', first transposed' : ''}${transposeB ? ', second transposed' : ''}`,
    shapes: [
      [...lead, ...(transposeA ? [4, 2] : [2, 4])],
      [...lead, ...(transposeB ? [3, 4] : [4, 3])],
    ],
    run: (a, b) => tf.matMul(a as Tensor3D, b as Tensor3D, transposeA, transposeB),
  }
}
