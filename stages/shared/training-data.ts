/** The rows of a feature set for a training: in memory, or streamed where they are too many, normalised either way. */
import {
  featureBytes,
  openFeatureRows,
  readFeatureInfo,
  readFeatureSet,
  weightsOf,
} from '../../src/data/feature-file.ts'
import type { FeatureSetInfo } from '../../src/data/feature-set.ts'
import { normalize } from '../../src/data/normalize.ts'
import { UserError } from '../../src/lib/errors.ts'
import type { ModelConfig, NetworkConfig } from '../../src/models/config.ts'
import type { Network } from '../../src/network.ts'
import type { TrainingData } from '../../src/train/dataset.ts'
import { rowSizes } from '../../src/train/targets.ts'

export interface OpenData {
  readonly data: TrainingData
  readonly streamed: boolean
  close(): Promise<void>
}

/** Options that a training's network is made of, with sizes where they are given. */
export type SizedOptions = Omit<ModelConfig, 'input_size' | 'output_size'> & {
  readonly input_size?: number
  readonly output_size?: number
}

export function featureInfo(dir: string): FeatureSetInfo {
  return readFeatureInfo(dir)
}

/** @param streamAbove bytes of numbers from which on rows stay in their files; the result is the same */
export async function openData(
  dir: string,
  network: Network,
  loss: ModelConfig['loss'],
  streamAbove: number,
): Promise<OpenData> {
  const { inputs } = rowSizes(network, loss)
  if (featureBytes(dir) <= streamAbove) {
    const { info, x, y } = readFeatureSet(dir)
    const columns = columnsOf(dir, info, inputs)
    const data = { ...columns, x: normalize(x, info.normalizer, columns.xSize), y }
    return { data, streamed: false, close: async () => {} }
  }
  const rows = await openFeatureRows(dir)
  const columns = columnsOf(dir, rows.info, inputs)
  const read = async (some: readonly number[], x: Float32Array, y: Float32Array) => {
    await rows.read(some, x, y)
    const filled = x.subarray(0, some.length * columns.xSize)
    filled.set(normalize(filled, rows.info.normalizer, columns.xSize))
  }
  return { data: { ...columns, read }, streamed: true, close: () => rows.close() }
}

function columnsOf(dir: string, info: FeatureSetInfo, inputs: readonly number[]) {
  const weights = weightsOf(dir, info)
  return {
    xSize: product(info.xShape),
    ySize: product(info.yShape),
    inputs,
    ids: info.rows.map((row) => row.id),
    ...(weights ? { weights } : {}),
  }
}

/**
 * What the network is built from: sizes come from the features, and are compared where the options give them.
 * @throws UserError where config and features do not fit
 */
export function sizedConfig(options: SizedOptions, info: FeatureSetInfo): NetworkConfig {
  const plain = ['mlp', 'cnn'].includes(options.architecture_type)
  const numbers = plain ? product(info.yShape) : (info.yShape.at(-1) ?? 1)
  const ids = options.loss === 'sparse_cross_entropy'
  const classes = ids ? (options.output_size ?? info.yLabels.length) : numbers
  const sizes = {
    input_size: product(info.xShape),
    output_size: plain ? classes : (options.output_size ?? classes),
  }
  if (ids && sizes.output_size < 1) {
    throw new UserError('sparse_cross_entropy needs to know how many classes there are', {
      hint: 'write output_size, or use a feature whose outputs have names',
    })
  }
  for (const name of ['input_size', 'output_size'] as const) {
    const said = options[name]
    if (said === undefined || said === sizes[name]) continue
    throw new UserError(`${name} is ${said}, but the feature "${info.feature}" gives ${sizes[name]}`, {
      hint: `write ${name}: ${sizes[name]}, or leave it out`,
    })
  }
  const shape = options.input_shape ?? (info.xShape.length === 2 ? info.xShape : undefined)
  return { ...options, ...sizes, ...(shape ? { input_shape: shape } : {}) }
}

/** @throws UserError where rows are not as long as the network needs them, or ids would be scaled */
export function checkFit(network: Network, loss: ModelConfig['loss'], info: FeatureSetInfo): void {
  const { inputs, y } = rowSizes(network, loss)
  const needed = { x: inputs.reduce((sum, size) => sum + size, 0), y }
  const given = { x: product(info.xShape), y: product(info.yShape) }
  for (const side of ['x', 'y'] as const) {
    if (needed[side] === given[side]) continue
    const rows = `rows of ${given[side]} numbers for ${side}`
    throw new UserError(`the feature "${info.feature}" gives ${rows}, the network needs ${needed[side]}`, {
      hint: 'sequence_length, conditions, output_size and loss decide what the network needs',
    })
  }
  if (info.normalizer && network.inputs.some((input) => input.dtype === 'int32')) {
    throw new UserError('the inputs are ids, and the features say they are scaled', {
      hint: 'write normalization: none',
    })
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1)
}
