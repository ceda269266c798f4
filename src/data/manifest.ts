/**
 * The data folder in the Kelly layout and the two JSON files about it that stages hand on:
 * `download` leaves `data/` (real files or a link to the user's folder) + `source.json`; `validate` leaves `validation.json`.
 *
 *   data/audio/labels.csv                filename,valence,arousal (+ optional columns)
 *   data/midi/emotion_labels.json        { "<file>": { valence, arousal } }
 *   data/chords/progressions.json        { progressions: [{ name, chords, emotion? }] }
 *   data/drums/**.mid + info.csv?        style, bpm, split, midi_filename; emotion_labels.json optional
 *
 * Data sets in the layouts of their publishers are read where they lie: layouts/.
 */
import type { DataFault } from '../lib/errors.ts'

export interface SourceInfo {
  readonly format: 'kpipe-source/1'
  /** `demo`, a catalogue name, or `local`. */
  readonly name: string
  readonly title: string
  readonly licence: string
  readonly citation: string
  readonly url: string
  /** True for music that kpipe's own code composed: every report says so. */
  readonly generated: boolean
}

export type Room = 'audio' | 'midi' | 'chords' | 'drums'

export interface Emotion {
  /** -1 … 1 */
  readonly valence: number
  /** -1 … 1 */
  readonly arousal: number
}

/** One accepted example. */
export interface Example {
  readonly room: Room
  /** Path below data/ (`audio/x.wav`); for chords the file and the place in it (`chords/progressions.json#12`). */
  readonly id: string
  /** Song or recording it was cut from; the split keeps a source together. */
  readonly source: string
  readonly emotion: Emotion | null
  /** Room-specific facts: chords: { name, chords }; drums: { style, bpm, split }; audio: extra label columns; `label`: a class. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Length of the recording, or to the end of the last note of a MIDI file; absent for chords. */
  readonly seconds?: number
  /** Folder of the data set it comes from, where the data folder holds several. */
  readonly part?: string
}

export interface Dropped {
  readonly room: Room
  readonly id: string
  readonly fault: DataFault
}

export interface ValidationReport {
  readonly format: 'kpipe-validation/1'
  readonly source: SourceInfo
  readonly examples: readonly Example[]
  readonly dropped: readonly Dropped[]
  /** Kept, but worth a look: clipped audio, other sample rates, streaming headers. */
  readonly warnings: readonly Dropped[]
  readonly counts: Readonly<
    Record<Room, { readonly found: number; readonly kept: number; readonly dropped: number; readonly labelled: number }>
  >
}
