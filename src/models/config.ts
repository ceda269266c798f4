/**
 * The options of a model, one flat namespace: configs/*.yaml hold them and every stage kind picks the ones it reads.
 * `configSchema` checks a config file, `optionSchema` gives a kind its share with defaults, `modelDefaults` has the five
 * Kelly models as documented. Leaves out files and YAML: that is plan/.
 */
import type { Activation } from '../network.ts'
import { properties } from './options.ts'

export { trainingOptions } from './options.ts'

/** What describes a model and its training; feature and augmentation options sit in the same files but not in this type. */
export interface ModelConfig extends Shape {
  /** File name of the model and of every export, e.g. `emotionrecognizer`. */
  readonly model_id: string
  readonly task: string
  readonly architecture_type: string
  /** Name in the features map. */
  readonly feature: string
  readonly input_size: number
  readonly output_size: number
  readonly hidden_layers: readonly number[]
  readonly activation: ActivationName
  readonly output_activation: ActivationName
  readonly dropout: number
  readonly loss: 'mse' | 'mae' | 'bce' | 'kl' | 'cross_entropy' | 'sparse_cross_entropy'
  /** Targets that count nothing. */
  readonly pad_id?: number
  readonly optimizer: 'adam' | 'adamw' | 'sgd' | 'rmsprop'
  readonly learning_rate: number
  readonly weight_decay: number
  readonly momentum: number
  readonly clip_norm: number
  readonly epochs: number
  readonly batch_size: number
  readonly val_split: number
  readonly test_split: number
  readonly seed: number
  readonly early_stopping_patience: number
  readonly checkpoint_every: number
  readonly normalization: 'standard' | 'minmax' | 'none'
  readonly latency_target_ms: number
}

/** As people write them: swish is another name of silu. */
export type ActivationName = Activation | 'swish'

/** Options of single architectures. */
interface Shape {
  /** cnn: [bands, frames]; cnn1d, lstm, gru: [steps, numbers]. */
  readonly input_shape?: readonly number[]
  /** What stands between a hidden layer and its activation; behind a recurrent layer. */
  readonly normalization_layer?: 'none' | 'batch_norm' | 'layer_norm'
  /** cnn, cnn1d: filters of each convolution. */
  readonly filters?: readonly number[]
  /** cnn: side of the square kernels; cnn1d: their length. */
  readonly kernel_size?: number
  /** cnn1d: dilation of each convolution. */
  readonly dilations?: readonly number[]
  /** cnn1d: whether a convolution keeps the number of steps. */
  readonly padding?: 'same' | 'valid'
  /** cnn, cnn1d: after each convolution. */
  readonly pooling?: 'max' | 'average' | 'none'
  /** cnn, cnn1d: after the last convolution; none (cnn1d): one answer a step. */
  readonly global_pooling?: 'average' | 'max' | 'none'
  /** lstm, gru: one answer a step; otherwise the last one. */
  readonly return_sequences?: boolean
  /** lstm, gru, gpt: steps in one row. */
  readonly sequence_length?: number
  /** lstm, gru, gpt: how many different ids there are. */
  readonly vocabulary?: number
  /** lstm, gru, gpt: numbers that stand for one id. */
  readonly embedding_size?: number
  /** lstm, gru: ids that hold for the whole sequence. */
  readonly conditions?: readonly Condition[]
  /** lstm, gru: units of the layer over all conditions. */
  readonly condition_units?: number
  /** gpt */
  readonly blocks?: number
  /** gpt: attention heads in a block. */
  readonly heads?: number
  /** gpt: the output layer is the transposed token table. */
  readonly tie_head?: boolean
}

/** An id that says something of a whole sequence: its genre, its key. */
export interface Condition {
  readonly name: string
  readonly vocabulary: number
  readonly embedding_size: number
}

/** What describes a network. */
export type NetworkConfig = Pick<
  ModelConfig,
  | 'model_id'
  | 'architecture_type'
  | 'input_size'
  | 'output_size'
  | 'hidden_layers'
  | 'activation'
  | 'output_activation'
  | 'dropout'
  | keyof Shape
>

/** What an architecture reads: other names are gone. */
export type PlainConfig = Omit<NetworkConfig, 'activation' | 'output_activation'> & {
  readonly activation: Activation
  readonly output_activation: Activation
}

/** What all models start from. */
export const common = {
  architecture_type: 'mlp',
  activation: 'relu',
  dropout: 0,
  optimizer: 'adam',
  learning_rate: 0.001,
  weight_decay: 0,
  momentum: 0.9,
  clip_norm: 0,
  epochs: 50,
  batch_size: 64,
  val_split: 0.2,
  test_split: 0.1,
  seed: 42,
  early_stopping_patience: 10,
  checkpoint_every: 10,
  normalization: 'standard',
} as const

/** The five Kelly models with their documented sizes, losses and latency targets, by config name. */
export const modelDefaults: Readonly<Record<string, ModelConfig>> = {
  emotion_recognizer: {
    ...common,
    model_id: 'emotionrecognizer',
    task: 'emotion_embedding',
    feature: 'mel',
    input_size: 128,
    hidden_layers: [512, 256, 128],
    output_size: 64,
    output_activation: 'sigmoid', // the embedding lies in 0 … 1
    loss: 'mse',
    latency_target_ms: 5,
  },
  melody_transformer: {
    ...common,
    model_id: 'melodytransformer',
    task: 'note_probabilities',
    feature: 'melody',
    input_size: 64,
    hidden_layers: [256, 256, 256],
    output_size: 128,
    output_activation: 'sigmoid',
    normalization: 'none', // the input is an embedding in 0 … 1; scaling would blow up its near-empty numbers
    loss: 'bce',
    latency_target_ms: 5,
  },
  harmony_predictor: {
    ...common,
    model_id: 'harmonypredictor',
    task: 'chord_probabilities',
    feature: 'harmony',
    input_size: 128,
    hidden_layers: [256, 128],
    output_size: 64,
    output_activation: 'softmax',
    normalization: 'none', // as above, and chords that are rare in training would weigh most
    loss: 'kl',
    latency_target_ms: 3,
  },
  dynamics_engine: {
    ...common,
    model_id: 'dynamicsengine',
    task: 'expression_parameters',
    feature: 'dynamics',
    input_size: 32,
    hidden_layers: [128, 64],
    output_size: 16,
    output_activation: 'sigmoid', // all targets lie in 0 … 1
    normalization: 'minmax', // counts and shares with long tails: standard scaling let outliers rule
    loss: 'mse',
    latency_target_ms: 1,
  },
  groove_predictor: {
    ...common,
    model_id: 'groovepredictor',
    task: 'groove_parameters',
    feature: 'groove',
    input_size: 64,
    hidden_layers: [128, 64],
    output_size: 32,
    output_activation: 'tanh', // velocities in 0 … 1, timing in -0.5 … 0.5
    normalization: 'none', // as melody_transformer
    loss: 'mse',
    latency_target_ms: 2,
  },
}

/** JSON Schema (draft-07) of configs/*.yaml. Without defaults: those of the model come from `modelDefaults`. */
export const configSchema: Readonly<Record<string, unknown>> = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'kpipe model config',
  description: 'A diff against the defaults of a model: architecture, training, features and export in one flat list.',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(Object.entries(properties).map(([name, { default: _, ...rest }]) => [name, rest])),
}

/**
 * The option schema of a stage kind: the named options with their general defaults, nothing else allowed.
 * @throws Error for a name that is no option: a mistake in the kind
 */
export function optionSchema(
  names: readonly string[],
  required: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const picked = names.map((name) => {
    const property = properties[name]
    if (!property) throw new Error(`optionSchema: there is no option "${name}"`)
    return [name, property] as const
  })
  return { type: 'object', additionalProperties: false, required, properties: Object.fromEntries(picked) }
}
