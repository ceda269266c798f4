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
export const subI32 = two([0x6b])
export const mulI32 = two([0x6c])
export const lessI32 = two([0x49])
export const equalI32 = two([0x46])
export const shiftLeftI32 = two([0x74])
/** The word at an address, `offset` bytes on. */
export const loadI32 = (at: Code, offset = 0): Code => [...at, 0x28, 2, ...unsigned(offset)]
/** The float at an address goes there. */
export const storeF32 = (at: Code, value: Code): Code => [...at, ...value, 0x38, 2, 0]
export const addF32 = two([0x92])
export const addF64 = two([0xa0])

/** Four floats. */
export const v4 = {
  load: (at: Code, offset = 0): Code => [...at, ...simd(0), 4, ...unsigned(offset)],
  store: (at: Code, value: Code, offset = 0): Code => [...at, ...value, ...simd(0x0b), 4, ...unsigned(offset)],
  /** One float in memory, four times. */
  loadSplat: (at: Code, offset = 0): Code => [...at, ...simd(0x09), 2, ...unsigned(offset)],
  splat: oneOf(simd(0x13)),
  constant: (value: number): Code => [...f32(value), ...simd(0x13)],
  add: two(simd(0xe4)),
  sub: two(simd(0xe5)),
  mul: two(simd(0xe6)),
  div: two(simd(0xe7)),
  sqrt: oneOf(simd(0xe3)),
  max: two(simd(0xe9)),
  /** All ones where a > b, else zeros. */
  greater: two(simd(0x44)),
  /** Bits of a where the mask is one, else of b. */
  select: (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...simd(0x52)],
  /** Lanes of two vectors: 0 to 3 are those of a, 4 to 7 those of b. */
  shuffle: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
    ...a,
    ...b,
    ...simd(0x0d),
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  lane: (a: Code, lane: 0 | 1 | 2 | 3): Code => [...a, ...simd(0x1f), lane],
  /** The upper two in the place of the lower two. */
  upper: (a: Code): Code => [...a, ...a, ...simd(0x0d), 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
} as const

/** The four words of a vector as signed numbers. */
export const i4 = {
  constant: (value: number): Code => [...i32(value), ...simd(0x11)],
  sub: two(simd(0xb1)),
  shiftLeft: (a: Code, bits: number): Code => [...a, ...i32(bits), ...simd(0xab)],
  shiftRight: (a: Code, bits: number): Code => [...a, ...i32(bits), ...simd(0xac)],
  toFloats: oneOf(simd(0xfa)),
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

/** if (condition) { body } */
export function ifThen(condition: Code, body: Code): Code {
  return [...condition, 0x04, 0x40, ...body, 0x0b]
}

/** while (condition) { body } */
export function whileLoop(condition: Code, body: Code): Code {
  return ifThen(condition, loopWhile(condition, body))
}

/** Places of named locals after `parameters`, and a function over them. */
export function kernel<P extends string, I extends string, V extends string>(
  name: string,
  parameters: readonly P[],
  integers: readonly I[],
  vectors: readonly V[],
  body: (local: Readonly<Record<P | I | V, number>>) => Code,
): WasmFunction {
  const names = [...parameters, ...integers, ...vectors]
  const local = Object.fromEntries(names.map((label, index) => [label, index])) as Record<P | I | V, number>
  return {
    name,
    parameters: parameters.map(() => 'i32'),
    locals: [...integers.map(() => 'i32' as const), ...vectors.map(() => 'v128' as const)],
    body: body(local),
  }
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
