/**
 * The start of the file, changed so that the file takes what the plug-in has: raw features instead of normalised
 * ones, one-hot vectors instead of embedding ids. All sums in double precision, rounded to float32 once.
 */
import { UserError } from '../../lib/errors.ts'
import type { NormalizerData, Weights } from '../../network.ts'
import type { Chain, ChainLayer } from './chain.ts'

/**
 * The chain and weights of a file that takes raw features. `layer` puts a batch_norm (x - offset) · (1 / scale) in front:
 * the subtraction comes first, so nothing is lost where features are large and hardly vary. `weights` changes the first
 * layer. The given arrays stay as they are.
 *
 * @throws UserError where the normaliser is not one number per input, or the first layer cannot take it
 */
export function foldNormalizer(
  chain: Chain,
  weights: Weights,
  normalizer: NormalizerData,
  how: 'layer' | 'weights',
): { chain: Chain; weights: Weights } {
  const size = chain.inputSize
  if (chain.head.length > 0) throw cannotFold('the network has several inputs or embeddings')
  if (normalizer.offset.length !== size || normalizer.scale.length !== size) {
    throw cannotFold(`the normaliser has ${normalizer.offset.length} numbers, one step of the input has ${size}`)
  }
  return how === 'layer'
    ? asLayer(chain, weights, normalizer)
    : { chain, weights: intoFirst(chain, weights, normalizer) }
}

function asLayer(chain: Chain, weights: Weights, { offset, scale }: NormalizerData) {
  const name = 'kpipe:normalizer' // no layer of a network: names from YAML hold no colon
  const vector = (values: (i: number) => number) => {
    const data = Float32Array.from({ length: offset.length }, (_, i) => values(i))
    return { shape: [offset.length], data }
  }
  const layer: ChainLayer = { kind: 'batch_norm', name, inputs: [chain.headName], epsilon: 0, momentum: 0 }
  return {
    chain: { ...chain, layers: [layer, ...chain.layers] },
    weights: {
      ...weights,
      [`${name}/gamma`]: vector((i) => 1 / scale[i]!),
      [`${name}/beta`]: vector(() => 0),
      [`${name}/moving_mean`]: vector((i) => offset[i]!),
      [`${name}/moving_variance`]: vector(() => 1),
    },
  }
}

/**
 * W' = W / scale, b' = b - Σ offset · W'. Exact in real numbers for dense, conv1d (padding valid), lstm and gru (its input
 * bias).
 */
function intoFirst(chain: Chain, weights: Weights, { offset, scale }: NormalizerData): Weights {
  const first = chain.layers[0]
  if (!first || !['dense', 'conv1d', 'lstm', 'gru'].includes(first.kind)) {
    throw cannotFold(first ? `the first layer "${first.name}" (${first.kind}) has no kernel` : 'there is no layer')
  }
  const kernel = weights[`${first.name}/kernel`]!
  const outs = kernel.shape.at(-1)!
  const bias = Float64Array.from(biasOf(first, weights, outs)) // gru: [2, outs], the input's bias comes first
  const folded = new Float32Array(kernel.data.length)
  for (let row = 0; row < kernel.data.length / outs; row++) {
    const feature = row % chain.inputSize // conv1d kernels are [taps, in, out]: the feature is the inner axis
    for (let out = 0; out < outs; out++) {
      const at = row * outs + out
      folded[at] = kernel.data[at]! / scale[feature]!
      // With the rounded weight, not the exact one: what rounding costs then grows with x - offset instead of with x.
      bias[out] = bias[out]! - offset[feature]! * folded[at]!
    }
  }
  return {
    ...weights,
    [`${first.name}/kernel`]: { shape: kernel.shape, data: folded },
    [`${first.name}/bias`]: { shape: first.kind === 'gru' ? [2, outs] : [outs], data: Float32Array.from(bias) },
  }
}

/** Bias of a layer; zeros where it has none (RTNeural's conv1d loader throws without one). */
export function biasOf(layer: ChainLayer, weights: Weights, size: number): Float32Array {
  return weights[`${layer.name}/bias`]?.data ?? new Float32Array(size)
}

/** Kernel of the head, [Σ width, Σ dimensions]: embedding tables and identities on the diagonal, zeros elsewhere. */
export function headKernel(chain: Chain, weights: Weights): { rows: number; columns: number; data: Float32Array } {
  const rows = chain.inputSize
  const columns = chain.head.reduce((total, block) => total + block.dimensions, 0)
  const data = new Float32Array(rows * columns)
  let row = 0
  let column = 0
  for (const block of chain.head) {
    const table = block.embedding === null ? null : weights[`${block.embedding}/embeddings`]!.data
    for (let i = 0; i < block.width; i++) {
      for (let j = 0; j < block.dimensions; j++) {
        data[(row + i) * columns + column + j] = table ? table[i * block.dimensions + j]! : i === j ? 1 : 0
      }
    }
    row += block.width
    column += block.dimensions
  }
  return { rows, columns, data }
}

function cannotFold(why: string): UserError {
  return new UserError(`the normaliser cannot be folded into the RTNeural file: ${why}`, {
    hint: 'set fold_normalizer: none; the plug-in must then compute (x - offset) / scale itself',
  })
}
