/** What the targets of a training look like: their mean, the sizes a network needs, ids that must stay within their tables. */
import type { LossName } from '../compute/engine.ts'
import type { Network } from '../network.ts'
import { outputSpecs, sizeOf } from '../network/shapes.ts'
import { type IdColumns, type TrainingData, visitRows } from './dataset.ts'

/** Numbers of each input in a row of x, and of the target in a row of y. */
export function rowSizes(network: Network, loss: LossName): { readonly inputs: readonly number[]; readonly y: number } {
  const { shape } = outputSpecs(network)[0]!
  const y = sizeOf(loss === 'sparse_cross_entropy' ? shape.slice(0, -1) : shape)
  return { inputs: network.inputs.map((input) => sizeOf(input.shape)), y }
}

/** Length of the output's last axis. */
export function classesOf(network: Network): number {
  return outputSpecs(network)[0]!.shape.at(-1) ?? 1
}

/** Columns of x that go into embeddings, and ids to be predicted. */
export function idColumns(network: Network, loss: LossName, padId?: number): IdColumns[] {
  let column = 0
  const columns = network.inputs.flatMap(({ name, shape, dtype }): IdColumns[] => {
    const [from, to] = [column, column + sizeOf(shape)]
    column = to
    if (dtype !== 'int32') return []
    const sizes = network.layers.flatMap((layer) =>
      layer.kind === 'embedding' && layer.inputs[0] === name ? [layer.vocabulary] : [],
    )
    return [{ what: `input "${name}"`, in: 'x', from, to, bound: Math.min(...sizes) }]
  })
  if (loss !== 'sparse_cross_entropy') return columns
  return [
    ...columns,
    {
      what: 'the target',
      in: 'y',
      from: 0,
      to: rowSizes(network, loss).y,
      bound: classesOf(network),
      ...(padId === undefined ? {} : { except: padId }),
    },
  ]
}

/** Mean of the targets of the rows by their weights; the share of each class where targets are ids, `padId` left out. */
export async function targetMeans(
  data: TrainingData,
  rows: readonly number[],
  loss: LossName,
  classes: number,
  padId?: number,
): Promise<Float32Array> {
  const ids = loss === 'sparse_cross_entropy'
  const sums = new Float64Array(ids ? classes : data.ySize)
  let count = 0
  await visitRows(data, rows, (row, _x, y) => {
    const weight = data.weights?.[row] ?? 1
    if (!ids) count += weight
    for (const [i, value] of y.entries()) {
      if (ids && value === padId) continue
      const at = ids ? value : i
      sums[at] = sums[at]! + (ids ? weight : value * weight)
      if (ids) count += weight
    }
  })
  return Float32Array.from(sums, (sum) => (count > 0 ? sum / count : 0))
}
