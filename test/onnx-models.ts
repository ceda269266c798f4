/** Small ONNX files for the tests of embeddings, written by our own writer. */
import { OnnxBuilder, type OnnxPort } from '../src/lib/onnx.ts'
import { random } from '../src/lib/random.ts'

export interface SmallModel {
  readonly bytes: Uint8Array
  /** [last axis of the input, outputs] */
  readonly weights: Float32Array
}

/** |x| · W: [batch, …shape] → [batch, …, outputs]. A text in `shape` is an open axis, whose weights are all 1. */
export function projection(shape: OnnxPort['shape'], outputs: number, type: OnnxPort['type'] = 'float32'): SmallModel {
  const builder = new OnnxBuilder()
  const x = builder.input({ name: 'sound', type, shape: ['batch', ...shape] })
  const size = Number(shape.at(-1))
  const rng = random('projection')
  const weights = Float32Array.from({ length: size * outputs }, () => rng.uniform(-1, 1))
  const abs = builder.op('Abs', [x])
  const y = builder.op('MatMul', [abs, builder.tensor(weights, [size, outputs])])
  builder.output({ name: 'embedding', type: 'float32', shape: ['batch', ...shape.slice(0, -1), outputs] }, y)
  builder.output({ name: 'magnitude', type: 'float32', shape: ['batch', ...shape] }, abs)
  return { bytes: builder.encode('projection'), weights }
}

/** [batch, samples] of any length → mean of |x| and of x², [batch, 2]. */
export function anyLength(): Uint8Array {
  const builder = new OnnxBuilder()
  const x = builder.input({ name: 'sound', type: 'float32', shape: ['batch', 'samples'] })
  const mean = (value: string) => builder.op('ReduceMean', [value], { axes: [1], keepdims: 1 })
  const parts = [mean(builder.op('Abs', [x])), mean(builder.op('Mul', [x, x]))]
  builder.output({ name: 'y', type: 'float32', shape: ['batch', 2] }, builder.op('Concat', parts, { axis: 1 }))
  return builder.encode('anyLength')
}

/** Two inputs, added up. */
export function twoInputs(): Uint8Array {
  const builder = new OnnxBuilder()
  const [a, b] = ['a', 'b'].map((name) => builder.input({ name, type: 'float32', shape: ['batch', 4] }))
  builder.output({ name: 'y', type: 'float32', shape: ['batch', 4] }, builder.op('Add', [a!, b!]))
  return builder.encode('twoInputs')
}

/** Loses the batch axis: [batch, 4] → [1]. */
export function withoutBatch(): Uint8Array {
  const builder = new OnnxBuilder()
  const x = builder.input({ name: 'x', type: 'float32', shape: ['batch', 4] })
  builder.output({ name: 'y', type: 'float32', shape: [1] }, builder.op('ReduceSum', [x], { keepdims: 0 }))
  return builder.encode('withoutBatch')
}
