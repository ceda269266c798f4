/**
 * A small assembler for WebAssembly modules of SIMD loops over one imported memory (webassembly.github.io/spec, binary
 * format). Expressions are arrays of bytes, so that a kernel reads like its formula. Only what the kernels here need.
 */
export type Code = readonly number[]

const I32 = 0x7f
const F32 = 0x7d
const F64 = 0x7c
const V128 = 0x7b
/** The magic number and version 1. */
const HEADER: Code = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const TYPES = { i32: I32, f32: F32, f64: F64, v128: V128 } as const
export type WasmType = keyof typeof TYPES

const simd = (op: number): Code => [0xfd, ...unsigned(op)]
const two =
  (op: Code) =>
  (a: Code, b: Code): Code => [...a, ...b, ...op]
const oneOf =
  (op: Code) =>
  (a: Code): Code => [...a, ...op]

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)]
export const i32 = (value: number): Code => [0x41, ...signed(value)]
export const f32 = (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]
export const addI32 = two([0x6a])
export const lessI32 = two([0x49])
export const addF64 = two([0xa0])

/** Four floats. */
export const v4 = {
  load: (at: Code): Code => [...at, ...simd(0), 4, 0],
  store: (at: Code, value: Code): Code => [...at, ...value, ...simd(0x0b), 4, 0],
  splat: oneOf(simd(0x13)),
  constant: (value: number): Code => [...f32(value), ...simd(0x13)],
  add: two(simd(0xe4)),
  sub: two(simd(0xe5)),
  mul: two(simd(0xe6)),
  div: two(simd(0xe7)),
  sqrt: oneOf(simd(0xe3)),
  /** The upper two in the place of the lower two. */
  upper: (a: Code): Code => [...a, ...a, ...simd(0x0d), 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
} as const

/** Two doubles. */
export const v2 = {
  zero: [0x41, 0, ...simd(0x11)] as Code,
  /** Of the lower two floats. */
  fromFloats: oneOf(simd(0x5f)),
  add: two(simd(0xf0)),
  mul: two(simd(0xf2)),
  lane: (a: Code, lane: 0 | 1): Code => [...a, ...simd(0x21), lane],
} as const

/** do { body } while (condition) */
export function loopWhile(condition: Code, body: Code): Code {
  return [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b]
}

export interface WasmFunction {
  readonly name: string
  readonly parameters: readonly WasmType[]
  readonly result?: WasmType
  /** Numbered after the parameters. */
  readonly locals: readonly WasmType[]
  readonly body: Code
}

/** A module that imports `env.memory` and exports the functions by name. */
export function assemble(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const codes = (types: readonly WasmType[]) => vector(types.map((type) => [TYPES[type]]))
  const text = (value: string) => vector([...new TextEncoder().encode(value)].map((byte) => [byte]))
  const section = (id: number, items: readonly Code[]): Code => {
    const content = vector(items)
    return [id, ...unsigned(content.length), ...content]
  }
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b]
    return [...unsigned(code.length), ...code]
  })
  const types = functions.map((f) => [0x60, ...codes(f.parameters), ...codes(f.result ? [f.result] : [])])
  return Uint8Array.from([
    ...HEADER,
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 2, 0, 1]]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map((f, i) => [...text(f.name), 0, ...unsigned(i)]),
    ),
    ...section(10, bodies),
  ])
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

function signed(value: number): Code {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f
    const done = (rest >> 7 === 0 && low < 0x40) || (rest >> 7 === -1 && low >= 0x40)
    bytes.push(done ? low : low | 0x80)
    if (done) return bytes
  }
}
