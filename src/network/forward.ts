/**
 * The plain forward pass: a network computed in typed arrays, without TensorFlow. Used for latency, evaluation, export
 * checks and serving. Sums run in double precision and are stored as float32. Leaves out training: dropout is skipped.
 */
import { UserError } from '../lib/errors.ts'
import type { Network, Weights } from '../network.ts'
import { runLayer } from './layers.ts'
import { inferShapes, sizeOf } from './shapes.ts'

/** Computes all outputs; the arrays returned belong to the pass and hold until its next call. */
export type ForwardPass = (inputs: readonly Float32Array[]) => Float32Array[]

/**
 * One pass for a fixed batch size, with all memory taken in advance: nothing is allocated in a call.
 * @param weights every weight of the network; read at every call, so later changes of the arrays are seen
 * @throws UserError where a weight is missing or has another shape, or a network does not fit together
 */
export function prepareForward(network: Network, weights: Weights, batch: number): ForwardPass {
  const values = new Map<string, Float32Array>()
  const steps = inferShapes(network).map((shape) => {
    const named = (name: string) => {
      const weight = weights[name]
      if (!weight) throw new UserError(`weight "${name}" of network "${network.name}" is missing`)
      return weight
    }
    const own = shape.weights.map((spec) => {
      const weight = named(spec.name)
      if (weight.shape.join() !== spec.shape.join()) {
        throw new UserError(`weight "${spec.name}" is [${weight.shape}], the network needs [${spec.shape}]`)
      }
      return weight.data
    })
    own.push(...shape.shared.map((name) => named(name).data))
    const out = new Float32Array(batch * sizeOf(shape.shape))
    values.set(shape.layer.name, out)
    return { shape, own, out }
  })
  return (inputs) => {
    for (const [i, spec] of network.inputs.entries()) values.set(spec.name, checked(inputs[i], spec, batch))
    for (const { shape, own, out } of steps) {
      runLayer(
        shape,
        own,
        shape.layer.inputs.map((name) => values.get(name)!),
        batch,
        out,
      )
    }
    return network.outputs.map((name) => values.get(name)!)
  }
}

/**
 * @param inputs in the order of network.inputs; [batch, ...shape] flat (ids of int32 inputs as whole floats)
 * @returns in the order of network.outputs; [batch, ...shape] flat, new arrays
 */
export function forward(
  network: Network,
  weights: Weights,
  inputs: readonly Float32Array[],
  batch: number,
): Float32Array[] {
  return prepareForward(network, weights, batch)(inputs)
}

function checked(
  input: Float32Array | undefined,
  spec: { readonly name: string; readonly shape: readonly number[] },
  batch: number,
): Float32Array {
  const expected = batch * sizeOf(spec.shape)
  if (input?.length !== expected) {
    throw new UserError(
      `input "${spec.name}" has ${input?.length ?? 0} numbers, expected ${expected} (${batch} x [${spec.shape}])`,
    )
  }
  return input
}
