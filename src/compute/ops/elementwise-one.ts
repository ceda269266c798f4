/** Functions that treat every number of one value alone, and constants of one number. */
import { type DType, type OpRow, sizeOf } from '../ir.ts'
import { typed, unary, uniform } from './elementwise.ts'

export const elementwiseOne = {
  Relu: unary('Relu', 'Relu'),
  Tanh: unary('Tanh', 'Tanh'),
  Sigmoid: unary('Sigmoid', 'Sigmoid'),
  Elu: unary('Elu', 'Elu'),
  Selu: unary('Selu', 'Selu'),
  LeakyRelu: unary(
    (b, inputs, { attrs }) => b.op('LeakyRelu', inputs, { alpha: { float: attrs['alpha'] as number } }),
    (b, inputs, node) => b.op('LeakyRelu', inputs, { ...typed(node), alpha: { float: node.attrs['alpha'] as number } }),
  ),
  Erf: unary('Erf', 'Erf'),
  Exp: unary('Exp', 'Exp'),
  Log: unary('Log', 'Log'),
  Sqrt: unary('Sqrt', 'Sqrt'),
  Abs: unary('Abs', 'Abs'),
  Sign: unary('Sign', 'Sign'),
  Softplus: unary('Softplus', 'Softplus'),
  Neg: unary('Neg', 'Neg', (graph, x) => (uniform(x) === undefined ? undefined : graph.fill(-uniform(x)!, x.shape))),
  Rsqrt: unary((b, inputs) => b.op('Reciprocal', [b.op('Sqrt', inputs)]), 'Rsqrt'),
  Reciprocal: unary('Reciprocal', 'Reciprocal'),
  Square: unary((b, [x]) => b.op('Mul', [x!, x!]), 'Square'),
  Identity: unary('Identity', 'Identity', (_, x) => x),
  OnesLike: unary('Identity', 'Identity', (graph, x) => graph.fill(1, x.shape, x.dtype)),
  ZerosLike: unary('Identity', 'Identity', (graph, x) => graph.fill(0, x.shape, x.dtype)),
  LogicalNot: unary('Not', (b, inputs) => b.op('LogicalNot', inputs)),
  ClipByValue: unary(
    (b, [x], { attrs }) =>
      b.op('Clip', [x!, b.scalar(attrs['clipValueMin'] as number), b.scalar(attrs['clipValueMax'] as number)]),
    (b, [x], node) => {
      const { clipValueMin, clipValueMax } = node.attrs as { clipValueMin: number; clipValueMax: number }
      return b.op('ClipByValue', [x!, b.scalar(clipValueMin), b.scalar(clipValueMax)], typed(node))
    },
  ),
  /** x > 0 ? 1 : alpha */
  Step: {
    ...unary(
      (b, [x], { attrs }) =>
        b.op('Where', [b.op('Greater', [x!, b.scalar(0)]), b.scalar(1), b.scalar(attrs['alpha'] as number)]),
      (b, [x], node) => {
        const above = b.op('Greater', [x!, b.scalar(0)], typed(node))
        return b.op('SelectV2', [above, b.scalar(1), b.scalar(node.attrs['alpha'] as number)], typed(node))
      },
    ),
    attrs: ({ alpha }) => ({ alpha: (alpha as number | undefined) ?? 0 }),
  },
  Cast: {
    inputs: ['x'],
    infer: ([x], attrs) => [{ shape: x!.shape, dtype: attrs['dtype'] as DType }],
    simplify: (graph, [x], attrs) => {
      const dtype = attrs['dtype'] as DType
      if (x!.dtype === dtype) return [x!]
      const value = uniform(x!)
      if (value === undefined) return undefined
      return [graph.fill(dtype === 'bool' ? Number(value !== 0) : Math.trunc(value), x!.shape, dtype)]
    },
    onnx: (b, inputs, node) => [
      b.op('Cast', inputs, { to: { float32: 1, int32: 6, bool: 9 }[node.outputs[0]!.dtype] }),
    ],
    tensorflow: (b, inputs, node) => [
      b.op('Cast', inputs, { SrcT: { type: node.inputs[0]!.dtype }, DstT: { type: node.outputs[0]!.dtype } }),
    ],
  },
  Fill: {
    inputs: [],
    attrs: (attrs) => ({ ...attrs, dtype: attrs['dtype'] ?? 'float32' }),
    infer: (_, attrs) => [{ shape: attrs['shape'] as number[], dtype: attrs['dtype'] as DType }],
    onnx: (b, _, node) => {
      const { shape, dtype } = node.outputs[0]!
      const value = node.attrs['value'] as number
      const size = sizeOf(shape)
      if (size > 1024) return [b.op('Expand', [b.scalar(value, dtype), b.ints(shape)])]
      return [b.tensor((dtype === 'float32' ? new Float32Array(size) : new Int32Array(size)).fill(value), shape, dtype)]
    },
    tensorflow: (b, _, node) => [b.fill(node.attrs['value'] as number, node.outputs[0]!.shape, node.outputs[0]!.dtype)],
  },
} satisfies Record<string, OpRow>
