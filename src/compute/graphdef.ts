/** Program → nodes of a TensorFlow graph: one pass over the live nodes, each written by its row of the table. */
import type { TensorFlowBuilder } from '../lib/tensorflow.ts'
import { liveNodes, type Program, type Value, type ValueType } from './ir.ts'

/**
 * @param given the value that stands for an input of the program
 * @returns the values of the program's outputs, by name
 */
export function addToGraph(
  program: Program,
  builder: TensorFlowBuilder,
  given: (name: string, type: ValueType) => string,
): Readonly<Record<string, string>> {
  const known = new Map<Value, string>()
  for (const { name, value } of program.inputs) known.set(value, given(name, value))
  for (const node of liveNodes(program)) {
    if (node.op === 'Input') continue
    if (node.op === 'Const') {
      const { shape, dtype } = node.outputs[0]!
      known.set(node.outputs[0]!, builder.tensor(node.attrs['data'] as Float32Array, shape, dtype))
      continue
    }
    const inputs = node.inputs.map((input) => known.get(input)!)
    const made = program.graph.table[node.op]!.tensorflow!(builder, inputs, node)
    for (const [i, text] of made.entries()) known.set(node.outputs[i]!, text)
  }
  return Object.fromEntries(program.outputs.map(({ name, value }) => [name, known.get(value)!]))
}
