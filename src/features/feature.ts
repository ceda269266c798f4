/**
 * The contract of a feature recipe: example → rows of numbers. Types, and the little that all recipes share.
 *
 * A recipe works in two steps. `extract` reads the file and is dear: its result is stored an item and depends on the
 * content of the file only. `rows` adds labels and facts and is cheap: an edited label decodes nothing again.
 */
import type { Emotion, Example, Room } from '../data/manifest.ts'
import type { OnlineChanges } from '../data/feature-set.ts'
import type { Change } from './changes.ts'

/** Options of the recipes, in the one flat namespace of the configs; each recipe reads the ones it names. */
export interface FeatureOptions {
  /** onnx_embedding: content hash of the model file (in a config: its path). */
  readonly onnx_model?: string
  readonly onnx_input: 'waveform' | 'log_mel'
  /** Name of the output, '' = the first. */
  readonly onnx_output: string
  readonly onnx_layout: 'auto' | 'bands_frames' | 'frames_bands'
  readonly onnx_pooling: 'mean' | 'max'
  /** Hz. */
  readonly sample_rate: number
  /** Samples in a window. */
  readonly n_fft: number
  /** Samples between two windows. */
  readonly hop_length: number
  readonly n_mels: number
  /** log_mel, mfcc: range of the bands in Hz; f_max absent = half of sample_rate. */
  readonly f_min: number
  readonly f_max?: number
  readonly n_mfcc: number
  /** mfcc: derivatives appended. */
  readonly deltas: 0 | 1 | 2
  /** Length that every clip is cut or padded to. */
  readonly clip_seconds: number
  /** One row for the beginning of a file, or for every stretch of clip_seconds. */
  readonly clips: 'first' | 'all'
  readonly over_time: 'frames' | 'mean' | 'mean_std'
  readonly target: 'emotion' | 'class'
  /** Names in the order of their ids. */
  readonly classes: readonly string[]
  /** The fact that holds an example's class. */
  readonly class_from: string
  /** What to do without an emotion label: estimate it, take (0, 0), or leave the item out. */
  readonly unlabelled: 'estimate' | 'neutral' | 'drop'
}

/** What `extract` gets of an example: no label on purpose. */
export interface FeatureItem {
  readonly room: Room
  /** Path below the data folder, for messages. */
  readonly path: string
  /** The file's bytes; not to be called for chords. */
  readonly read: () => Uint8Array
  /** Keep what can be read of the file, as validate was told to; only ever true of MIDI files that are damaged. */
  readonly repair?: boolean
  /** Chord names; empty in other rooms. */
  readonly chords: readonly string[]
  /** Bytes of a room response of the user's; there where changes of the kind `impulse` may come. */
  readonly impulse?: (file: string) => Uint8Array
  /** The user's model, in recipes that need one. */
  readonly model?: RowModel
}

/** A model that turns rows of numbers into rows of numbers, opened by whoever calls `extract`. */
export interface RowModel {
  /** Axes of its input after the batch; null = any length. */
  readonly inputShape: readonly (number | null)[]
  run(
    rows: readonly Float32Array[],
    shape: readonly number[],
  ): Promise<{ readonly rows: readonly Float32Array[]; readonly shape: readonly number[] }>
}

/** One row before it has a name. */
export interface FeaturePair {
  readonly x: Float32Array
  readonly y: Float32Array
  /** The emotion that x or y was made with, or null where none enters. */
  readonly emotion: Emotion | null
  /** false: the emotion is estimated or neutral. */
  readonly labelled: boolean
}

export interface Feature {
  /** Name in the map and in configs. */
  readonly name: string
  readonly room: Room
  /** Where a data folder has nothing in `room`: what is estimated instead, and from which room's examples. */
  readonly estimated?: { readonly from: Room; readonly what: string }
  /** One line for `kpipe list`. */
  readonly about: string
  /** Options that `extract` reads: they are part of an item's key. */
  readonly itemOptions: readonly (keyof FeatureOptions)[]
  /** Options that `rows` reads besides. */
  readonly rowOptions: readonly (keyof FeatureOptions)[]
  /** Kinds of change that make sense as augmentation. */
  readonly changes: readonly Change['kind'][]
  /** Columns that `augment: online` may mask or transpose; absent: only noise and mixup make sense. */
  readonly online?: (options: FeatureOptions) => Partial<Pick<OnlineChanges, 'bands' | 'circles' | 'ladders'>>
  /** It works with a model of the user's (`onnx_model`). */
  readonly needsModel?: true
  /** Shape of one row of x and y; `row` is one of them. */
  readonly shape: (
    options: FeatureOptions,
    row?: FeaturePair,
  ) => { readonly x: readonly number[]; readonly y: readonly number[] }
  /** What each number of y means (of a class id: each id), or []. */
  readonly yLabels: (options: FeatureOptions) => readonly string[]
  /** @throws DataError where the file cannot be read after all */
  readonly extract: (item: FeatureItem, options: FeatureOptions, change?: Change) => Promise<Float32Array>
  /** None, one or many rows. `extracted` may come from the cache. */
  readonly rows: (example: Example, extracted: Float32Array, options: FeatureOptions) => readonly FeaturePair[]
}

/** Names in the features map, without loading the recipes (and codecs with them). */
export const FEATURE_NAMES = [
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
] as const

/**
 * The emotion of an example: its label, or what `unlabelled` says; null = leave the example out.
 * @param estimate called for `estimate`; recipes without a way to estimate take the neutral emotion
 */
export function emotionOf(
  example: Example,
  unlabelled: FeatureOptions['unlabelled'],
  estimate: () => Emotion = () => NEUTRAL,
): { emotion: Emotion; labelled: boolean } | null {
  if (example.emotion) return { emotion: example.emotion, labelled: true }
  if (unlabelled === 'drop') return null
  return { emotion: unlabelled === 'estimate' ? estimate() : NEUTRAL, labelled: false }
}

export const NEUTRAL: Emotion = { valence: 0, arousal: 0 }

/** The examples that a recipe works on: those of its room, or where there are none those it can estimate from. */
export function examplesOf(feature: Feature, examples: readonly Example[]): readonly Example[] {
  const own = examples.filter(({ room }) => room === feature.room)
  if (own.length > 0 || !feature.estimated) return own
  const { from } = feature.estimated
  return examples.filter(({ room }) => room === from)
}
