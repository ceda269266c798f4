/**
 * Program → ONNX model: one pass over the live nodes, each written by its row of the table. In half precision the products
 * and convolutions take and give float16; what only moves their results stays in it; sums, losses and all else are float32.
 */
import { OnnxBuilder, TYPE_CODE } from '../lib/onnx.ts'
import { liveNodes, type Node, type Program, type Value } from './ir.ts'

export interface OnnxOptions {
  /** Only what every execution provider of ONNX Runtime has. */
  readonly portable?: boolean
  readonly precision?: 'float32' | 'float16'
  /** For the CPU, which takes two casts in a row away and with them the rounding of half precision. */
  readonly rounding?: boolean
}

/** @returns the bytes of a model whose inputs and outputs are the program's, by name, with static shapes */
export function toOnnx(program: Program, name: string, options: OnnxOptions = {}): Uint8Array {
  const { portable = false, precision, rounding = false } = options
  const builder = new OnnxBuilder({ portable })
  const known = new Map<Value, Names>()
  for (const { name: input, value } of program.inputs) {
    known.set(value, { full: builder.input({ name: input, type: value.dtype, shape: value.shape }) })
  }
  for (const node of liveNodes(program)) {
    if (node.op === 'Input') continue
    const form = precision === 'float16' && fitsHalf(node, known) ? 'half' : 'full'
    for (const [i, text] of lower(program, builder, known, node, form).entries()) {
      known.set(node.outputs[i]!, { [form]: rounding && form === 'half' ? builder.op('Identity', [text]) : text })
    }
  }
  for (const { name: output, value } of program.outputs) {
    const made = nameOf(builder, known.get(value)!, 'full')
    builder.output({ name: output, type: value.dtype, shape: value.shape }, made)
  }
  return builder.encode(name)
}

/** A value in float32 (or in its own other type) and in float16: at least one of them, the other once it is asked for. */
interface Names {
  full?: string
  half?: string
}

const products = new Set(['BatchMatMul', 'Gemm', 'Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'])
const moves = new Set(['Reshape', 'Transpose', 'Slice', 'SplitV', 'Concat', 'Relu', 'MaxPool'])

function fitsHalf(node: Node, known: ReadonlyMap<Value, Names>): boolean {
  if (products.has(node.op)) return true
  return moves.has(node.op) && node.inputs.every((input) => known.get(input)!.full === undefined)
}

function lower(
  { graph }: Program,
  builder: OnnxBuilder,
  known: ReadonlyMap<Value, Names>,
  node: Node,
  form: keyof Names,
): readonly string[] {
  if (node.op === 'Const') {
    const { shape, dtype } = node.outputs[0]!
    return [builder.tensor(node.attrs['data'] as Float32Array, shape, dtype)]
  }
  const inputs = node.inputs.map((input) => nameOf(builder, known.get(input)!, form))
  builder.real = form === 'half' ? 'float16' : 'float32'
  const made = graph.table[node.op]!.onnx!(builder, inputs, node)
  builder.real = 'float32'
  return made
}

function nameOf(builder: OnnxBuilder, names: Names, form: keyof Names): string {
  const other = form === 'half' ? names.full : names.half
  const to = TYPE_CODE[form === 'half' ? 'float16' : 'float32']
  names[form] ??= builder.op('Cast', [other!], { to })
  return names[form]
}
