/**
 * Builds and encodes ONNX models (onnx.proto of ONNX 1.12: opset 17, IR 8, which every current runtime reads).
 * Leaves out reading, subgraphs and external data.
 */
import { ProtoWriter } from './protobuf.ts'

export type OnnxType = 'float32' | 'float16' | 'int32' | 'int64' | 'bool'
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number }

export interface OnnxPort {
  readonly name: string
  readonly type: OnnxType
  /** A text is a symbolic axis. */
  readonly shape: readonly (number | string)[]
}

interface NodeRecord {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
  readonly domain: string
}

interface TensorRecord {
  readonly type: OnnxType
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** TensorProto.DataType; what Cast's `to` takes. */
export const TYPE_CODE: Readonly<Record<OnnxType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 }
/** Domain of the operators that only ONNX Runtime has. */
export const MICROSOFT = 'com.microsoft'

/** Collects nodes in order; names are counted, so that equal models are equal bytes. */
export class OnnxBuilder {
  /** Only operators and forms of them that every execution provider of ONNX Runtime has. */
  readonly portable: boolean
  /** Of constants of real numbers that are made from here on, where nothing else is said. */
  real: 'float32' | 'float16' = 'float32'
  readonly #nodes: NodeRecord[] = []
  readonly #tensors = new Map<string, TensorRecord>()
  readonly #shared = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  readonly #inputs: OnnxPort[] = []
  readonly #outputs: OnnxPort[] = []
  /** Values that are outputs, by the name they were made with. */
  readonly #renamed = new Map<string, string>()

  constructor({ portable = false } = {}) {
    this.portable = portable
  }

  input(port: OnnxPort): string {
    this.#inputs.push(port)
    return port.name
  }

  /** Gives a value the name of an output; a copy only where it is an input, a constant or already an output. */
  output(port: OnnxPort, value: string): void {
    const made = this.#nodes.some((node) => node.outputs.includes(value))
    if (made && !this.#renamed.has(value)) this.#renamed.set(value, port.name)
    else this.#nodes.push({ op: 'Identity', inputs: [value], outputs: [port.name], attributes: {}, domain: '' })
    this.#outputs.push(port)
  }

  /** @returns the name of its one output */
  op(op: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}, domain = ''): string {
    return this.many(op, inputs, 1, attributes, domain)[0]!
  }

  many(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, OnnxAttribute> = {},
    domain = '',
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.#name(op))
    this.#nodes.push({ op, inputs, outputs: names, attributes, domain })
    return names
  }

  /** A one-dimensional int64 constant, as shapes and axes are given. */
  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt)
    return this.#constant('int64', [values.length], new Uint8Array(data.buffer), `ints:${values}`)
  }

  scalar(value: number, type: Exclude<OnnxType, 'int64'> = this.real): string {
    return this.tensor(type.startsWith('float') ? Float32Array.of(value) : Int32Array.of(value), [], type)
  }

  tensor(
    data: Float32Array | Int32Array,
    shape: readonly number[],
    type: Exclude<OnnxType, 'int64'> = this.real,
  ): string {
    const bytes = bytesOf(data, type)
    return this.#constant(type, shape, bytes, data.length === 1 ? `${type}:${shape}:${data[0]}` : undefined)
  }

  /** @param metadata kept in metadata_props */
  encode(graphName: string, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const model = new ProtoWriter().int(1, 8).text(2, 'kpipe')
    model.message(7, (graph) => {
      const final = (name: string) => this.#renamed.get(name) ?? name
      for (const [i, node] of this.#nodes.entries()) {
        const named = { ...node, inputs: node.inputs.map(final), outputs: node.outputs.map(final) }
        graph.message(1, (w) => writeNode(w, named, `n${i}`))
      }
      graph.text(2, graphName)
      for (const [name, tensor] of this.#tensors) graph.message(5, (w) => writeTensor(w, name, tensor))
      for (const port of this.#inputs) graph.message(11, (w) => writePort(w, port))
      for (const port of this.#outputs) graph.message(12, (w) => writePort(w, port))
    })
    model.message(8, (opset) => opset.text(1, '').int(2, 17))
    if (this.#nodes.some((node) => node.domain === MICROSOFT)) {
      model.message(8, (opset) => opset.text(1, MICROSOFT).int(2, 1))
    }
    for (const [key, value] of Object.entries(metadata)) model.message(14, (w) => w.text(1, key).text(2, value))
    return model.finish()
  }

  #constant(type: OnnxType, shape: readonly number[], bytes: Uint8Array, key: string | undefined): string {
    const known = key === undefined ? undefined : this.#shared.get(key)
    if (known) return known
    const name = this.#name('const')
    this.#tensors.set(name, { type, shape, bytes })
    if (key !== undefined) this.#shared.set(key, name)
    return name
  }

  #name(op: string): string {
    const count = (this.#counts.get(op) ?? 0) + 1
    this.#counts.set(op, count)
    return `${op}_${count}`
  }
}

function bytesOf(data: Float32Array | Int32Array, type: OnnxType): Uint8Array {
  if (type === 'bool') return Uint8Array.from(data)
  if (type !== 'float16') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return new Uint8Array(Uint16Array.from(data, halfBits).buffer)
}

/** IEEE 754 binary16, rounded to the nearest, ties to even; beyond 65504 infinite. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (size >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  // Steps of the last bit; a carry out of the mantissa moves the exponent by itself, because the two lie side by side.
  const steps = size / 2 ** (exponent - 10)
  const floor = Math.floor(steps)
  const rest = steps - floor
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded)
}

function writeNode(w: ProtoWriter, node: NodeRecord, name: string): void {
  for (const input of node.inputs) w.text(1, input)
  for (const output of node.outputs) w.text(2, output)
  w.text(3, name).text(4, node.op)
  for (const [key, value] of Object.entries(node.attributes)) w.message(5, (a) => writeAttribute(a.text(1, key), value))
  if (node.domain) w.text(7, node.domain)
}

/** Numbers are ints unless wrapped in { float }. */
function writeAttribute(w: ProtoWriter, value: OnnxAttribute): void {
  if (typeof value === 'number') w.int(3, value).int(20, 2)
  else if (typeof value === 'string') w.text(4, value).int(20, 3)
  else if ('float' in value) w.float(2, value.float).int(20, 1)
  else w.ints(8, value).int(20, 7)
}

function writeTensor(w: ProtoWriter, name: string, tensor: TensorRecord): void {
  w.ints(1, tensor.shape).int(2, TYPE_CODE[tensor.type]).text(8, name).bytes(9, tensor.bytes)
}

function writePort(w: ProtoWriter, port: OnnxPort): void {
  w.text(1, port.name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.int(1, TYPE_CODE[port.type]).message(2, (shape) => {
        for (const axis of port.shape) {
          shape.message(1, (dim) => (typeof axis === 'number' ? dim.int(1, axis) : dim.text(2, axis)))
        }
      }),
    ),
  )
}
