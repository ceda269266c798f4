/**
 * Writes the Protocol Buffers wire format (protobuf.dev/programming-guides/encoding): enough for ONNX and TensorFlow files.
 * Leaves out reading, groups and packed fields; a schema is the caller's functions.
 */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = []
  #length = 0

  /** int32, int64, uint64, bool, enum. Whole numbers within ±2^53. */
  int(field: number, value: number | boolean): this {
    return this.#tag(field, 0).#push(varint(Number(value)))
  }

  /** Each as a field of its own, which readers take for packed ones too. */
  ints(field: number, values: readonly number[]): this {
    for (const value of values) this.int(field, value)
    return this
  }

  float(field: number, value: number): this {
    return this.#tag(field, 5).#push(new Uint8Array(Float32Array.of(value).buffer))
  }

  double(field: number, value: number): this {
    return this.#tag(field, 1).#push(new Uint8Array(Float64Array.of(value).buffer))
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  /** Not copied until finish(). */
  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, 2).#push(varint(value.length)).#push(value)
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter()
    write(inner)
    this.#tag(field, 2).#push(varint(inner.#length))
    for (const chunk of inner.#chunks) this.#push(chunk)
    return this
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }

  #tag(field: number, wireType: number): this {
    return this.#push(varint(field * 8 + wireType))
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    return this
  }
}

/** Base 128, low groups first; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value))
    return Uint8Array.from({ length: 10 }, (_, i) => {
      const byte = Number(rest & 0x7fn) | (i < 9 ? 0x80 : 0)
      rest >>= 7n
      return byte
    })
  }
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
