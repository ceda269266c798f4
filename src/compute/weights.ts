/**
 * How much examples, and the positions of a sequence, count in a loss. An engine gets numbers that add up to 1, so that every
 * loss is an exact mean over what counts, whatever a batch holds; means of several batches are weighed by their masses.
 */
import { UserError } from '../lib/errors.ts'
import type { Network } from '../network.ts'
import { outputSpecs } from '../network/shapes.ts'
import type { Batch } from './engine.ts'

/** What decides which positions count. */
export interface Counting {
  readonly batchSize: number
  /** Positions whose target is this id count nothing. */
  readonly padId?: number
}

/**
 * [batch], or [batch, ...positions] where single positions may count nothing.
 * @throws UserError for a padding id and several outputs
 */
export function weightShape({ network, batchSize, padId }: Counting & { readonly network: Network }): number[] {
  if (padId === undefined) return [batchSize]
  const outputs = outputSpecs(network)
  if (outputs.length !== 1) {
    throw new UserError(`a padding id needs a network with one output, "${network.name}" has ${outputs.length}`, {
      hint: 'take pad_id out',
    })
  }
  return [batchSize, ...outputs[0]!.shape.slice(0, -1)]
}

/** Sum over the examples of weight x share of their positions that count; their number where nothing is masked. */
export function massOf(batch: Batch, counting: Counting): number {
  let mass = 0
  for (let i = 0; i < batch.count; i++) mass += massOfExample(batch, counting, i)
  return mass
}

/** In the shape of `weightShape`: adds up to 1, or to 0 where nothing counts. */
export function lossWeights(batch: Batch, counting: Counting, into: Float32Array): Float32Array {
  const mass = massOf(batch, counting)
  const positions = into.length / counting.batchSize
  into.fill(0)
  if (mass === 0) return into
  for (let i = 0; i < batch.count; i++) {
    const share = (batch.weights?.[i] ?? 1) / (mass * positions)
    for (let at = i * positions; at < (i + 1) * positions; at++) {
      if (counting.padId === undefined || batch.y[0]![at] !== counting.padId) into[at] = share
    }
  }
  return into
}

function massOfExample({ y, weights }: Batch, { batchSize, padId }: Counting, i: number): number {
  const weight = weights?.[i] ?? 1
  if (padId === undefined) return weight
  const positions = y[0]!.length / batchSize
  const padded = y[0]!.subarray(i * positions, (i + 1) * positions).filter((id) => id === padId).length
  return (weight * (positions - padded)) / positions
}
