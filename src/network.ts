/**
 * A model as data: ordered layers with names, shapes and weights. Read by the engines that train it, by the exporters and
 * by the plain forward pass. Holds no TensorFlow object.
 */

/**
 * gelu: the erf form (Keras' default); gelu_tanh: the tanh form (GPT-2's `gelu_new`); leaky_relu: slope 0.2 below zero
 * (Keras 3); silu: x · sigmoid(x), also called swish; elu with alpha 1; selu: Klambauer et al. 2017.
 */
export type Activation =
  | 'linear'
  | 'relu'
  | 'leaky_relu'
  | 'tanh'
  | 'sigmoid'
  | 'softmax'
  | 'softplus'
  | 'elu'
  | 'selu'
  | 'silu'
  | 'gelu'
  | 'gelu_tanh'

/** A weight array in Keras layout (dense: [in, out]). */
export interface Weight {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** `layer/kernel`, `layer/bias`, … → array. */
export type Weights = Readonly<Record<string, Weight>>

export interface TensorSpec {
  readonly name: string
  /** Without the batch axis. */
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
}

/** Every layer names its inputs (other layers, or network inputs), so that a graph with several inputs is as plain as a chain. */
export type Layer = LayerKind & {
  /** Training leaves its weights as they are; batch_norm then uses its moving averages. Not written into model files. */
  readonly frozen?: boolean
}

type LayerKind =
  | {
      readonly kind: 'dense'
      readonly name: string
      readonly inputs: readonly [string]
      readonly units: number
      readonly activation: Activation
      readonly useBias: boolean
    }
  | { readonly kind: 'dropout'; readonly name: string; readonly inputs: readonly [string]; readonly rate: number }
  | {
      readonly kind: 'activation'
      readonly name: string
      readonly inputs: readonly [string]
      readonly activation: Activation
    }
  | {
      readonly kind: 'batch_norm'
      readonly name: string
      readonly inputs: readonly [string]
      readonly epsilon: number
      readonly momentum: number
    }
  | { readonly kind: 'layer_norm'; readonly name: string; readonly inputs: readonly [string]; readonly epsilon: number }
  | {
      readonly kind: 'conv1d'
      readonly name: string
      readonly inputs: readonly [string]
      readonly filters: number
      readonly kernelSize: number
      readonly stride: number
      readonly dilation: number
      readonly padding: 'valid' | 'same'
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly kind: 'conv2d'
      readonly name: string
      readonly inputs: readonly [string]
      readonly filters: number
      readonly kernelSize: readonly [number, number]
      readonly strides: readonly [number, number]
      readonly padding: 'valid' | 'same'
      readonly activation: Activation
      readonly useBias: boolean
    }
  | Pool1d<'max_pool1d'>
  /** Averages are over the numbers that are there: zeros padded on do not count, as in TensorFlow. */
  | Pool1d<'avg_pool1d'>
  | Pool2d<'max_pool2d'>
  | Pool2d<'avg_pool2d'>
  /** Over all axes but the last. */
  | { readonly kind: 'global_avg_pool'; readonly name: string; readonly inputs: readonly [string] }
  | { readonly kind: 'global_max_pool'; readonly name: string; readonly inputs: readonly [string] }
  | { readonly kind: 'flatten'; readonly name: string; readonly inputs: readonly [string] }
  | {
      readonly kind: 'embedding'
      readonly name: string
      readonly inputs: readonly [string]
      readonly vocabulary: number
      readonly dimensions: number
    }
  | {
      /** Adds a learned row for each time step: [time, features] + table[0 … time). */
      readonly kind: 'position_embedding'
      readonly name: string
      readonly inputs: readonly [string]
      /** Rows of the table: the longest sequence. */
      readonly positions: number
    }
  | {
      /** Product with the transposed table of an embedding layer; has no weights of its own. */
      readonly kind: 'tied_dense'
      readonly name: string
      readonly inputs: readonly [string]
      /** Name of the embedding layer. */
      readonly table: string
      readonly activation: Activation
    }
  | { readonly kind: 'concat'; readonly name: string; readonly inputs: readonly string[] }
  | { readonly kind: 'repeat'; readonly name: string; readonly inputs: readonly [string]; readonly times: number }
  | {
      readonly kind: 'lstm'
      readonly name: string
      readonly inputs: readonly [string]
      readonly units: number
      readonly returnSequences: boolean
    }
  | {
      readonly kind: 'gru'
      readonly name: string
      readonly inputs: readonly [string]
      readonly units: number
      readonly returnSequences: boolean
    }
  | {
      readonly kind: 'causal_attention'
      readonly name: string
      readonly inputs: readonly [string]
      readonly heads: number
    }
  | { readonly kind: 'add'; readonly name: string; readonly inputs: readonly string[] }

interface Pool1d<Kind> {
  readonly kind: Kind
  readonly name: string
  readonly inputs: readonly [string]
  readonly poolSize: number
  readonly stride: number
  readonly padding: 'valid' | 'same'
}

interface Pool2d<Kind> {
  readonly kind: Kind
  readonly name: string
  readonly inputs: readonly [string]
  readonly poolSize: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly padding: 'valid' | 'same'
}

export interface Network {
  readonly name: string
  readonly inputs: readonly TensorSpec[]
  readonly layers: readonly Layer[]
  /** Names of the layers whose values are the outputs. */
  readonly outputs: readonly string[]
}

/** The `train` stage's result, in `model.json` + `weights.safetensors`. */
export interface ModelFile {
  readonly format: 'kpipe-model/1'
  /** `emotionrecognizer`: file name of every export. */
  readonly id: string
  readonly task: string
  readonly network: Network
  readonly loss: string
  /** Id of targets that stand for nothing; absent = every target counts. */
  readonly padId?: number
  /** Applied to x before the network; null = none. */
  readonly normalizer: NormalizerData | null
  readonly feature: {
    readonly name: string
    readonly options: Readonly<Record<string, unknown>>
    readonly generated: boolean
    /** What of it kpipe estimated, in words; absent where all came from the data. */
    readonly estimated?: string
  }
  /** What each output number means, where it has a name (chord names, pitch names), else []. */
  readonly labels: readonly string[]
  readonly training: {
    readonly epochs: number
    readonly bestEpoch: number
    readonly trainLoss: number
    readonly valLoss: number | null
    readonly seed: number
    readonly examples: { readonly train: number; readonly val: number; readonly test: number }
  }
  readonly latencyTargetMs: number
}

/** Saved normaliser: standard x' = (x - offset) / scale; minmax maps the train range to [0, 1]. Both are offset and scale per feature. */
export interface NormalizerData {
  readonly kind: 'standard' | 'minmax'
  readonly offset: readonly number[]
  readonly scale: readonly number[]
}
