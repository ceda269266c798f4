/**
 * What the recipes log_mel, mfcc, chroma and descriptors share: audio → a class or an emotion.
 *   x  a spectrogram of the clip: [rows, frames] (`over_time: frames`, one row of numbers after the other, low to high), the
 *      mean of each row (`mean`, [rows]), or means and then standard deviations (`mean_std`, [2·rows])
 *   y  the id of its class in `classes` ([1], `target: class`), or the embedding of its valence and arousal ([64])
 * A clip is mono at `sample_rate` and `clip_seconds` long: the beginning of the file, padded with zeros at its end, or with
 * `clips: all` one row for every stretch of that length; a rest of less than half of it is left out.
 * The class is the fact `class_from` of an example (a label column, or the folder of a layout with classes). Examples of
 * another class or of none are left out, as are examples without an emotion where that is the target.
 */
import { decodeMono } from '../audio/mono.ts'
import { fitLength } from '../audio/signal.ts'
import type { Spectrogram } from '../audio/stft.ts'
import type { Example } from '../data/manifest.ts'
import type { Change } from './changes.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import type { Feature, FeatureItem, FeatureOptions } from './feature.ts'
import { changedSound, impulseOf } from './mel.ts'

export interface Sound {
  readonly name: Feature['name']
  readonly about: string
  /** Options besides those of the clip. */
  readonly options: readonly (keyof FeatureOptions)[]
  readonly changes?: readonly Change['kind'][]
  /** x is a spectrum whose bands may be masked. */
  readonly masks?: true
  /** Rows of the spectrogram. */
  readonly rows: (options: FeatureOptions) => number
  readonly spectrogram: (clip: Float32Array, options: FeatureOptions, change?: Change) => Spectrogram
}

export function soundFeature({ name, about, options: own, changes = [], masks, rows, spectrogram }: Sound): Feature {
  const width = (options: FeatureOptions) => rows(options) * perRow(options)
  return {
    name,
    room: 'audio',
    about,
    itemOptions: ['sample_rate', 'clip_seconds', 'clips', 'over_time', 'n_fft', 'hop_length', ...own],
    rowOptions: ['target', 'classes', 'class_from'],
    changes: ['pitch', 'stretch', 'noise', 'gain', 'room', 'impulse', ...changes],
    ...(masks ? { online: (options) => ({ bands: [{ from: 0, count: width(options) }] }) } : {}),
    shape: (options) => ({
      x: options.over_time === 'frames' ? [rows(options), framesOf(options)] : [width(options)],
      y: [options.target === 'class' ? 1 : EMBEDDING_SIZE],
    }),
    yLabels: ({ target, classes }) => (target === 'class' ? classes : []),
    extract: async (item, options, change) => {
      const clips = await clipsOf(item, options, change)
      const all = new Float32Array(clips.length * width(options))
      clips.forEach((clip, i) => all.set(summary(spectrogram(clip, options, change), options), i * width(options)))
      return all
    },
    rows: (example, x, options) => {
      const target = targetOf(example, options)
      if (!target) return []
      return Array.from({ length: x.length / width(options) }, (_, i) => ({
        x: x.subarray(i * width(options), (i + 1) * width(options)),
        ...target,
        labelled: true,
      }))
    },
  }
}

/** Frames of a clip, as framingOf counts them. */
export function framesOf({ clip_seconds, sample_rate, hop_length }: FeatureOptions): number {
  return 1 + Math.floor(Math.round(clip_seconds * sample_rate) / hop_length)
}

function perRow(options: FeatureOptions): number {
  return options.over_time === 'frames' ? framesOf(options) : options.over_time === 'mean' ? 1 : 2
}

/** Mono at `sample_rate`, each exactly `clip_seconds` long. */
async function clipsOf(item: FeatureItem, options: FeatureOptions, change?: Change): Promise<Float32Array[]> {
  const { sample_rate: sampleRate, clip_seconds, clips } = options
  // Half as much again, for a copy that is stretched to be faster.
  const asked = clips === 'all' ? { sampleRate } : { sampleRate, seconds: 1.5 * clip_seconds }
  const { samples } = await decodeMono(item.read(), item.path, asked)
  const sound = changedSound(samples, sampleRate, change, await impulseOf(item, options, change))
  const length = Math.round(clip_seconds * sampleRate)
  const count = clips === 'all' ? Math.max(1, Math.round(sound.length / length)) : 1
  return Array.from({ length: count }, (_, i) => fitLength(sound.subarray(i * length), length))
}

/** [rows·frames], [rows] or [2·rows]. */
function summary({ bands, frames, data }: Spectrogram, { over_time }: FeatureOptions): Float32Array {
  if (over_time === 'frames') return data
  const out = new Float32Array(over_time === 'mean' ? bands : 2 * bands)
  for (let band = 0; band < bands; band++) {
    const row = data.subarray(band * frames, (band + 1) * frames)
    const mean = row.reduce((sum, value) => sum + value, 0) / frames
    out[band] = mean
    if (over_time === 'mean_std')
      out[bands + band] = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / frames)
  }
  return out
}

function targetOf(example: Example, options: FeatureOptions) {
  const { emotion } = example
  if (options.target === 'emotion') return emotion ? { y: encodeEmotion(emotion), emotion } : null
  const id = classIdOf(example, options)
  return id < 0 ? null : { y: Float32Array.of(id), emotion: null }
}

/** Place of the example's class in `classes`, whatever the case of its letters; -1 where it is none of them. */
function classIdOf({ facts }: Example, { classes, class_from }: FeatureOptions): number {
  const plain = (word: unknown) =>
    (typeof word === 'string' || typeof word === 'number' ? String(word) : '').trim().toLowerCase()
  const found = plain(facts[class_from])
  return found === '' ? -1 : classes.findIndex((name) => plain(name) === found)
}
