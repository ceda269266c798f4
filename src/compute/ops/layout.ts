/** Operations that move numbers without changing them: shape, order, parts, joins. */
import { type Attrs, type Graph, type OpRow, sameShape, sizeOf, type Value } from '../ir.ts'
import { typed, uniform } from './elementwise.ts'

const ints = (attrs: Attrs, name: string) => attrs[name] as readonly number[]
const positive = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis)

export const layout = {
  Reshape: {
    inputs: ['x'],
    attrs: ({ shape }, [x]) => ({ shape: fullShape(shape as number[], x!) }),
    infer: ([x], attrs) => [{ shape: ints(attrs, 'shape'), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => {
      const shape = ints(attrs, 'shape')
      if (sameShape(x!.shape, shape)) return [x!]
      if (x!.node.op === 'Reshape') return [graph.add('Reshape', x!.node.inputs, { shape })]
      const value = uniform(x!)
      return value === undefined ? undefined : [graph.fill(value, shape, x!.dtype)]
    },
    onnx: (b, [x], node) => [b.op('Reshape', [x!, b.ints(node.outputs[0]!.shape)])],
    tensorflow: (b, [x], node) => [b.op('Reshape', [x!, b.ints(node.outputs[0]!.shape)], typed(node))],
  },
  ExpandDims: {
    inputs: ['input'],
    attrs: ({ dim }, [x]) => ({ dim: (dim as number) < 0 ? (dim as number) + x!.shape.length + 1 : dim }),
    infer: ([x]) => [x!],
    simplify: (graph, [x], attrs) => {
      const dim = attrs['dim'] as number
      return [graph.add('Reshape', [x!], { shape: [...x!.shape.slice(0, dim), 1, ...x!.shape.slice(dim)] })]
    },
  },
  Transpose: {
    inputs: ['x'],
    infer: ([x], attrs) => [{ shape: ints(attrs, 'perm').map((axis) => x!.shape[axis]!), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => {
      const perm = ints(attrs, 'perm')
      if (perm.every((axis, i) => axis === i)) return [x!]
      if (x!.node.op === 'Transpose') {
        const before = ints(x!.node.attrs, 'perm')
        return [graph.add('Transpose', x!.node.inputs, { perm: perm.map((axis) => before[axis]!) })]
      }
      // Axes of length 1 may move freely: the numbers stay where they are.
      const moving = perm.filter((axis) => x!.shape[axis] !== 1)
      if (moving.every((axis, i) => i === 0 || moving[i - 1]! < axis)) {
        return [graph.add('Reshape', [x!], { shape: perm.map((axis) => x!.shape[axis]!) })]
      }
      return undefined
    },
    onnx: (b, inputs, node) => [b.op('Transpose', inputs, { perm: ints(node.attrs, 'perm') })],
    tensorflow: (b, [x], node) => [b.op('Transpose', [x!, b.ints(ints(node.attrs, 'perm'))], typed(node))],
  },
  BroadcastTo: {
    inputs: ['x'],
    infer: ([x], attrs) => [{ shape: ints(attrs, 'shape'), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => {
      const shape = ints(attrs, 'shape')
      if (sameShape(x!.shape, shape)) return [x!]
      const value = uniform(x!)
      return value === undefined ? undefined : [graph.fill(value, shape, x!.dtype)]
    },
    onnx: (b, [x], node) => [b.op('Expand', [x!, b.ints(node.outputs[0]!.shape)])],
    tensorflow: (b, [x], node) => [b.op('BroadcastTo', [x!, b.ints(node.outputs[0]!.shape)], typed(node))],
  },
  Tile: {
    inputs: ['x'],
    infer: ([x], attrs) => [{ shape: x!.shape.map((axis, i) => axis * ints(attrs, 'reps')[i]!), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => {
      const reps = ints(attrs, 'reps')
      // Repeats of length 1 axes are a broadcast, which most readers need not see.
      if (reps.some((times, i) => times !== 1 && x!.shape[i] !== 1)) return undefined
      return [graph.add('BroadcastTo', [x!], { shape: x!.shape.map((axis, i) => axis * reps[i]!) })]
    },
    onnx: (b, [x], node) => [b.op('Tile', [x!, b.ints(ints(node.attrs, 'reps'))])],
    tensorflow: (b, [x], node) => [b.op('Tile', [x!, b.ints(ints(node.attrs, 'reps'))], typed(node))],
  },
  Slice: {
    inputs: ['x'],
    attrs: (attrs, [x]) => sliceAttrs(attrs, x!),
    infer: ([x], attrs) => [{ shape: ints(attrs, 'size'), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => {
      const size = ints(attrs, 'size')
      if (sameShape(x!.shape, size)) return [x!]
      const value = uniform(x!)
      return value === undefined ? sliceOfPad(graph, x!, attrs) : [graph.fill(value, size, x!.dtype)]
    },
    onnx: (b, [x], node) => {
      const [begin, size] = [ints(node.attrs, 'begin'), ints(node.attrs, 'size')]
      const shape = node.inputs[0]!.shape
      const axes = shape.flatMap((axis, i) => (size[i] === axis ? [] : [i]))
      const from = axes.map((i) => begin[i]!)
      const to = axes.map((i) => begin[i]! + size[i]!)
      return [b.op('Slice', [x!, b.ints(from), b.ints(to), b.ints(axes)])]
    },
    tensorflow: (b, [x], node) => {
      const [begin, size] = [ints(node.attrs, 'begin'), ints(node.attrs, 'size')]
      return [b.op('Slice', [x!, b.ints(begin), b.ints(size)], { ...typed(node), Index: { type: 'int32' } })]
    },
  },
  SplitV: {
    inputs: ['x'],
    attrs: (attrs, [x]) => splitAttrs(attrs, x!),
    infer: ([x], attrs) => {
      const axis = attrs['axis'] as number
      return ints(attrs, 'sizes').map((size) => ({ shape: x!.shape.with(axis, size), dtype: x!.dtype }))
    },
    simplify: (_, [x], attrs) => {
      // A part cut out of what was just joined from such parts.
      const { node } = x!
      if (node.op !== 'Concat' || node.attrs['axis'] !== attrs['axis']) return undefined
      const sizes = ints(attrs, 'sizes')
      const axis = attrs['axis'] as number
      const same =
        node.inputs.length === sizes.length && node.inputs.every((input, i) => input.shape[axis] === sizes[i])
      return same ? node.inputs : undefined
    },
    onnx: (b, [x], node) =>
      b.many('Split', [x!, b.ints(ints(node.attrs, 'sizes'))], node.outputs.length, {
        axis: node.attrs['axis'] as number,
      }),
    tensorflow: (b, [x], node) => {
      const sizes = ints(node.attrs, 'sizes')
      const inputs = [x!, b.ints(sizes), b.scalar(node.attrs['axis'] as number, 'int32')]
      return b.many('SplitV', inputs, sizes.length, {
        ...typed(node),
        num_split: sizes.length,
        Tlen: { type: 'int32' },
      })
    },
  },
  Unpack: {
    inputs: ['value'],
    attrs: ({ axis }, [x]) => ({ axis: positive(axis as number, x!.shape.length) }),
    infer: ([x]) => [x!],
    simplify: (graph, [x], attrs) => {
      const axis = attrs['axis'] as number
      const sizes = Array.from({ length: x!.shape[axis]! }, () => 1)
      const shape = x!.shape.toSpliced(axis, 1)
      return graph.addAll('SplitV', [x!], { axis, sizes }).map((part) => graph.add('Reshape', [part], { shape }))
    },
  },
  Pack: {
    attrs: ({ axis }, [x]) => ({ axis: positive(axis as number, x!.shape.length + 1) }),
    infer: ([x]) => [x!],
    simplify: (graph, inputs, attrs) => {
      const axis = attrs['axis'] as number
      const shape = inputs[0]!.shape.toSpliced(axis, 0, 1)
      const parts = inputs.map((input) => graph.add('Reshape', [input], { shape }))
      return [graph.add('Concat', parts, { axis })]
    },
  },
  Concat: {
    attrs: ({ axis }, [x]) => ({ axis: positive(axis as number, x!.shape.length) }),
    infer: (inputs, attrs) => {
      const axis = attrs['axis'] as number
      const total = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0)
      return [{ shape: inputs[0]!.shape.with(axis, total), dtype: inputs[0]!.dtype }]
    },
    simplify: (_, inputs, attrs) => {
      if (inputs.length === 1) return inputs
      // All parts of one split, joined again.
      const { node } = inputs[0]!
      const whole =
        node.op === 'SplitV' && node.attrs['axis'] === attrs['axis'] && node.outputs.length === inputs.length
      return whole && inputs.every((input, i) => input === node.outputs[i]) ? node.inputs : undefined
    },
    onnx: (b, inputs, node) => [b.op('Concat', inputs, { axis: node.attrs['axis'] as number })],
    tensorflow: (b, inputs, node) => [
      b.op('ConcatV2', [...inputs, b.scalar(node.attrs['axis'] as number, 'int32')], {
        ...typed(node),
        N: inputs.length,
      }),
    ],
  },
  PadV2: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const paddings = attrs['paddings'] as readonly (readonly [number, number])[]
      return [{ shape: x!.shape.map((axis, i) => axis + paddings[i]![0] + paddings[i]![1]), dtype: x!.dtype }]
    },
    simplify: (_, [x], attrs) =>
      (attrs['paddings'] as number[][]).every(([left, right]) => left === 0 && right === 0) ? [x!] : undefined,
    onnx: (b, [x], node) => {
      const paddings = node.attrs['paddings'] as readonly (readonly [number, number])[]
      const pads = [...paddings.map(([left]) => left), ...paddings.map(([, right]) => right)]
      return [b.op('Pad', [x!, b.ints(pads), b.scalar((node.attrs['constantValue'] as number | undefined) ?? 0)])]
    },
    tensorflow: (b, [x], node) => {
      const paddings = node.attrs['paddings'] as readonly (readonly [number, number])[]
      const pads = b.tensor(Int32Array.from(paddings.flat()), [paddings.length, 2], 'int32')
      const value = b.scalar((node.attrs['constantValue'] as number | undefined) ?? 0, node.inputs[0]!.dtype)
      return [b.op('PadV2', [x!, pads, value], typed(node))]
    },
  },
} satisfies Record<string, OpRow>

function fullShape(shape: readonly number[], x: Value): number[] {
  const known = sizeOf(shape.filter((axis) => axis !== -1))
  return shape.map((axis) => (axis === -1 ? sizeOf(x.shape) / known : axis))
}

function sliceAttrs({ begin, size }: Attrs, x: Value): Attrs {
  const from = Array.isArray(begin) ? (begin as number[]) : [begin as number]
  const wanted = size === undefined ? [] : Array.isArray(size) ? (size as number[]) : [size as number]
  const full = x.shape.map((_, i) => from[i] ?? 0)
  return {
    begin: full,
    size: x.shape.map((axis, i) => ((wanted[i] ?? -1) === -1 ? axis - full[i]! : wanted[i]!)),
  }
}

function splitAttrs({ numOrSizeSplits, axis }: Attrs, x: Value): Attrs {
  const at = positive(axis as number, x.shape.length)
  const length = x.shape[at]!
  if (typeof numOrSizeSplits === 'number') {
    return { axis: at, sizes: Array.from({ length: numOrSizeSplits }, () => length / numOrSizeSplits) }
  }
  const sizes = numOrSizeSplits as number[]
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0)
  return { axis: at, sizes: sizes.map((size) => (size === -1 ? length - known : size)) }
}

/** The unpadded part of a padded value is the value. */
function sliceOfPad(graph: Graph, x: Value, attrs: Attrs): Value[] | undefined {
  if (x.node.op !== 'PadV2') return undefined
  const inner = x.node.inputs[0]!
  const paddings = x.node.attrs['paddings'] as number[][]
  const begin = ints(attrs, 'begin').map((from, i) => from - paddings[i]![0]!)
  const size = ints(attrs, 'size')
  const inside = begin.every((from, i) => from >= 0 && from + size[i]! <= inner.shape[i]!)
  return inside ? [graph.add('Slice', [inner], { begin, size })] : undefined
}
