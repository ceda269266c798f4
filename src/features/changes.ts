/**
 * Augmentation as data: which changed copy of an example to make. Drawn here from a seed, carried out by the recipes.
 * Leaves out the sound itself: pitch and stretch are audio/augment.ts, notes are midi/augment.ts.
 */
import type { OnlineChanges } from '../data/feature-set.ts'
import type { Random } from '../lib/random.ts'

/** `seed` is text for lib/random.ts, where the change itself is random. */
export type Change =
  | { readonly kind: 'pitch'; readonly semitones: number }
  | { readonly kind: 'stretch'; readonly rate: number }
  | { readonly kind: 'noise'; readonly snrDb: number; readonly seed: string }
  | { readonly kind: 'mask'; readonly masks: number; readonly seed: string }
  | { readonly kind: 'transpose'; readonly semitones: number }
  | { readonly kind: 'tempo'; readonly factor: number }
  | { readonly kind: 'jitter'; readonly amount: number; readonly seed: string }
  | { readonly kind: 'velocity'; readonly amount: number; readonly seed: string }

export interface AugmentationOptions {
  readonly augment: 'copies' | 'online' | 'both'
  readonly copies: number
  readonly pitch_semitones: number
  readonly stretch: number
  readonly noise_snr_db: number
  readonly mel_masks: number
  readonly transpose_semitones: number
  readonly tempo: number
  readonly note_jitter: number
  readonly velocity: number
  readonly online_noise: number
  readonly mixup: number
}

/** JSON Schema of the `augmentation:` block. */
export const augmentationSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Changed copies of the training examples; each copy gets one change. 0 turns a change off.',
  properties: {
    augment: {
      enum: ['copies', 'online', 'both'],
      default: 'copies',
      description:
        'copies: computed once and cached; online: numbers are changed anew in every epoch while training reads them (noise, mixup, masks, transposition); both.',
    },
    copies: {
      type: 'integer',
      minimum: 0,
      maximum: 100,
      default: 1,
      description: 'Changed copies of each example; 0 = none.',
    },
    pitch_semitones: {
      type: 'integer',
      minimum: 0,
      maximum: 12,
      default: 2,
      description: 'Audio: shift by up to this many semitones.',
    },
    stretch: {
      type: 'number',
      minimum: 0,
      maximum: 0.5,
      default: 0.1,
      description: 'Audio: slower or faster by up to this share.',
    },
    noise_snr_db: {
      type: 'number',
      minimum: 0,
      maximum: 100,
      default: 20,
      description: 'Audio: white noise at this signal-to-noise ratio or up to 20 dB less noise.',
    },
    mel_masks: {
      type: 'integer',
      minimum: 0,
      maximum: 8,
      default: 2,
      description: 'Audio: bands of the spectrogram blanked out, in time and in frequency.',
    },
    transpose_semitones: {
      type: 'integer',
      minimum: 0,
      maximum: 12,
      default: 5,
      description: 'MIDI and chords: transpose by up to this many semitones.',
    },
    tempo: {
      type: 'number',
      minimum: 0,
      maximum: 0.5,
      default: 0.1,
      description: 'MIDI: slower or faster by up to this share.',
    },
    note_jitter: {
      type: 'number',
      minimum: 0,
      maximum: 0.9,
      default: 0.1,
      description:
        'MIDI: probability of each note moved by up to this share (melody), or this share of notes left out (dynamics).',
    },
    velocity: {
      type: 'integer',
      minimum: 0,
      maximum: 64,
      default: 8,
      description: 'Drums: each hit louder or softer by up to this much.',
    },
    online_noise: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.02,
      description: 'online: deviation of Gaussian noise on the normalised inputs.',
    },
    mixup: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.2,
      description: 'online: rows are mixed in pairs, inputs and targets, with weights of Beta(mixup, mixup).',
    },
  },
} as const

/** What `augment: online` lets training do, or null where that is nothing. @param columns what the recipe says of its rows */
export function onlineOf(
  options: AugmentationOptions,
  columns: Partial<Pick<OnlineChanges, 'bands' | 'circles' | 'ladders'>>,
  seed: number,
): OnlineChanges | null {
  if (options.augment === 'copies') return null
  const { bands = [], circles = [], ladders = [] } = columns
  const masks = bands.length > 0 ? options.mel_masks : 0
  const transpose = circles.length + ladders.length > 0 ? options.transpose_semitones : 0
  const { online_noise: noise, mixup } = options
  if (noise + mixup + masks + transpose === 0) return null
  return { seed, noise, mixup, masks, transpose, bands, circles, ladders }
}

/** One of the changes that are switched on, or null where none of `kinds` is. */
export function drawChange(
  kinds: readonly Change['kind'][],
  options: AugmentationOptions,
  rng: Random,
  seed: string,
): Change | null {
  const on = kinds.filter((kind) => DRAW[kind].on(options))
  return on.length === 0 ? null : DRAW[rng.pick(on)].draw(options, rng, seed)
}

/** `pitch+2`, `stretch0.94`, `noise31dB`, `mask2`, `transpose-3`, `tempo1.06`, `jitter0.1`, `velocity8`. */
export function changeName(change: Change): string {
  switch (change.kind) {
    case 'pitch':
    case 'transpose':
      return change.kind + signed(change.semitones)
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
  readonly on: (options: AugmentationOptions) => boolean
  readonly draw: (options: AugmentationOptions, rng: Random, seed: string) => Change
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

/** A factor in 1 - share … 1 + share, to three decimals so that it reads well in names and keys. */
function around(share: number, rng: Random): number {
  return Math.round(1000 * rng.uniform(1 - share, 1 + share)) / 1000
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value)
}
