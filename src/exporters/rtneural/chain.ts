/**
 * Network → the chain of layers that an RTNeural file can hold, or the reasons why there is none.
 * RTNeural loads a plain sequence and runs it one time step per call (RTNeural model_loader.h, commit 1fb1f07), so whatever
 * branches, looks ahead or joins time steps is refused here, by layer name, before anything is trained.
 */

import { inferShapes, sizeOf } from '../../network/shapes.ts'
import type { Activation, Layer, Network, TensorSpec } from '../../network.ts'

export type ChainLayer = Extract<Layer, { kind: 'dense' | 'activation' | 'batch_norm' | 'conv1d' | 'lstm' | 'gru' }>

/** One column block of the one-hot input that replaces embeddings and concatenated inputs. */
export interface HeadBlock {
  readonly input: TensorSpec
  /** Name of the embedding layer, or null where the input's own numbers are taken as they are. */
  readonly embedding: string | null
  /** Columns in the file's input: the vocabulary, or the width of the input. */
  readonly width: number
  /** Columns after the layer. */
  readonly dimensions: number
  /** The input has a time axis; one that has none is given again at every step. */
  readonly perStep: boolean
}

export interface Chain {
  /** [] where the network starts with one float input that needs no rewriting. */
  readonly head: readonly HeadBlock[]
  /** Name of the layer whose value the head computes (an embedding or a concat). */
  readonly headName: string
  readonly layers: readonly ChainLayer[]
  /** Input has a time axis. */
  readonly sequence: boolean
  /** Numbers per step that go in and come out. */
  readonly inputSize: number
  readonly outputSize: number
  /** The answer is one vector per step (true) or the one after the last step (false). */
  readonly perStep: boolean
  /** Steps at the start whose output is not yet valid, because a convolution has not seen enough. */
  readonly warmUp: number
}

/** leaky_relu is written as a PReLU layer. */
const activations: readonly Activation[] = ['linear', 'relu', 'leaky_relu', 'tanh', 'sigmoid', 'softmax', 'elu']

/** Why a layer kind cannot be in the file. Kinds that are not here can, at least in some place. */
const refusedKinds: Partial<Record<Layer['kind'], string>> = {
  layer_norm: 'its loader skips layer normalisation without a word, and the answers are wrong',
  conv2d: 'its 2-D convolution streams along time and cannot be followed by pooling',
  max_pool1d: 'it has no pooling',
  avg_pool1d: 'it has no pooling',
  max_pool2d: 'it has no pooling',
  avg_pool2d: 'it has no pooling',
  global_avg_pool: 'it has no pooling: a file is run one time step at a time',
  global_max_pool: 'it has no pooling: a file is run one time step at a time',
  causal_attention: 'it has no attention: a file is a plain sequence of layers',
  position_embedding: 'it has no learned positions: every step is treated alike',
  tied_dense: 'it cannot share the table of an embedding',
  add: 'it has no residual paths: a file is a plain sequence of layers',
}

/** Reasons why RTNeural cannot hold this network, each naming the layer; [] = it can. */
export function refuseNetwork(network: Network): readonly string[] {
  const reasons = network.layers.flatMap(refuseLayer)
  if (network.outputs.length !== 1) {
    reasons.push(
      `outputs ${network.outputs.join(', ')}: RTNeural gives one output, this network has ${network.outputs.length}`,
    )
  }
  if (reasons.length > 0) return reasons
  const walked = walk(network)
  return typeof walked === 'string' ? [walked] : refuseOrder(walked)
}

/** @throws Error when the network is refused: ask refuseNetwork first. */
export function chainOf(network: Network): Chain {
  const reasons = refuseNetwork(network)
  if (reasons.length > 0) throw new Error(`not a chain: ${reasons.join('; ')}`)
  return walk(network) as Chain
}

/** Each layer of the chain with the numbers per step that go in and come out. */
export function sizes(
  chain: Chain,
): readonly { readonly layer: ChainLayer; readonly input: number; readonly output: number }[] {
  let input = chain.head.length > 0 ? sum(chain.head, (block) => block.dimensions) : chain.inputSize
  return chain.layers.map((layer) => {
    const sized = { layer, input, output: widthAfter(layer, input) }
    input = sized.output
    return sized
  })
}

function refuseLayer(layer: Layer): string[] {
  const where = `layer "${layer.name}" (${layer.kind})`
  const refused = refusedKinds[layer.kind]
  if (refused) return [`${where}: RTNeural cannot load it: ${refused}`]
  const reasons: string[] = []
  if ('activation' in layer && !activations.includes(layer.activation)) {
    reasons.push(
      `${where}: RTNeural has no ${layer.activation} (a file that names it crashes the host); it has ${activations.slice(1).join(', ')}`,
    )
  }
  if (layer.kind === 'conv1d') {
    if (layer.padding !== 'valid')
      reasons.push(`${where}: RTNeural convolves what it has seen so far; padding must be valid, not ${layer.padding}`)
    if (layer.stride !== 1)
      reasons.push(`${where}: RTNeural gives one output per step; stride must be 1, not ${layer.stride}`)
  }
  return reasons
}

/** Rules about what may follow what. */
function refuseOrder(chain: Chain): string[] {
  const reasons: string[] = []
  const last = chain.layers.findIndex((layer) => isRecurrent(layer) && !layer.returnSequences)
  for (const [index, layer] of chain.layers.entries()) {
    const where = `layer "${layer.name}" (${layer.kind})`
    const needsTime = isRecurrent(layer) || layer.kind === 'conv1d'
    if (needsTime && !chain.sequence) reasons.push(`${where}: needs an input of shape [steps, numbers]`)
    if (needsTime && last >= 0 && index > last) {
      reasons.push(
        `${where}: comes after "${chain.layers[last]!.name}", which keeps the last step only; set return_sequences there`,
      )
    }
    const early = chain.layers.slice(0, index).find((before) => before.kind === 'conv1d' && before.kernelSize > 1)
    if (isRecurrent(layer) && early) {
      reasons.push(
        `${where}: comes after the convolution "${early.name}", whose first outputs in RTNeural are warm-up and would stay in its memory`,
      )
    }
  }
  return reasons
}

/** From the output back to the inputs; a text is the reason why there is no chain. */
function walk(network: Network): Chain | string {
  const byName = new Map(network.layers.map((layer) => [layer.name, layer]))
  const shapes = new Map(network.inputs.map((spec) => [spec.name, spec.shape]))
  for (const { layer, shape } of inferShapes(network)) shapes.set(layer.name, shape)
  const layers: ChainLayer[] = []
  const visited = new Set<string>()
  let name = network.outputs[0]!
  for (;;) {
    const layer = byName.get(name)
    if (!layer || layer.kind === 'embedding' || layer.kind === 'concat') break
    visited.add(name)
    if (layer.kind === 'repeat') return `layer "${name}" (repeat): RTNeural cannot repeat a vector after other layers`
    if (layer.kind === 'flatten' && shapes.get(layer.inputs[0])!.length > 1) {
      return `layer "${name}" (flatten): joins time steps, and RTNeural sees one at a time`
    }
    if (isChainLayer(layer)) layers.unshift(layer)
    name = layer.inputs[0]!
  }
  const input = network.inputs.find((spec) => spec.name === name)
  const head = input ? [] : headOf(network, byName, name, visited)
  if (typeof head === 'string') return head
  const stray = network.layers.find((layer) => !visited.has(layer.name))
  if (stray)
    return `layer "${stray.name}" (${stray.kind}): stands beside the way from input to output, and RTNeural loads one plain sequence`
  if (input && (input.shape.length === 0 || input.shape.length > 2)) {
    return `input "${input.name}" of shape [${input.shape.join(', ')}]: RTNeural takes one vector per step, [numbers] or [steps, numbers]`
  }
  if (layers.length === 0 && head.length === 0) return 'the network has no layer with weights'
  return describe(layers, head, name, input)
}

function describe(
  layers: readonly ChainLayer[],
  head: readonly HeadBlock[],
  headName: string,
  input?: TensorSpec,
): Chain {
  const sequence = input ? input.shape.length === 2 : head.some((block) => block.perStep)
  const inputSize = input ? input.shape.at(-1)! : sum(head, (block) => block.width)
  let width = input ? inputSize : sum(head, (block) => block.dimensions)
  let warmUp = 0
  for (const layer of layers) {
    width = widthAfter(layer, width)
    if (layer.kind === 'conv1d') warmUp += (layer.kernelSize - 1) * layer.dilation
  }
  const perStep = sequence && !layers.some((layer) => isRecurrent(layer) && !layer.returnSequences)
  return { head, headName, layers, sequence, inputSize, outputSize: width, perStep, warmUp }
}

/** Embeddings and inputs that a single linear layer over concatenated one-hot vectors can stand for. */
function headOf(
  network: Network,
  byName: Map<string, Layer>,
  name: string,
  visited: Set<string>,
): HeadBlock[] | string {
  const layer = byName.get(name)
  if (!layer) return `"${name}" is neither a layer nor an input`
  if (layer.kind === 'concat') visited.add(name)
  const blocks: HeadBlock[] = []
  for (const branch of layer.kind === 'concat' ? layer.inputs : [name]) {
    const block = branchOf(network, byName, branch, visited)
    if (typeof block === 'string') return block
    blocks.push(block)
  }
  return blocks
}

function branchOf(
  network: Network,
  byName: Map<string, Layer>,
  start: string,
  visited: Set<string>,
): HeadBlock | string {
  let joined = ''
  let embedding: Extract<Layer, { kind: 'embedding' }> | null = null
  for (let name = start; ; ) {
    const input = network.inputs.find((spec) => spec.name === name)
    if (input) {
      const steps = embedding ? input.shape : input.shape.slice(0, -1)
      if (joined && sizeOf(steps) !== 1)
        return `layer "${joined}": joins the time steps of input "${name}", and RTNeural sees one at a time`
      const width = embedding ? embedding.vocabulary : (input.shape.at(-1) ?? 1)
      const block = { input, embedding: embedding?.name ?? null, width, dimensions: embedding?.dimensions ?? width }
      return { ...block, perStep: !joined && steps.length > 0 }
    }
    const layer = byName.get(name)
    if (!layer) return `"${name}" is neither a layer nor an input`
    visited.add(name)
    if (layer.kind === 'embedding') embedding = layer
    else if (layer.kind === 'repeat' || layer.kind === 'flatten') joined = name
    else if (layer.kind !== 'dropout') {
      return `layer "${name}" (${layer.kind}): works on one branch before the branches are joined, and RTNeural loads one plain sequence`
    }
    name = layer.inputs[0]!
  }
}

function widthAfter(layer: ChainLayer, width: number): number {
  if (layer.kind === 'dense' || isRecurrent(layer)) return layer.units
  return layer.kind === 'conv1d' ? layer.filters : width
}

function isChainLayer(layer: Layer): layer is ChainLayer {
  return ['dense', 'activation', 'batch_norm', 'conv1d', 'lstm', 'gru'].includes(layer.kind)
}

function isRecurrent(layer: Layer): layer is Extract<Layer, { kind: 'lstm' | 'gru' }> {
  return layer.kind === 'lstm' || layer.kind === 'gru'
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
