/** What the rows of operations that treat every number alone have in common; the rows: elementwise-one.ts, -two.ts. */
import type { OnnxBuilder } from '../../lib/onnx.ts'
import type { TensorFlowBuilder } from '../../lib/tensorflow.ts'
import { type Attrs, type DType, type Graph, type Node, type OpRow, sameShape, type Value } from '../ir.ts'

/** The name of an operator that does the same, or how to make it of several. */
type Lower<Builder> = string | ((b: Builder, inputs: readonly string[], node: Node) => string)

export function unary(
  onnx: Lower<OnnxBuilder>,
  tensorflow: Lower<TensorFlowBuilder>,
  simplify?: (graph: Graph, x: Value, attrs: Attrs) => Value | undefined,
): OpRow {
  return {
    inputs: ['x'],
    infer: ([x]) => [x!],
    simplify: (graph, [x], attrs) => {
      const made = simplify?.(graph, x!, attrs)
      return made && [made]
    },
    ...lowerings(onnx, tensorflow),
  }
}

export function binary(
  onnx: Lower<OnnxBuilder>,
  tensorflow: Lower<TensorFlowBuilder>,
  neutral: Neutral = {},
  dtype?: DType,
): OpRow {
  return {
    inputs: ['a', 'b'],
    infer: ([a, b]) => [{ shape: broadcast(a!.shape, b!.shape), dtype: dtype ?? a!.dtype }],
    simplify: (graph, [a, b], attrs) => simplifyBinary(graph, a!, b!, attrs, neutral),
    ...lowerings(onnx, tensorflow),
  }
}

/** A comparison: two values of one type in, bool out. */
export function comparison(onnx: Lower<OnnxBuilder>, tensorflow: string): OpRow {
  return binary(onnx, tensorflow, {}, 'bool')
}

/** TensorFlow's operators are told the type of their inputs, but for those that know only bool. */
function lowerings(
  onnx: Lower<OnnxBuilder>,
  tensorflow: Lower<TensorFlowBuilder>,
): Required<Pick<OpRow, 'onnx' | 'tensorflow'>> {
  return {
    onnx: (b, inputs, node) => [typeof onnx === 'string' ? b.op(onnx, inputs) : onnx(b, inputs, node)],
    tensorflow: (b, inputs, node) => [
      typeof tensorflow === 'string' ? b.op(tensorflow, inputs, typed(node)) : tensorflow(b, inputs, node),
    ],
  }
}

/** The attribute T of TensorFlow's operators: the type of the first input. */
export function typed(node: Node): { readonly T: { readonly type: DType } } {
  return { T: { type: node.inputs[0]!.dtype } }
}

export interface Neutral {
  readonly op?: string
  /** a ∘ right = a; left ∘ b = b. */
  readonly right?: number
  readonly left?: number
  /** The value of two constants. */
  readonly fold?: (a: number, b: number) => number
}

export function simplifyBinary(graph: Graph, a: Value, b: Value, attrs: Attrs, neutral: Neutral): Value[] | undefined {
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
