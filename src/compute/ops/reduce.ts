/** Sums, means and maxima over axes, and softmax. */
import type { OnnxBuilder } from '../../lib/onnx.ts'
import { type Attrs, type Graph, type OpRow, sizeOf, type Value } from '../ir.ts'
import { typed, uniform } from './elementwise.ts'

const axesOf = (attrs: Attrs) => attrs['axes'] as readonly number[]

function reduction(
  op: string,
  lower: (b: OnnxBuilder, x: string, axes: readonly number[], keepdims: number, shape: readonly number[]) => string,
  constant: (value: number, count: number) => number,
): OpRow {
  return {
    inputs: ['x'],
    attrs: ({ axis, reductionIndices, keepDims }, [x]) => ({
      axes: allAxes(axis ?? reductionIndices, x!.shape.length),
      keepDims: Boolean(keepDims),
    }),
    infer: ([x], attrs) => [{ shape: reduced(x!, attrs), dtype: x!.dtype }],
    simplify: (graph, [x], attrs) => simplifyReduction(op, graph, x!, attrs, constant),
    onnx: (b, [x], node) => [lower(b, x!, axesOf(node.attrs), Number(node.attrs['keepDims']), node.inputs[0]!.shape)],
    tensorflow: (b, [x], node) => [
      b.op(op, [x!, b.ints(axesOf(node.attrs))], { ...typed(node), keep_dims: Boolean(node.attrs['keepDims']) }),
    ],
  }
}

function simplifyReduction(
  op: string,
  graph: Graph,
  x: Value,
  attrs: Attrs,
  constant: (value: number, count: number) => number,
): Value[] | undefined {
  const axes = axesOf(attrs)
  const shape = reduced(x, attrs)
  if (axes.length > 1 && axes.every((axis, i) => axis === i)) {
    // All leading axes at once: rows of one matrix.
    const kept = x.shape.slice(axes.length)
    const rows = graph.add('Reshape', [x], { shape: [sizeOf(x.shape) / sizeOf(kept), ...kept] })
    const made = graph.add(op, [rows], { axes: [0], keepDims: false })
    return [graph.add('Reshape', [made], { shape })]
  }
  if (axes.every((axis) => x.shape[axis] === 1)) return [graph.add('Reshape', [x], { shape })]
  const value = uniform(x)
  if (value === undefined) return undefined
  return [graph.fill(Math.fround(constant(value, sizeOf(axes.map((axis) => x.shape[axis]!)))), shape, x.dtype)]
}

function reduced(x: Value, attrs: Attrs): number[] {
  const axes = axesOf(attrs)
  if (attrs['keepDims']) return x.shape.map((axis, i) => (axes.includes(i) ? 1 : axis))
  return x.shape.filter((_, i) => !axes.includes(i))
}

function allAxes(axis: unknown, rank: number): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: rank }, (_, i) => i)
  const list = Array.isArray(axis) ? (axis as number[]) : [axis as number]
  return list.map((one) => (one < 0 ? one + rank : one)).sort((a, b) => a - b)
}

export const reduce = {
  Sum: reduction(
    'Sum',
    (b, x, axes, keepdims, shape) => {
      // The sum over rows, which is every bias gradient, as a product: a third of the time of ReduceSum.
      if (shape.length === 2 && axes.join() === '0') {
        const ones = b.tensor(new Float32Array(shape[0]!).fill(1), [1, shape[0]!])
        const sum = b.op('Gemm', [ones, x])
        return keepdims ? sum : b.op('Reshape', [sum, b.ints([shape[1]!])])
      }
      return b.op('ReduceSum', [x, b.ints(axes)], { keepdims })
    },
    (value, count) => value * count,
  ),
  Mean: reduction(
    'Mean',
    (b, x, axes, keepdims) => b.op('ReduceMean', [x], { axes, keepdims }),
    (value) => value,
  ),
  Max: reduction(
    'Max',
    (b, x, axes, keepdims) => b.op('ReduceMax', [x], { axes, keepdims }),
    (value) => value,
  ),
  Softmax: {
    inputs: ['logits'],
    attrs: ({ dim, axis }, [x]) => {
      const last = x!.shape.length - 1
      const at = (dim ?? axis ?? -1) as number
      if (at !== -1 && at !== last) throw new Error('Softmax over another axis than the last is not in the table')
      return { axis: last }
    },
    infer: ([x]) => [x!],
    onnx: (b, inputs, node) => [b.op('Softmax', inputs, { axis: node.attrs['axis'] as number })],
    tensorflow: (b, inputs, node) => [b.op('Softmax', inputs, typed(node))],
  },
} satisfies Record<string, OpRow>
