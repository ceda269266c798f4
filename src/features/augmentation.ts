/** The `augmentation:` block of a config: its options, their schema, and what of it is for training (`augment: online`). */
import type { OnlineChanges } from '../data/feature-set.ts'

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
  readonly gain_db: number
  readonly room_seconds: number
  readonly room_folder: string
  readonly octaves: number
  readonly timing_ms: number
  readonly note_drop: number
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
    gain_db: {
      type: 'number',
      minimum: 0,
      maximum: 40,
      default: 0,
      description: 'Audio: louder or softer by up to this many decibels.',
    },
    room_seconds: {
      type: 'number',
      minimum: 0,
      maximum: 5,
      default: 0,
      description: 'Audio: reverberation of a synthetic room of up to this many seconds (RT60), from 0.1 on.',
    },
    room_folder: {
      type: 'string',
      default: '',
      description: 'Audio: a folder of room responses (wav and other sound files) to take instead of synthetic rooms.',
    },
    octaves: {
      type: 'integer',
      minimum: 0,
      maximum: 3,
      default: 0,
      description: 'MIDI: up or down by up to this many octaves.',
    },
    timing_ms: {
      type: 'number',
      minimum: 0,
      maximum: 200,
      default: 0,
      description: 'MIDI and drums: deviation by which note starts are moved, in milliseconds.',
    },
    note_drop: {
      type: 'number',
      minimum: 0,
      maximum: 0.9,
      default: 0,
      description: 'MIDI and drums: this share of the notes is left out.',
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
