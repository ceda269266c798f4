/** What a MIDI file holds once read: types only. */
import type { DataFault } from '../lib/errors.ts'
import type { Notes } from './notes.ts'

export interface Midi {
  /** 0 one track, 1 parallel tracks, 2 independent patterns. */
  readonly format: 0 | 1 | 2
  /** The 16-bit division word of the header as it stands there. */
  readonly division: number
  /** null where the division counts SMPTE frames; then `clock.ts` knows the rate. */
  readonly ticksPerQuarter: number | null
  readonly notes: Notes
  /** Ordered by ticks; the first always stands at tick 0 (120 BPM where the file says nothing, as the standard has it). */
  readonly tempos: readonly Tempo[]
  readonly timeSignatures: readonly TimeSignature[]
  readonly keySignatures: readonly KeySignature[]
  /** Ordered by track, then as in the file. */
  readonly programs: readonly ProgramChange[]
  /** Control changes, ordered by ticks, then by track; `number` is the controller (64 = sustain pedal). */
  readonly controls: ChannelEvents
  /** Pitch bends, -8192 … 8191; `number` is 0. */
  readonly bends: ChannelEvents
  readonly tracks: readonly MidiTrack[]
  /** When the last note ends; 0 without notes. */
  readonly durationSeconds: number
  /** One entry for each sort of oddity, with the place of the first and how many there were. */
  readonly warnings: readonly DataFault[]
}

export interface Tempo {
  readonly ticks: number
  readonly seconds: number
  /** Quarter notes a minute. */
  readonly bpm: number
  /** Microseconds a quarter note: what the file says. */
  readonly microseconds: number
}

export interface TimeSignature {
  readonly ticks: number
  readonly seconds: number
  readonly numerator: number
  /** 1, 2, 4, 8 …: the power of two is already taken. */
  readonly denominator: number
}

export interface KeySignature {
  readonly ticks: number
  readonly seconds: number
  /** `C`, `F#`, `Bb`: the tonic of the key, in minor too. */
  readonly key: string
  readonly mode: 'major' | 'minor'
}

export interface ProgramChange {
  readonly ticks: number
  readonly track: number
  readonly channel: number
  /** 0-127, as in the file (General MIDI counts them from 1). */
  readonly program: number
}

export interface MidiTrack {
  /** '' where the track has none. */
  readonly name: string
  readonly noteCount: number
  /** Tick of the end-of-track event. */
  readonly endTicks: number
}

/** Parallel arrays of `length` entries. */
export interface ChannelEvents {
  readonly length: number
  readonly ticks: Int32Array
  readonly track: Uint16Array
  readonly channel: Uint8Array
  readonly number: Uint8Array
  readonly value: Int16Array
}
