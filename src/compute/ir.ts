/**
 * The graph that tracing records: values with static shapes, one node an operation, equal nodes kept once. What an
 * operation means (shape, rewrites, lowerings) is its row in ops/; this file knows only how nodes hang together.
 */
import type { OnnxBuilder } from '../lib/onnx.ts'
import type { TensorFlowBuilder } from '../lib/tensorflow.ts'

export type DType = 'float32' | 'int32' | 'bool'
export type Attrs = Readonly<Record<string, unknown>>

export interface ValueType {
  readonly shape: readonly number[]
  readonly dtype: DType
}

export interface Value extends ValueType {
  readonly id: number
  readonly node: Node
}

export interface Node {
  readonly op: string
  readonly inputs: readonly Value[]
  readonly attrs: Attrs
  readonly outputs: readonly Value[]
}

/** One row of the table of operations. */
export interface OpRow {
  /** Names of the inputs in TensorFlow.js, in our order; absent: a list. */
  readonly inputs?: readonly string[]
  /** TensorFlow.js' attributes made plain: positive axes, full shapes. */
  readonly attrs?: (attrs: Attrs, inputs: readonly Value[]) => Attrs
  readonly infer: (inputs: readonly Value[], attrs: Attrs) => readonly ValueType[]
  /** Values that equal this operation's outputs and cost less, if there are. */
  readonly simplify?: (graph: Graph, inputs: readonly Value[], attrs: Attrs) => readonly Value[] | undefined
  /** Absent: simplify always replaces it. */
  readonly onnx?: (builder: OnnxBuilder, inputs: readonly string[], node: Node) => readonly string[]
  /** The same for TensorFlow; there where `onnx` is. */
  readonly tensorflow?: (builder: TensorFlowBuilder, inputs: readonly string[], node: Node) => readonly string[]
}

export type OpTable = Readonly<Record<string, OpRow>>

export class Graph {
  readonly table: OpTable
  /** In an order in which every node comes after its inputs. */
  readonly nodes: Node[] = []
  readonly #known = new Map<string, Node>()
  #values = 0

  constructor(table: OpTable) {
    this.table = table
  }

  input(name: string, type: ValueType): Value {
    return this.#append('Input', [], { name }, [type])[0]!
  }

  /** Constants of one repeated number are kept as that number. */
  constant(data: Float32Array | Int32Array | Uint8Array, { shape, dtype }: ValueType): Value {
    const first = data[0] ?? 0
    if (data.every((value) => value === first)) return this.fill(first, shape, dtype)
    const same = this.nodes.find(
      (node) =>
        node.op === 'Const' &&
        node.outputs[0]!.dtype === dtype &&
        node.outputs[0]!.shape.join() === shape.join() &&
        (node.attrs['data'] as Float32Array).every((value, i) => value === data[i]),
    )
    return (same ? same.outputs : this.#append('Const', [], { data: data.slice() }, [{ shape, dtype }]))[0]!
  }

  fill(value: number, shape: readonly number[], dtype: DType = 'float32'): Value {
    return this.add('Fill', [], { value, shape, dtype })
  }

  /** First output of addAll. */
  add(op: string, inputs: readonly Value[], attrs: Attrs = {}): Value {
    return this.addAll(op, inputs, attrs)[0]!
  }

  addAll(op: string, inputs: readonly Value[], attrs: Attrs = {}): readonly Value[] {
    const row = this.table[op]!
    const simpler = row.simplify?.(this, inputs, attrs)
    if (simpler) return simpler
    const key = `${op}(${inputs.map((input) => input.id)})${JSON.stringify(attrs, exact)}`
    const known = this.#known.get(key)
    if (known) return known.outputs
    const outputs = this.#append(op, inputs, attrs, row.infer(inputs, attrs))
    this.#known.set(key, outputs[0]!.node)
    return outputs
  }

  #append(op: string, inputs: readonly Value[], attrs: Attrs, types: readonly ValueType[]): readonly Value[] {
    const outputs: Value[] = []
    const node: Node = { op, inputs, attrs, outputs }
    for (const { shape, dtype } of types) outputs.push({ id: this.#values++, shape: [...shape], dtype, node })
    this.nodes.push(node)
    return outputs
  }
}

/** A graph and what is wanted of it, by name. */
export interface Program {
  readonly graph: Graph
  /** Every input that was declared, also one that no output needs. */
  readonly inputs: readonly { readonly name: string; readonly value: Value }[]
  readonly outputs: readonly { readonly name: string; readonly value: Value }[]
}

/** The nodes that the outputs need, in order. */
export function liveNodes(program: Program): readonly Node[] {
  const live = new Set<Node>()
  const open = program.outputs.map(({ value }) => value.node)
  for (let node = open.pop(); node; node = open.pop()) {
    if (live.has(node)) continue
    live.add(node)
    for (const input of node.inputs) open.push(input.node)
  }
  return program.graph.nodes.filter((node) => live.has(node))
}

/** How often each value is read, being an output included. */
export function countUses(program: Program): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>()
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1)
  for (const node of liveNodes(program)) node.inputs.forEach(use)
  for (const { value } of program.outputs) use(value)
  return uses
}

/** What a rewrite may say about a node: new values for its outputs, or undefined to copy it. */
export type Rewrite = (
  node: Node,
  graph: Graph,
  mapped: (old: Value) => Value,
  uses: ReadonlyMap<Value, number>,
) => readonly Value[] | undefined

/** The same program, node by node in a new graph, with rewrites that need to know who reads a value. */
export function rebuild(program: Program, rewrite: Rewrite): Program {
  const graph = new Graph(program.graph.table)
  const made = new Map<Value, Value>()
  const mapped = (old: Value) => made.get(old)!
  const uses = countUses(program)
  const inputs = program.inputs.map(({ name, value }) => {
    made.set(value, graph.input(name, value))
    return { name, value: mapped(value) }
  })
  for (const node of liveNodes(program)) {
    if (node.op === 'Input') continue
    const outputs = rewrite(node, graph, mapped, uses) ?? copy(node, graph, mapped)
    for (const [i, output] of node.outputs.entries()) made.set(output, outputs[i]!)
  }
  return { graph, inputs, outputs: program.outputs.map(({ name, value }) => ({ name, value: mapped(value) })) }
}

function copy(node: Node, graph: Graph, mapped: (old: Value) => Value): readonly Value[] {
  if (node.op === 'Const') return [graph.constant(node.attrs['data'] as Float32Array, node.outputs[0]!)]
  return graph.addAll(node.op, node.inputs.map(mapped), node.attrs)
}

/** JSON has one null for NaN and both infinities. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

/** Product of the axes. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1)
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}
