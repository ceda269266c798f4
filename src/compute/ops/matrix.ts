/** Matrix products, and the table look-ups that are products with one-hot rows. */
import { MICROSOFT, type OnnxBuilder } from '../../lib/onnx.ts'
import type { TensorFlowBuilder } from '../../lib/tensorflow.ts'
import { type Attrs, type Graph, type Node, type OpRow, type Value } from '../ir.ts'
import { broadcast, typed } from './elementwise.ts'

interface Flags {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const flagsOf = (attrs: Attrs) => attrs as unknown as Flags

export const matrix = {
  BatchMatMul: {
    inputs: ['a', 'b'],
    attrs: ({ transposeA, transposeB }) => ({ transposeA: Boolean(transposeA), transposeB: Boolean(transposeB) }),
    infer: ([a, b], attrs) => [{ shape: productShape(a!, b!, flagsOf(attrs)), dtype: 'float32' }],
    simplify: (graph, [a, b], attrs) => simplifyProduct(graph, a!, b!, flagsOf(attrs)),
    onnx: (b, inputs, node) => [lowerProduct(b, inputs, node.inputs[0]!.shape.length, flagsOf(node.attrs))],
    tensorflow: (b, inputs, node) => [tensorflowProduct(b, inputs, node)],
  },
  /** activation(a · b + bias [columns]), bias and activation each where wanted; made by the passes. */
  Gemm: {
    inputs: ['a', 'b', 'bias'],
    infer: ([a, b], attrs) => [{ shape: productShape(a!, b!, flagsOf(attrs)), dtype: 'float32' }],
    onnx: (b, inputs, node) => {
      const flags = gemmFlags(flagsOf(node.attrs))
      const activation = node.attrs['activation'] as string | undefined
      if (!activation) return [b.op('Gemm', inputs, flags)]
      if (b.portable) return [b.op(activation, [b.op('Gemm', inputs, flags)])]
      return [b.op('FusedGemm', inputs, { ...flags, activation }, MICROSOFT)]
    },
    // TensorFlow joins the three itself.
    tensorflow: (b, [x, y, bias], node) => {
      const made = tensorflowProduct(b, [x!, y!], node)
      const sum = bias ? b.op('BiasAdd', [made, bias], typed(node)) : made
      const activation = node.attrs['activation'] as string | undefined
      return [activation ? b.op(activation, [sum], typed(node)) : sum]
    },
  },
  /** Rows of x by ids [...]. */
  GatherV2: {
    inputs: ['x', 'indices'],
    attrs: ({ axis, batchDims }) => ({ axis: (axis as number | undefined) ?? 0, batchDims: batchDims ?? 0 }),
    infer: ([x, indices], attrs) => {
      const axis = attrs['axis'] as number
      if (attrs['batchDims'] !== 0) throw new Error('GatherV2 with batchDims is not in the table')
      return [{ shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)], dtype: x!.dtype }]
    },
    onnx: (b, inputs, node) => [b.op('Gather', inputs, { axis: node.attrs['axis'] as number })],
    tensorflow: (b, inputs, node) => [
      b.op('GatherV2', [...inputs, b.scalar(node.attrs['axis'] as number, 'int32')], {
        Tparams: { type: node.inputs[0]!.dtype },
        Tindices: { type: 'int32' },
        Taxis: { type: 'int32' },
      }),
    ],
  },
  /** The gradient of gather. ScatterElements adds in the order of the rows, so the sum is the same in every run. */
  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    infer: ([x, ids], attrs) => [
      { shape: [attrs['numSegments'] as number, ...x!.shape.slice(ids!.shape.length)], dtype: x!.dtype },
    ],
    onnx: (b, [x, ids], node) => {
      const [value, index] = [node.inputs[0]!, node.inputs[1]!]
      const shape = node.outputs[0]!.shape
      const column = b.op('Reshape', [ids!, b.ints([...index.shape, ...shape.slice(1).map(() => 1)])])
      const zeros = b.op('Expand', [b.scalar(0), b.ints(shape)])
      const rows = b.op('Expand', [column, b.ints(value.shape)])
      return [b.op('ScatterElements', [zeros, rows, x!], { axis: 0, reduction: 'add' })]
    },
    tensorflow: (b, [x, ids], node) => [
      b.op('UnsortedSegmentSum', [x!, ids!, b.scalar(node.outputs[0]!.shape[0]!, 'int32')], {
        ...typed(node),
        Tindices: { type: 'int32' },
        Tnumsegments: { type: 'int32' },
      }),
    ],
  },
  OneHot: {
    inputs: ['indices'],
    attrs: ({ depth, onValue, offValue, dtype }) => ({
      depth,
      onValue: onValue ?? 1,
      offValue: offValue ?? 0,
      dtype: dtype ?? 'int32',
    }),
    infer: ([ids], attrs) => [{ shape: [...ids!.shape, attrs['depth'] as number], dtype: attrs['dtype'] as 'int32' }],
    onnx: (b, [ids], node) => {
      const { depth, onValue, offValue } = node.attrs as { depth: number; onValue: number; offValue: number }
      const { dtype, shape } = node.outputs[0]!
      const column = b.op('Reshape', [ids!, b.ints([...shape.slice(0, -1), 1])])
      const classes = b.tensor(
        Int32Array.from({ length: depth }, (_, i) => i),
        [depth],
        'int32',
      )
      const hit = b.op('Equal', [column, classes])
      return [b.op('Where', [hit, b.scalar(onValue, dtype), b.scalar(offValue, dtype)])]
    },
    tensorflow: (b, [ids], node) => {
      const { depth, onValue, offValue } = node.attrs as { depth: number; onValue: number; offValue: number }
      const { dtype } = node.outputs[0]!
      const inputs = [ids!, b.scalar(depth, 'int32'), b.scalar(onValue, dtype), b.scalar(offValue, dtype)]
      return [b.op('OneHot', inputs, { T: { type: dtype }, TI: { type: 'int32' }, axis: -1 })]
    },
  },
} satisfies Record<string, OpRow>

function productShape(a: Value, b: Value, { transposeA, transposeB }: Flags): number[] {
  const [ra, rb] = [a.shape.length, b.shape.length]
  const rows = a.shape[transposeA ? ra - 1 : ra - 2]!
  const columns = b.shape[transposeB ? rb - 2 : rb - 1]!
  return [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
}

/** Transposes before a product become flags; a batch of one matrix is a plain product. */
function simplifyProduct(graph: Graph, a: Value, b: Value, flags: Flags): Value[] | undefined {
  for (const [i, value] of [a, b].entries()) {
    if (!swapsLastTwo(value)) continue
    const inner = value.node.inputs[0]!
    const [x, y] = i === 0 ? [inner, b] : [a, inner]
    const { transposeA, transposeB } = flags
    return [
      graph.add('BatchMatMul', [x, y], {
        transposeA: i === 0 ? !transposeA : transposeA,
        transposeB: i === 1 ? !transposeB : transposeB,
      }),
    ]
  }
  const plain = (x: Value) => x.shape.length > 2 && x.shape.slice(0, -2).every((axis) => axis === 1)
  if (!plain(a) || !plain(b)) return undefined
  const cut = (x: Value) => graph.add('Reshape', [x], { shape: x.shape.slice(-2) })
  const made = graph.add('BatchMatMul', [cut(a), cut(b)], { ...flags })
  return [graph.add('Reshape', [made], { shape: productShape(a, b, flags) })]
}

function swapsLastTwo(value: Value): boolean {
  if (value.node.op !== 'Transpose') return false
  const perm = value.node.attrs['perm'] as readonly number[]
  const last = perm.length - 1
  return perm[last] === last - 1 && perm[last - 1] === last && perm.slice(0, -2).every((axis, i) => axis === i)
}

function lowerProduct(b: OnnxBuilder, inputs: readonly string[], rank: number, flags: Flags): string {
  if (rank === 2) return b.op('Gemm', inputs, gemmFlags(flags))
  if (!flags.transposeA && !flags.transposeB) return b.op('MatMul', inputs)
  if (b.portable) {
    const swapped = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]
    const turned = (input: string, turn: boolean) => (turn ? b.op('Transpose', [input], { perm: swapped }) : input)
    return b.op('MatMul', [turned(inputs[0]!, flags.transposeA), turned(inputs[1]!, flags.transposeB)])
  }
  const { transA, transB } = gemmFlags(flags)
  return b.op('FusedMatMul', inputs, { transA, transB, alpha: { float: 1 } }, MICROSOFT)
}

function gemmFlags({ transposeA, transposeB }: Flags): { transA: number; transB: number } {
  return { transA: Number(transposeA), transB: Number(transposeB) }
}

function tensorflowProduct(b: TensorFlowBuilder, inputs: readonly string[], node: Node): string {
  const { transposeA, transposeB } = flagsOf(node.attrs)
  const plain = node.inputs[0]!.shape.length === 2 && node.inputs[1]!.shape.length === 2
  if (plain) return b.op('MatMul', inputs, { ...typed(node), transpose_a: transposeA, transpose_b: transposeB })
  return b.op('BatchMatMulV2', inputs, { ...typed(node), adj_x: transposeA, adj_y: transposeB })
}
