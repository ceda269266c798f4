/** Rewrites of a whole program that need to know who else reads a value. Those that do not are in the rows of ops/. */
import { liveNodes, type Node, type Program, rebuild, type Rewrite, sameShape, sizeOf, type Value } from './ir.ts'

export function optimize(program: Program): Program {
  return [joinProducts, addBias, fuseActivation].reduce(rebuild, program)
}

/** Multiplications of all products and convolutions: how much work one run is. */
export function productWork(program: Program): number {
  let sum = 0
  for (const { op, inputs, outputs, attrs } of liveNodes(program)) {
    const { shape } = outputs[0]!
    if (op === 'BatchMatMul' || op === 'Gemm')
      sum += sizeOf(shape) * inputs[0]!.shape.at(attrs['transposeA'] ? -2 : -1)!
    // A filter is read once for every place of the smaller side, in all three directions.
    if (op.startsWith('Conv2D')) {
      const [image, filter] =
        op === 'Conv2DBackpropFilter' ? [inputs[1]!.shape, shape] : [inputs[0]!.shape, inputs[1]!.shape]
      const places = op === 'Conv2D' ? shape : image
      sum += sizeOf(places.slice(0, 3)) * sizeOf(filter)
    }
  }
  return sum
}

/**
 * a1·b1 + a2·b2 + … = [a1 a2 …]·[b1; b2; …]: the weight gradient of a recurrent layer, one small product a time step,
 * becomes one product over all steps.
 */
const joinProducts: Rewrite = (node, graph, mapped, uses) => {
  if (node.op !== 'Add' || node.inputs.some((input) => !sameShape(input.shape, node.outputs[0]!.shape)))
    return undefined
  const terms = flattenSum(node, uses)
  const [first] = terms
  if (terms.length < 3 || !terms.every((term) => isProduct(term, uses) && alike(term, first!))) return undefined
  const { transposeA, transposeB } = first!.node.attrs as { transposeA: boolean; transposeB: boolean }
  const join = (side: 0 | 1, axis: number) =>
    graph.add(
      'Concat',
      terms.map((term) => mapped(term.node.inputs[side]!)),
      { axis },
    )
  const [a, b] = [join(0, transposeA ? 0 : 1), join(1, transposeB ? 1 : 0)]
  return [graph.add('BatchMatMul', [a, b], { transposeA, transposeB })]
}

/** The terms of a tree of additions whose inner sums nobody else reads. */
function flattenSum(node: Node, uses: ReadonlyMap<Value, number>): Value[] {
  return node.inputs.flatMap((input) => {
    const inner = input.node.op === 'Add' && uses.get(input) === 1
    return inner && input.node.inputs.every((part) => sameShape(part.shape, input.shape))
      ? flattenSum(input.node, uses)
      : [input]
  })
}

function isProduct(value: Value, uses: ReadonlyMap<Value, number>): boolean {
  return value.node.op === 'BatchMatMul' && value.shape.length === 2 && uses.get(value) === 1
}

function alike(a: Value, b: Value): boolean {
  return (
    a.node.attrs['transposeA'] === b.node.attrs['transposeA'] &&
    a.node.attrs['transposeB'] === b.node.attrs['transposeB']
  )
}

/** A product or convolution whose only reader adds a row to it. */
const addBias: Rewrite = (node, graph, mapped, uses) => {
  if (node.op !== 'Add') return undefined
  const [made, bias] = node.inputs as [Value, Value]
  const { op, inputs, attrs } = made.node
  const takes = isProduct(made, uses) || (op === 'Conv2D' && inputs.length === 2 && uses.get(made) === 1)
  if (!takes || bias.shape.length !== 1 || bias.shape[0] !== made.shape.at(-1)) return undefined
  return [graph.add(op === 'Conv2D' ? op : 'Gemm', [...inputs, bias].map(mapped), attrs)]
}

const fusable = new Set(['Relu', 'Tanh', 'Sigmoid'])

/** An activation that is the only reader of a product or convolution: both know these three. */
const fuseActivation: Rewrite = (node, graph, mapped, uses) => {
  if (!fusable.has(node.op)) return undefined
  const made = node.inputs[0]!
  const { op, inputs, attrs } = made.node
  if ((op !== 'Gemm' && op !== 'Conv2D') || attrs['activation'] || uses.get(made) !== 1) return undefined
  return [graph.add(op, inputs.map(mapped), { ...attrs, activation: node.op })]
}
