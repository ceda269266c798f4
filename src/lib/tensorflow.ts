/**
 * Builds TensorFlow graphs and wraps them as a SavedModel (graph.proto, node_def.proto, attr_value.proto, tensor.proto,
 * saved_model.proto of TensorFlow 2.9, which every later version reads). Leaves out reading, functions and checkpoints.
 */
import { ProtoWriter } from './protobuf.ts'

export type TensorFlowType = 'float32' | 'int32' | 'bool'
/** Plain numbers are int64; lists of numbers are list(int), of texts list(type). */
export type TensorFlowAttribute =
  | number
  | boolean
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly type: TensorFlowType | 'resource' }
  | { readonly shape: readonly number[] }
  | TensorRecord

export type TensorFlowAttributes = Readonly<Record<string, TensorFlowAttribute>>

interface TensorRecord {
  readonly type: TensorFlowType
  readonly tensor: readonly number[]
  /** All numbers, or the one that fills the tensor. */
  readonly bytes: Uint8Array
  readonly fill?: number
}

interface NodeRecord {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: TensorFlowAttributes
}

const TYPE_CODE = { float32: 1, int32: 3, bool: 10, resource: 20 } as const
/** Version of the graph format that TensorFlow 2.9 writes; its readers and later ones take it. */
const PRODUCER = 1087

/** Collects nodes in order; names are counted, so that equal graphs are equal bytes. A value is `NODE` or `NODE:OUTPUT`. */
export class TensorFlowBuilder {
  readonly #nodes: NodeRecord[] = []
  readonly #counts = new Map<string, number>()
  readonly #shared = new Map<string, string>()

  placeholder(type: TensorFlowType, shape: readonly number[]): string {
    return this.op('Placeholder', [], { dtype: { type }, shape: { shape } })
  }

  /** A handle; lives as long as the session. */
  variable(shape: readonly number[]): string {
    const name = this.#name('VarHandleOp')
    return this.#add(name, 'VarHandleOp', [], { dtype: { type: 'float32' }, shape: { shape }, shared_name: name })
  }

  /** @param after nodes that must have run before */
  op(
    op: string,
    inputs: readonly string[],
    attributes: TensorFlowAttributes = {},
    after: readonly string[] = [],
  ): string {
    return this.#add(this.#name(op), op, [...inputs, ...after.map((value) => `^${nodeOf(value)}`)], attributes)
  }

  many(op: string, inputs: readonly string[], outputs: number, attributes: TensorFlowAttributes = {}): string[] {
    const name = this.op(op, inputs, attributes)
    return Array.from({ length: outputs }, (_, i) => `${name}:${i}`)
  }

  /** A one-dimensional int32 constant, as shapes and axes are given. */
  ints(values: readonly number[]): string {
    return this.tensor(Int32Array.from(values), [values.length], 'int32')
  }

  scalar(value: number, type: TensorFlowType = 'float32'): string {
    return this.fill(value, [], type)
  }

  /** One number in every place; stored once. */
  fill(value: number, shape: readonly number[], type: TensorFlowType = 'float32'): string {
    return this.#constant({ type, tensor: shape, bytes: new Uint8Array(), fill: value }, `${type}:${shape}=${value}`)
  }

  tensor(data: Float32Array | Int32Array, shape: readonly number[], type: TensorFlowType): string {
    const bytes =
      type === 'bool' ? Uint8Array.from(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const key = data.length <= 16 ? `${type}:${shape}:${data.join()}` : undefined
    return this.#constant({ type, tensor: shape, bytes }, key)
  }

  /** @returns the bytes of saved_model.pb with the tag `serve`, no signature and no stored variables */
  encode(): Uint8Array {
    return new ProtoWriter()
      .int(1, 1)
      .message(2, (meta) =>
        meta
          .message(1, (info) => info.text(4, 'serve').text(5, '2.9.1'))
          .message(2, (graph) => {
            for (const node of this.#nodes) graph.message(1, (w) => writeNode(w, node))
            graph.message(4, (versions) => versions.int(1, PRODUCER))
          }),
      )
      .finish()
  }

  #constant(value: TensorRecord, key: string | undefined): string {
    const known = key === undefined ? undefined : this.#shared.get(key)
    if (known) return known
    const made = this.op('Const', [], { dtype: { type: value.type }, value })
    if (key !== undefined) this.#shared.set(key, made)
    return made
  }

  #add(name: string, op: string, inputs: readonly string[], attributes: TensorFlowAttributes): string {
    this.#nodes.push({ name, op, inputs, attributes })
    return name
  }

  #name(op: string): string {
    const count = (this.#counts.get(op) ?? 0) + 1
    this.#counts.set(op, count)
    return `${op}_${count}`
  }
}

function nodeOf(value: string): string {
  return value.split(':')[0]!
}

function writeNode(w: ProtoWriter, { name, op, inputs, attributes }: NodeRecord): void {
  w.text(1, name).text(2, op)
  for (const input of inputs) w.text(3, input)
  for (const [key, value] of Object.entries(attributes)) {
    w.message(5, (entry) => entry.text(1, key).message(2, (a) => writeAttribute(a, value)))
  }
}

function writeAttribute(w: ProtoWriter, value: TensorFlowAttribute): void {
  if (typeof value === 'number') w.int(3, value)
  else if (typeof value === 'boolean') w.int(5, value)
  else if (typeof value === 'string') w.text(2, value)
  else if ('tensor' in value) w.message(8, (tensor) => writeTensor(tensor, value))
  else if ('float' in value) w.float(4, value.float)
  else if ('type' in value) w.int(6, TYPE_CODE[value.type])
  else if ('shape' in value) w.message(7, (shape) => writeShape(shape, value.shape))
  else w.message(1, (list) => list.ints(3, value))
}

function writeTensor(w: ProtoWriter, { type, tensor, bytes, fill }: TensorRecord): void {
  w.int(1, TYPE_CODE[type]).message(2, (shape) => writeShape(shape, tensor))
  if (fill === undefined) w.bytes(4, bytes)
  else if (type === 'float32') w.float(5, fill)
  else w.int(type === 'int32' ? 7 : 11, fill)
}

function writeShape(w: ProtoWriter, shape: readonly number[]): void {
  for (const axis of shape) w.message(2, (dim) => dim.int(1, axis))
}
