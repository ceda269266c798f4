/**
 * Shapes and weights of every layer, inferred from the network alone. The one place that says which weights a layer kind
 * has, in which layout (Keras'), and how they start. Leaves out values: see forward.ts and models/weights.ts.
 */
import { UserError } from '../lib/errors.ts'
import type { Layer, Network, TensorSpec } from '../network.ts'

/** How a weight starts; `fanIn` and `fanOut` are for the scaled random ones. */
export type Initializer = 'kernel' | 'recurrent' | 'embedding' | 'zeros' | 'ones' | 'forget_bias'

export interface WeightSpec {
  /** `layer/kernel`. */
  readonly name: string
  readonly shape: readonly number[]
  /** false: moving averages of batch_norm, which no gradient reaches, and all weights of a frozen layer. */
  readonly trainable: boolean
  readonly init: Initializer
  readonly fanIn: number
  readonly fanOut: number
}

export interface LayerShape {
  readonly layer: Layer
  /** Without the batch axis, in the order of `layer.inputs`. */
  readonly inputs: readonly (readonly number[])[]
  /** Of the layer's value, without the batch axis. */
  readonly shape: readonly number[]
  readonly weights: readonly WeightSpec[]
  /** Weights of other layers it reads, by name; they come after its own. */
  readonly shared: readonly string[]
}

/**
 * Every layer with its shapes, in the order of `network.layers`.
 * @throws UserError naming the layer where shapes do not fit, a name is unknown, used before its layer, or given twice.
 */
export function inferShapes(network: Network): readonly LayerShape[] {
  const known = new Map<string, readonly number[]>()
  for (const input of network.inputs) known.set(input.name, input.shape)
  const tables = new Map<string, Embedding>()
  const result: LayerShape[] = []
  for (const layer of network.layers) {
    if (known.has(layer.name)) throw wrong(layer, 'has a name that is already taken')
    const inputs = layer.inputs.map((name) => {
      const shape = known.get(name)
      if (!shape) throw wrong(layer, `reads "${name}", which is no input and no layer before it`)
      return shape
    })
    if (inputs.length === 0) throw wrong(layer, 'has no input')
    const { shape, weights } = describe(layer, inputs, tables)
    if (layer.kind === 'embedding') tables.set(layer.name, layer)
    if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw wrong(layer, `would give the shape [${shape}] from [${inputs.join('], [')}]`)
    }
    known.set(layer.name, shape)
    result.push({
      layer,
      inputs,
      shape,
      weights: layer.frozen ? weights.map((spec) => ({ ...spec, trainable: false })) : weights,
      shared: layer.kind === 'tied_dense' ? [`${layer.table}/embeddings`] : [],
    })
  }
  const lost = network.outputs.find((name) => !known.has(name))
  if (lost !== undefined) throw new UserError(`network "${network.name}": output "${lost}" is not one of its layers`)
  return result
}

/** Weights of the whole network in layer order. */
export function weightSpecs(network: Network): readonly WeightSpec[] {
  return inferShapes(network).flatMap((layer) => layer.weights)
}

/** Name, shape and dtype of every output, in the order of `network.outputs`. */
export function outputSpecs(network: Network): readonly TensorSpec[] {
  const shapes = new Map<string, readonly number[]>(network.inputs.map((input) => [input.name, input.shape]))
  for (const { layer, shape } of inferShapes(network)) shapes.set(layer.name, shape)
  return network.outputs.map((name) => ({ name, shape: shapes.get(name)!, dtype: 'float32' as const }))
}

/** Numbers the optimiser moves, and numbers in all (moving averages included). */
export function countParameters(network: Network): { readonly trainable: number; readonly total: number } {
  let trainable = 0
  let total = 0
  for (const spec of weightSpecs(network)) {
    total += sizeOf(spec.shape)
    if (spec.trainable) trainable += sizeOf(spec.shape)
  }
  return { trainable, total }
}

/** All numbers of a network, moving averages included. */
export function parameterCount(network: Network): number {
  return countParameters(network).total
}

/** Product of the axes; 1 for []. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

interface Description {
  readonly shape: readonly number[]
  readonly weights: readonly WeightSpec[]
}

type Embedding = Extract<Layer, { kind: 'embedding' }>

function describe(
  layer: Layer,
  inputs: readonly (readonly number[])[],
  tables: ReadonlyMap<string, Embedding>,
): Description {
  const input = inputs[0]!
  const channels = input[input.length - 1] ?? 1
  switch (layer.kind) {
    case 'dense': {
      needAxes(layer, input, 1)
      const weights = [kernel(layer.name, [channels, layer.units], channels, layer.units)]
      if (layer.useBias) weights.push(zeros(layer.name, 'bias', [layer.units]))
      return { shape: [...input.slice(0, -1), layer.units], weights }
    }
    case 'dropout':
    case 'activation':
      return { shape: input, weights: [] }
    case 'batch_norm':
      return {
        shape: input,
        weights: [...scaleAndShift(layer.name, channels), ...movingAverages(layer.name, channels)],
      }
    case 'layer_norm':
      return { shape: input, weights: scaleAndShift(layer.name, channels) }
    case 'conv1d': {
      exactAxes(layer, input, 2, '[time, channels]')
      if (layer.stride > 1 && layer.dilation > 1)
        throw wrong(layer, 'has both a stride and a dilation; one of them must be 1')
      const reach = (layer.kernelSize - 1) * layer.dilation + 1
      const frames = convLength(input[0]!, reach, layer.stride, layer.padding)
      const fan = layer.kernelSize * channels
      const weights = [
        kernel(layer.name, [layer.kernelSize, channels, layer.filters], fan, layer.kernelSize * layer.filters),
      ]
      if (layer.useBias) weights.push(zeros(layer.name, 'bias', [layer.filters]))
      return { shape: [frames, layer.filters], weights }
    }
    case 'conv2d': {
      exactAxes(layer, input, 3, '[height, width, channels]')
      const [kh, kw] = layer.kernelSize
      const rows = convLength(input[0]!, kh, layer.strides[0], layer.padding)
      const columns = convLength(input[1]!, kw, layer.strides[1], layer.padding)
      const weights = [
        kernel(layer.name, [kh, kw, channels, layer.filters], kh * kw * channels, kh * kw * layer.filters),
      ]
      if (layer.useBias) weights.push(zeros(layer.name, 'bias', [layer.filters]))
      return { shape: [rows, columns, layer.filters], weights }
    }
    case 'max_pool1d':
    case 'avg_pool1d':
      exactAxes(layer, input, 2, '[time, channels]')
      return {
        shape: [convLength(input[0]!, layer.poolSize, layer.stride, layer.padding), channels],
        weights: [],
      }
    case 'max_pool2d':
    case 'avg_pool2d': {
      exactAxes(layer, input, 3, '[height, width, channels]')
      const rows = convLength(input[0]!, layer.poolSize[0], layer.strides[0], layer.padding)
      const columns = convLength(input[1]!, layer.poolSize[1], layer.strides[1], layer.padding)
      return { shape: [rows, columns, channels], weights: [] }
    }
    case 'global_avg_pool':
    case 'global_max_pool':
      needAxes(layer, input, 2)
      return { shape: [channels], weights: [] }
    case 'flatten':
      return { shape: [sizeOf(input)], weights: [] }
    case 'embedding': {
      const shape = [layer.vocabulary, layer.dimensions]
      const spec = { name: `${layer.name}/embeddings`, shape, trainable: true, init: 'embedding' as const }
      return {
        shape: [...input, layer.dimensions],
        weights: [{ ...spec, fanIn: layer.vocabulary, fanOut: layer.dimensions }],
      }
    }
    case 'position_embedding': {
      exactAxes(layer, input, 2, '[time, features]')
      if (input[0]! > layer.positions) throw wrong(layer, `has ${layer.positions} positions for ${input[0]} steps`)
      const spec = { name: `${layer.name}/embeddings`, shape: [layer.positions, channels], trainable: true }
      return { shape: input, weights: [{ ...spec, init: 'embedding', fanIn: layer.positions, fanOut: channels }] }
    }
    case 'tied_dense': {
      const table = tables.get(layer.table)
      if (!table) throw wrong(layer, `shares the table of "${layer.table}", which is no embedding before it`)
      if (table.dimensions !== channels)
        throw wrong(layer, `shares a table of ${table.dimensions} dimensions, got [${input}]`)
      return { shape: [...input.slice(0, -1), table.vocabulary], weights: [] }
    }
    case 'concat': {
      const lead = input.slice(0, -1).join()
      if (inputs.some((other) => other.length !== input.length || other.slice(0, -1).join() !== lead)) {
        throw wrong(layer, `joins shapes that differ before the last axis: [${inputs.join('], [')}]`)
      }
      const joined = inputs.reduce((sum, other) => sum + other[other.length - 1]!, 0)
      return { shape: [...input.slice(0, -1), joined], weights: [] }
    }
    case 'add':
      if (inputs.some((other) => other.join() !== input.join())) {
        throw wrong(layer, `adds different shapes: [${inputs.join('], [')}]`)
      }
      return { shape: input, weights: [] }
    case 'repeat':
      exactAxes(layer, input, 1, '[features]')
      return { shape: [layer.times, channels], weights: [] }
    case 'lstm':
      return recurrent(layer, input, [4 * layer.units], 'forget_bias')
    case 'gru':
      // reset_after form (Keras' default, the only one RTNeural reads): a bias for the input and one for the state.
      return recurrent(layer, input, [2, 3 * layer.units], 'zeros')
    case 'causal_attention': {
      exactAxes(layer, input, 2, '[time, features]')
      if (channels % layer.heads !== 0)
        throw wrong(layer, `cannot split ${channels} features into ${layer.heads} heads`)
      return {
        shape: input,
        weights: [
          { ...kernel(layer.name, [channels, 3 * channels], channels, channels), name: `${layer.name}/qkv_kernel` },
          zeros(layer.name, 'qkv_bias', [3 * channels]),
          { ...kernel(layer.name, [channels, channels], channels, channels), name: `${layer.name}/proj_kernel` },
          zeros(layer.name, 'proj_bias', [channels]),
        ],
      }
    }
  }
}

function recurrent(
  layer: Extract<Layer, { kind: 'lstm' | 'gru' }>,
  input: readonly number[],
  biasShape: readonly number[],
  biasInit: Initializer,
): Description {
  exactAxes(layer, input, 2, '[time, features]')
  const [time, features] = [input[0]!, input[1]!]
  const gates = (layer.kind === 'lstm' ? 4 : 3) * layer.units
  return {
    shape: layer.returnSequences ? [time, layer.units] : [layer.units],
    weights: [
      kernel(layer.name, [features, gates], features, gates),
      {
        ...kernel(layer.name, [layer.units, gates], layer.units, gates),
        name: `${layer.name}/recurrent_kernel`,
        init: 'recurrent',
      },
      { ...zeros(layer.name, 'bias', biasShape), init: biasInit },
    ],
  }
}

/** TensorFlow's SAME and VALID. */
export function convLength(length: number, reach: number, stride: number, padding: 'valid' | 'same'): number {
  return padding === 'same' ? Math.ceil(length / stride) : Math.floor((length - reach) / stride) + 1
}

function kernel(layer: string, shape: readonly number[], fanIn: number, fanOut: number): WeightSpec {
  return { name: `${layer}/kernel`, shape, trainable: true, init: 'kernel', fanIn, fanOut }
}

function zeros(layer: string, name: string, shape: readonly number[]): WeightSpec {
  return { name: `${layer}/${name}`, shape, trainable: true, init: 'zeros', fanIn: 1, fanOut: 1 }
}

function scaleAndShift(layer: string, channels: number): WeightSpec[] {
  return [{ ...zeros(layer, 'gamma', [channels]), init: 'ones' }, zeros(layer, 'beta', [channels])]
}

function movingAverages(layer: string, channels: number): WeightSpec[] {
  return [
    { ...zeros(layer, 'moving_mean', [channels]), trainable: false },
    { ...zeros(layer, 'moving_variance', [channels]), trainable: false, init: 'ones' },
  ]
}

function needAxes(layer: Layer, input: readonly number[], least: number): void {
  if (input.length < least) throw wrong(layer, `needs at least ${least} axes without the batch, got [${input}]`)
}

function exactAxes(layer: Layer, input: readonly number[], axes: number, form: string): void {
  if (input.length !== axes) throw wrong(layer, `needs ${form}, got [${input}]`)
}

function wrong(layer: Layer, what: string): UserError {
  return new UserError(`layer "${layer.name}" (${layer.kind}) ${what}`)
}
