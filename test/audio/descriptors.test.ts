/** Descriptors against librosa 0.11 and the formulas of the literature: golden/audio/onsets.json, scripts/audio_onsets.py. */
import Meyda from 'meyda'
import { expect, it } from 'vitest'
import { DESCRIPTOR_NAMES, type DescriptorName, descriptors } from '../../src/audio/descriptors.ts'
import * as spectral from '../../src/audio/spectral.ts'
import { onsetStrength } from '../../src/audio/onset.ts'
import { beat, goldenNumbers, noise, relativeError, tone } from './signals.ts'

const sampleRate = 16_000
const y = beat(8, 128)
const golden = goldenNumbers('onsets.json')
const { frames, data } = descriptors(y, { sampleRate })
const row = (name: DescriptorName, of = data) => {
  const at = DESCRIPTOR_NAMES.indexOf(name) * frames
  return of.subarray(at, at + frames)
}

it.each([
  ['spectral_skewness', 'skewness'],
  ['spectral_kurtosis', 'kurtosis'],
  ['spectral_slope', 'slope'],
  ['spectral_crest', 'crest'],
  ['loudness', 'loudness'],
  ['perceptual_spread', 'spread'],
  ['perceptual_sharpness', 'sharpness'],
] as const)('%s as its definition', (name, key) => {
  expect(relativeError(row(name), golden(key).values)).toBeLessThan(1e-5)
})

it('the others as the functions that librosa.test.ts holds to librosa', () => {
  const options = { sampleRate }
  expect(row('rms')).toEqual(spectral.rms(y))
  expect(row('zcr')).toEqual(spectral.zeroCrossingRate(y))
  expect(row('spectral_centroid')).toEqual(spectral.spectralCentroid(y, options))
  expect(row('spectral_bandwidth')).toEqual(spectral.spectralBandwidth(y, options))
  expect(row('spectral_rolloff')).toEqual(spectral.spectralRolloff(y, options))
  expect(row('spectral_flatness')).toEqual(spectral.spectralFlatness(y))
  expect(row('onset_strength')).toEqual(onsetStrength(y, options))
})

it('silence, a click, a constant and a tone: numbers everywhere', () => {
  const click = new Float32Array(20_000)
  click[10_000] = 1
  const signals = [new Float32Array(20_000), click, new Float32Array(20_000).fill(0.5), tone(1000, sampleRate, 20_000)]
  for (const signal of [...signals, new Float32Array(0), Float32Array.from(noise(3, 1))])
    for (const options of [{}, { nFft: 512, hopLength: 100 }])
      expect(descriptors(signal, { sampleRate, ...options }).data.every(Number.isFinite)).toBe(true)
  const silent = descriptors(signals[0]!, { sampleRate })
  const loud = silent.data.map((value, i) => (Math.floor(i / silent.frames) === 5 ? value - 1 : value))
  expect(
    loud.every((value) => value === 0),
    'all 0, flatness 1',
  ).toBe(true)
})

it("meyda's own kurtosis, slope and sharpness are still not their definitions: why ours stand in for them", () => {
  const { featureExtractors } = Meyda as unknown as {
    featureExtractors: Record<string, (input: Record<string, unknown>) => number>
  }
  // Magnitudes of a normal curve: kurtosis 3. Falling magnitudes: their slope is negative.
  const bell = Float64Array.from({ length: 257 }, (_, k) => Math.exp(-(((k - 128) / 16) ** 2) / 2))
  expect(featureExtractors['spectralKurtosis']!({ ampSpectrum: bell })).not.toBeCloseTo(3, 1)
  expect(spectral.measures.kurtosis(bell)).toBeCloseTo(3, 3)
  const falling = Float64Array.from({ length: 257 }, (_, k) => 257 - k)
  expect(featureExtractors['spectralSlope']!({ ampSpectrum: falling, sampleRate, bufferSize: 512 })).toBeGreaterThan(0)
  expect(spectral.measures.slope(falling, 31.25)).toBeLessThan(0)
})
