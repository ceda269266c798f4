/**
 * The optimisers of ../optimizer.ts as one SIMD pass over all weights that lie one after the other in a wasm memory, next
 * to their gradients and slots. Single precision throughout, where the plain loops compute in double.
 */
import { UserError } from '../../lib/errors.ts'
import type { OptimizerConfig } from '../engine.ts'
import { wasm, type WasmMemory } from '../../lib/wasm/api.ts'
import {
  addF64,
  addI32,
  assemble,
  type Code,
  get,
  i32,
  lessI32,
  loopWhile,
  set,
  v2,
  v4,
  type WasmFunction,
  type WasmType,
} from '../../lib/wasm/assembler.ts'

const BETA1 = 0.9
const BETA2 = 0.999
const RMS_DECAY = 0.99
const EPSILON = 1e-8
/** Added and taken away: what is left of numbers below 1e-37 is 0, because arithmetic on denormals is very slow. */
const FLUSH = 1e-30

type Scalar = 'scale' | 'l2' | 'rate' | 'momentum' | 'shrink' | 'correction'
type Vectors = Readonly<Record<'w' | 'g' | 's0' | 's1' | Scalar, Code>>

interface Rule {
  readonly slots: readonly string[]
  readonly scalars: readonly Scalar[]
  /** New values in order; later formulas see the new ones. `g` is already scaled and decayed. */
  readonly update: (v: Vectors) => readonly (readonly ['w' | 's0' | 's1', Code])[]
}

const { add, sub, mul, div, sqrt, constant } = v4
const flushed = (x: Code) => sub(add(x, constant(FLUSH)), constant(FLUSH))
const blend = (old: Code, now: Code, decay: number) =>
  flushed(add(mul(old, constant(decay)), mul(now, constant(1 - decay))))

/** `rate` and `correction` hold Adam's bias corrections; `shrink` is 1 - rate · decay of adamw. */
const adam: Rule = {
  slots: ['m', 'v'],
  scalars: ['scale', 'l2', 'rate', 'shrink', 'correction'],
  update: (v) => [
    ['s0', blend(v.s0, v.g, BETA1)],
    ['s1', blend(v.s1, mul(v.g, v.g), BETA2)],
    ['w', sub(mul(v.w, v.shrink), div(mul(v.rate, v.s0), add(mul(sqrt(v.s1), v.correction), constant(EPSILON))))],
  ],
}

const rules: Record<OptimizerConfig['name'], Rule> = {
  adam,
  adamw: adam,
  sgd: {
    slots: ['momentum'],
    scalars: ['scale', 'l2', 'rate', 'momentum'],
    update: (v) => [
      ['s0', flushed(add(mul(v.momentum, v.s0), v.g))],
      ['w', sub(v.w, mul(v.rate, v.s0))],
    ],
  },
  rmsprop: {
    slots: ['v', 'momentum'],
    scalars: ['scale', 'l2', 'rate', 'momentum'],
    update: (v) => [
      ['s0', blend(v.s0, mul(v.g, v.g), RMS_DECAY)],
      ['s1', flushed(add(mul(v.momentum, v.s1), div(v.g, add(sqrt(v.s0), constant(EPSILON)))))],
      ['w', sub(v.w, mul(v.rate, v.s1))],
    ],
  },
}

/** Slot names of an optimiser, as in its state: `weight:m`, … */
export function slotNames(name: OptimizerConfig['name']): readonly string[] {
  return rules[name].slots
}

/** Bytes [from, to) of the weight region; each a multiple of 16. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly decay: number
}

/** Where everything lies: gradients and slots at fixed distances (bytes) behind the weights. */
export interface Regions {
  readonly spans: readonly Span[]
  readonly gradients: number
  readonly slots: readonly number[]
}

/**
 * @returns update(rate, step): moves all weights; false where a gradient is not finite, nothing was moved then
 * @throws UserError where this Node has no WebAssembly SIMD
 */
export function fusedOptimizer(
  config: OptimizerConfig,
  memory: WasmMemory,
  regions: Regions,
): (rate: number, step: number) => boolean {
  const rule = rules[config.name]
  const kernels = compile(rule, memory)
  return (rate, step) => {
    let sum = 0
    for (const { from, to } of regions.spans) {
      if (to > from) sum += kernels.squares(from + regions.gradients, to + regions.gradients)
    }
    const norm = Math.sqrt(sum)
    if (!Number.isFinite(norm)) return false
    const scale = config.clipNorm > 0 && norm > config.clipNorm ? config.clipNorm / norm : 1
    for (const { from, to, decay } of regions.spans) {
      if (to === from) continue
      const values = scalarValues(config, rate, step, scale, decay)
      const slots = regions.slots.map((distance) => from + distance)
      kernels.update(from, to, from + regions.gradients, ...slots, ...rule.scalars.map((name) => values[name]))
    }
    return true
  }
}

function scalarValues(
  { name, momentum }: OptimizerConfig,
  rate: number,
  step: number,
  scale: number,
  decay: number,
): Record<Scalar, number> {
  const adaptive = name === 'adam' || name === 'adamw'
  return {
    scale,
    momentum,
    l2: name === 'adamw' ? 0 : decay,
    shrink: name === 'adamw' ? 1 - rate * decay : 1,
    rate: adaptive ? rate / (1 - BETA1 ** step) : rate,
    correction: 1 / Math.sqrt(1 - BETA2 ** step),
  }
}

interface Kernels {
  squares(from: number, to: number): number
  update(...numbers: number[]): void
}

function compile(rule: Rule, memory: WasmMemory): Kernels {
  const bytes = assemble([updateFunction(rule), squaresFunction])
  if (!wasm.validate(bytes)) throw new UserError('this Node has no WebAssembly SIMD; engine eager runs without it')
  const instance = new wasm.Instance(new wasm.Module(bytes), { env: { memory } })
  return instance.exports as unknown as Kernels
}

/** update(w, end, g, slots…, scalars…): 16 bytes a turn. */
function updateFunction(rule: Rule): WasmFunction {
  const pointers = 3 + rule.slots.length
  const slotPointers = rule.slots.map((_, i) => 3 + i)
  const splats = pointers + rule.scalars.length
  const scalars = Object.fromEntries(rule.scalars.map((name, i) => [name, get(splats + i)]))
  const first = splats + rule.scalars.length
  const locals = { w: first, g: first + 1, s0: first + 2, s1: first + 3 }
  const vectors = { w: get(locals.w), g: get(locals.g), s0: get(locals.s0), s1: get(locals.s1), ...scalars } as Vectors
  const slotLocals = [locals.s0, locals.s1]
  const body = [
    ...set(locals.w, v4.load(get(0))),
    ...set(locals.g, add(mul(v4.load(get(2)), vectors.scale), mul(vectors.l2, vectors.w))),
    ...slotPointers.flatMap((at, i) => set(slotLocals[i]!, v4.load(get(at)))),
    ...rule.update(vectors).flatMap(([name, value]) => set(locals[name], value)),
    ...v4.store(get(0), vectors.w),
    ...slotPointers.flatMap((at, i) => v4.store(get(at), get(slotLocals[i]!))),
    ...[0, 2, ...slotPointers].flatMap((at) => set(at, addI32(get(at), i32(16)))),
  ]
  return {
    name: 'update',
    parameters: [...repeat(pointers, 'i32'), ...repeat(rule.scalars.length, 'f32')],
    locals: repeat(rule.scalars.length + 4, 'v128'),
    body: [
      ...rule.scalars.flatMap((_, i) => set(splats + i, v4.splat(get(pointers + i)))),
      ...loopWhile(lessI32(get(0), get(1)), body),
    ],
  }
}

function repeat(times: number, type: WasmType): WasmType[] {
  return Array.from({ length: times }, () => type)
}

/** squares(from, to): the sum of squares in double precision. */
const squaresFunction: WasmFunction = {
  name: 'squares',
  parameters: ['i32', 'i32'],
  result: 'f64',
  locals: ['v128', 'v128', 'v128', 'v128'],
  body: [
    ...set(2, v2.zero),
    ...set(3, v2.zero),
    ...loopWhile(lessI32(get(0), get(1)), [
      ...set(4, v4.load(get(0))),
      ...set(5, v2.fromFloats(v4.upper(get(4)))),
      ...set(4, v2.fromFloats(get(4))),
      ...set(2, v2.add(get(2), v2.mul(get(4), get(4)))),
      ...set(3, v2.add(get(3), v2.mul(get(5), get(5)))),
      ...set(0, addI32(get(0), i32(16))),
    ]),
    ...set(2, v2.add(get(2), get(3))),
    ...addF64(v2.lane(get(2), 0), v2.lane(get(2), 1)),
  ],
}
