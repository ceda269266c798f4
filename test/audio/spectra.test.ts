/** The wasm spectra of four frames at a time against the plain transform in double precision. */
import { expect, it } from 'vitest'
import { realFft } from '../../src/audio/fft.ts'
import { logMel, melSpectrogram } from '../../src/audio/mel.ts'
import { hannWindow, powerSpectrogram } from '../../src/audio/stft.ts'
import { noise, relativeError } from './signals.ts'

/** [bins, frames], frame by frame in double precision. */
function plainPower(samples: Float32Array, nFft: number, hop: number, pad: number, winLength = nFft): Float32Array {
  const fft = realFft(nFft)
  const window = hannWindow(winLength, nFft)
  const padded = new Float32Array(samples.length + 2 * pad)
  padded.set(samples, pad)
  const count = 1 + Math.floor((padded.length - nFft) / hop)
  const power = new Float64Array(fft.bins)
  const data = new Float32Array(fft.bins * count)
  for (let t = 0; t < count; t++) {
    fft.power(padded, t * hop, window, power)
    power.forEach((value, k) => (data[k * count + t] = value))
  }
  return data
}

it.each([8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384])('power spectrum of %i samples', (nFft) => {
  const hiss = Float32Array.from(noise(3 * nFft + 77, nFft))
  const hop = Math.max(1, Math.floor(nFft / 3))
  const found = powerSpectrogram(hiss, { nFft, hopLength: hop })
  expect(relativeError(found.data, plainPower(hiss, nFft, hop, nFft / 2))).toBeLessThan(2e-6)
})

it('any number of frames: whole blocks of 64, fours, and what is left over', () => {
  const nFft = 64
  const hiss = Float32Array.from(noise(64 * 140, 1))
  for (const frames of [1, 2, 3, 4, 5, 63, 64, 65, 128, 130]) {
    const samples = hiss.subarray(0, nFft + (frames - 1) * 37)
    const found = powerSpectrogram(samples, { nFft, hopLength: 37, center: false, winLength: 50 })
    expect(found.frames).toBe(frames)
    expect(relativeError(found.data, plainPower(samples, nFft, 37, 0, 50))).toBeLessThan(2e-6)
  }
})

it('hops longer than a block of frames allows, and longer than the window', () => {
  const hiss = Float32Array.from(noise(900_000, 2))
  for (const hop of [5000, 70_000, 300_000]) {
    const found = powerSpectrogram(hiss, { nFft: 256, hopLength: hop })
    expect(relativeError(found.data, plainPower(hiss, 256, hop, 128))).toBeLessThan(2e-6)
  }
})

it('frames do not see their neighbours, nor what was computed before', () => {
  const options = { sampleRate: 16_000, nFft: 512, hopLength: 128, nMels: 40 }
  const quiet = Float32Array.from(noise(2000, 3)).map((x) => 1e-3 * x)
  const before = logMel(quiet, options)
  const spoilt = Float32Array.from(noise(50_000, 4)).fill(NaN, 20_000, 20_010)
  const { data, frames } = melSpectrogram(spoilt, options)
  const bad = (t: number) => Number.isNaN(data[t]!)
  // Samples 20,000 to 20,009 lie in the frames whose middle is less than 256 samples away (at 256 the window is 0·NaN).
  expect(Array.from({ length: frames }, (_, t) => t).filter(bad)).toEqual([155, 156, 157, 158])
  expect(logMel(quiet, options)).toEqual(before)
})

it('decibels to single precision over the whole range, and nothing below the floor', () => {
  const nFft = 8
  for (const exponent of [-19, -12, -7, -3, 0, 4, 9]) {
    // A constant of size a gives bin 0 the power (4a)², whatever the rest.
    const samples = new Float32Array(64).fill(10 ** exponent)
    const options = {
      sampleRate: 16_000,
      nFft,
      hopLength: 8,
      center: false,
      nMels: 1,
      fMin: 0,
      topDb: null,
      amin: 1e-30,
    }
    const power = melSpectrogram(samples, options).data[0]!
    const expected = Math.max(-300, 10 * Math.log10(power))
    expect(Math.abs(logMel(samples, options).data[0]! - expected), `1e${exponent}`).toBeLessThan(3e-5)
  }
})
