/** Program → ONNX model: one pass over the live nodes, each written by its row of the table. */
import { OnnxBuilder } from '../lib/onnx.ts'
import { liveNodes, type Node, type Program, type Value } from './ir.ts'

/** @returns the bytes of a model whose inputs and outputs are the program's, by name, with static shapes */
export function toOnnx(program: Program, name: string): Uint8Array {
  const builder = new OnnxBuilder()
  const known = new Map<Value, string>()
  for (const { name: input, value } of program.inputs) {
    known.set(value, builder.input({ name: input, type: value.dtype, shape: value.shape }))
  }
  for (const node of liveNodes(program)) {
    if (node.op === 'Input') continue
    for (const [i, text] of lower(program, builder, known, node).entries()) known.set(node.outputs[i]!, text)
  }
  for (const { name: output, value } of program.outputs) {
    builder.output({ name: output, type: value.dtype, shape: value.shape }, known.get(value)!)
  }
  return builder.encode(name)
}

function lower(
  { graph }: Program,
  builder: OnnxBuilder,
  known: ReadonlyMap<Value, string>,
  node: Node,
): readonly string[] {
  if (node.op === 'Const') {
    const { shape, dtype } = node.outputs[0]!
    return [builder.tensor(node.attrs['data'] as Float32Array, shape, dtype)]
  }
  const inputs = node.inputs.map((input) => known.get(input)!)
  return graph.table[node.op]!.onnx!(builder, inputs, node)
}
