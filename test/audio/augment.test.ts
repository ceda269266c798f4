import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { addNoise, gain, maskMel, pitchShift, timeStretch } from '../../src/audio/augment.ts'
import { realFft } from '../../src/audio/fft.ts'
import { logMel } from '../../src/audio/mel.ts'
import { hannWindow } from '../../src/audio/stft.ts'
import { random } from '../../src/lib/random.ts'
import { noise, tone } from './signals.ts'

const sampleRate = 16_000
const power = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length

/** Frequency of the highest peak in Hz, by a parabola through the logarithms about it. */
function peakHz(samples: Float32Array): number {
  const fft = realFft(8192)
  const bins = new Float64Array(fft.bins)
  fft.power(samples, 4000, hannWindow(8192), bins)
  const at = bins.indexOf(Math.max(...bins))
  const [a, b, c] = [at - 1, at, at + 1].map((k) => Math.log(bins[k]!)) as [number, number, number]
  return ((at + (0.5 * (a - c)) / (a - 2 * b + c)) * sampleRate) / fft.size
}

it.each([-7, -2, -0.5, 0.31, 1, 3, 12])(
  'pitchShift by %d semitones moves a tone there, keeps length and level',
  (semitones) => {
    const shifted = pitchShift(tone(500, sampleRate, 16_000), sampleRate, semitones)
    expect(shifted.length).toBe(16_000)
    expect(1200 * Math.log2(peakHz(shifted) / (500 * 2 ** (semitones / 12)))).toBeCloseTo(0, 0) // cents
    const middle = shifted.subarray(3000, 13_000)
    expect(power(middle) / 0.125).toBeGreaterThan(0.95)
    expect(power(middle) / 0.125).toBeLessThan(1.05)
  },
)

it.each([0.5, 0.8, 0.95, 1.1, 1.5, 2])('timeStretch at rate %d keeps the pitch and makes the length', (rate) => {
  const stretched = timeStretch(tone(500, sampleRate, 32_000), rate)
  expect(stretched.length).toBe(Math.round(32_000 / rate))
  expect(peakHz(stretched)).toBeCloseTo(500, 0)
})

it('timeStretch puts an attack where it belongs and keeps it sharp', () => {
  const hiss = noise(16_000, 6)
  const click = Float32Array.from({ length: 16_000 }, (_, i) => (i < 8000 ? 0 : hiss[i]! * Math.exp((8000 - i) / 500)))
  for (const rate of [0.8, 1.25]) {
    const out = timeStretch(click, rate)
    const onset = Math.round(8000 / rate)
    const energy = (from: number, to: number) => out.subarray(from, to).reduce((sum, x) => sum + x * x, 0)
    const whole = energy(0, out.length)
    expect(energy(0, onset - 300) / whole, 'before').toBeLessThan(0.02)
    expect(energy(onset - 300, onset + 1000) / whole, 'within').toBeGreaterThan(0.8)
  }
})

it('nothing to change gives a copy; out of range is refused', () => {
  const sound = tone(500, sampleRate, 4000)
  expect(timeStretch(sound, 1)).toEqual(sound)
  expect(pitchShift(sound, sampleRate, 0)).toEqual(sound)
  for (const rate of [0, -1, 9, NaN]) expect(() => timeStretch(sound, rate)).toThrow(RangeError)
  expect(() => pitchShift(sound, sampleRate, 25)).toThrow(RangeError)
  expect([...timeStretch(new Float32Array(0), 0.9)]).toEqual([])
  expect(timeStretch(new Float32Array(3000), 0.9).every((x) => x === 0)).toBe(true)
})

/**
 * `melody` of golden/scripts/audio_effects.py, and what it would be if played `semitones` higher or `rate` times as fast:
 * the truth that pitchShift and timeStretch are after.
 */
function melody(count: number, semitones = 0, rate = 1): Float32Array {
  const length = 4000 / rate
  return Float32Array.from({ length: count }, (_, i) => {
    const note = Math.floor(i / length)
    const since = (i - note * length) / sampleRate
    const pitch = 220 * 2 ** (([0, 4, 7, 12][note % 4]! + semitones) / 12)
    let out = 0
    for (let harmonic = 1; harmonic <= 5; harmonic++)
      out += (Math.exp(-6 * harmonic * since * rate) / harmonic) * Math.sin(2 * Math.PI * pitch * harmonic * since)
    return 0.3 * out
  })
}

const effects: Record<string, { data: string }> = JSON.parse(
  readFileSync(new URL('../golden/audio/effects.json', import.meta.url), 'utf8'),
)

function librosa(name: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(effects[name]!.data, 'base64')).buffer)
}

/** Log-mel spectrogram of the golden script, over a range of 60 dB. */
function picture(samples: Float32Array): Float32Array {
  return logMel(samples, { sampleRate, nFft: 1024, hopLength: 512, nMels: 40, ref: 'max', topDb: 60 }).data
}

/** Mean difference of two pictures, in dB. */
function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length
}

const cases = [
  ['pitch-2', () => pitchShift(melody(16_000), sampleRate, -2), melody(16_000, -2)],
  ['pitch+3', () => pitchShift(melody(16_000), sampleRate, 3), melody(16_000, 3)],
  ['rate0.9', () => timeStretch(melody(16_000), 0.9), melody(17_778, 0, 0.9)],
  ['rate1.25', () => timeStretch(melody(16_000), 1.25), melody(12_800, 0, 1.25)],
] as const
it.each(cases)(
  '%s: within 1 dB of the melody played so, within 5 dB of librosa.effects, which is no nearer',
  (name, make, truth) => {
    const found = picture(make())
    expect(distance(picture(melody(16_000)), librosa('melody'))).toBeLessThan(1e-3)
    expect(distance(found, librosa(name))).toBeLessThan(5)
    expect(distance(found, picture(truth))).toBeLessThan(1)
    expect(distance(found, picture(truth))).toBeLessThan(distance(librosa(name), picture(truth)))
    if (name.startsWith('pitch'))
      expect(distance(found, librosa(name))).toBeLessThan(0.5 * distance(picture(melody(16_000)), librosa(name)))
  },
)

it('addNoise: exact ratio, seeded, silence stays silent', () => {
  const sound = tone(500, sampleRate, 8000)
  for (const snr of [0, 20, 40]) {
    const noisy = addNoise(sound, snr, random('a'))
    const ratio = power(sound) / power(noisy.map((x, i) => x - sound[i]!))
    expect(10 * Math.log10(ratio)).toBeCloseTo(snr, 2)
  }
  expect(addNoise(sound, 20, random('a'))).toEqual(addNoise(sound, 20, random('a')))
  expect(addNoise(sound, 20, random('a'))).not.toEqual(addNoise(sound, 20, random('b')))
  expect(addNoise(new Float32Array(10), 20, random('a')).every((x) => x === 0)).toBe(true)
})

it('gain is in decibels', () => {
  expect(gain(Float32Array.of(0.1), 20)[0]).toBeCloseTo(1, 6)
  expect(gain(Float32Array.of(1), -6.0206)[0]).toBeCloseTo(0.5, 5)
})

it('maskMel: whole stretches of frames and bands, no longer than asked, mean, minimum or a number', () => {
  const full = { bands: 12, frames: 20, data: Float32Array.from({ length: 240 }, (_, i) => i + 1) }
  const lengths = new Set<number>()
  for (let seed = 0; seed < 200; seed++) {
    const masked = maskMel(full, { timeMasks: 1, freqMasks: 0, maxTime: 4, fill: -1 }, random(seed))
    const columns = Array.from({ length: 20 }, (_, t) => t).filter((t) => masked.data[t] === -1)
    for (const t of columns) for (let b = 0; b < 12; b++) expect(masked.data[b * 20 + t]).toBe(-1)
    expect(masked.data.filter((x) => x === -1).length).toBe(columns.length * 12)
    expect((columns.at(-1) ?? 0) - (columns[0] ?? 1)).toBe(columns.length - 1)
    lengths.add(columns.length)
  }
  expect([...lengths].sort()).toEqual([0, 1, 2, 3, 4])
  const bands = maskMel(full, { timeMasks: 0, freqMasks: 2, maxFreq: 3, fill: 'min' }, random(4))
  const masked = bands.data.filter((x, i) => x !== full.data[i])
  expect(masked.length % 20).toBe(0)
  expect(masked.every((x) => x === 1)).toBe(true)
  const mean = maskMel(full, { timeMasks: 3, freqMasks: 3 }, random(5))
  const changed = mean.data.filter((x, i) => x !== full.data[i])
  expect(changed.length).toBeGreaterThan(0)
  expect(changed.every((x) => x === 120.5)).toBe(true)
  expect(full.data[5]).toBe(6)
})
