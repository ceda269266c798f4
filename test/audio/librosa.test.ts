/** Every feature against librosa 0.11: golden/audio/features.json, made by golden/scripts/audio_features.py. */
import { expect, it } from 'vitest'
import { chroma, estimateTuning } from '../../src/audio/chroma.ts'
import { logMel, melSpectrogram, type MelOptions, powerToDb } from '../../src/audio/mel.ts'
import { delta, mfcc } from '../../src/audio/mfcc.ts'
import * as spectral from '../../src/audio/spectral.ts'
import { powerSpectrogram, type Spectrogram, stft } from '../../src/audio/stft.ts'
import { resample } from '../../src/audio/resample.ts'
import { goldenNumbers, goldenSignal, largestError, relativeError } from './signals.ts'

const TOLERANCE = 1e-5
const expected = goldenNumbers('features.json')
const sampleRate = 16_000
const y = goldenSignal(8000)

function check(name: string, found: Spectrogram | Float32Array, tolerance = TOLERANCE): void {
  const { shape, values } = expected(name)
  const [rows, data] = found instanceof Float32Array ? [1, found] : [found.bands, found.data]
  expect([rows, data.length / rows], `${name}: shape`).toEqual(shape)
  expect(relativeError(data, values), name).toBeLessThan(tolerance)
}

it('stft: real and imaginary parts, frames centred and padded with zeros', () => {
  const { bins, frames, re, im } = stft(y.subarray(0, 3000), { nFft: 256, hopLength: 300 })
  check('stft_re', { bands: bins, frames, data: re })
  check('stft_im', { bands: bins, frames, data: im })
  check('stft_win', powerSpectrogram(y.subarray(0, 3000), { nFft: 256, hopLength: 300, winLength: 200 }))
})

const mels: [string, MelOptions][] = [
  ['mel_2048', {}],
  ['mel_512', { nFft: 512 }],
  ['mel_1024_range', { nFft: 1024, hopLength: 400, nMels: 40, fMin: 50, fMax: 7000 }],
  ['mel_htk', { nFft: 1024, nMels: 64, htk: true, norm: null }],
  ['mel_magnitude', { nFft: 512, power: 1, center: false, nMels: 32 }],
]
it.each(mels)('melSpectrogram: %s', (name, options) => {
  check(name, melSpectrogram(y, { sampleRate, ...options }))
})

it('melSpectrogram: soft frames are as exact as loud ones', () => {
  const { values } = expected('mel_2048')
  const found = melSpectrogram(y, { sampleRate })
  const ratios = found.data.map((value, i) => value / values[i]!)
  expect(
    largestError(
      ratios,
      ratios.map(() => 1),
    ),
  ).toBeLessThan(TOLERANCE)
})

it('logMel and powerToDb: reference, floor and range', () => {
  check('log_2048', logMel(y, { sampleRate }))
  check('log_512', logMel(y, { sampleRate, nFft: 512, hopLength: 500 }))
  const mel = melSpectrogram(y, { sampleRate, nFft: 1024, nMels: 40 })
  check('log_max', { ...mel, data: powerToDb(mel.data, { ref: 'max', topDb: 60 }) })
  check('log_unlimited', { ...mel, data: powerToDb(mel.data, { amin: 1e-7, topDb: null }) })
})

it('mfcc, lifter, delta, delta-delta', () => {
  const found = mfcc(y, { sampleRate })
  check('mfcc', found)
  check('mfcc_13_lifter', mfcc(y, { sampleRate, nMfcc: 13, lifter: 22, nFft: 512, nMels: 40 }))
  check('delta', delta(found))
  check('delta_2', delta(found, { order: 2, width: 7 }))
})

it('chroma and tuning', () => {
  const power = powerSpectrogram(y, { hopLength: 512, power: 1 })
  expect(estimateTuning(power, sampleRate)).toBeCloseTo(expected('tuning').values[0]!, 6)
  check('chroma', chroma(y, { sampleRate }))
  check('chroma_fixed', chroma(y, { sampleRate, tuning: 0.1 }))
})

it('centroid, bandwidth, rolloff, flatness, rms, zero crossings', () => {
  check('centroid', spectral.spectralCentroid(y, { sampleRate }))
  check('bandwidth', spectral.spectralBandwidth(y, { sampleRate }))
  check('rolloff', spectral.spectralRolloff(y, { sampleRate }))
  check('flatness', spectral.spectralFlatness(y))
  check('rms', spectral.rms(y))
  check('zcr', spectral.zeroCrossingRate(y))
  check('rms_hop', spectral.rms(y, { frameLength: 1000, hopLength: 300, center: false }))
  check('zcr_hop', spectral.zeroCrossingRate(y, { frameLength: 1001, hopLength: 300 }))
})

it('resample: as soxr at its best quality', () => {
  // soxr itself is 1.4e-4 away from the true tones here, ours 2e-6 (resample.test.ts).
  const tones = Float32Array.from({ length: 16_000 }, (_, i) =>
    [221, 884.7, 3001, 4900].reduce((sum, hz) => sum + 0.2 * Math.sin((2 * Math.PI * hz * i) / sampleRate), 0),
  )
  check('soxr_vhq_44100', resample(tones, sampleRate, 44_100).subarray(20_000, 20_500), 2e-4)
  check('soxr_vhq_11025', resample(tones, sampleRate, 11_025).subarray(5000, 5500), 2e-4)
})
