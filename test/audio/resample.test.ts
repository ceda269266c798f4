import { expect, it } from 'vitest'
import { makeResampler, resample } from '../../src/audio/resample.ts'
import { random } from '../../src/lib/random.ts'
import { fitTone, largestError, noise, tone } from './signals.ts'

const decibels = (ratio: number) => 20 * Math.log10(ratio)

/** Level of the tone and of all else after resampling, in dB of the tone; the ends are left out. */
function through(hz: number, from: number, to: number): { level: number; rest: number } {
  const out = resample(tone(hz, from, from / 2, 1), from, to)
  const middle = out.subarray(to / 8, (3 * to) / 8)
  const { amplitude, rest } = fitTone(middle, hz, to)
  return { level: decibels(amplitude), rest: decibels(rest * Math.SQRT2) }
}

it.each([
  [44_100, 16_000],
  [48_000, 16_000],
  [22_050, 16_000],
  [96_000, 16_000],
  [16_000, 44_100],
  [48_000, 44_100],
  [8000, 16_000],
])('%i to %i Hz: flat within 0.01 dB to 0.91 of the lower Nyquist, nothing else above -110 dB', (from, to) => {
  for (const share of [0.01, 0.1, 0.35, 0.6, 0.8, 0.875, 0.91]) {
    const { level, rest } = through((share * Math.min(from, to)) / 2, from, to)
    expect(Math.abs(level), `${share}`).toBeLessThan(0.01)
    expect(rest, `${share}`).toBeLessThan(-110)
  }
})

it.each([
  [44_100, 16_000],
  [48_000, 16_000],
  [22_050, 16_000],
  [48_000, 44_100],
])('%i to %i Hz: tones from the new Nyquist frequency on vanish below -110 dB', (from, to) => {
  const steps = Array.from({ length: 12 }, (_, i) => to / 2 + ((from - to) / 2) * (i / 12))
  for (const hz of steps) {
    const out = resample(tone(hz + 1, from, from / 2, 1), from, to).subarray(to / 8, (3 * to) / 8)
    const loudest = out.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
    expect(decibels(loudest), `${hz} Hz`).toBeLessThan(-110)
  }
})

it('a sweep keeps its place in time: no lag at any frequency', () => {
  const chirp = (t: number) => Math.sin(2 * Math.PI * (100 * t + 3000 * t * t)) * Math.sin(Math.PI * t) ** 2
  const at = (rate: number) => Float32Array.from({ length: rate }, (_, i) => chirp(i / rate))
  for (const [from, to] of [
    [44_100, 16_000],
    [16_000, 22_050],
  ] as const) {
    const out = resample(at(from), from, to)
    expect(largestError(out, at(to)), `${from}>${to}`).toBeLessThan(1e-5)
  }
})

it('length is exactly ceil(n·to/from), down to nothing', () => {
  const hiss = Float32Array.from(noise(5000, 3))
  for (const [from, to] of [
    [44_100, 16_000],
    [16_000, 44_100],
    [44_101, 16_000],
    [3, 7],
    [7, 3],
  ] as const)
    for (const length of [0, 1, 2, 3, 100, 4999]) {
      const out = resample(hiss.subarray(0, length), from, to)
      expect(out.length, `${length} ${from}>${to}`).toBe(Math.ceil((length * to) / from))
      expect(out.every((x) => Math.abs(x) < 1.5)).toBe(true)
    }
})

it('does not depend on what was resampled before, and equal rates copy', () => {
  const hiss = Float32Array.from(noise(20_000, 4))
  const first = resample(hiss, 44_100, 16_000)
  resample(hiss, 48_000, 16_000)
  expect(resample(hiss, 44_100, 16_000)).toEqual(first)
  const copy = resample(hiss, 16_000, 16_000)
  expect(copy).toEqual(hiss)
  expect(copy).not.toBe(hiss)
})

it('a part of the signal far from the ends does not depend on the ends', () => {
  const hiss = Float32Array.from(noise(60_000, 5))
  const whole = resample(hiss, 44_100, 16_000)
  const part = resample(hiss.subarray(22_050), 44_100, 16_000)
  const inside = [1000, part.length - 1000] as const
  // Blocks begin elsewhere, and single precision rounds them differently: 120 dB below the signal.
  expect(largestError(part.subarray(...inside), whole.subarray(8000).subarray(...inside))).toBeLessThan(1e-6)
})

it('in parts of any length, and two signals at once, gives what it gives whole', () => {
  const [a, b] = [Float32Array.from(noise(40_000, 6)), Float32Array.from(noise(30_000, 7))]
  for (const [from, to] of [
    [44_100, 16_000],
    [16_000, 44_100],
    [16_000, 16_000],
  ] as const) {
    const both = [a, b].map((samples) => ({ samples, resampler: makeResampler(from, to), out: [] as number[] }))
    const rng = random('parts')
    for (let at = 0; at < a.length; ) {
      const next = at + 1 + rng.below(9000)
      for (const { samples, resampler, out } of both)
        resampler.push(samples.subarray(at, next), (part) => part.forEach((value) => out.push(value)))
      at = next
    }
    for (const { samples, resampler, out } of both) {
      resampler.end((part) => part.forEach((value) => out.push(value)))
      expect(out.length).toBe(resampler.lengthOf(samples.length))
      expect(largestError(Float32Array.from(out), resample(samples, from, to))).toBe(0)
    }
  }
})

it('ratios with very many phases are as exact as simple ones', () => {
  const hz = 997
  const out = resample(tone(hz, 65_537 * 2, 30_000, 1), 65_537 * 2, 65_539 * 2)
  const { rest } = fitTone(out.subarray(5000, 25_000), hz, 65_539 * 2)
  expect(decibels(rest * Math.SQRT2)).toBeLessThan(-110)
})

it('refuses rates that are no whole numbers', () => {
  for (const rate of [0, -1, 0.5, NaN]) expect(() => resample(new Float32Array(1), rate, 16_000)).toThrow(RangeError)
})
