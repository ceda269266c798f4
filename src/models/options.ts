/**
 * Every option of a model config as a JSON Schema property with its description and general default. Only data.
 * `default` is what a stage kind fills in where neither the pipeline, the config nor the model's defaults say anything.
 */

type Property = Readonly<Record<string, unknown>> & { readonly description: string }

const activations = [
  'linear',
  'relu',
  'leaky_relu',
  'tanh',
  'sigmoid',
  'softmax',
  'softplus',
  'elu',
  'selu',
  'silu',
  'swish',
  'gelu',
  'gelu_tanh',
]
const positive = { type: 'number', exclusiveMinimum: 0 }
const count = { type: 'integer', minimum: 1 }
const fraction = { type: 'number', minimum: 0, exclusiveMaximum: 1 }

const architecture: Record<string, Property> = {
  model_id: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9_-]*$',
    examples: ['groovepredictor'],
    description: 'Name of the model: file name of every export and key in the registry.',
  },
  task: {
    type: 'string',
    default: '',
    description: 'What the model does, in a word; kept in the model file and the registry.',
  },
  architecture_type: {
    enum: ['mlp', 'cnn', 'cnn1d', 'lstm', 'gru', 'gpt'],
    default: 'mlp',
    description:
      'Family of the network. mlp: dense layers one after the other; cnn: convolutions over a spectrogram; cnn1d: convolutions along time; lstm, gru: a sequence of ids or numbers with conditions; gpt: GPT-2 over tokens.',
  },
  input_size: { ...count, description: 'Numbers in one input row; must equal what the feature gives.' },
  output_size: {
    ...count,
    description:
      'Numbers in one output row; must equal what the feature gives. With sparse_cross_entropy: the number of classes.',
  },
  hidden_layers: {
    type: 'array',
    items: count,
    default: [256, 128],
    description: 'Units of each hidden layer, from input to output (lstm, gru: of each of them; gpt: not used).',
  },
  activation: { enum: activations, default: 'relu', description: 'Activation of the hidden layers; swish is silu.' },
  output_activation: {
    enum: activations,
    default: 'linear',
    description: 'Activation of the output layer: sigmoid for bce, softmax for kl and the cross-entropies.',
  },
  dropout: {
    ...fraction,
    default: 0,
    description: 'Share of hidden values dropped in training after every hidden layer.',
  },
  latency_target_ms: {
    ...positive,
    default: 10,
    description: 'Single-sample latency the model must keep, in milliseconds (P99).',
  },
  normalization_layer: {
    enum: ['none', 'batch_norm', 'layer_norm'],
    description:
      'Between each hidden layer and its activation (lstm, gru: behind each of them). Default batch_norm for cnn and cnn1d, where it is for the convolutions; else none. gpt has its own.',
  },
  input_shape: {
    type: 'array',
    items: count,
    minItems: 2,
    maxItems: 2,
    description:
      'cnn: [bands, frames] of one spectrogram; cnn1d, lstm, gru: [steps, numbers]. Default: the shape the feature gives.',
  },
  filters: {
    type: 'array',
    items: count,
    minItems: 1,
    description: 'cnn, cnn1d: filters of each convolution. Default [32, 64, 128].',
  },
  kernel_size: { ...count, description: 'cnn: side of the square kernels; cnn1d: steps of a kernel. Default 3.' },
  dilations: {
    type: 'array',
    items: count,
    minItems: 1,
    description: 'cnn1d: dilation of each convolution, one for each of filters. Default 1.',
  },
  padding: {
    enum: ['same', 'valid'],
    description: 'cnn1d: whether convolutions keep the number of steps; RTNeural needs valid. Default same.',
  },
  pooling: {
    enum: ['max', 'average', 'none'],
    description: 'cnn, cnn1d: after each convolution, over 2 x 2 places or 2 steps. Default max.',
  },
  global_pooling: {
    enum: ['average', 'max', 'none'],
    description: 'cnn, cnn1d: what becomes of all places; none (cnn1d): an answer at each step. Default average.',
  },
  return_sequences: {
    type: 'boolean',
    description: 'lstm, gru: an answer at each step, or only after the last one. Default true.',
  },
  sequence_length: { ...count, description: 'lstm, gru, gpt: ids in one row. Default 12 (lstm, gru), 512 (gpt).' },
  vocabulary: { ...count, description: 'lstm, gru, gpt: how many ids there are. Default: output_size.' },
  embedding_size: {
    ...count,
    description: 'lstm, gru, gpt: numbers that stand for one id; the width of gpt. Default 128, gpt 512.',
  },
  conditions: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'vocabulary', 'embedding_size'],
      properties: {
        name: { type: 'string', pattern: '^[a-z][a-z0-9_]*$', description: 'Name of the input.' },
        vocabulary: { ...count, description: 'How many ids there are.' },
        embedding_size: { ...count, description: 'Numbers that stand for one id.' },
      },
    },
    description:
      'lstm, gru: ids that hold for a whole sequence (genre, key); one column of x each, after the sequence.',
  },
  condition_units: { ...count, description: 'lstm, gru: units of the layer over all conditions. Default 128.' },
  blocks: { ...count, description: 'gpt: transformer blocks. Default 8.' },
  heads: { ...count, description: 'gpt: attention heads in a block; must divide embedding_size. Default 8.' },
  tie_head: {
    type: 'boolean',
    description: 'gpt: the output layer is the transposed token table, as in GPT-2. Default true.',
  },
}

const training: Record<string, Property> = {
  loss: {
    enum: ['mse', 'mae', 'bce', 'kl', 'cross_entropy', 'sparse_cross_entropy'],
    default: 'mse',
    description:
      'Loss: mean squared or absolute error, binary cross-entropy, KL divergence, cross-entropy over distributions, or over class ids (sparse_cross_entropy).',
  },
  pad_id: {
    type: 'integer',
    examples: [0],
    description:
      'With sparse_cross_entropy: positions whose target is this id count neither in loss, gradient nor metrics (padding; also an id that is no class, such as -1).',
  },
  optimizer: {
    enum: ['adam', 'adamw', 'sgd', 'rmsprop'],
    default: 'adam',
    description: 'Optimiser; adamw decouples the weight decay.',
  },
  learning_rate: { ...positive, default: 0.001, description: 'Step size before schedules.' },
  lr_schedule: {
    enum: ['constant', 'cosine', 'step', 'reduce_on_plateau'],
    default: 'constant',
    description:
      'Learning rate over time: constant, cosine (falls to 0 at the last epoch), step (times lr_step_factor every lr_step_epochs), or reduce_on_plateau (the callback ReduceLROnPlateau, as it is or as it is listed).',
  },
  warmup_epochs: {
    type: 'number',
    minimum: 0,
    default: 0,
    description: 'Epochs over which the learning rate rises from 0, on any schedule.',
  },
  lr_step_epochs: { ...count, default: 20, description: 'Epochs between two drops of the step schedule.' },
  lr_step_factor: { ...positive, maximum: 1, default: 0.1, description: 'Factor of each drop of the step schedule.' },
  weight_decay: {
    type: 'number',
    minimum: 0,
    default: 0,
    description: 'L2 on kernels (not biases); decoupled with adamw.',
  },
  momentum: { ...fraction, default: 0.9, description: 'Momentum of sgd and rmsprop; adam has its own.' },
  clip_norm: {
    type: 'number',
    minimum: 0,
    default: 0,
    description: 'Largest norm of all gradients together; 0 = no clipping.',
  },
  epochs: { ...count, default: 50, description: 'Most epochs; raising it continues a finished training.' },
  batch_size: {
    ...count,
    default: 64,
    description: 'Examples in one step; the last batch of an epoch may be smaller.',
  },
  seed: {
    type: 'integer',
    minimum: 0,
    default: 42,
    description: 'Seed of the split, first weights, order and dropout.',
  },
  early_stopping_patience: {
    type: 'integer',
    minimum: 0,
    default: 10,
    description: 'Epochs without a better validation loss after which training ends; 0 = never.',
  },
  start_at_mean: {
    type: 'boolean',
    default: true,
    description: 'The untrained model predicts the mean of the training targets (output biases set to it).',
  },
  restore_best: {
    type: 'boolean',
    default: true,
    description: 'Result is the epoch with the best validation loss, not the last one.',
  },
  checkpoint_every: {
    type: 'integer',
    minimum: 0,
    default: 10,
    description: 'Epochs between two checkpoints; 0 = only at the end and on ctrl-c.',
  },
  callbacks: {
    type: 'array',
    default: [],
    items: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Name of a callback.' },
        file: { type: 'string', description: 'A callback of your own: a file that stands alone.' },
      },
    },
    description:
      'More callbacks with their options, by name (EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, CSVLogger, TensorBoard) or as a file of your own.',
  },
  accumulate: {
    ...count,
    default: 1,
    description: 'Batches whose gradients are averaged for one update: a larger batch than fits into memory.',
  },
  init_from: {
    type: 'string',
    description:
      'Model to start from: a folder with model.json or a .safetensors file. Layers are matched by name and shape. (A stage goes into the input `init`.)',
  },
  freeze: {
    type: 'array',
    items: { type: 'string' },
    uniqueItems: true,
    default: [],
    description: 'Layers whose weights stay as they are, by name; * stands for any characters.',
  },
  sample_every: {
    type: 'integer',
    minimum: 0,
    default: 10,
    description: 'Epochs between two looks at a few predictions, from the first epoch on; 0 = never.',
  },
  sample_count: { ...count, default: 3, description: 'Validation items whose predictions are shown.' },
  stream_above_mb: {
    type: 'number',
    minimum: 0,
    default: 1024,
    description: 'Size of the features in MiB from which on rows are read as they are needed; changes no result.',
  },
  device: {
    type: 'string',
    default: 'auto',
    description:
      'Where to train: auto and cpu are the processor; gpu a graphics card through WebGPU (Vulkan, Metal, Direct3D 12), which cuda and mps mean too.',
  },
  precision: {
    enum: ['float32', 'float16'],
    default: 'float32',
    description:
      'float16 computes products and convolutions in half precision with loss scaling; weights stay in float32. Needs device: gpu.',
  },
  engine: {
    type: 'string',
    default: 'auto',
    description: 'Training engine by name; auto takes the fastest one that runs here.',
  },
}

const features: Record<string, Property> = {
  feature: {
    enum: [
      'mel',
      'melody',
      'harmony',
      'dynamics',
      'groove',
      'onnx_embedding',
      'log_mel',
      'mfcc',
      'chroma',
      'descriptors',
    ],
    description: 'Recipe that turns examples into numbers.',
  },
  val_split: { ...fraction, default: 0.2, description: 'Share of sources held out to validate on.' },
  test_split: { ...fraction, default: 0.1, description: 'Share of sources held out to test on.' },
  normalization: {
    enum: ['standard', 'minmax', 'none'],
    default: 'standard',
    description: 'Scaling of the inputs, fit on the training split: zero mean and unit variance, or to [0, 1].',
  },
  unlabelled: {
    enum: ['estimate', 'neutral', 'drop'],
    default: 'estimate',
    description:
      'Items without an emotion label: estimate valence and arousal from the music, take (0, 0), or leave them out.',
  },
  workers: {
    type: 'integer',
    minimum: 0,
    maximum: 256,
    default: 0,
    description:
      'Threads that featurize and augment compute with once they have worked for a third of a second; 0 = one a core, at most 8. Changes no result.',
  },
  clip_seconds: {
    type: 'number',
    minimum: 1,
    maximum: 10,
    default: 5,
    description: 'Seconds of audio per clip, padded or cut.',
  },
  sample_rate: {
    type: 'integer',
    minimum: 4000,
    maximum: 192000,
    default: 16000,
    description: 'Sample rate audio is brought to, in Hz.',
  },
  n_fft: {
    type: 'integer',
    minimum: 64,
    maximum: 65536,
    default: 2048,
    description: 'Samples in one analysis window.',
  },
  hop_length: { ...count, default: 512, description: 'Samples between two windows.' },
  n_mels: { ...count, default: 128, description: 'Mel bands.' },
  f_min: {
    type: 'number',
    minimum: 0,
    default: 0,
    description: 'log_mel, mfcc: lowest frequency of the bands, in Hz.',
  },
  f_max: {
    ...positive,
    description: 'log_mel, mfcc: highest frequency of the bands, in Hz. Default: half of sample_rate.',
  },
  n_mfcc: { ...count, default: 20, description: 'mfcc: coefficients, at most n_mels.' },
  deltas: {
    enum: [0, 1, 2],
    default: 0,
    description: 'mfcc: derivatives over 9 frames that follow the coefficients: none, slopes, slopes and curvature.',
  },
  clips: {
    enum: ['first', 'all'],
    default: 'first',
    description:
      'log_mel, mfcc, chroma, descriptors: one row for the first clip_seconds of a file, or for every such stretch of it.',
  },
  over_time: {
    enum: ['frames', 'mean', 'mean_std'],
    default: 'frames',
    description:
      'log_mel, mfcc, chroma, descriptors: every frame ([rows, frames], for a cnn), the mean of each row, or means and standard deviations (for an mlp).',
  },
  target: {
    enum: ['emotion', 'class'],
    default: 'emotion',
    description:
      'log_mel, mfcc, chroma, descriptors: what is learnt, the embedding of valence and arousal (64 numbers) or a class id (with sparse_cross_entropy).',
  },
  classes: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    minItems: 2,
    uniqueItems: true,
    default: ['happy', 'sad', 'angry', 'fear', 'surprise', 'disgust', 'neutral'],
    description:
      'target class: names of the classes in the order of their ids; examples of other classes are left out.',
  },
  class_from: {
    type: 'string',
    minLength: 1,
    default: 'label',
    description: "target class: the label column or fact that holds an example's class.",
  },
  onnx_model: {
    type: 'string',
    examples: ['models/clap.onnx'],
    description: 'onnx_embedding: the model, one .onnx file; its content is part of the key.',
  },
  onnx_input: {
    enum: ['waveform', 'log_mel'],
    default: 'waveform',
    description: 'onnx_embedding: what the model hears: samples at sample_rate, or the log-mel spectrogram in dB.',
  },
  onnx_output: {
    type: 'string',
    default: '',
    description: 'onnx_embedding: name of the output to take; empty = the first one.',
  },
  onnx_layout: {
    enum: ['auto', 'bands_frames', 'frames_bands'],
    default: 'auto',
    description: 'onnx_embedding: order of the last two axes of a spectrogram; auto goes by which one is n_mels long.',
  },
  onnx_pooling: {
    enum: ['mean', 'max'],
    default: 'mean',
    description: 'onnx_embedding: how the windows of a clip, and a time axis of the output, become one row.',
  },
}

const rest: Record<string, Property> = {
  augmentation: {
    type: 'object',
    description:
      'Changed copies of training examples, or rows changed while training (augment: online). docs/augmentation.md has the options.',
  },
  formats: {
    type: 'array',
    items: { type: 'string' },
    uniqueItems: true,
    default: ['rtneural'],
    description: 'Export formats.',
  },
}

/** Names a training reads. */
export const trainingOptions: readonly string[] = [...Object.keys(architecture), ...Object.keys(training)]

export const properties: Readonly<Record<string, Property>> = { ...architecture, ...features, ...training, ...rest }
