/** Every option of the recipes at its general default, but small clips: what tests change is what they are about. */
import type { FeatureOptions } from '../../src/features/feature.ts'

export const featureDefaults: FeatureOptions = {
  sample_rate: 16000,
  n_fft: 2048,
  hop_length: 512,
  n_mels: 128,
  f_min: 0,
  n_mfcc: 20,
  deltas: 0,
  clip_seconds: 1,
  clips: 'first',
  over_time: 'frames',
  target: 'emotion',
  classes: ['happy', 'sad', 'angry', 'fear', 'surprise', 'disgust', 'neutral'],
  class_from: 'label',
  unlabelled: 'drop',
  onnx_input: 'waveform',
  onnx_output: '',
  onnx_layout: 'auto',
  onnx_pooling: 'mean',
}
