/** Models besides the five of Kelly, by config name. Their data comes from other recipes; `feature` is the user's to name. */
import { common, type ModelConfig } from './config.ts'

export type OtherModel = Omit<ModelConfig, 'feature'>

export const otherModels: Readonly<Record<string, OtherModel>> = {
  /** MK: seven emotions from a mel spectrogram of 128 bands. */
  emotion_cnn: {
    ...common,
    model_id: 'emotioncnn',
    task: 'emotion_class',
    architecture_type: 'cnn',
    input_size: 128 * 64,
    input_shape: [128, 64],
    filters: [32, 64, 128],
    hidden_layers: [512, 256, 128],
    output_size: 7,
    output_activation: 'softmax',
    loss: 'sparse_cross_entropy',
    epochs: 100,
    batch_size: 16,
    latency_target_ms: 5,
  },
  /** Next chord at each of twelve steps, told genre, mood, key and scale. */
  chord_lstm: {
    ...common,
    model_id: 'chordlstm',
    task: 'next_chord',
    architecture_type: 'lstm',
    input_size: 12 + 4,
    sequence_length: 12,
    vocabulary: 279,
    embedding_size: 128,
    conditions: [
      { name: 'genre', vocabulary: 8, embedding_size: 16 },
      { name: 'mood', vocabulary: 27, embedding_size: 16 },
      { name: 'key', vocabulary: 24, embedding_size: 12 },
      { name: 'scale', vocabulary: 2, embedding_size: 4 },
    ],
    condition_units: 128,
    hidden_layers: [256, 256],
    dropout: 0.3,
    output_size: 279,
    output_activation: 'softmax',
    loss: 'sparse_cross_entropy',
    normalization: 'none', // ids
    batch_size: 32,
    latency_target_ms: 10,
  },
  /** SoloMuse: the next token of a solo over its chords. */
  solo_gpt: {
    ...common,
    model_id: 'sologpt',
    task: 'next_token',
    architecture_type: 'gpt',
    input_size: 512,
    sequence_length: 512,
    vocabulary: 512,
    embedding_size: 512,
    blocks: 8,
    heads: 8,
    tie_head: true,
    hidden_layers: [],
    activation: 'gelu_tanh',
    dropout: 0.1,
    output_size: 512,
    output_activation: 'softmax',
    loss: 'sparse_cross_entropy',
    optimizer: 'adamw',
    weight_decay: 0.01,
    clip_norm: 1,
    learning_rate: 0.0003,
    normalization: 'none', // ids
    epochs: 10,
    batch_size: 8,
    latency_target_ms: 100,
  },
}
