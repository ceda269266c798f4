/** Starting from another model's weights and keeping layers as they are. */
import { UserError } from '../lib/errors.ts'
import type { Layer, Network, Weights } from '../network.ts'
import { inferShapes } from '../network/shapes.ts'

export interface Start {
  readonly weights: Weights
  /** Layers that have the other model's weights now. */
  readonly taken: readonly string[]
  /** Layers with weights that keep their first ones: `output: not in the model`, `dense_1: kernel is [64, 8], not [64, 16]`. */
  readonly kept: readonly string[]
  /** Layers of the other model that nothing here is named after. */
  readonly unused: readonly string[]
}

/** Layers whose weights all have a namesake of their shape in `from` take them; the others keep theirs. */
export function startFrom(network: Network, weights: Weights, from: Weights): Start {
  const result: Record<string, Weights[string]> = { ...weights }
  const [taken, kept]: [string[], string[]] = [[], []]
  const layers = inferShapes(network).filter((layer) => layer.weights.length > 0)
  for (const { layer, weights: specs } of layers) {
    const reasons = specs.flatMap(({ name, shape }) => {
      const other = from[name]
      if (!other) return ['not in the model']
      const part = name.slice(layer.name.length + 1)
      return other.shape.join() === shape.join()
        ? []
        : [`${part} is [${other.shape.join(', ')}], not [${shape.join(', ')}]`]
    })
    if (reasons.length > 0) kept.push(`${layer.name}: ${[...new Set(reasons)].join(', ')}`)
    else {
      taken.push(layer.name)
      for (const { name, shape } of specs) result[name] = { shape, data: Float32Array.from(from[name]!.data) }
    }
  }
  const own = new Set(layers.map(({ layer }) => layer.name))
  const others = new Set(Object.keys(from).map((name) => name.slice(0, name.lastIndexOf('/'))))
  return { weights: result, taken, kept, unused: [...others].filter((name) => !own.has(name)).sort() }
}

/**
 * The network with the named layers frozen.
 * @param patterns layer names, `*` for any characters and `?` for one
 * @throws UserError for a pattern that no layer with weights fits, and where nothing is left to train
 */
export function freezeLayers(network: Network, patterns: readonly string[]): Network {
  if (patterns.length === 0) return network
  const withWeights = inferShapes(network).flatMap(({ layer, weights }) => (weights.length > 0 ? [layer.name] : []))
  const frozen = new Set<string>()
  for (const pattern of patterns) {
    const found = withWeights.filter((name) => matches(pattern, name))
    if (found.length === 0) {
      throw new UserError(`freeze: no layer with weights is called "${pattern}"`, {
        hint: `there is ${withWeights.join(', ')}`,
      })
    }
    for (const name of found) frozen.add(name)
  }
  if (frozen.size === withWeights.length) {
    throw new UserError('freeze: every layer is frozen, so there is nothing to train', {
      hint: `leave one of ${withWeights.join(', ')} out`,
    })
  }
  return {
    ...network,
    layers: network.layers.map((layer) => (frozen.has(layer.name) ? { ...layer, frozen: true } : layer)),
  }
}

/** As model files hold it: what was frozen is a fact of one training. */
export function withoutFrozen(network: Network): Network {
  const thaw = (layer: Layer): Layer => {
    const copy: { frozen?: boolean } & Layer = { ...layer }
    delete copy.frozen
    return copy
  }
  return { ...network, layers: network.layers.map(thaw) }
}

function matches(pattern: string, name: string): boolean {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}
