/** Operations that treat every number alone: functions of one value, of two with broadcasting, comparisons, choice. */
import type { OnnxBuilder } from '../../lib/onnx.ts'
import { type Attrs, type DType, type Graph, type OpRow, sameShape, sizeOf, type Value } from '../ir.ts'

type Lower = (b: OnnxBuilder, inputs: readonly string[], attrs: Attrs) => string

const one =
  (op: string): Lower =>
  (b, inputs) =>
    b.op(op, inputs)

function unary(lower: Lower, simplify?: (graph: Graph, x: Value, attrs: Attrs) => Value | undefined): OpRow {
  return {
    inputs: ['x'],
    infer: ([x]) => [x!],
    simplify: (graph, [x], attrs) => {
      const made = simplify?.(graph, x!, attrs)
      return made && [made]
    },
    onnx: (b, inputs, node) => [lower(b, inputs, node.attrs)],
  }
}

function binary(lower: Lower, neutral: Neutral = {}, dtype?: DType): OpRow {
  return {
    inputs: ['a', 'b'],
    infer: ([a, b]) => [{ shape: broadcast(a!.shape, b!.shape), dtype: dtype ?? a!.dtype }],
    simplify: (graph, [a, b], attrs) => simplifyBinary(graph, a!, b!, attrs, neutral),
    onnx: (b, inputs, node) => [lower(b, inputs, node.attrs)],
  }
}

interface Neutral {
  readonly op?: string
  /** a ∘ right = a; left ∘ b = b. */
  readonly right?: number
  readonly left?: number
  /** The value of two constants. */
  readonly fold?: (a: number, b: number) => number
}

function simplifyBinary(graph: Graph, a: Value, b: Value, attrs: Attrs, neutral: Neutral): Value[] | undefined {
  const shape = broadcast(a.shape, b.shape)
  const [ca, cb] = [uniform(a), uniform(b)]
  if (ca !== undefined && cb !== undefined && neutral.fold && a.dtype === 'float32') {
    return [graph.fill(Math.fround(neutral.fold(ca, cb)), shape)]
  }
  if (cb !== undefined && cb === neutral.right) return [graph.add('BroadcastTo', [a], { shape })]
  if (ca !== undefined && ca === neutral.left) return [graph.add('BroadcastTo', [b], { shape })]
  if (!neutral.op) return undefined
  const x = narrow(graph, a, b, shape)
  const y = narrow(graph, b, x, shape)
  return x === a && y === b ? undefined : [graph.add(neutral.op, [x, y], attrs)]
}

/** The value before broadcasting, where the other operand already has the full shape. */
function narrow(graph: Graph, value: Value, other: Value, shape: readonly number[]): Value {
  if (value.node.op === 'BroadcastTo') {
    const inner = value.node.inputs[0]!
    return sameShape(broadcast(inner.shape, other.shape), shape) ? inner : value
  }
  const constant = uniform(value)
  if (constant === undefined || value.shape.length === 0 || !sameShape(other.shape, shape)) return value
  return graph.fill(constant, [], value.dtype)
}

/** The one number that a constant repeats. */
export function uniform(value: Value): number | undefined {
  return value.node.op === 'Fill' ? (value.node.attrs['value'] as number) : undefined
}

/** NumPy's rule. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1]
    return x === 1 ? y : x
  })
}

/** (x · c1) · c2 = x · (c1 · c2); a gradient through relu is one operation. */
function simplifyProduct(graph: Graph, inputs: readonly Value[]): Value[] | undefined {
  for (const [i, value] of inputs.entries()) {
    const other = inputs[1 - i]!
    const factor = uniform(value)
    const made = other.node.op === 'Multiply' ? splitScale(other.node.inputs) : undefined
    if (factor !== undefined && value.shape.length === 0 && made) {
      return [graph.add('Multiply', [made.x, graph.fill(Math.fround(factor * made.factor), [])])]
    }
    if (value.node.op === 'Step' && value.node.attrs['alpha'] === 0 && sameShape(value.shape, other.shape)) {
      return [graph.add('ReluGrad', [other, graph.add('Relu', value.node.inputs)])]
    }
  }
  return undefined
}

function splitScale(inputs: readonly Value[]): { x: Value; factor: number } | undefined {
  for (const [i, value] of inputs.entries()) {
    const factor = uniform(value)
    if (factor !== undefined && value.shape.length === 0) return { x: inputs[1 - i]!, factor }
  }
  return undefined
}

const product = binary(one('Mul'), { op: 'Multiply', right: 1, left: 1, fold: (a, b) => a * b })

export const elementwise = {
  Relu: unary(one('Relu')),
  Tanh: unary(one('Tanh')),
  Sigmoid: unary(one('Sigmoid')),
  Elu: unary(one('Elu')),
  Erf: unary(one('Erf')),
  Exp: unary(one('Exp')),
  Log: unary(one('Log')),
  Sqrt: unary(one('Sqrt')),
  Abs: unary(one('Abs')),
  Sign: unary(one('Sign')),
  Softplus: unary(one('Softplus')),
  Neg: unary(one('Neg'), (graph, x) => (uniform(x) === undefined ? undefined : graph.fill(-uniform(x)!, x.shape))),
  Rsqrt: unary((b, inputs) => b.op('Reciprocal', [b.op('Sqrt', inputs)])),
  Reciprocal: unary(one('Reciprocal')),
  Square: unary((b, [x]) => b.op('Mul', [x!, x!])),
  Identity: unary(one('Identity'), (_, x) => x),
  OnesLike: unary(one('Identity'), (graph, x) => graph.fill(1, x.shape, x.dtype)),
  ZerosLike: unary(one('Identity'), (graph, x) => graph.fill(0, x.shape, x.dtype)),
  LogicalNot: unary(one('Not')),
  ClipByValue: unary((b, [x], attrs) =>
    b.op('Clip', [x!, b.scalar(attrs['clipValueMin'] as number), b.scalar(attrs['clipValueMax'] as number)]),
  ),
  /** x > 0 ? 1 : alpha */
  Step: {
    ...unary((b, [x], attrs) =>
      b.op('Where', [b.op('Greater', [x!, b.scalar(0)]), b.scalar(1), b.scalar(attrs['alpha'] as number)]),
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
  },

  Add: binary(one('Add'), { op: 'Add', right: 0, left: 0, fold: (a, b) => a + b }),
  Sub: binary(one('Sub'), { op: 'Sub', right: 0, fold: (a, b) => a - b }),
  Multiply: {
    ...product,
    simplify: (graph, inputs, attrs) => simplifyProduct(graph, inputs) ?? product.simplify!(graph, inputs, attrs),
  },
  RealDiv: {
    ...binary(one('Div')),
    // A product with the inverse differs in the last bit and joins other products.
    simplify: (graph, [a, b], attrs) => {
      const divisor = uniform(b!)
      if (divisor) return [graph.add('Multiply', [a!, graph.fill(Math.fround(1 / divisor), b!.shape)])]
      return simplifyBinary(graph, a!, b!, attrs, { op: 'RealDiv', right: 1 })
    },
  },
  Maximum: binary(one('Max'), { op: 'Maximum', fold: Math.max }),
  Minimum: binary(one('Min'), { op: 'Minimum', fold: Math.min }),
  Pow: binary(one('Pow'), { op: 'Pow', right: 1, fold: (a, b) => a ** b }),
  SquaredDifference: binary((b, inputs) => {
    const difference = b.op('Sub', inputs)
    return b.op('Mul', [difference, difference])
  }),
  Greater: binary(one('Greater'), {}, 'bool'),
  GreaterEqual: binary(one('GreaterOrEqual'), {}, 'bool'),
  Less: binary(one('Less'), {}, 'bool'),
  LessEqual: binary(one('LessOrEqual'), {}, 'bool'),
  Equal: binary(one('Equal'), {}, 'bool'),
  NotEqual: binary((b, inputs) => b.op('Not', [b.op('Equal', inputs)]), {}, 'bool'),
  LogicalAnd: binary(one('And'), {}, 'bool'),
  LogicalOr: binary(one('Or'), {}, 'bool'),
  AddN: {
    infer: ([x]) => [x!],
    simplify: (graph, inputs) => [inputs.reduce((sum, x) => graph.add('Add', [sum, x]))],
  },
  Select: {
    inputs: ['condition', 't', 'e'],
    infer: ([c, t, e]) => [{ shape: broadcast(c!.shape, broadcast(t!.shape, e!.shape)), dtype: t!.dtype }],
    onnx: (b, inputs) => [b.op('Where', inputs)],
  },
  /** dy where y = relu(x) > 0, else 0. The steepest hard sigmoid is 1 for every y > 0 and one pass; Sign costs four. */
  ReluGrad: {
    inputs: ['dy', 'y'],
    infer: ([dy]) => [dy!],
    // Only maxima pass a pooling, so the mask of all its inputs is that of its outputs, which are fewer.
    simplify: (graph, [dy, y]) => {
      const { op, inputs, attrs } = dy!.node
      if (op !== 'MaxPoolGrad' || inputs[1] !== y) return undefined
      const [pooled, input, output] = inputs as [Value, Value, Value]
      return [graph.add('MaxPoolGrad', [graph.add('ReluGrad', [pooled, output]), input, output], attrs)]
    },
    onnx: (b, [dy, y]) => [
      b.op('Mul', [dy!, b.op('HardSigmoid', [y!], { alpha: { float: 3e38 }, beta: { float: 0 } })]),
    ],
  },
  /** dy · (y < 0 ? y + 1 : 1) */
  EluGrad: {
    inputs: ['dy', 'y'],
    infer: ([dy]) => [dy!],
    onnx: (b, [dy, y]) => [b.op('Mul', [dy!, b.op('Min', [b.op('Add', [y!, b.scalar(1)]), b.scalar(1)])])],
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
  },
} satisfies Record<string, OpRow>
