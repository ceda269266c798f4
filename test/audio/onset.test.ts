/** Onset strength, tempogram and tempo against librosa 0.11: golden/audio/onsets.json, made by scripts/audio_onsets.py. */
import { expect, it } from 'vitest'
import { onsetStrength, tempo, tempogram } from '../../src/audio/onset.ts'
import type { Spectrogram } from '../../src/audio/stft.ts'
import { beat, goldenNumbers, largestError, noise, relativeError } from './signals.ts'

const sampleRate = 16_000
const y = beat(8, 128)
const golden = goldenNumbers('onsets.json')
const curve = onsetStrength(y, { sampleRate })

function everyFifth({ bands, frames, data }: Spectrogram): Float32Array {
  const kept = Math.ceil(frames / 5)
  return Float32Array.from({ length: bands * kept }, (_, i) => data[Math.floor(i / kept) * frames + 5 * (i % kept)]!)
}

it.each([
  ['onsets', {}],
  ['onsets_lag', { lag: 2, maxSize: 3 }],
  ['onsets_even', { maxSize: 4 }],
  ['onsets_detrend', { detrend: true, nFft: 1024, hopLength: 256, nMels: 40 }],
  ['onsets_left', { center: false, nFft: 512 }],
])('onsetStrength: %s', (name, options) => {
  expect(relativeError(onsetStrength(y, { sampleRate, ...options }), golden(name).values)).toBeLessThan(1e-5)
})

it('tempogram, of odd and even length', () => {
  expect(largestError(everyFifth(tempogram(curve, 31)), golden('tempogram').values)).toBeLessThan(1e-5)
  expect(largestError(everyFifth(tempogram(curve.subarray(0, 60), 40)), golden('tempogram_even').values)).toBeLessThan(
    1e-5,
  )
})

it('tempo: with every prior, and of beats from 60 to 200 a minute', () => {
  const of = (options = {}) => tempo(curve, { sampleRate, ...options })
  const found = [
    of(),
    of({ startBpm: 60 }),
    of({ startBpm: 240, stdBpm: 0.5 }),
    of({ maxTempo: 100 }),
    of({ acSize: 4 }),
  ]
  const beats = [60, 75, 90, 110, 140, 170, 200].map((bpm) =>
    tempo(onsetStrength(beat(10, bpm), { sampleRate }), { sampleRate }),
  )
  expect(relativeError([...found, ...beats], golden('tempos').values)).toBeLessThan(1e-6)
})

it('silence and single frames give numbers', () => {
  const silent = onsetStrength(new Float32Array(4000), { sampleRate })
  expect(silent.every((value) => value === 0)).toBe(true)
  expect(tempogram(silent, 16).data.every((value) => value === 0)).toBe(true)
  expect(Number.isFinite(tempo(silent, { sampleRate }))).toBe(true)
  expect(onsetStrength(new Float32Array(1), { sampleRate })).toEqual(new Float32Array(1))
  expect(Number.isFinite(tempo(Float32Array.from(noise(1, 1)), { sampleRate }))).toBe(true)
})

it('wrong options say what they should be', () => {
  expect(() => onsetStrength(y, { sampleRate, lag: 0 })).toThrow(/lag 0, expected a whole number from 1/)
  expect(() => tempo(curve, { sampleRate, acSize: 0.01 })).toThrow(/less than two frames/)
  expect(() => tempogram(curve, 0.5)).toThrow(/winLength 0.5/)
})
