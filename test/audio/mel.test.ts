import { expect, it } from 'vitest'
import { logMel, melSpectrogram, powerToDb } from '../../src/audio/mel.ts'
import { emptyBands, hzToMel, melBank, melFrequencies, melToHz } from '../../src/audio/mel-bank.ts'
import { delta, mfcc } from '../../src/audio/mfcc.ts'
import * as spectral from '../../src/audio/spectral.ts'
import { chroma } from '../../src/audio/chroma.ts'
import { noise, tone } from './signals.ts'

const sampleRate = 16_000

it('a tone is loudest in the band around it, in every frame', () => {
  for (const hz of [300, 1000, 3500, 7000]) {
    const { bands, frames, data } = melSpectrogram(tone(hz, sampleRate, 16_000), { sampleRate, nMels: 64 })
    const centres = melFrequencies(bands + 2, 0, sampleRate / 2, false)
    for (let t = 0; t < frames; t++) {
      let best = 0
      for (let b = 0; b < bands; b++) if (data[b * frames + t]! > data[best * frames + t]!) best = b
      expect(centres[best]!).toBeLessThan(hz)
      expect(centres[best + 2]!).toBeGreaterThan(hz)
    }
  }
})

it('frames: 1 + n/hop when centred, 1 + (n - nFft)/hop when not, error where there is none', () => {
  const frames = (n: number, center: boolean) =>
    melSpectrogram(new Float32Array(n), { sampleRate, nFft: 512, center }).frames
  expect([frames(80_000, true), frames(0, true), frames(511, true), frames(512, true)]).toEqual([157, 1, 1, 2])
  expect([frames(512, false), frames(1023, false), frames(1024, false)]).toEqual([1, 1, 2])
  expect(() => frames(511, false)).toThrow(/511 samples are less than one frame of 512/)
})

it('the mel scale and its inverse', () => {
  for (const htk of [false, true])
    for (const hz of [0, 20, 999, 1000, 1001, 8000]) expect(melToHz(hzToMel(hz, htk), htk)).toBeCloseTo(hz, 8)
  expect(hzToMel(1000)).toBeCloseTo(15, 10)
  expect(hzToMel(6400)).toBeCloseTo(42, 10)
})

it('empty bands are counted: too many bands for the transform', () => {
  const bank = (nMels: number, nFft: number) =>
    emptyBands(melBank({ sampleRate, nFft, nMels, fMin: 0, fMax: 8000, htk: false, norm: 'slaney' }))
  expect(bank(128, 2048)).toBe(0)
  expect(bank(128, 256)).toBeGreaterThan(0)
})

it('silence gives numbers everywhere', () => {
  const nothing = new Float32Array(8000)
  const db = logMel(nothing, { sampleRate })
  expect(db.data.every((value) => value === -100)).toBe(true)
  const all = [
    mfcc(nothing, { sampleRate }).data,
    delta(db).data,
    chroma(nothing, { sampleRate }).data,
    ...[spectral.spectralCentroid, spectral.spectralBandwidth, spectral.spectralRolloff, spectral.spectralFlatness].map(
      (f) => f(nothing),
    ),
    spectral.rms(nothing),
    spectral.zeroCrossingRate(nothing),
  ]
  for (const values of all) expect(values.every(Number.isFinite)).toBe(true)
})

it('powerToDb: reference, floor, range', () => {
  const db = (values: number[], options = {}) => [...powerToDb(Float32Array.from(values), options)]
  expect(db([1, 10, 100])).toEqual([0, 10, 20])
  expect(db([1, 100], { ref: 'max' })).toEqual([-20, 0])
  expect(db([1e-12, 1], { topDb: null })).toEqual([-100, 0])
  expect(db([1e-12, 1], { topDb: 30 })).toEqual([-30, 0])
  expect(() => db([1], { amin: 0 })).toThrow(RangeError)
})

it('same input, same bytes', () => {
  const hiss = Float32Array.from(noise(16_000, 2))
  expect(logMel(hiss, { sampleRate })).toEqual(logMel(hiss.slice(), { sampleRate }))
})

it('wrong options say what they should be', () => {
  const hiss = Float32Array.from(noise(4000, 2))
  expect(() => melSpectrogram(hiss, { sampleRate, fMax: 9000 })).toThrow(
    /mel range 0 to 9000 Hz, expected within 0 to 8000/,
  )
  expect(() => melSpectrogram(hiss, { sampleRate, nFft: 1000 })).toThrow(/FFT size 1000, expected a power of two/)
  expect(() => melSpectrogram(hiss, { sampleRate, hopLength: 0 })).toThrow(/hopLength 0/)
  expect(() => mfcc(hiss, { sampleRate, nMfcc: 200 })).toThrow(/nMfcc 200/)
  expect(() => delta(melSpectrogram(hiss, { sampleRate }))).toThrow(/8 frames are fewer than the width of 9/)
})
