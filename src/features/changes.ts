/**
 * Augmentation as data: which changed copy of an example to make. Drawn here from a seed, carried out by the recipes.
 * What users may ask for is augmentation.ts; sound and notes are changed in audio/augment.ts and midi/augment.ts.
 */
import type { Random } from '../lib/random.ts'
import type { AugmentationOptions } from './augmentation.ts'

/** `seed` is text for lib/random.ts, where the change itself is random. */
export type Change =
  | { readonly kind: 'pitch'; readonly semitones: number }
  | { readonly kind: 'stretch'; readonly rate: number }
  | { readonly kind: 'noise'; readonly snrDb: number; readonly seed: string }
  | { readonly kind: 'mask'; readonly masks: number; readonly seed: string }
  | { readonly kind: 'gain'; readonly db: number }
  /** A synthetic room of this reverberation time. */
  | { readonly kind: 'room'; readonly seconds: number; readonly seed: string }
  /** A recorded room; the hash names its content. */
  | { readonly kind: 'impulse'; readonly file: string; readonly hash: string }
  | { readonly kind: 'transpose'; readonly semitones: number }
  | { readonly kind: 'tempo'; readonly factor: number }
  | { readonly kind: 'jitter'; readonly amount: number; readonly seed: string }
  | { readonly kind: 'velocity'; readonly amount: number; readonly seed: string }
  | { readonly kind: 'octave'; readonly octaves: number }
  | { readonly kind: 'timing'; readonly milliseconds: number; readonly seed: string }
  | { readonly kind: 'drop'; readonly share: number; readonly seed: string }

/** A room response of the user's. */
export interface Impulse {
  readonly file: string
  readonly hash: string
}

/** One of the changes that are switched on, or null where none of `kinds` is. */
export function drawChange(
  kinds: readonly Change['kind'][],
  options: AugmentationOptions,
  rng: Random,
  seed: string,
  impulses: readonly Impulse[] = [],
): Change | null {
  const on = kinds.filter((kind) => DRAW[kind].on(options, impulses))
  return on.length === 0 ? null : DRAW[rng.pick(on)].draw(options, rng, seed, impulses)
}

/** `pitch+2`, `gain-3.1dB`, `room0.42s`, `impulse-hall.wav`, `octave-1`, `timing20ms`, `drop0.1`, `stretch0.94`, `noise31dB`, `mask2`, `transpose-3`, `tempo1.06`, `jitter0.1`, `velocity8`. */
export function changeName(change: Change): string {
  switch (change.kind) {
    case 'pitch':
    case 'transpose':
      return change.kind + signed(change.semitones)
    case 'gain':
      return `gain${signed(change.db)}dB`
    case 'room':
      return `room${change.seconds}s`
    case 'impulse':
      return `impulse-${change.file}`
    case 'octave':
      return `octave${signed(change.octaves)}`
    case 'timing':
      return `timing${change.milliseconds}ms`
    case 'drop':
      return `drop${change.share}`
    case 'stretch':
      return `stretch${change.rate}`
    case 'noise':
      return `noise${change.snrDb}dB`
    case 'mask':
      return `mask${change.masks}`
    case 'tempo':
      return `tempo${change.factor}`
    case 'jitter':
      return `jitter${change.amount}`
    case 'velocity':
      return `velocity${change.amount}`
  }
}

interface Draw {
  readonly on: (options: AugmentationOptions, impulses: readonly Impulse[]) => boolean
  readonly draw: (options: AugmentationOptions, rng: Random, seed: string, impulses: readonly Impulse[]) => Change
}

const DRAW: Readonly<Record<Change['kind'], Draw>> = {
  pitch: {
    on: (o) => o.pitch_semitones > 0,
    draw: (o, rng) => ({ kind: 'pitch', semitones: step(o.pitch_semitones, rng) }),
  },
  stretch: {
    on: (o) => o.stretch > 0,
    draw: (o, rng) => ({ kind: 'stretch', rate: around(o.stretch, rng) }),
  },
  noise: {
    on: (o) => o.noise_snr_db > 0,
    draw: (o, rng, seed) => ({ kind: 'noise', snrDb: Math.round(o.noise_snr_db + rng.uniform(0, 20)), seed }),
  },
  mask: {
    on: (o) => o.mel_masks > 0,
    draw: (o, _rng, seed) => ({ kind: 'mask', masks: o.mel_masks, seed }),
  },
  gain: {
    on: (o) => o.gain_db > 0,
    draw: (o, rng) => ({ kind: 'gain', db: level(o.gain_db, rng) }),
  },
  room: {
    on: (o, impulses) => o.room_seconds > 0 && impulses.length === 0,
    draw: (o, rng, seed) => {
      const seconds = Math.round(100 * rng.uniform(Math.min(0.1, o.room_seconds), o.room_seconds)) / 100
      return { kind: 'room', seconds: Math.max(0.01, seconds), seed }
    },
  },
  impulse: {
    on: (_, impulses) => impulses.length > 0,
    draw: (_o, rng, _seed, impulses) => ({ kind: 'impulse', ...rng.pick(impulses) }),
  },
  octave: {
    on: (o) => o.octaves > 0,
    draw: (o, rng) => ({ kind: 'octave', octaves: step(o.octaves, rng) }),
  },
  timing: {
    on: (o) => o.timing_ms > 0,
    draw: (o, _rng, seed) => ({ kind: 'timing', milliseconds: o.timing_ms, seed }),
  },
  drop: {
    on: (o) => o.note_drop > 0,
    draw: (o, _rng, seed) => ({ kind: 'drop', share: o.note_drop, seed }),
  },
  transpose: {
    on: (o) => o.transpose_semitones > 0,
    draw: (o, rng) => ({ kind: 'transpose', semitones: step(o.transpose_semitones, rng) }),
  },
  tempo: {
    on: (o) => o.tempo > 0,
    draw: (o, rng) => ({ kind: 'tempo', factor: around(o.tempo, rng) }),
  },
  jitter: {
    on: (o) => o.note_jitter > 0,
    draw: (o, _rng, seed) => ({ kind: 'jitter', amount: o.note_jitter, seed }),
  },
  velocity: {
    on: (o) => o.velocity > 0,
    draw: (o, _rng, seed) => ({ kind: 'velocity', amount: o.velocity, seed }),
  },
}

/** A whole number in -most … most, but not 0. */
function step(most: number, rng: Random): number {
  const size = 1 + rng.below(most)
  return rng.next() < 0.5 ? -size : size
}

/** Decibels within ± most, to one decimal, but not 0. */
function level(most: number, rng: Random): number {
  const db = Math.round(10 * rng.uniform(-most, most)) / 10
  return db === 0 ? most : db
}

/** A factor in 1 - share … 1 + share, to three decimals so that it reads well in names and keys. */
function around(share: number, rng: Random): number {
  return Math.round(1000 * rng.uniform(1 - share, 1 + share)) / 1000
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value)
}
