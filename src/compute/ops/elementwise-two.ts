/** Functions of two values or three, number by number with broadcasting: arithmetic, comparisons, choice. */
import { type Graph, type OpRow, sameShape, type Value } from '../ir.ts'
import { binary, broadcast, comparison, simplifyBinary, typed, uniform } from './elementwise.ts'

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

const product = binary('Mul', 'Mul', { op: 'Multiply', right: 1, left: 1, fold: (a, b) => a * b })

export const elementwiseTwo = {
  Add: binary('Add', 'AddV2', { op: 'Add', right: 0, left: 0, fold: (a, b) => a + b }),
  Sub: binary('Sub', 'Sub', { op: 'Sub', right: 0, fold: (a, b) => a - b }),
  Multiply: {
    ...product,
    simplify: (graph, inputs, attrs) => simplifyProduct(graph, inputs) ?? product.simplify!(graph, inputs, attrs),
  },
  RealDiv: {
    ...binary('Div', 'RealDiv'),
    // A product with the inverse differs in the last bit and joins other products.
    simplify: (graph, [a, b], attrs) => {
      const divisor = uniform(b!)
      if (divisor) return [graph.add('Multiply', [a!, graph.fill(Math.fround(1 / divisor), b!.shape)])]
      return simplifyBinary(graph, a!, b!, attrs, { op: 'RealDiv', right: 1 })
    },
  },
  Maximum: binary('Max', 'Maximum', { op: 'Maximum', fold: Math.max }),
  Minimum: binary('Min', 'Minimum', { op: 'Minimum', fold: Math.min }),
  Pow: binary('Pow', 'Pow', { op: 'Pow', right: 1, fold: (a, b) => a ** b }),
  SquaredDifference: binary((b, inputs) => {
    const difference = b.op('Sub', inputs)
    return b.op('Mul', [difference, difference])
  }, 'SquaredDifference'),
  Greater: comparison('Greater', 'Greater'),
  GreaterEqual: comparison('GreaterOrEqual', 'GreaterEqual'),
  Less: comparison('Less', 'Less'),
  LessEqual: comparison('LessOrEqual', 'LessEqual'),
  Equal: comparison('Equal', 'Equal'),
  NotEqual: comparison((b, inputs) => b.op('Not', [b.op('Equal', inputs)]), 'NotEqual'),
  LogicalAnd: binary('And', (b, inputs) => b.op('LogicalAnd', inputs), {}, 'bool'),
  LogicalOr: binary('Or', (b, inputs) => b.op('LogicalOr', inputs), {}, 'bool'),
  AddN: {
    infer: ([x]) => [x!],
    simplify: (graph, inputs) => [inputs.reduce((sum, x) => graph.add('Add', [sum, x]))],
  },
  Select: {
    inputs: ['condition', 't', 'e'],
    infer: ([c, t, e]) => [{ shape: broadcast(c!.shape, broadcast(t!.shape, e!.shape)), dtype: t!.dtype }],
    onnx: (b, inputs) => [b.op('Where', inputs)],
    tensorflow: (b, inputs, node) => [b.op('SelectV2', inputs, { T: { type: node.outputs[0]!.dtype } })],
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
    tensorflow: (b, inputs, node) => [b.op('ReluGrad', inputs, typed(node))],
  },
  /** dy · (y < 0 ? y + 1 : 1) */
  EluGrad: {
    inputs: ['dy', 'y'],
    infer: ([dy]) => [dy!],
    onnx: (b, [dy, y]) => [b.op('Mul', [dy!, b.op('Min', [b.op('Add', [y!, b.scalar(1)]), b.scalar(1)])])],
    tensorflow: (b, inputs, node) => [b.op('EluGrad', inputs, typed(node))],
  },
} satisfies Record<string, OpRow>
