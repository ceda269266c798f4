/** Convolutions and pooling with their gradients, in TensorFlow's layout: values NHWC, filters HWIO. */
import { MICROSOFT, type OnnxBuilder, TYPE_CODE } from '../../lib/onnx.ts'
import type { TensorFlowAttributes } from '../../lib/tensorflow.ts'
import type { Attrs, Node, OpRow } from '../ir.ts'
import { typed } from './elementwise.ts'

type Pair = readonly [number, number]

interface Window {
  readonly kernel: Pair
  readonly strides: Pair
  readonly out: Pair
  /** top, left, bottom, right: the larger part below and right, as TensorFlow's SAME. */
  readonly pads: readonly [number, number, number, number]
}

export const window = {
  /** With a bias [channels] as third input and an activation where the passes put them. */
  Conv2D: {
    inputs: ['x', 'filter'],
    attrs: plain,
    infer: ([x, filter], attrs) => {
      const { out } = windowOf(x!.shape, filter!.shape, attrs)
      return [{ shape: [x!.shape[0]!, ...out, filter!.shape[3]!], dtype: 'float32' }]
    },
    onnx: (b, [x, filter, ...bias], node) => {
      const { kernel, strides, pads } = windowOf(node.inputs[0]!.shape, node.inputs[1]!.shape, node.attrs)
      const weights = b.op('Transpose', [filter!], { perm: [3, 2, 0, 1] })
      const inputs = [toChannelsFirst(b, x!), weights, ...bias]
      const attributes = { kernel_shape: kernel, strides, pads }
      const activation = node.attrs['activation'] as string | undefined
      if (!activation) return [toChannelsLast(b, b.op('Conv', inputs, attributes))]
      if (b.portable) return [toChannelsLast(b, b.op(activation, [b.op('Conv', inputs, attributes)]))]
      return [toChannelsLast(b, b.op('FusedConv', inputs, { ...attributes, activation }, MICROSOFT))]
    },
    tensorflow: (b, [x, filter, bias], node) => {
      const made = b.op('Conv2D', [x!, filter!], windowAttributes(node))
      const sum = bias ? b.op('BiasAdd', [made, bias], typed(node)) : made
      const activation = node.attrs['activation'] as string | undefined
      return [activation ? b.op(activation, [sum], typed(node)) : sum]
    },
  },
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    attrs: (attrs) => ({ ...plain(attrs), inputShape: attrs['inputShape'] }),
    infer: (_, attrs) => [{ shape: attrs['inputShape'] as number[], dtype: 'float32' }],
    onnx: (b, [dy, filter], node) => {
      const shape = node.outputs[0]!.shape
      const { kernel, strides, pads, out } = windowOf(shape, node.inputs[1]!.shape, node.attrs)
      const reached = (i: 0 | 1) => (out[i] - 1) * strides[i] + kernel[i] - pads[i]! - pads[i + 2]!
      const weights = b.op('Transpose', [filter!], { perm: [3, 2, 0, 1] })
      const made = b.op('ConvTranspose', [toChannelsFirst(b, dy!), weights], {
        kernel_shape: kernel,
        strides,
        pads,
        output_padding: [shape[1]! - reached(0), shape[2]! - reached(1)],
      })
      return [toChannelsLast(b, made)]
    },
    tensorflow: (b, [dy, filter], node) => [
      b.op('Conv2DBackpropInput', [b.ints(node.outputs[0]!.shape), filter!, dy!], windowAttributes(node)),
    ],
  },
  /** One product of all windows with all gradients. */
  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    attrs: (attrs) => ({ ...plain(attrs), filterShape: attrs['filterShape'] }),
    infer: (_, attrs) => [{ shape: attrs['filterShape'] as number[], dtype: 'float32' }],
    onnx: (b, [x, dy], node) => {
      const filter = node.outputs[0]!.shape
      const columns = windows(b, x!, node.inputs[0]!.shape, windowOf(node.inputs[0]!.shape, filter, node.attrs))
      const gradients = b.op('Reshape', [dy!, b.ints([-1, filter[3]!])])
      return [b.op('Reshape', [b.op('Gemm', [columns, gradients], { transA: 1, transB: 0 }), b.ints(filter)])]
    },
    tensorflow: (b, [x, dy], node) => [
      b.op('Conv2DBackpropFilter', [x!, b.ints(node.outputs[0]!.shape), dy!], windowAttributes(node)),
    ],
  },
  MaxPool: {
    inputs: ['x'],
    attrs: plainPool,
    infer: ([x], attrs) => {
      const { out } = windowOf(x!.shape, attrs['filterSize'] as Pair, attrs)
      return [{ shape: [x!.shape[0]!, ...out, x!.shape[3]!], dtype: 'float32' }]
    },
    onnx: (b, [x], node) => [toChannelsLast(b, b.op('MaxPool', [toChannelsFirst(b, x!)], poolAttributes(node, 0)))],
    tensorflow: (b, inputs, node) => [b.op('MaxPool', inputs, windowAttributes(node))],
  },
  /** Ties go to the first of a window, as in TensorFlow.js' own kernel. */
  MaxPoolGrad: {
    inputs: ['dy', 'input', 'output'],
    attrs: plainPool,
    infer: ([, input]) => [input!],
    onnx: (b, inputs, node) => {
      const at = windowOf(node.inputs[1]!.shape, node.attrs['filterSize'] as Pair, node.attrs)
      const apart = at.kernel.every((size, i) => size === at.strides[i]) && at.pads.every((pad) => pad === 0)
      if (apart) return [gradientOfTiles(b, inputs, node, at)]
      return [b.portable ? gradientByShifts(b, inputs, node, at) : gradientByPlaces(b, inputs, node)]
    },
    tensorflow: (b, [dy, input, output], node) => [b.op('MaxPoolGrad', [input!, output!, dy!], windowAttributes(node))],
  },
  /** Without padding: graph.ts pads by hand. */
  AvgPool: {
    inputs: ['x'],
    attrs: unpaddedPool,
    infer: ([x], attrs) => {
      const { out } = windowOf(x!.shape, attrs['filterSize'] as Pair, attrs)
      return [{ shape: [x!.shape[0]!, ...out, x!.shape[3]!], dtype: 'float32' }]
    },
    onnx: (b, [x], node) => [toChannelsLast(b, b.op('AveragePool', [toChannelsFirst(b, x!)], poolAttributes(node, 0)))],
    tensorflow: (b, inputs, node) => [b.op('AvgPool', inputs, windowAttributes(node))],
  },
  AvgPoolGrad: {
    inputs: ['dy', 'input'],
    attrs: unpaddedPool,
    infer: ([, input]) => [input!],
    onnx: (b, [dy], node) => {
      const at = windowOf(node.inputs[1]!.shape, node.attrs['filterSize'] as Pair, node.attrs)
      const share = b.op('Mul', [dy!, b.scalar(1 / (at.kernel[0] * at.kernel[1]))])
      const apart = at.kernel.every((size, i) => size === at.strides[i])
      return [apart ? spreadOverTiles(b, share, node, at) : spreadOverWindows(b, share, node, at)]
    },
    tensorflow: (b, [dy], node) => [b.op('AvgPoolGrad', [b.ints(node.outputs[0]!.shape), dy!], windowAttributes(node))],
  },
} satisfies Record<string, OpRow>

/** Every number of dy to all places of its window; windows lie side by side. */
function spreadOverTiles(b: OnnxBuilder, dy: string, node: Node, { out, kernel }: Window): string {
  const [n, h, w, c] = node.outputs[0]!.shape as [number, number, number, number]
  const [[rows, columns], [p, q]] = [out, kernel]
  const cells = b.op('Reshape', [dy, b.ints([n, rows, 1, columns, 1, c])])
  const tiles = b.op('Expand', [cells, b.ints([n, rows, p, columns, q, c])])
  const whole = b.op('Reshape', [tiles, b.ints([n, rows * p, columns * q, c])])
  const rest = [h - rows * p, w - columns * q] as const
  if (rest[0] + rest[1] === 0) return whole
  return b.op('Pad', [whole, b.ints([0, 0, 0, 0, 0, rest[0], rest[1], 0]), b.scalar(0)])
}

/** The same for windows that overlap or leave gaps: a transposed convolution with ones, channel by channel. */
function spreadOverWindows(b: OnnxBuilder, dy: string, node: Node, { out, kernel, strides }: Window): string {
  const [, h, w, c] = node.outputs[0]!.shape as [number, number, number, number]
  const reached = (i: 0 | 1) => (out[i] - 1) * strides[i] + kernel[i]
  const ones = b.op('Expand', [b.scalar(1), b.ints([c, 1, ...kernel])])
  const made = b.op('ConvTranspose', [toChannelsFirst(b, dy), ones], {
    kernel_shape: kernel,
    strides,
    group: c,
  })
  const rest = [h - reached(0), w - reached(1)] as const
  if (rest[0] + rest[1] === 0) return toChannelsLast(b, made)
  return toChannelsLast(b, b.op('Pad', [made, b.ints([0, 0, 0, 0, 0, 0, rest[0], rest[1]]), b.scalar(0)]))
}

/** Any windows: ONNX Runtime's pooling tells the places of the maxima, the gradients are added there. */
function gradientByPlaces(b: OnnxBuilder, [dy, input]: readonly string[], node: Node): string {
  const [n, h, w, c] = node.outputs[0]!.shape as [number, number, number, number]
  const [, places] = b.many('MaxPool', [toChannelsFirst(b, input!)], 2, poolAttributes(node, 1))
  const flat = (value: string) => b.op('Reshape', [value, b.ints([-1])])
  const zeros = b.op('Expand', [b.scalar(0), b.ints([n * c * h * w])])
  const updates = flat(toChannelsFirst(b, dy!))
  const sum = b.op('ScatterElements', [zeros, flat(places!), updates], { axis: 0, reduction: 'add' })
  return toChannelsLast(b, b.op('Reshape', [sum, b.ints([n, c, h, w])]))
}

/** Any windows, without the places of the maxima, which not every pooling tells: place by place, as in gradientOfTiles. */
function gradientByShifts(b: OnnxBuilder, [dy, input, output]: readonly string[], node: Node, at: Window): string {
  const [n, h, w, c] = node.outputs[0]!.shape as [number, number, number, number]
  const [[rows, columns], [p, q], [s, t]] = [at.out, at.kernel, at.strides]
  const [top, left, bottom, right] = at.pads
  const padded = b.op('Pad', [input!, b.ints([0, top, left, 0, 0, bottom, right, 0]), b.scalar(-3e38)])
  // As large as the furthest shift of the spread gradients.
  const [height, width] = [Math.max(h + top, p - 1 + rows * s), Math.max(w + left, q - 1 + columns * t)]
  let rest = dy!
  let sum: string | undefined
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < q; j++) {
      const to = [i + (rows - 1) * s + 1, j + (columns - 1) * t + 1]
      const here = b.op('Slice', [padded, b.ints([i, j]), b.ints(to), b.ints([1, 2]), b.ints([s, t])])
      const part = b.op('Mul', [rest, b.op('Cast', [b.op('Equal', [here, output!])], { to: TYPE_CODE[b.real] })])
      rest = b.op('Sub', [rest, part])
      const cells = b.op('Reshape', [part, b.ints([n, rows, 1, columns, 1, c])])
      const gaps = b.ints([0, 0, 0, 0, 0, 0, 0, 0, s - 1, 0, t - 1, 0])
      const spread = b.op('Reshape', [b.op('Pad', [cells, gaps, b.scalar(0)]), b.ints([n, rows * s, columns * t, c])])
      const around = b.ints([0, i, j, 0, 0, height - i - rows * s, width - j - columns * t, 0])
      const placed = b.op('Pad', [spread, around, b.scalar(0)])
      sum = sum === undefined ? placed : b.op('Add', [sum, placed])
    }
  }
  return b.op('Slice', [sum!, b.ints([top, left]), b.ints([top + h, left + w]), b.ints([1, 2])])
}

/**
 * Windows that lie side by side: place by place of the window, the gradient goes where the input equals the maximum and
 * what is left of it goes on to the next place. Three times as fast as by places.
 */
function gradientOfTiles(b: OnnxBuilder, [dy, input, output]: readonly string[], node: Node, at: Window): string {
  const [n, h, w, c] = node.outputs[0]!.shape as [number, number, number, number]
  const [[rows, columns], [p, q]] = [at.out, at.kernel]
  const rest = [h - rows * p, w - columns * q] as const
  const cropped = b.op('Slice', [input!, b.ints([0, 0]), b.ints([rows * p, columns * q]), b.ints([1, 2])])
  const tiles = b.op('Reshape', [rest[0] + rest[1] > 0 ? cropped : input!, b.ints([n, rows, p, columns, q, c])])
  const perTile = (value: string) => b.op('Reshape', [value, b.ints([n, rows, 1, columns, 1, c])])
  const largest = perTile(output!)
  let left = perTile(dy!)
  const lines = Array.from({ length: p }, (_, i) => {
    const parts = Array.from({ length: q }, (_, j) => {
      const here = b.op('Slice', [tiles, b.ints([i, j]), b.ints([i + 1, j + 1]), b.ints([2, 4])])
      const hit = b.op('Cast', [b.op('Equal', [here, largest])], { to: TYPE_CODE[b.real] })
      const part = b.op('Mul', [left, hit])
      left = b.op('Sub', [left, part])
      return part
    })
    return b.op('Concat', parts, { axis: 4 })
  })
  const whole = b.op('Reshape', [b.op('Concat', lines, { axis: 2 }), b.ints([n, rows * p, columns * q, c])])
  if (rest[0] + rest[1] === 0) return whole
  return b.op('Pad', [whole, b.ints([0, 0, 0, 0, 0, rest[0], rest[1], 0]), b.scalar(0)])
}

function plain({ strides, pad, dataFormat, dilations }: Attrs): Attrs {
  const spread = pairOf(dilations)
  if ((dataFormat ?? 'NHWC') !== 'NHWC' || typeof pad !== 'string' || spread.some((by) => by !== 1)) {
    throw new Error('only NHWC convolutions without dilation, padded "same" or "valid", are in the table')
  }
  return { strides: pairOf(strides), pad }
}

function plainPool(attrs: Attrs): Attrs {
  return { ...plain(attrs), filterSize: pairOf(attrs['filterSize']) }
}

function unpaddedPool(attrs: Attrs): Attrs {
  if (attrs['pad'] !== 'valid') {
    throw new Error('only averages without padding are in the table: TensorFlow.js has a wrong gradient of others')
  }
  return plainPool(attrs)
}

/** TensorFlow knows our layout and padding, so that it needs no sizes but a pooling's. */
function windowAttributes(node: Node): TensorFlowAttributes {
  const { strides, pad, filterSize } = node.attrs as { strides: Pair; pad: string; filterSize?: Pair }
  const attributes = { ...typed(node), strides: [1, ...strides, 1], padding: pad.toUpperCase() }
  return filterSize ? { ...attributes, ksize: [1, ...filterSize, 1] } : attributes
}

function pairOf(value: unknown): Pair {
  const list = Array.isArray(value) ? (value as number[]) : [(value as number | undefined) ?? 1]
  return list.length === 1 ? [list[0]!, list[0]!] : [list[0]!, list[1]!]
}

function windowOf(shape: readonly number[], kernel: readonly number[], attrs: Attrs): Window {
  const strides = attrs['strides'] as Pair
  const axes = ([0, 1] as const).map((i) => {
    const [length, size, stride] = [shape[i + 1]!, kernel[i]!, strides[i]]
    if (attrs['pad'] === 'valid') return { out: Math.floor((length - size) / stride) + 1, before: 0, after: 0 }
    const out = Math.ceil(length / stride)
    const missing = Math.max(0, (out - 1) * stride + size - length)
    return { out, before: Math.floor(missing / 2), after: Math.ceil(missing / 2) }
  })
  const [rows, columns] = axes as [(typeof axes)[0], (typeof axes)[0]]
  return {
    kernel: [kernel[0]!, kernel[1]!],
    strides,
    out: [rows.out, columns.out],
    pads: [rows.before, columns.before, rows.after, columns.after],
  }
}

function poolAttributes(node: Node, input: number): { kernel_shape: Pair; strides: Pair; pads: readonly number[] } {
  const { kernel, strides, pads } = windowOf(node.inputs[input]!.shape, node.attrs['filterSize'] as Pair, node.attrs)
  return { kernel_shape: kernel, strides, pads }
}

/** [batch · rows · columns, kernel · channels]: every window of x as a row. */
function windows(b: OnnxBuilder, x: string, shape: readonly number[], at: Window): string {
  const [top, left, bottom, right] = at.pads
  const padded = at.pads.some((pad) => pad > 0)
    ? b.op('Pad', [x, b.ints([0, top, left, 0, 0, bottom, right, 0]), b.scalar(0)])
    : x
  const shifts: string[] = []
  for (let i = 0; i < at.kernel[0]; i++) {
    for (let j = 0; j < at.kernel[1]; j++) {
      const to = [i + (at.out[0] - 1) * at.strides[0] + 1, j + (at.out[1] - 1) * at.strides[1] + 1]
      shifts.push(b.op('Slice', [padded, b.ints([i, j]), b.ints(to), b.ints([1, 2]), b.ints(at.strides)]))
    }
  }
  const joined = shifts.length > 1 ? b.op('Concat', shifts, { axis: 3 }) : shifts[0]!
  return b.op('Reshape', [joined, b.ints([-1, at.kernel[0] * at.kernel[1] * shape[3]!])])
}

/** Values in both layouts, by the name of the one with channels last: a convolution's result goes on as it is. */
const layouts = new WeakMap<OnnxBuilder, Map<string, string>>()

function toChannelsFirst(b: OnnxBuilder, last: string): string {
  const first = layoutsOf(b).get(last) ?? b.op('Transpose', [last], { perm: [0, 3, 1, 2] })
  layoutsOf(b).set(last, first)
  return first
}

function toChannelsLast(b: OnnxBuilder, first: string): string {
  const last = b.op('Transpose', [first], { perm: [0, 2, 3, 1] })
  layoutsOf(b).set(last, first)
  return last
}

function layoutsOf(b: OnnxBuilder): Map<string, string> {
  if (!layouts.has(b)) layouts.set(b, new Map())
  return layouts.get(b)!
}
