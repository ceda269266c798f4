/** Dropout masks as inputs of a step: keyed by (seed, step, layer), so that every engine and every resumed run sees the same. */
import { random } from '../lib/random.ts'
import type { Network } from '../network.ts'
import { inferShapes, sizeOf } from '../network/shapes.ts'

/** A mask to draw: 0 with probability `rate`, else 1/(1 - rate) (inverted dropout: nothing to do at inference). */
export interface DropoutSpec {
  readonly layer: string
  readonly rate: number
  /** Without the batch axis. */
  readonly shape: readonly number[]
}

export function dropoutSpecs(network: Network): readonly DropoutSpec[] {
  return inferShapes(network).flatMap(({ layer, shape }) =>
    layer.kind === 'dropout' && layer.rate > 0 ? [{ layer: layer.name, rate: layer.rate, shape }] : [],
  )
}

/**
 * @param part number of the batch within a step that accumulates several; each has masks of its own
 * @returns [batch, ...shape] flat; `into` is filled and returned where given
 */
export function dropoutMask(
  spec: DropoutSpec,
  seed: number,
  step: number,
  batch: number,
  into?: Float32Array,
  part = 0,
): Float32Array {
  const mask = into ?? new Float32Array(batch * sizeOf(spec.shape))
  const rng = random(`dropout:${seed}:${step}${part > 0 ? `.${part}` : ''}:${spec.layer}`)
  const kept = 1 / (1 - spec.rate)
  for (let i = 0; i < mask.length; i++) mask[i] = rng.next() < spec.rate ? 0 : kept
  return mask
}
