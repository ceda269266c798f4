/**
 * The instruments a song may use: a General MIDI program for the MIDI files and a recipe for the synthesizer, so that
 * both speak of the same sound.
 */
import type { Random } from '../../lib/random.ts'
import type { Emotion } from '../manifest.ts'
import { bell, weighted } from './chance.ts'

export interface Timbre {
  /** Amplitude of the n-th harmonic, n from 1. */
  readonly harmonic: (n: number) => number
  /** Seconds to full level, and seconds to fall to 1/e after the note ends. */
  readonly attack: number
  readonly release: number
  /** Seconds in which the level falls towards `sustain` (0 … 1) while the note is held. */
  readonly decay: number
  readonly sustain: number
  /** Depth in cents at about 5.5 Hz. */
  readonly vibrato: number
  /** How far the filter opens at the onset: 1 doubles the cut-off. */
  readonly pluck: number
}

export interface Instrument {
  readonly name: string
  /** General MIDI, 0-based. */
  readonly program: number
  readonly timbre: Timbre
  /** The place on the emotion square where it is heard most. */
  readonly valence: number
  readonly arousal: number
}

const saw = (n: number) => 1 / n
const hollow = (n: number) => (n % 2 ? 1 / n : 0.06 / n)
const struck = (n: number) => (n % 7 ? n ** -1.3 : 0.1 / n)
const soft = (n: number) => n ** -2.4
const drawbars = (n: number) => ({ 1: 1, 2: 0.7, 3: 0.6, 4: 0.4, 6: 0.25, 8: 0.2 })[n] ?? 0
const reed = (n: number) => (n < 6 ? 1 : 6 / n) * n ** -0.7
const tine = (n: number) => ({ 1: 1, 2: 0.12, 4: 0.25, 7: 0.06, 14: 0.05 })[n] ?? 0

const held = { sustain: 0.8, decay: 0.3, pluck: 0.2 }
const dying = { sustain: 0.02, vibrato: 0, attack: 0.004 }

export const LEADS: readonly Instrument[] = [
  {
    name: 'piano',
    program: 0,
    valence: 0.1,
    arousal: 0.1,
    timbre: { ...dying, harmonic: struck, decay: 0.9, release: 0.12, pluck: 1.4 },
  },
  {
    name: 'electric piano',
    program: 4,
    valence: 0.4,
    arousal: -0.2,
    timbre: { ...dying, harmonic: tine, decay: 1.2, release: 0.15, pluck: 0.8 },
  },
  {
    name: 'nylon guitar',
    program: 24,
    valence: 0.3,
    arousal: -0.3,
    timbre: { ...dying, harmonic: struck, decay: 0.5, release: 0.1, pluck: 1 },
  },
  {
    name: 'vibraphone',
    program: 11,
    valence: 0.7,
    arousal: -0.5,
    timbre: { ...dying, harmonic: tine, decay: 1.5, release: 0.4, pluck: 0.2 },
  },
  {
    name: 'violin',
    program: 40,
    valence: -0.7,
    arousal: -0.4,
    timbre: { ...held, harmonic: saw, attack: 0.07, release: 0.12, vibrato: 18 },
  },
  {
    name: 'flute',
    program: 73,
    valence: 0.5,
    arousal: -0.5,
    timbre: { ...held, harmonic: soft, attack: 0.05, release: 0.08, vibrato: 12 },
  },
  {
    name: 'clarinet',
    program: 71,
    valence: -0.2,
    arousal: -0.2,
    timbre: { ...held, harmonic: hollow, attack: 0.04, release: 0.07, vibrato: 4 },
  },
  {
    name: 'alto sax',
    program: 65,
    valence: -0.3,
    arousal: 0.3,
    timbre: { ...held, harmonic: reed, attack: 0.03, release: 0.06, vibrato: 14 },
  },
  {
    name: 'trumpet',
    program: 56,
    valence: 0.5,
    arousal: 0.6,
    timbre: { ...held, harmonic: reed, attack: 0.02, release: 0.05, vibrato: 8 },
  },
  {
    name: 'square lead',
    program: 80,
    valence: 0.6,
    arousal: 0.6,
    timbre: { ...held, harmonic: hollow, attack: 0.005, release: 0.04, vibrato: 6 },
  },
  {
    name: 'saw lead',
    program: 81,
    valence: -0.4,
    arousal: 0.8,
    timbre: { ...held, harmonic: saw, attack: 0.005, release: 0.04, vibrato: 8 },
  },
]

export const CHORD_INSTRUMENTS: readonly Instrument[] = [
  LEADS[0]!,
  LEADS[1]!,
  {
    name: 'strings',
    program: 48,
    valence: -0.5,
    arousal: -0.5,
    timbre: { ...held, harmonic: saw, attack: 0.12, release: 0.25, vibrato: 9 },
  },
  {
    name: 'warm pad',
    program: 89,
    valence: 0,
    arousal: -0.7,
    timbre: { ...held, harmonic: soft, attack: 0.2, release: 0.4, vibrato: 5 },
  },
  {
    name: 'steel guitar',
    program: 25,
    valence: 0.6,
    arousal: 0.2,
    timbre: { ...dying, harmonic: saw, decay: 0.4, release: 0.06, pluck: 1.2 },
  },
  {
    name: 'organ',
    program: 16,
    valence: -0.2,
    arousal: 0.5,
    timbre: { ...held, harmonic: drawbars, attack: 0.006, release: 0.03, vibrato: 6 },
  },
  {
    name: 'overdriven guitar',
    program: 29,
    valence: -0.6,
    arousal: 0.85,
    timbre: { ...held, harmonic: reed, attack: 0.004, release: 0.03, vibrato: 0 },
  },
]

export const BASSES: readonly Instrument[] = [
  {
    name: 'acoustic bass',
    program: 32,
    valence: 0.2,
    arousal: -0.4,
    timbre: { ...dying, harmonic: soft, decay: 0.6, release: 0.06, pluck: 0.6 },
  },
  {
    name: 'finger bass',
    program: 33,
    valence: 0.1,
    arousal: 0.2,
    timbre: { ...dying, harmonic: struck, decay: 0.9, release: 0.05, pluck: 0.6 },
  },
  {
    name: 'synth bass',
    program: 38,
    valence: -0.1,
    arousal: 0.7,
    timbre: { ...held, harmonic: saw, attack: 0.004, release: 0.03, vibrato: 0, pluck: 1 },
  },
]

/** Fitting ones more often, any now and then. */
export function chooseInstrument(from: readonly Instrument[], { valence, arousal }: Emotion, rng: Random): Instrument {
  return weighted(
    rng,
    from.map((each) => [each, bell(Math.hypot(each.valence - valence, each.arousal - arousal), 0.45) + 0.03] as const),
  )
}
