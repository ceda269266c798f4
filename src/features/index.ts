/** The feature recipes by name. A new one = a file beside this, a line here and its name in FEATURE_NAMES. */
import { dynamics } from './dynamics.ts'
import type { Feature, FEATURE_NAMES } from './feature.ts'
import { groove } from './groove.ts'
import { harmony } from './harmony.ts'
import { mel } from './mel.ts'
import { melody } from './melody.ts'
import { onnxEmbedding } from './onnx-embedding.ts'
import { chroma, descriptors, log_mel, mfcc } from './spectrograms.ts'

export const features = {
  mel,
  melody,
  harmony,
  dynamics,
  groove,
  onnx_embedding: onnxEmbedding,
  log_mel,
  mfcc,
  chroma,
  descriptors,
} satisfies Record<(typeof FEATURE_NAMES)[number], Feature>
