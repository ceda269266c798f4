/**
 * RTNeural's Keras-style JSON, as its python/model_utils.py lays it out and model_loader.h reads it:
 * {"in_shape": [null, …, n], "layers": [{"type", "activation", "shape": [null, …, m], "weights": [...]}]}.
 * `shape` is the output shape, of which the loader reads the last number. Its loader ignores other top-level keys, so the
 * facts a plug-in author needs travel in `kpipe`.
 */
import { UserError } from '../../lib/errors.ts'
import { LEAK } from '../../network/activations.ts'
import type { Activation, Weights } from '../../network.ts'
import { type Chain, type ChainLayer, sizes } from './chain.ts'
import { biasOf, headKernel } from './fold.ts'

/** Nested arrays of numbers, or its text. */
type Field = string | number | readonly (string | number | null)[]

/** Text of the file. Every weight has 9 significant digits, which give the same float32 back. */
export function rtneuralJson(chain: Chain, weights: Weights, facts: Readonly<Record<string, unknown>>): string {
  const kpipe = Object.entries(facts).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  const lead = chain.sequence ? [null, null] : [null]
  const layers = layerTexts(chain, weights, lead)
  return `{"in_shape": ${JSON.stringify([...lead, chain.inputSize])},
"kpipe": {
${kpipe.join(',\n')}
},
"layers": [
${layers.join(',\n')}
]}
`
}

function layerTexts(chain: Chain, weights: Weights, lead: readonly null[]): string[] {
  const texts: string[] = []
  if (chain.head.length > 0) {
    const { rows, columns, data } = headKernel(chain, weights)
    const arrays = [matrix(data, rows, columns, chain.headName), vector(new Float32Array(columns), chain.headName)]
    texts.push(layerText({ type: 'dense', activation: '', shape: [...lead, columns] }, arrays))
  }
  for (const { layer, input, output } of sizes(chain)) {
    const shape = [...lead, output]
    const text = writers[layer.kind](layer as never, { weights, shape, width: input })
    if (text !== '') texts.push(text)
    if ('activation' in layer && layer.activation === 'leaky_relu') texts.push(leakyText(shape))
  }
  return texts
}

interface Place {
  readonly weights: Weights
  readonly shape: readonly (number | null)[]
  /** Numbers per step that go in. */
  readonly width: number
}

type LayerOf<K> = Extract<ChainLayer, { kind: K }>

const writers: { readonly [K in ChainLayer['kind']]: (layer: LayerOf<K>, place: Place) => string } = {
  dense: (layer, { weights, shape, width }) =>
    layerText({ type: 'dense', activation: activationName(layer.activation), shape }, [
      matrix(take(weights, layer.name, 'kernel', width * layer.units), width, layer.units, layer.name),
      vector(biasOf(layer, weights, layer.units), layer.name),
    ]),
  activation: (layer, { shape }) =>
    activationName(layer.activation) === ''
      ? ''
      : layerText({ type: 'activation', activation: layer.activation, shape }, []),
  batch_norm: (layer, { weights, shape, width }) =>
    layerText(
      { type: 'batchnorm', epsilon: Math.fround(layer.epsilon), shape },
      ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) =>
        vector(take(weights, layer.name, part, width), layer.name),
      ),
    ),
  conv1d: (layer, { weights, shape, width }) =>
    layerText(
      {
        type: 'conv1d',
        activation: activationName(layer.activation),
        kernel_size: [layer.kernelSize],
        dilation: [layer.dilation],
        groups: 1,
        shape,
      },
      [
        cube(
          take(weights, layer.name, 'kernel', layer.kernelSize * width * layer.filters),
          layer.kernelSize,
          width,
          layer.filters,
          layer.name,
        ),
        vector(biasOf(layer, weights, layer.filters), layer.name),
      ],
    ),
  lstm: (layer, place) => recurrentText(layer, place, 4 * layer.units, (bias) => vector(bias, layer.name)),
  gru: (layer, place) =>
    recurrentText(layer, place, 3 * layer.units, (bias) => matrix(bias, 2, 3 * layer.units, layer.name)),
}

function recurrentText(
  layer: LayerOf<'lstm' | 'gru'>,
  place: Place,
  gates: number,
  biasText: (bias: Float32Array) => string,
): string {
  const { weights, shape, width } = place
  const biasLength = layer.kind === 'gru' ? 2 * gates : gates
  return layerText({ type: layer.kind, activation: '', shape }, [
    matrix(take(weights, layer.name, 'kernel', width * gates), width, gates, layer.name),
    matrix(take(weights, layer.name, 'recurrent_kernel', layer.units * gates), layer.units, gates, layer.name),
    biasText(take(weights, layer.name, 'bias', biasLength)),
  ])
}

/**
 * RTNeural's word for an activation: '' for none, because 'linear' is unknown to it and becomes a null pointer; and '' for
 * leaky_relu, which is a layer of its own there.
 */
function activationName(activation: Activation): string {
  return activation === 'linear' || activation === 'leaky_relu' ? '' : activation
}

/** A PReLU with one alpha for all. */
function leakyText(shape: readonly (number | null)[]): string {
  return layerText({ type: 'prelu', shape }, [`[[${LEAK}]]`])
}

function layerText(fields: Readonly<Record<string, Field>>, arrays: readonly string[]): string {
  const head = Object.entries(fields).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`)
  return `{${head.join(', ')}, "weights": [${arrays.join(', ')}]}`
}

function take(weights: Weights, layer: string, part: string, length: number): Float32Array {
  const weight = weights[`${layer}/${part}`]
  if (!weight) throw new Error(`weights hold no ${layer}/${part}; they hold ${Object.keys(weights).join(', ')}`)
  if (weight.data.length !== length)
    throw new Error(`${layer}/${part} has ${weight.data.length} numbers, expected ${length}`)
  return weight.data
}

function cube(data: Float32Array, planes: number, rows: number, columns: number, layer: string): string {
  const size = rows * columns
  return list(planes, (i) => matrix(data.subarray(i * size, (i + 1) * size), rows, columns, layer))
}

function matrix(data: Float32Array, rows: number, columns: number, layer: string): string {
  return list(rows, (i) => vector(data.subarray(i * columns, (i + 1) * columns), layer))
}

/** JSON.stringify would write null for NaN and Infinity, on which the loader throws: refused here, with the layer's name. */
function vector(data: Float32Array, layer: string): string {
  return list(data.length, (i) => {
    const value = data[i]!
    if (!Number.isFinite(value)) {
      throw new UserError(`layer "${layer}" has a weight that is ${value}: the training diverged`, {
        hint: 'lower learning_rate or set clip_norm',
      })
    }
    return String(Number(value.toPrecision(9)))
  })
}

function list(length: number, item: (index: number) => string): string {
  const parts: string[] = []
  for (let i = 0; i < length; i++) parts.push(item(i))
  return `[${parts.join(',')}]`
}
