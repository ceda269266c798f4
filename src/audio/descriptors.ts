/**
 * Scalar descriptors of a sound, a row each, one number a frame and never NaN: what librosa has as librosa computes it,
 * loudness and what else meyda defines well by meyda, the rest by the formulas of the literature.
 * Source of the perceptual ones: Peeters, "A large set of audio features for sound description" (2004), sections 6 and 8.
 */
import { BARK_BANDS, barkScale, perceived } from './meyda.ts'
import { onsetStrength } from './onset.ts'
import { eachMagnitude, measures, rms, type SpectralOptions, zeroCrossingRate } from './spectral.ts'
import type { Spectrogram } from './stft.ts'

/** Names and order of the rows, each with what it is and its unit. */
export const DESCRIPTORS = {
  rms: 'root mean square of the samples, full scale 1',
  zcr: 'share of samples where the sign changes',
  spectral_centroid: 'mean frequency, Hz',
  spectral_bandwidth: 'spread about it, Hz',
  spectral_rolloff: 'frequency below which 85 % of the magnitude lies, Hz',
  spectral_flatness: '1 for noise, near 0 for a tone',
  spectral_skewness: 'third standardised moment',
  spectral_kurtosis: 'fourth standardised moment, 3 for a normal curve',
  spectral_slope: 'of a line through the magnitudes, by their sum, 1/Hz',
  spectral_crest: 'largest over root mean square magnitude',
  loudness: 'sum over 24 Bark bands of their loudness',
  perceptual_spread: '0 where one Bark band is all of the loudness, 1 where none stands out',
  perceptual_sharpness: 'centre of the loudness, Bark times 0.11, high bands weighing more',
  onset_strength: 'mean rise of the log-mel bands, dB',
} as const

export type DescriptorName = keyof typeof DESCRIPTORS
export const DESCRIPTOR_NAMES = Object.keys(DESCRIPTORS) as readonly DescriptorName[]

/** [names, frames]; frames are centred, of nFft (default 2048) samples every hopLength (default 512). */
export function descriptors(
  samples: Float32Array,
  options: Pick<SpectralOptions, 'sampleRate' | 'nFft' | 'hopLength'> = {},
): Spectrogram {
  const { nFft: frameLength = 2048, hopLength = 512, sampleRate = 22_050 } = options
  const levels = rms(samples, { frameLength, hopLength })
  const frames = levels.length
  const data = new Float32Array(DESCRIPTOR_NAMES.length * frames)
  const row = (name: DescriptorName) => {
    const at = DESCRIPTOR_NAMES.indexOf(name) * frames
    return data.subarray(at, at + frames)
  }
  row('rms').set(levels)
  row('zcr').set(zeroCrossingRate(samples, { frameLength, hopLength }))
  row('onset_strength').set(onsetStrength(samples, { ...options, fMax: sampleRate / 2 }))
  const spectral = (Object.keys(measures) as (keyof typeof measures)[]).map(
    (name) => [row(`spectral_${name}`), measures[name]] as const,
  )
  const [skewness, crest] = [row('spectral_skewness'), row('spectral_crest')]
  const [loudness, spread] = [row('loudness'), row('perceptual_spread')]
  const sharpness = row('perceptual_sharpness')
  const bark = barkScale(frameLength / 2 + 1, sampleRate)
  eachMagnitude(samples, options, (magnitude, binHz, t) => {
    for (const [to, measure] of spectral) to[t] = measure(magnitude, binHz)
    const heard = perceived(magnitude, bark)
    skewness[t] = heard.skewness
    crest[t] = heard.crest
    loudness[t] = heard.loudness
    spread[t] = heard.spread
    sharpness[t] = sharpnessOf(heard.specific, heard.loudness)
  })
  return { bands: DESCRIPTOR_NAMES.length, frames, data }
}

/** 0.11·Σ z·g(z)·N'(z) / N with g = 1 below 15 Bark and 0.066·exp(0.171·z) from there; 0 for silence. */
function sharpnessOf(specific: Float32Array, loudness: number): number {
  if (!(loudness > 0)) return 0
  let sum = 0
  for (let z = 1; z <= BARK_BANDS; z++) sum += z * (z < 15 ? 1 : 0.066 * Math.exp(0.171 * z)) * specific[z - 1]!
  return (0.11 * sum) / loudness
}
