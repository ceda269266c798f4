/**
 * mel: audio → emotion.
 *   x [n_mels]  mean over all frames of the log-mel spectrogram of the clip, in dB (number k = band k, low to high)
 *   y [64]      embedding of the labelled valence and arousal (emotion.ts)
 * The clip is mono at `sample_rate`, cut or padded with zeros at its end to `clip_seconds`. The spectrogram is librosa's
 * `power_to_db(melspectrogram(y, sr, n_fft, hop_length, n_mels))` with its defaults (Slaney bank, ref 1, top_db 80).
 * Clips without a label are left out: the label is the target.
 */
import { addNoise, gain, maskMel, pitchShift, timeStretch } from '../audio/augment.ts'
import { logMel, type Spectrogram } from '../audio/mel.ts'
import { decodeMono } from '../audio/mono.ts'
import { exponentialImpulse, reverberate } from '../audio/room.ts'
import { fitLength } from '../audio/signal.ts'
import { random } from '../lib/random.ts'
import type { Change } from './changes.ts'
import { EMBEDDING_SIZE, encodeEmotion } from './emotion.ts'
import type { Feature, FeatureItem, FeatureOptions } from './feature.ts'

export const mel: Feature = {
  name: 'mel',
  room: 'audio',
  about: 'mean log-mel spectrum of a clip → embedding of its emotion',
  itemOptions: ['sample_rate', 'n_fft', 'hop_length', 'n_mels', 'clip_seconds'],
  rowOptions: [],
  changes: ['pitch', 'stretch', 'noise', 'mask', 'gain', 'room', 'impulse'],
  online: ({ n_mels }) => ({ bands: [{ from: 0, count: n_mels }] }),
  shape: ({ n_mels }) => ({ x: [n_mels], y: [EMBEDDING_SIZE] }),
  yLabels: () => [],
  extract: async (item, options, change) => {
    return meanMel(await clipOf(item, options), options, change, await impulseOf(item, options, change))
  },
  rows: (example, x) => {
    const { emotion } = example
    return emotion ? [{ x, y: encodeEmotion(emotion), emotion, labelled: true }] : []
  },
}

/**
 * [n_mels] float32: the mean over frames, of a clip at `sample_rate`, summed in double precision.
 * @param samples any length; cut or padded to `clip_seconds` after the change
 * @param impulse at `sample_rate`, for a change of the kind `impulse`
 */
export function meanMel(
  samples: Float32Array,
  options: FeatureOptions,
  change?: Change,
  impulse?: Float32Array,
): Float32Array {
  const { sample_rate: sampleRate, n_fft: nFft, hop_length: hopLength, n_mels: nMels } = options
  const length = Math.round(options.clip_seconds * sampleRate)
  const clip = fitLength(changedSound(samples, sampleRate, change, impulse), length)
  const spectrogram = logMel(clip, { sampleRate, nFft, hopLength, nMels })
  return meanOverFrames(change?.kind === 'mask' ? masked(spectrogram, change) : spectrogram)
}

/** As much of the clip as can be heard at `clip_seconds`, mono at `sample_rate`. */
export async function clipOf(item: FeatureItem, options: FeatureOptions): Promise<Float32Array> {
  // Half as much again, for a copy that is stretched to be faster.
  const asked = { sampleRate: options.sample_rate, seconds: 1.5 * options.clip_seconds }
  return (await decodeMono(item.read(), item.path, asked)).samples
}

/** The user's room response at `sample_rate`, where one is asked for. */
export async function impulseOf(
  item: FeatureItem,
  { sample_rate }: FeatureOptions,
  change?: Change,
): Promise<Float32Array | undefined> {
  if (change?.kind !== 'impulse') return undefined
  return (await decodeMono(item.impulse!(change.file), change.file, { sampleRate: sample_rate })).samples
}

/** A change of the sound itself; the samples as they are for changes of another kind. */
export function changedSound(
  samples: Float32Array,
  sampleRate: number,
  change: Change | undefined,
  impulse?: Float32Array,
): Float32Array {
  switch (change?.kind) {
    case 'pitch':
      return pitchShift(samples, sampleRate, change.semitones)
    case 'stretch':
      return timeStretch(samples, change.rate)
    case 'noise':
      return addNoise(samples, change.snrDb, random(change.seed))
    case 'gain':
      return gain(samples, change.db)
    case 'room':
      return reverberate(samples, exponentialImpulse(sampleRate, change.seconds, random(change.seed)))
    case 'impulse':
      return reverberate(samples, impulse!)
    default:
      return samples
  }
}

/** Each mask is at most an eighth of the bands or frames wide. */
export function masked(spectrogram: Spectrogram, change: Change & { kind: 'mask' }): Spectrogram {
  const { masks, seed } = change
  const [maxFreq, maxTime] = [Math.ceil(spectrogram.bands / 8), Math.ceil(spectrogram.frames / 8)]
  return maskMel(spectrogram, { timeMasks: masks, freqMasks: masks, maxTime, maxFreq }, random(seed))
}

function meanOverFrames({ bands, frames, data }: Spectrogram): Float32Array {
  return Float32Array.from({ length: bands }, (_, band) => {
    let sum = 0
    for (let i = band * frames; i < (band + 1) * frames; i++) sum += data[i]!
    return sum / frames
  })
}
