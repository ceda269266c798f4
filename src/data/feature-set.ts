/**
 * What `featurize` and `augment` write and `train` and `evaluate` read: x.npy, y.npy and features.json in one folder.
 * npy is readable from Python in one line (`np.load('x.npy', mmap_mode='r')`).
 */
import type { NormalizerData } from '../network.ts'

export type Split = 'train' | 'val' | 'test'

export interface FeatureRow {
  /** Item it comes from, e.g. `audio/Q1_1.wav`; augmented rows add `#pitch+2`. */
  readonly id: string
  /** Recording or song; rows of one source never stand in two splits. */
  readonly source: string
  readonly split: Split
  /** false: y is not from a label of the user's (estimated or neutral emotion). */
  readonly labelled: boolean
  readonly valence: number | null
  readonly arousal: number | null
  /** How much the row counts in losses and figures, from 0 up; absent = 1. */
  readonly weight?: number
}

/** Some numbers of a row, side by side. */
export interface Columns {
  readonly from: number
  readonly count: number
}

/** What `train` does to the training rows while it reads them (`augment: online`): amounts, and which columns they are for. */
export interface OnlineChanges {
  readonly seed: number
  /** Deviation of the Gaussian noise on every number of x, in units of normalised inputs; 0 = none. */
  readonly noise: number
  /** Alpha of mixup, up to 1; 0 = none. */
  readonly mixup: number
  /** Stretches blanked in each of `bands`. */
  readonly masks: number
  /** Most semitones up or down. */
  readonly transpose: number
  /** Spectra in x. */
  readonly bands: readonly Columns[]
  /** Twelve groups of columns, one a pitch class. */
  readonly circles: readonly (Columns & { readonly in: 'x' | 'y' })[]
  /** One column a MIDI pitch, probabilities. */
  readonly ladders: readonly (Columns & { readonly in: 'x' | 'y' })[]
}

export interface FeatureSetInfo {
  readonly format: 'kpipe-features/1'
  /** Name in the features map, e.g. `mel`. */
  readonly feature: string
  readonly options: Readonly<Record<string, unknown>>
  /** Shape of one row of x / y. */
  readonly xShape: readonly number[]
  readonly yShape: readonly number[]
  /** Names of the numbers of y where they have one (chord names, pitch names), else []. */
  readonly yLabels: readonly string[]
  /** Fit on the train split only; null where the config says none. x.npy is NOT normalised. */
  readonly normalizer: NormalizerData | null
  /** The data was composed by kpipe's demo generator. */
  readonly generated: boolean
  /** What kpipe estimated itself because the data does not say it: `chords, from the notes of 240 files in midi/`. */
  readonly estimated?: string
  /** Changes during training; absent = none. */
  readonly online?: OnlineChanges
  readonly rows: readonly FeatureRow[]
}

export interface FeatureSet {
  readonly info: FeatureSetInfo
  /** [rows, ...xShape] float32. */
  readonly x: Float32Array
  /** [rows, ...yShape] float32. */
  readonly y: Float32Array
}
