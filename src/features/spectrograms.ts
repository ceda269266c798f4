/** The recipes log_mel, mfcc, chroma and descriptors: what each computes of a clip. All else is sound.ts. */
import { chroma as chromaOf } from '../audio/chroma.ts'
import { DESCRIPTOR_NAMES, descriptors as descriptorsOf } from '../audio/descriptors.ts'
import { logMel, type MelOptions } from '../audio/mel.ts'
import { delta, mfccOf } from '../audio/mfcc.ts'
import type { Spectrogram } from '../audio/stft.ts'
import type { Change } from './changes.ts'
import type { FeatureOptions } from './feature.ts'
import { masked } from './mel.ts'
import { soundFeature } from './sound.ts'

const MEL_OPTIONS = ['n_mels', 'f_min', 'f_max'] as const

/** [n_mels] dB: librosa's power_to_db(melspectrogram(y)) with its defaults. */
export const log_mel = soundFeature({
  name: 'log_mel',
  about: 'log-mel spectrogram of a clip → its class, or the embedding of its emotion',
  options: MEL_OPTIONS,
  changes: ['mask'],
  masks: true,
  rows: ({ n_mels }) => n_mels,
  spectrogram: melOf,
})

/** [n_mfcc·(1 + deltas)]: librosa's feature.mfcc, then its slopes over 9 frames, then their curvature (feature.delta). */
export const mfcc = soundFeature({
  name: 'mfcc',
  about: 'cepstral coefficients of a clip, with slopes if asked for → its class, or the embedding of its emotion',
  options: [...MEL_OPTIONS, 'n_mfcc', 'deltas'],
  changes: ['mask'],
  rows: ({ n_mfcc, deltas }) => n_mfcc * (1 + deltas),
  spectrogram: (clip, options, change) => {
    const coefficients = mfccOf(melOf(clip, options, change), { nMfcc: options.n_mfcc })
    const slopes = ([1, 2] as const).slice(0, options.deltas).map((order) => delta(coefficients, { order }))
    return stacked([coefficients, ...slopes])
  },
})

/** [12], C first: librosa's feature.chroma_stft, tuning estimated from the clip. */
export const chroma = soundFeature({
  name: 'chroma',
  about: 'energy of the twelve pitch classes of a clip → its class, or the embedding of its emotion',
  options: [],
  rows: () => 12,
  spectrogram: (clip, options) => chromaOf(clip, namesOf(options)),
})

/** [14], in the order of DESCRIPTOR_NAMES. */
export const descriptors = soundFeature({
  name: 'descriptors',
  about: 'level, spectral shape, loudness and onsets of a clip → its class, or the embedding of its emotion',
  options: [],
  rows: () => DESCRIPTOR_NAMES.length,
  spectrogram: (clip, options) => descriptorsOf(clip, namesOf(options)),
})

/** The names of librosa. */
function namesOf({ sample_rate: sampleRate, n_fft: nFft, hop_length: hopLength }: FeatureOptions) {
  return { sampleRate, nFft, hopLength }
}

function melOf(clip: Float32Array, options: FeatureOptions, change?: Change): Spectrogram {
  const { n_mels: nMels, f_min: fMin, f_max: fMax } = options
  const bands: MelOptions = { nMels, fMin, ...(fMax === undefined ? {} : { fMax }) }
  const spectrogram = logMel(clip, { ...namesOf(options), ...bands })
  return change?.kind === 'mask' ? masked(spectrogram, change) : spectrogram
}

function stacked(parts: readonly Spectrogram[]): Spectrogram {
  const bands = parts.reduce((sum, part) => sum + part.bands, 0)
  const { frames } = parts[0]!
  const data = new Float32Array(bands * frames)
  parts.reduce((at, part) => {
    data.set(part.data, at)
    return at + part.data.length
  }, 0)
  return { bands, frames, data }
}
