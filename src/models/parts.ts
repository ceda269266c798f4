/** Parts that several architectures are made of: a list that layers are added to, hidden layers with their normalisation. */
import type { Activation, Layer } from '../network.ts'
import type { PlainConfig } from './config.ts'

/** Layers one behind the other; what joins or leaves the chain is put in by hand. */
export interface Chain {
  readonly layers: Layer[]
  /** Name of the last one, or of the input. */
  from: string
  /** Adds a layer that reads the last one. */
  add(layer: Unlinked): void
}

type Unlinked = Layer extends infer One
  ? One extends { inputs: readonly [string] }
    ? Omit<One, 'inputs'>
    : never
  : never

export function chainFrom(input: string): Chain {
  const chain: Chain = {
    layers: [],
    from: input,
    add: (layer) => {
      chain.layers.push({ ...layer, inputs: [chain.from] } as Layer)
      chain.from = layer.name
    },
  }
  return chain
}

export type Normalization = NonNullable<PlainConfig['normalization_layer']>

/** `norm_1`, with Keras' constants. */
export function addNorm(chain: Chain, kind: Normalization, n: number): void {
  if (kind === 'batch_norm') chain.add({ kind, name: `norm_${n}`, epsilon: 1e-3, momentum: 0.99 })
  if (kind === 'layer_norm') chain.add({ kind, name: `norm_${n}`, epsilon: 1e-5 })
}

/**
 * `weighted` gets the activation and its bias itself; with a normalisation it gets neither, because the normalisation
 * shifts, and `norm_n` and `relu_n` follow.
 */
export function addHidden(
  chain: Chain,
  kind: Normalization,
  n: number,
  activation: Activation,
  weighted: (activation: Activation, useBias: boolean) => Unlinked,
): void {
  if (kind === 'none') return chain.add(weighted(activation, true))
  chain.add(weighted('linear', false))
  addNorm(chain, kind, n)
  chain.add({ kind: 'activation', name: `${activation}_${n}`, activation })
}

/** `dense_1`, `dropout_1`, `dense_2`, … for each of `hidden_layers`. */
export function addDenseLayers(chain: Chain, config: PlainConfig, kind: Normalization): void {
  for (const [i, units] of config.hidden_layers.entries()) {
    const n = i + 1
    addHidden(chain, kind, n, config.activation, (activation, useBias) => ({
      kind: 'dense',
      name: `dense_${n}`,
      units,
      activation,
      useBias,
    }))
    addDropout(chain, config, n)
  }
}

export function addDropout(chain: Chain, { dropout }: PlainConfig, n: number): void {
  if (dropout > 0) chain.add({ kind: 'dropout', name: `dropout_${n}`, rate: dropout })
}

/** The layer `output`. */
export function addOutput(chain: Chain, { output_size: units, output_activation: activation }: PlainConfig): void {
  chain.add({ kind: 'dense', name: 'output', units, activation, useBias: true })
}
