import type { Tensor } from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { liveNodes, type Program, sizeOf } from '../../src/compute/ir.ts'
import { ops } from '../../src/compute/ops/index.ts'
import { optimize } from '../../src/compute/passes.ts'
import { loadTf } from '../../src/compute/tfjs.ts'
import { trace } from '../../src/compute/trace.ts'
import { random } from '../../src/lib/random.ts'
import { type Case, operations as cases } from './operation-cases.ts'
import { onnxruntime, tensorflow } from './runners.ts'

// Every operation of the table by itself: forward and gradient of each compiled engine against engine eager's kernels, and
// eager's gradient against finite differences.
const { tf } = await loadTf()

const engines = [
  { name: 'onnxruntime', ...(await onnxruntime()) },
  { name: 'tensorflow', ...(await tensorflow()) },
]
const reached = new Set<string>()

describe.each(engines)('operations on engine $name against eager', ({ missing, run }) => {
  if (missing) {
    it.skip(`NOT CHECKED: ${missing}`)
    return
  }
  it.each(cases)('$name', async (one) => {
    const { program, inputs } = traced(one)
    for (const { op } of liveNodes(program)) reached.add(op)
    const [a, b] = [eagerly(one, inputs), await run(program, inputs)]
    expect(Object.keys(b)).toEqual(Object.keys(a))
    for (const [name, values] of Object.entries(a)) expect(furthest(values, b[name]!), name).toBeLessThan(1e-5)
  })
})

describe("eager's gradients against finite differences", () => {
  it.each(cases.filter(({ flat }) => !flat))('$name', (one) => {
    const inputs = inputsOf(one)
    const at = eagerly(one, inputs)
    const { step = 4e-3 } = one
    for (const [i, x] of inputs.entries()) {
      const rng = random(`direction:${one.name}:${i}`)
      const direction = x.map(() => rng.normal())
      const value = (scale: number) => {
        const moved = inputs.map((values, j) => (i === j ? values.map((v, k) => v + scale * direction[k]!) : values))
        const weights = factors(one)
        return eagerly(one, moved)['value']!.reduce((sum, v, k) => sum + v * weights[k]!, 0)
      }
      const slope = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
      const along = direction.reduce((sum, d, k) => sum + d * at[`gradient:${i}`]![k]!, 0)
      expect(Math.abs(slope - along), `input ${i}: ${slope}, ${along}`).toBeLessThan(
        6e-6 / step + 3e-3 * Math.abs(slope),
      )
    }
  })
})

it('no operation of the table is left out', () => {
  for (const one of cases) for (const { op } of liveNodes(traced(one).program)) reached.add(op)
  const compiled = Object.entries(ops).flatMap(([name, row]) => (row.onnx ? [name] : []))
  // These are always replaced by what they equal.
  expect(compiled.filter((name) => !reached.has(name))).toEqual(['Identity', 'OnesLike', 'ZerosLike'])
})

function inputsOf({ name, shapes, positive }: Case): Float32Array[] {
  return shapes.map((shape, i) => {
    const rng = random(`input:${name}:${i}`)
    return Float32Array.from({ length: sizeOf(shape) }, () => (positive ? 0.5 + 1.5 * rng.next() : rng.normal()))
  })
}

/** What each number of the value counts in the sum whose gradient is taken. */
function factors(one: Case): Float32Array {
  const rng = random(`factors:${one.name}`)
  return Float32Array.from({ length: 1000 }, () => 0.5 + rng.next())
}

/** The value, and the gradient of its weighted sum by every input. */
function outputsOf(one: Case, x: readonly Tensor[]): Record<string, Tensor> {
  const value = one.run(...x)
  if (one.flat) return { value }
  const weights = tf.tensor(factors(one).subarray(0, value.size), value.shape)
  const gradients = tf.grads((...inputs: Tensor[]) => tf.sum(tf.mul(one.run(...inputs), weights)))([...x])
  return { value, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient:${i}`, gradient])) }
}

function eagerly(one: Case, inputs: readonly Float32Array[]): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {}
  tf.tidy(() => {
    const x = inputs.map((data, i) => tf.tensor(data, [...one.shapes[i]!]))
    for (const [name, tensor] of Object.entries(outputsOf(one, x))) values[name] = tensor.dataSync() as Float32Array
  })
  return values
}

function traced(one: Case): { program: Program; inputs: Float32Array[] } {
  const types = Object.fromEntries(one.shapes.map((shape, i) => [`x:${i}`, { shape, dtype: 'float32' as const }]))
  const program = trace(tf, types, (given) =>
    outputsOf(
      one,
      one.shapes.map((_, i) => given[`x:${i}`]!),
    ),
  )
  return { program: optimize(program), inputs: inputsOf(one) }
}

function furthest(a: Float32Array, b: Float32Array): number {
  expect(b.length).toBe(a.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!) / Math.max(1, Math.abs(value))), 0)
}
